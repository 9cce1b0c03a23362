import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { isIP } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { TransportError, toTransportError } from './upstream-exchange.ts'

/** A server we have spoken to, and how to go on. */
export type Peer =
  | { readonly protocol: 'http2'; readonly session: ClientHttp2Session; close(): void }
  /** It speaks HTTP/1.1 alone; connections are the agent's affair. */
  | { readonly protocol: 'http1'; readonly session?: undefined; close(): void }

/** Milliseconds after which an unused session is closed. */
const IDLE_MS = 120_000

/**
 * Connects and finds out by ALPN which protocol the server speaks.
 *
 * @param onGone called when the session takes no more requests: closed, failed, or told to go away
 * @throws TransportError (rejects) `network`, `tls` or `timeout`
 */
export async function connectTo(
  url: URL,
  ca: string | undefined,
  timeoutMs: number,
  onGone: () => void,
): Promise<Peer> {
  const socket = await handshake(url, ca, timeoutMs)
  if (socket.alpnProtocol !== 'h2') {
    socket.destroy()
    return { protocol: 'http1', close: () => {} }
  }
  const session = connectHttp2(url.origin, {
    createConnection: () => socket,
    settings: { enablePush: false },
  })
  // A session that ends while unused concerns nobody; without a listener it would end the process.
  session.on('error', () => {})
  session.on('goaway', onGone)
  session.on('close', onGone)
  session.setTimeout(IDLE_MS, () => session.close())
  return { protocol: 'http2', session, close: () => session.destroy() }
}

function handshake(url: URL, ca: string | undefined, timeoutMs: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const socket = connectTls({
      host,
      port: Number(url.port || 443),
      // RFC 6066 §3: no addresses in SNI. The certificate is then held against the host.
      servername: isIP(host) === 0 ? host : '',
      ALPNProtocols: ['h2', 'http/1.1'],
      ...(ca !== undefined && { ca }),
    })
    const timer = setTimeout(
      () => socket.destroy(new TransportError('timeout', `no connection within ${timeoutMs} ms`)),
      timeoutMs,
    )
    let code: 'network' | 'tls' = 'network'
    const fail = (error: Error): void => {
      clearTimeout(timer)
      reject(toTransportError(code, error))
    }
    socket.once('connect', () => {
      code = 'tls'
    })
    socket.once('error', fail)
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
  })
}
