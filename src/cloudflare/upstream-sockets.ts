import type { UpstreamAddress } from '../upstream/address.ts'
import { frame, frameReader } from '../upstream/frames.ts'
import { answered, likeness } from '../upstream/question.ts'
import { failed, type UpstreamReply, type UpstreamTransport } from '../upstream/transport.ts'
import type { WorkerConnect, WorkerSocket } from './electrum-sockets.ts'

/**
 * Carries messages to `tls` and `tcp` upstreams from Workers, each on a connection of its own: a socket belongs to the
 * request that opened it, and no other may use it. The runtime holds certificates against the host, by public CAs.
 */
export function socketTransport(connect: WorkerConnect): UpstreamTransport {
  return {
    async exchange({ scheme, host, port }, message, signal) {
      if (signal.aborted) return ABORTED
      let close = (): void => {}
      const aborted = new Promise<UpstreamReply>((resolve) => {
        signal.addEventListener('abort', () => resolve(ABORTED), { once: true })
      })
      try {
        const socket = connect(
          { hostname: host.includes(':') ? `[${host}]` : host, port },
          { secureTransport: scheme === 'tls' ? 'on' : 'off', allowHalfOpen: false },
        )
        close = () => void socket.close().catch(() => {})
        return await Promise.race([ask(socket, message), aborted])
      } catch {
        return failed('network', 'connection failed')
      } finally {
        close()
      }
    },
  }
}

const ABORTED = failed('timeout', 'aborted')

async function ask(socket: WorkerSocket, message: Uint8Array): Promise<UpstreamReply> {
  await socket.opened
  await socket.writable.getWriter().write(frame(message))
  let reply: UpstreamReply | undefined
  const take = frameReader((octets) => {
    reply ??=
      likeness(message, octets) === 'other'
        ? failed('protocol', 'not an answer to the query')
        : { kind: 'reply', message: answered(message, octets) }
  })
  const reader = socket.readable.getReader()
  while (reply === undefined) {
    const { done, value } = await reader.read()
    if (done) return failed('network', 'closed by the server')
    take(value)
  }
  return reply
}

/** The line that says why Workers cannot use an upstream; undefined when they can. */
export function workerCannot(
  { scheme, url, bootstrap }: UpstreamAddress,
  setting: 'upstream' | 'gateway' = 'upstream',
): string | undefined {
  if (scheme === 'udp') return `${setting}: given ${url}, but Workers have no UDP: take https, tls or tcp`
  if (bootstrap.length > 0)
    return `${setting}: given addresses for ${url}, but Workers find hosts themselves: leave out what is behind the #`
  return undefined
}
