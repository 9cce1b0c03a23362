import { MAX_MESSAGE_LENGTH } from '../dns/protocol.ts'

/** DNS messages on a stream: each behind its length, two octets (RFC 1035 §4.2.2, RFC 7766 §8). */

/** The message behind its length, in one piece: RFC 7766 §8 has both in one write. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(2 + message.length)
  framed.set([message.length >> 8, message.length & 0xff])
  framed.set(message, 2)
  return framed
}

/**
 * Cuts a stream into messages, however it comes in chunks. Each message is a copy; what is kept of the stream is at
 * most one message.
 *
 * @returns takes the next octets
 */
export function frameReader(message: (octets: Uint8Array) => void): (chunk: Uint8Array) => void {
  let kept = new Uint8Array(0)
  let length = 0

  /** Attack: chunks of one octet each. Room doubles, so that they are not copied once for each. */
  function keep(octets: Uint8Array): void {
    const needed = length + octets.length
    if (needed > kept.length) {
      const larger = new Uint8Array(Math.min(2 + MAX_MESSAGE_LENGTH, Math.max(needed, kept.length * 2)))
      larger.set(kept.subarray(0, length))
      kept = larger
    }
    kept.set(octets, length)
    length = needed
  }

  return function take(chunk) {
    let rest = chunk
    while (rest.length > 0) {
      if (length < 2) {
        const header = rest.subarray(0, 2 - length)
        keep(header)
        rest = rest.subarray(header.length)
        if (length < 2) return
      }
      const end = 2 + ((kept[0]! << 8) | kept[1]!)
      const part = rest.subarray(0, end - length)
      keep(part)
      rest = rest.subarray(part.length)
      if (length < end) return
      const whole = kept.slice(2, end)
      length = 0
      if (end > KEPT_ROOM) kept = new Uint8Array(0)
      message(whole)
    }
  }
}

/** A buffer larger than this is given back once its message is read. */
const KEPT_ROOM = 4_096
