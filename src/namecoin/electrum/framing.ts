import { type Failed, failed } from './failure.ts'

/** Messages over TCP and TLS: one JSON text a line, UTF-8. */

const NEWLINE = 0x0a

/** Room for a line to begin with. Most replies fit; longer ones double it. */
const FIRST_ROOM = 4_096

/** A buffer larger than this is given back once its line is read. */
const KEPT_ROOM = 65_536

/** Takes the next octets of the stream; a failure means that the stream makes no sense any more. */
export type TakeChunk = (chunk: Uint8Array) => Failed | undefined

/**
 * Cuts a stream of octets into lines, however it comes in chunks. Empty lines are left out; the spaces ElectrumX 1.18
 * pads replies with are inside the JSON and its affair.
 *
 * What is kept is copied: attack: chunks of one octet each hold on to a buffer of their own, 200 octets for one.
 *
 * @param limit longest line, octets, its newline left out; no more is ever kept
 */
export function lineReader(limit: number, message: (text: string, octets: number) => void): TakeChunk {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let kept = new Uint8Array(0)
  let length = 0

  function keep(octets: Uint8Array): void {
    const needed = length + octets.length
    if (needed > kept.length) {
      const larger = new Uint8Array(Math.min(limit, Math.max(needed, kept.length * 2, FIRST_ROOM)))
      larger.set(kept.subarray(0, length))
      kept = larger
    }
    kept.set(octets, length)
    length = needed
  }

  /** The line that ends with these octets. */
  function line(end: Uint8Array): Uint8Array {
    if (length === 0) return end
    keep(end)
    const whole = kept.subarray(0, length)
    if (kept.length > KEPT_ROOM) kept = new Uint8Array(0)
    length = 0
    return whole
  }

  return function take(chunk) {
    let start = 0
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, start)
      const end = newline === -1 ? chunk.length : newline
      if (length + end - start > limit) return tooLong(limit)
      if (newline === -1) {
        if (end > start) keep(chunk.subarray(start, end))
        return undefined
      }
      const octets = line(chunk.subarray(start, end))
      start = newline + 1
      const text = decode(decoder, octets)
      if (text === undefined) return failed('protocol', 'a message is not UTF-8')
      if (text.trim() !== '') message(text, octets.length)
    }
  }
}

/** Octets of a message as text; undefined when they are not UTF-8. */
export function decode(decoder: TextDecoder, octets: Uint8Array): string | undefined {
  try {
    return decoder.decode(octets)
  } catch {
    return undefined
  }
}

export const tooLong = (limit: number): Failed => failed('too-long', `a message of more than ${limit} octets`)
