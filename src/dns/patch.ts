import type { Random } from '../random.ts'
import { MAX_PADDED_LENGTH, OPT_LENGTH, OPTION_HEADER_LENGTH, RESPONSE_BLOCK, writeOpt } from './edns.ts'
import type { AddressSet, PackedAnswer } from './packed.ts'
import { Flag, HEADER_LENGTH } from './protocol.ts'
import type { Query } from './query.ts'

/**
 * The longest answer every client reads. curl refuses a body of 3,000 octets or more (`DYN_DOH_RESPONSE`, a limit
 * that counts a final zero), Firefox one above 3,200. Longer answers lose their authority and additional sections
 * first, then addresses at random.
 */
export const MAX_CLIENT_LENGTH = 2_999

/**
 * The response to one query: a copy of the packed answer with the client's id, flags and spelling of the name, the
 * TTLs counted down, each RRset's addresses in a fresh random order, and an OPT record if the client sent one.
 *
 * @param age seconds since the answer was packed
 */
export function respond(query: Query, packed: PackedAnswer, age: number, random: Random): Uint8Array {
  const { bytes, nameEnd, ttls, addressSets, options, maxTtl } = packed
  const { edns } = query
  const optLength = edns === undefined ? 0 : OPT_LENGTH + options.length
  // Buffer's pool makes this copy several times cheaper than a new typed array of its own.
  const response: Uint8Array = Buffer.allocUnsafe(bytes.length + optLength + (edns?.padded ? paddingRoom : 0))
  response.set(bytes)

  response[0] = query.id >> 8
  response[1] = query.id & 0xff
  response[2] = bytes[2]! | ((query.flags & Flag.RD) >> 8)
  response[3] = bytes[3]! | (query.flags & Flag.CD)
  // RFC 6840 §5.7, §5.8: AD only goes to those who show, by AD or DO, that they know what it means.
  if ((query.flags & Flag.AD) === 0 && edns?.dnssecOk !== true) response[3]! &= ~Flag.AD
  if (query.wireName.length === nameEnd - HEADER_LENGTH) response.set(query.wireName, HEADER_LENGTH)

  if (age > 0 || maxTtl !== undefined)
    for (let index = 0; index < ttls.length; index++) countDown(response, ttls[index]!, age, maxTtl)
  for (let index = 0; index < addressSets.length; index++) shuffle(response, addressSets[index]!, random)

  // Of a signed answer a validating client needs every record, and reads long ones.
  const isTooLong = bytes.length + optLength > MAX_CLIENT_LENGTH && packed.answerCount > 0 && !packed.isSigned
  const end = isTooLong ? shorten(response, packed, MAX_CLIENT_LENGTH - optLength) : bytes.length
  if (edns === undefined) return response.subarray(0, end)

  response[11]!++
  if (response[11] === 0) response[10]!++
  const padding = edns.padded ? paddingFor(end + optLength) : undefined
  const { rcode } = packed
  return response.subarray(0, writeOpt(response, end, { rcode, dnssecOk: edns.dnssecOk, options, padding }))
}

/** The most that padding can add. */
const paddingRoom = OPTION_HEADER_LENGTH + RESPONSE_BLOCK

/**
 * Octets of padding that fill an answer up to a multiple of 468, its option's header counted (RFC 8467 §4.1);
 * undefined when that would make it longer than every client reads.
 */
function paddingFor(length: number): number | undefined {
  const unpadded = length + OPTION_HEADER_LENGTH
  const padded = Math.ceil(unpadded / RESPONSE_BLOCK) * RESPONSE_BLOCK
  return padded > MAX_PADDED_LENGTH ? undefined : padded - unpadded
}

function countDown(message: Uint8Array, offset: number, age: number, most = Number.POSITIVE_INFINITY): void {
  const ttl =
    ((message[offset]! << 24) |
      (message[offset + 1]! << 16) |
      (message[offset + 2]! << 8) |
      message[offset + 3]!) >>>
    0
  const left = Math.min(ttl > age ? ttl - age : 0, most)
  message[offset] = left >>> 24
  message[offset + 1] = left >>> 16
  message[offset + 2] = left >>> 8
  message[offset + 3] = left
}

/** Fisher and Yates, over the addresses of one RRset in their own places: no other octet moves. */
function shuffle(message: Uint8Array, { length, offsets }: AddressSet, random: Random): void {
  for (let last = offsets.length - 1; last > 0; last--) {
    const chosen = random(last + 1)
    if (chosen === last) continue
    const a = offsets[last]!
    const b = offsets[chosen]!
    for (let octet = 0; octet < length; octet++) {
      const kept = message[a + octet]!
      message[a + octet] = message[b + octet]!
      message[b + octet] = kept
    }
  }
}

/**
 * Leaves off what does not fit: first the authority and additional sections, then the last addresses, which after
 * the shuffle are a random choice. An answer of other records stays whole: half of it would be another answer.
 *
 * @returns the new length
 */
function shorten(message: Uint8Array, packed: PackedAnswer, limit: number): number {
  const { answerEnd, answerCount, trailingAddresses } = packed
  message.fill(0, 8, 12)
  if (answerEnd <= limit) return answerEnd
  let kept = trailingAddresses.length
  let end = answerEnd
  while (kept > 1 && end > limit) end = trailingAddresses[--kept]!
  const count = answerCount - trailingAddresses.length + kept
  message[6] = count >> 8
  message[7] = count & 0xff
  return end
}
