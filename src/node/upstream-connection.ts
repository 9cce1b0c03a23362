import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import type { LookupFunction } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { connectSocket } from './upstream-socket.ts'

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
 * @param lookup finds the host's addresses; left out: the system's resolver does
 * @param onGone called when the session takes no more requests: closed, failed, or told to go away
 * @throws TransportError (rejects) `network`, `tls` or `timeout`
 */
export async function connectTo(
  url: URL,
  ca: string | undefined,
  lookup: LookupFunction | undefined,
  timeoutMs: number,
  onGone: () => void,
): Promise<Peer> {
  const socket = (await connectSocket(
    {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || 443),
      tls: { ALPNProtocols: ['h2', 'http/1.1'], ...(ca !== undefined && { ca }) },
      lookup,
    },
    timeoutMs,
  )) as TLSSocket
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
