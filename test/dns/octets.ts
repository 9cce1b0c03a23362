/** Short ways to write octets in tests. */
import { nameToWire } from '../../src/dns/name.ts'

/** Octets from hexadecimal digits; spaces do not count. */
export const hex = (digits: string): Uint8Array =>
  Uint8Array.from(digits.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16))

export const base64 = (digits: string): Uint8Array =>
  Uint8Array.from(atob(digits), (character) => character.charCodeAt(0))

export const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]))

export const uint16 = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 0xff)

export const uint32 = (number: number): Uint8Array => join(uint16(number >>> 16), uint16(number & 0xffff))

export const wireName = (...labels: readonly string[]): Uint8Array => nameToWire(labels)

/** Character strings, one octet of length before each; a character is an octet. */
export const text = (...strings: readonly string[]): Uint8Array =>
  join(
    ...strings.map((string) =>
      Uint8Array.from([string.length, ...Array.from(string, (character) => character.charCodeAt(0))]),
    ),
  )

/** A message: header with the counts of its sections, then the octets as they are. */
export const message = (
  counts: readonly [question: number, answer: number, authority: number, additional: number],
  ...body: readonly Uint8Array[]
): Uint8Array => join(uint16(0x1234), uint16(0x8180), ...counts.map(uint16), ...body)

/** A record with its owner's octets as given, so that it may be a pointer. */
export const record = (
  owner: Uint8Array,
  type: number,
  data: Uint8Array,
  { ttl = 300, class: recordClass = 1 } = {},
): Uint8Array => join(owner, uint16(type), uint16(recordClass), uint32(ttl), uint16(data.length), data)
