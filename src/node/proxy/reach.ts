import type { Socket } from 'node:net'
import { type ContactRules, contactable } from '../../delegation/contact.ts'
import { runtimeTimer } from '../../namecoin/deadline.ts'
import { type Connected, connectToAny, type Dial } from './connect.ts'
import { type Destination, denied, type Others } from './destination.ts'
import { type Ask, findAddresses } from './find-addresses.ts'
import { CONNECT_ALL_MS } from './limits.ts'
import { type Refusal, refusal } from './refusal.ts'

/** What decides where the proxy goes, and how it gets there. */
export interface ReachRules {
  readonly ask: Ask
  readonly others: Others
  readonly contact: ContactRules
  readonly dial: Dial
}

/** Connects to a destination; the signal aborts when the client is gone. */
export type Reach = (destination: Destination, signal: AbortSignal) => Promise<Connected>

/** Resolves, checks and connects. What is checked are the very addresses that are dialled: a name cannot lead elsewhere. */
export function reachBy({ ask, others, contact, dial }: ReachRules): Reach {
  return async (destination, signal) => {
    const no = denied(destination, others)
    if (no !== undefined) return no
    const { host, port } = destination
    const found =
      host.kind === 'name'
        ? await findAddresses(ask, host.name)
        : ({ kind: 'addresses', addresses: [host.octets] } as const)
    if (found.kind === 'refusal') return found
    const addresses = found.addresses.flatMap((address) => contactable(address, contact) ?? [])
    if (addresses.length === 0) {
      return refusal(
        'destination_ip_prohibited',
        'The name leads to private addresses or to this machine, where this proxy does not go (see allow-private).',
      )
    }
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_ALL_MS)])
    return connectToAny(addresses, port, inTime, { dial, timer: runtimeTimer })
  }
}

/** A refusal, where only errors get through. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly refused: Refusal

  constructor(refused: Refusal) {
    super(refused.text)
    this.refused = refused
  }
}

/** The same for those who are given a socket or an error. */
export const orThrow = (connected: Connected): Socket => {
  if (connected.kind === 'connected') return connected.socket
  throw new RefusedError(connected)
}
