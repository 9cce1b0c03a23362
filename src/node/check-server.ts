import type { DohRequest, DohServer, HttpVersion, Reply, Silence } from '../check/server.ts'
import { ALPN, type CheckTarget, connect, silence } from './check-connect.ts'
import { sendHttp1 } from './check-http1.ts'
import { type Http2Connection, http2Connection } from './check-http2.ts'

/** Milliseconds in which a server should have given up on a body that stops coming. nginx waits 60 s. */
const STALL_TIMEOUT_MS = 90_000
/** Milliseconds for a thousand queries at once. */
const CROWD_TIMEOUT_MS = 60_000

/** A server that answered the handshake. */
export interface OpenServer {
  readonly kind: 'open'
  readonly server: DohServer
  close(): void
}

/**
 * Connects to a DoH server.
 * @param versions what to offer it, best first
 */
export async function openServer(
  target: CheckTarget,
  versions: readonly HttpVersion[],
): Promise<OpenServer | Silence> {
  const { url, timeoutMs } = target
  const first = await connect(target, versions)
  if ('kind' in first) return first
  const preferred: HttpVersion = first.alpnProtocol === ALPN['2'] ? '2' : '1.1'
  let session: Http2Connection | undefined
  if (preferred === '2') session = http2Connection(url.origin, first)
  else first.destroy()

  /** A new HTTP/2 connection, or why there is none. */
  const newSession = async (): Promise<Http2Connection | Silence> => {
    if (!versions.includes('2')) return silence('unwanted', 'HTTP/2 was not to be spoken')
    const socket = await connect(target, ['2'])
    if ('kind' in socket) return socket
    if (socket.alpnProtocol === ALPN['2']) return http2Connection(url.origin, socket)
    socket.destroy()
    return silence('unspoken', 'the server did not choose h2')
  }
  const kept = async (): Promise<Http2Connection | Silence> => {
    if (session?.isOpen()) return session
    session?.close()
    const opened = await newSession()
    session = 'kind' in opened ? undefined : opened
    return opened
  }
  const overHttp1 = async (request: DohRequest, limitMs: number, part?: number): Promise<Reply> => {
    if (!versions.includes('1.1')) return silence('unwanted', 'HTTP/1.1 was not to be spoken')
    const socket = await connect(target, ['1.1'])
    if ('kind' in socket) return socket
    const { alpnProtocol } = socket
    const reply = await sendHttp1(socket, url.host, request, limitMs, part)
    const isUnspoken = reply.kind === 'silence' && reply.code !== 'timeout' && alpnProtocol !== ALPN['1.1']
    return isUnspoken ? silence('unspoken', `not chosen by ALPN, and then ${reply.detail}`) : reply
  }

  const overHttp2 = async (request: DohRequest): Promise<Reply> => {
    const connection = await kept()
    if ('kind' in connection) return connection
    const reply = await connection.send(request, timeoutMs)
    // A server may go on waiting for the rest of what was odd, and what is asked next would wait with it.
    if (reply.kind === 'silence' || request.declaredLength !== undefined) connection.close()
    return reply
  }

  const send = async (request: DohRequest): Promise<Reply> => {
    if ((request.version ?? preferred) === '1.1') return overHttp1(request, timeoutMs)
    const wasOpen = session?.isOpen() === true
    const reply = await overHttp2(request)
    // A connection that was idle, or had an odd request on it before, may end just as it is used again.
    const isStale = wasOpen && reply.kind === 'silence' && reply.code === 'closed'
    return isStale ? overHttp2(request) : reply
  }
  return {
    kind: 'open',
    close: () => session?.close(),
    server: {
      send,
      connections: {
        sendAtOnce: async (request, count) => {
          const connection = await newSession()
          if ('kind' in connection) return [connection]
          const replies = await Promise.all(
            Array.from({ length: count }, () => connection.send(request, CROWD_TIMEOUT_MS)),
          )
          connection.close()
          return replies
        },
        cancelAtOnce: async (request, count) => {
          const connection = await newSession()
          if ('kind' in connection) return
          for (let sent = 0; sent < count; sent++) connection.cancel(request)
          // A cancelled stream is sent after the turn in which it was opened.
          await connection.send(request, timeoutMs)
          connection.close()
        },
        stall: async (request, octets) => {
          if (preferred === '1.1') return overHttp1(request, STALL_TIMEOUT_MS, octets)
          const connection = await newSession()
          if ('kind' in connection) return connection
          const reply = await connection.send(request, STALL_TIMEOUT_MS, octets)
          connection.close()
          return reply
        },
      },
    },
  }
}
