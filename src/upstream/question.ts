import { HEADER_LENGTH } from '../dns/protocol.ts'

/** Telling by its octets whether a message answers a query (RFC 5452 §9.1, RFC 7766 §7). */

/** Where the question of a query that we made ends: its name is not compressed. */
function questionEnd(query: Uint8Array): number {
  let offset = HEADER_LENGTH
  while (query[offset] !== 0) offset += query[offset]! + 1
  return offset + 5
}

/** How much of a query a message repeats. */
export type Likeness =
  | 'answer' // a response with this id and this question, octet for octet
  | 'case' // only upper and lower case differ
  | 'other' // another id or question, or no response

/** Compares a message with a query that we made. */
export function likeness(query: Uint8Array, message: Uint8Array): Likeness {
  const end = questionEnd(query)
  const isResponse = message.length >= end && (message[2]! & 0x80) !== 0
  if (!isResponse || message[0] !== query[0] || message[1] !== query[1]) return 'other'
  if (message[4] !== 0 || message[5] !== 1) return 'other'
  let same: Likeness = 'answer'
  for (let offset = HEADER_LENGTH; offset < end; offset++) {
    const [ours, theirs] = [query[offset]!, message[offset]!]
    if (ours === theirs) continue
    // Length octets are no letters: they are at most 63.
    if (
      offset >= end - 4 ||
      (ours | 0x20) !== (theirs | 0x20) ||
      (ours | 0x20) < 0x61 ||
      (ours | 0x20) > 0x7a
    )
      return 'other'
    same = 'case'
  }
  return same
}

/** The same message with another id. */
export function withId(message: Uint8Array, id: number): Uint8Array {
  const copy = Uint8Array.from(message)
  copy[0] = id >> 8
  copy[1] = id & 0xff
  return copy
}

/** The answer as one to the query with id 0: with that id, and the question in the case it was asked in. */
export function answered(query: Uint8Array, message: Uint8Array): Uint8Array {
  const answer = withId(message, 0)
  answer.set(query.subarray(HEADER_LENGTH, questionEnd(query)), HEADER_LENGTH)
  return answer
}

/**
 * The query with the letters of its name in upper or lower case by chance (0x20): servers repeat them, and who forges
 * an answer has as many bits more to guess (draft-vixie-dnsext-dns0x20).
 *
 * @param bit 0 or 1, by chance
 */
export function withRandomCase(query: Uint8Array, bit: () => number): Uint8Array {
  const mixed = Uint8Array.from(query)
  const end = questionEnd(query) - 4
  for (let offset = HEADER_LENGTH; offset < end; offset++) {
    const letter = mixed[offset]! | 0x20
    if (mixed[offset]! >= 0x40 && letter >= 0x61 && letter <= 0x7a && bit() === 1) mixed[offset]! ^= 0x20
  }
  return mixed
}
