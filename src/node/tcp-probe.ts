import { connect, type Socket } from 'node:net'
import type { Connect, Contact } from '../liveness/probe.ts'
import type { Timer } from '../namecoin/deadline.ts'

/** What finds out whether hosts are up, over TCP. */
export interface TcpProbing {
  readonly connect: Connect
  readonly timer: Timer
  /** Gives up what is under way. */
  close(): void
}

/** The system's errors that say that nobody is there. Others are ours: no route, no more sockets, a firewall. */
const REFUSALS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'EHOSTDOWN', 'ETIMEDOUT'])

export function tcpProbing(): TcpProbing {
  const open = new Set<Socket>()
  return {
    connect: (address, port, signal) =>
      new Promise<Contact>((resolve) => {
        const socket = connect({ host: address, port })
        open.add(socket)
        const settle = (contact: Contact): void => {
          signal.removeEventListener('abort', giveUp)
          open.delete(socket)
          socket.destroy()
          resolve(contact)
        }
        const giveUp = (): void => settle('refused')
        signal.addEventListener('abort', giveUp, { once: true })
        socket.on('connect', () => settle('accepted'))
        socket.on('error', ({ code }: NodeJS.ErrnoException) =>
          settle(code !== undefined && REFUSALS.has(code) ? 'refused' : 'unknown'),
        )
      }),
    // Nobody waits for a probe: a process that ends does not, either.
    timer: (milliseconds, ring) => {
      const timer = setTimeout(ring, milliseconds).unref()
      return () => clearTimeout(timer)
    },
    close() {
      for (const socket of open) socket.destroy()
    },
  }
}
