import type { Socket } from 'node:net'

/** RFC 9113 §3.4: how HTTP/2 with prior knowledge begins. No method of HTTP/1 does (RFC 9113 §3.4, RFC 9110 §9). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Which protocol a cleartext connection speaks. */
export type Protocol = 'http1' | 'http2'

/**
 * Listens to the first octets of a connection, gives them back to it, and says which protocol they are. Says
 * nothing when the client is gone or silent for too long; the connection is then destroyed.
 */
export function whenProtocolKnown(
  socket: Socket,
  timeoutMs: number,
  onKnown: (protocol: Protocol) => void,
): void {
  let seen: Buffer = Buffer.alloc(0)
  const giveUp = (): void => {
    socket.destroy()
  }
  const timer = setTimeout(giveUp, timeoutMs)
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const compared = Math.min(seen.length, PREFACE.length)
    const isPreface = seen.compare(PREFACE, 0, compared, 0, compared) === 0
    if (isPreface && compared < PREFACE.length) return
    clearTimeout(timer)
    socket.off('data', onData).off('error', giveUp).off('end', giveUp).off('close', onClose)
    socket.pause()
    socket.unshift(seen)
    onKnown(isPreface ? 'http2' : 'http1')
    // Node's HTTP/2 takes what was given back when it takes the connection, and must not find it flowing.
    if (!isPreface) socket.resume()
  }
  const onClose = (): void => clearTimeout(timer)
  socket.on('data', onData).on('error', giveUp).on('end', giveUp).on('close', onClose)
}
