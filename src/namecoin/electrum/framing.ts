import type { ChannelEvents } from './channel.ts'
import { type Failed, failed } from './failure.ts'
import { type Skipping, skipping } from './skipping.ts'

/** Messages out of a stream of octets, whatever separates them. */

const NEWLINE = 0x0a

/** Room for a message to begin with. Most replies fit; longer ones double it. */
const FIRST_ROOM = 4_096

/** A buffer larger than this is given back once its message is read. */
const KEPT_ROOM = 65_536

/** What is read of a stream. */
export interface Limits {
  /** Longest message that is kept, octets. */
  readonly read: number
  /** Longest one that is let go by, octets; by default `MAX_SKIPPED_OCTETS`. */
  readonly skipped?: number
}

export type MessageEvents = Pick<ChannelEvents, 'message' | 'skipped'>

/** Takes the next octets of the stream; a failure means that the stream makes no sense any more. */
export type TakeChunk = (chunk: Uint8Array) => Failed | undefined

/** Puts messages together. */
export interface Gatherer {
  /** The next octets of a message. */
  readonly add: TakeChunk
  /** The message is whole. */
  end(): Failed | undefined
}

/**
 * Puts messages together from pieces and tells of each. Of one that is longer than is read nothing is kept but its ends.
 *
 * What is kept is copied: attack: chunks of one octet each hold on to a buffer of their own, 200 octets for one.
 */
export function gatherer(limits: Limits, events: MessageEvents): Gatherer {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let kept = new Uint8Array(0)
  let length = 0
  let overlong: Skipping | undefined

  function keep(octets: Uint8Array): void {
    const needed = length + octets.length
    if (needed > kept.length) {
      const larger = new Uint8Array(Math.min(limits.read, Math.max(needed, kept.length * 2, FIRST_ROOM)))
      larger.set(kept.subarray(0, length))
      kept = larger
    }
    kept.set(octets, length)
    length = needed
  }

  /** What was kept, which is no more after. */
  function taken(): Uint8Array {
    const whole = kept.subarray(0, length)
    if (kept.length > KEPT_ROOM) kept = new Uint8Array(0)
    length = 0
    return whole
  }

  return {
    add(octets) {
      if (overlong === undefined && length + octets.length <= limits.read) {
        keep(octets)
        return undefined
      }
      if (overlong === undefined) {
        overlong = skipping(limits.skipped)
        overlong.add(taken())
      }
      return overlong.add(octets)
    },
    end() {
      if (overlong !== undefined) {
        const left = overlong.end()
        overlong = undefined
        events.skipped(left)
        return undefined
      }
      const octets = length
      const text = decode(decoder, taken())
      if (text === undefined) return failed('protocol', 'a message is not UTF-8')
      if (text.trim() !== '') events.message(text, octets)
      return undefined
    },
  }
}

/**
 * Cuts a stream of octets into lines, however it comes in chunks: over TCP and TLS a message is a line. Empty lines are
 * left out; the spaces ElectrumX 1.18 pads replies with are inside the JSON and its affair.
 */
export function lineReader(limits: Limits, events: MessageEvents): TakeChunk {
  const { add, end } = gatherer(limits, events)
  return function take(chunk) {
    for (let start = 0; ; ) {
      const newline = chunk.indexOf(NEWLINE, start)
      const failure = add(chunk.subarray(start, newline === -1 ? chunk.length : newline))
      if (failure !== undefined || newline === -1) return failure
      const problem = end()
      if (problem !== undefined) return problem
      start = newline + 1
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
