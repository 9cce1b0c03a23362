import { connect, type Socket } from 'node:net'
import { inTurn } from '../../delegation/in-turn.ts'
import type { Timer } from '../../namecoin/deadline.ts'
import { CONNECT_MS, MAX_ATTEMPTS, NEXT_ADDRESS_MS } from './limits.ts'
import { type Refusal, refusal } from './refusal.ts'

/** Begins a connection. */
export type Dial = (address: string, port: number) => Socket

/** Over TCP. A connection that the site ends is closed, so that none is kept for a next request that cannot be used. */
export const dialTcp: Dial = (host, port) => connect({ host, port, noDelay: true })

/** A connection, or why there is none. */
export type Connected = { readonly kind: 'connected'; readonly socket: Socket } | Refusal

/**
 * Connects to whichever address answers first. The next address is tried when one refuses, or keeps us waiting; the
 * earlier attempts go on beside it (RFC 8305 §5), because an address that is merely slow may be the only one alive. Those
 * that lose are closed.
 *
 * @param addresses in the order in which they are to be tried
 * @param signal    aborts when nobody waits any longer
 */
export async function connectToAny(
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
  { dial, timer }: { readonly dial: Dial; readonly timer: Timer },
): Promise<Connected> {
  const open = new Set<Socket>()
  let refusals = 0

  const attempt = (address: string): Promise<Socket | undefined> =>
    new Promise((resolve) => {
      const socket = dial(address, port)
      open.add(socket)
      const settle = (result: Socket | undefined): void => {
        cancel()
        if (result === undefined) socket.destroy()
        resolve(result)
      }
      const cancel = timer(CONNECT_MS, () => settle(undefined))
      socket.once('connect', () => settle(socket))
      // Also after it was lost or won: without a listener an error would end the process.
      socket.on('error', ({ code }: NodeJS.ErrnoException) => {
        if (code !== 'ETIMEDOUT') refusals++
        settle(undefined)
      })
      socket.once('close', () => settle(undefined))
    })

  const waiting = { timer, parallel: MAX_ATTEMPTS, patience: () => NEXT_ADDRESS_MS }
  const socket = await inTurn(each(addresses), attempt, signal, waiting)
  for (const other of open) if (other !== socket) other.destroy()
  if (socket !== undefined) return { kind: 'connected', socket }
  return refusals === 0
    ? refusal('connection_timeout', 'No address of the name answers.')
    : refusal('connection_refused', 'No address of the name accepts connections.')
}

async function* each(addresses: readonly string[]): AsyncGenerator<string> {
  yield* addresses
}
