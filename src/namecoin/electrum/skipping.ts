import { type Failed, failed } from './failure.ts'

/**
 * Messages that are longer than is read. An honest server sends such, too: a value proof has every update of the last
 * hours in it, whatever their number and length, and that is the name's owner's choice. Attack: one of these names,
 * looked up again and again; were the connection ended for it, no server would be left.
 *
 * So they are let go by: neither kept nor parsed, but for the two ends, where the request that they answer stands.
 */

/** Longest message that is let go by, octets: servers send at most 10 MB (`MAX_SEND` of coins with AuxPoW). */
export const MAX_SKIPPED_OCTETS = 16_777_216

/** What is kept of either end: the protocol's version and an id have less than 50. */
const KEPT_OCTETS = 64

/** What is left of a message. White space is left out: ElectrumX 1.18 pads with it, up to half of the message. */
export interface Skipped {
  readonly octets: number
  readonly head: string
  readonly tail: string
}

/** Lets one message go by, in pieces. */
export interface Skipping {
  /** A failure once it is longer than any may be. */
  add(octets: Uint8Array): Failed | undefined
  end(): Skipped
}

/** @param most octets */
export function skipping(most = MAX_SKIPPED_OCTETS): Skipping {
  let length = 0
  let head: readonly number[] = []
  let tail: readonly number[] = []
  return {
    add(octets) {
      length += octets.length
      if (length > most) return tooLong(most)
      const at = (index: number) => octets[index]!
      head = [...head, ...first(octets.length, at, KEPT_OCTETS - head.length)]
      tail = [...tail, ...last(octets.length, at)].slice(-KEPT_OCTETS)
      return undefined
    },
    end: () => ({ octets: length, head: String.fromCharCode(...head), tail: String.fromCharCode(...tail) }),
  }
}

/** What is left of a message that has come whole. */
export function skipOctets(octets: Uint8Array): Skipped {
  const going = skipping(octets.length)
  going.add(octets)
  return going.end()
}

/** The same of a text of so many octets. */
export function skipText(text: string, octets: number): Skipped {
  const at = (index: number) => text.charCodeAt(index)
  const [head, tail] = [first(text.length, at, KEPT_OCTETS), last(text.length, at)]
  return { octets, head: String.fromCharCode(...head), tail: String.fromCharCode(...tail) }
}

/**
 * The id of the request that a message answers; undefined when it is in neither end, or each has another. Both patterns
 * hold on to the message's very ends, so that nothing inside of the result passes for it.
 */
export function idOf({ head, tail }: Skipped): number | undefined {
  const ids = [HEAD_ID.exec(head)?.[1], TAIL_ID.exec(tail)?.[1]].filter((id) => id !== undefined)
  return new Set(ids).size === 1 ? Number(ids[0]) : undefined
}

const HEAD_ID = /^\{(?:"jsonrpc":"2\.0",)?"id":(\d{1,15}),/
const TAIL_ID = /,"id":(\d{1,15})(?:,"jsonrpc":"2\.0")?\}$/

/** Whether a message tells of a new block. */
export const isTipNotice = ({ head }: Skipped): boolean =>
  /^\{(?:"jsonrpc":"2\.0",)?"method":"blockchain\.headers\.subscribe",/.test(head)

export const tooLong = (limit: number): Failed => failed('too-long', `a message of more than ${limit} octets`)

type At = (index: number) => number

/** The first so many codes that are no white space. */
function first(length: number, at: At, count: number): readonly number[] {
  const found: number[] = []
  for (let index = 0; index < length && found.length < count; index++) {
    if (!isSpace(at(index))) found.push(at(index))
  }
  return found
}

/** The last of them. */
const last = (length: number, at: At): readonly number[] =>
  first(length, (index) => at(length - 1 - index), KEPT_OCTETS).toReversed()

const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d)
