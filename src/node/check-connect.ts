import { isIP } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { HttpVersion, Silence, SilenceCode } from '../check/server.ts'

/** How the suite reaches a server. */
export interface CheckTarget {
  readonly url: URL
  /** CAs to trust instead of the system's, PEM. */
  readonly ca: string | undefined
  /** Milliseconds for a connection, and again for each response. */
  readonly timeoutMs: number
}

/** The names of ALPN (RFC 7301) for the versions that the suite speaks. */
export const ALPN = { '2': 'h2', '1.1': 'http/1.1' } as const

export const silence = (code: SilenceCode, detail: string): Silence => ({ kind: 'silence', code, detail })

/** All that is known of an error: happy eyeballs' aggregate has a code and no message. */
export const reasonOf = ({ message, code }: NodeJS.ErrnoException): string =>
  message || (code ?? 'unknown error')

/** A connection that offers these versions, or why there is none. Never rejects. */
export function connect(
  { url, ca, timeoutMs }: CheckTarget,
  offered: readonly HttpVersion[],
): Promise<TLSSocket | Silence> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const socket = connectTls({
      host,
      port: Number(url.port || 443),
      // RFC 6066 §3: no addresses in SNI.
      servername: isIP(host) === 0 ? host : '',
      ALPNProtocols: offered.map((version) => ALPN[version]),
      ...(ca === undefined ? {} : { ca }),
    })
    const give = (outcome: TLSSocket | Silence): void => {
      clearTimeout(timer)
      socket.off('error', onError)
      if (outcome !== socket) {
        // An error after the last word concerns nobody; without a listener it would end the process.
        socket.on('error', () => {})
        socket.destroy()
      }
      resolve(outcome)
    }
    const onError = (error: NodeJS.ErrnoException): void => {
      // RFC 7301 §3.2: an alert of its own for "none of those".
      const isUnspoken = error.code === 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'
      give(silence(isUnspoken ? 'unspoken' : 'unreachable', reasonOf(error)))
    }
    const timer = setTimeout(
      () => give(silence('unreachable', `no connection within ${timeoutMs} ms`)),
      timeoutMs,
    )
    socket.once('error', onError)
    socket.once('secureConnect', () => give(socket))
  })
}

/** Octets of a body that are read at the most: more than any DNS message, so that one too long is seen to be. */
export const MAX_BODY_LENGTH = 256 * 1024
