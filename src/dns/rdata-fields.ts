/**
 * The fields that RDATA is made of, each read from the wire and turned into zone-file text. Record types put
 * them together in `presentation.ts`.
 */
import { nameLength, nameToText, readName } from './name.ts'
import { typeName } from './protocol.ts'

/** How far a reader has come in one RDATA. */
export interface Cursor {
  readonly data: Uint8Array
  offset: number
}

/** Reads one field at the cursor as text, or undefined when the octets are no such field. */
export type Field = (cursor: Cursor) => string | undefined

/** The next `length` octets, or undefined when there are not so many. */
function take(cursor: Cursor, length: number): Uint8Array | undefined {
  const end = cursor.offset + length
  if (end > cursor.data.length) return undefined
  const octets = cursor.data.subarray(cursor.offset, end)
  cursor.offset = end
  return octets
}

const isAtEnd = (cursor: Cursor): boolean => cursor.offset === cursor.data.length

/** Big-endian octets, at most 6, as a number. */
export const toNumber = (octets: Uint8Array): number => octets.reduce((sum, octet) => sum * 256 + octet, 0)

/** Octets as lower-case hexadecimal digits. */
export const toHex = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('')

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BASE32HEX = '0123456789abcdefghijklmnopqrstuv'

/** Octets as digits of `bits` bits each, most significant first, the last one filled up with zero bits. */
function toDigits(octets: Uint8Array, alphabet: string, bits: number): string {
  let text = ''
  let pending = 0
  let pendingBits = 0
  for (const octet of octets) {
    pending = ((pending << 8) | octet) & 0xffff
    for (pendingBits += 8; pendingBits >= bits; pendingBits -= bits)
      text += alphabet[(pending >> (pendingBits - bits)) & (alphabet.length - 1)]
  }
  return pendingBits === 0 ? text : text + alphabet[(pending << (bits - pendingBits)) & (alphabet.length - 1)]
}

/** Base64 with padding (RFC 4648 §4). */
export function toBase64(octets: Uint8Array): string {
  const digits = toDigits(octets, BASE64, 6)
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, '=')
}

/** Base32 with the extended hex alphabet, lower case, without padding (RFC 4648 §7, RFC 5155 §3.3). */
export const toBase32Hex = (octets: Uint8Array): string => toDigits(octets, BASE32HEX, 5)

/**
 * Octets as the inside of a character string (RFC 1035 §5.1): `"` and `\` after a backslash, all that is not
 * printable ASCII as `\DDD`.
 *
 * Attack: values are strangers'; a raw escape sequence in a TXT record would reach the reader's terminal.
 */
export const escapeText = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => {
    if (octet < 0x20 || octet > 0x7e) return `\\${String(octet).padStart(3, '0')}`
    const character = String.fromCharCode(octet)
    return character === '"' || character === '\\' ? `\\${character}` : character
  }).join('')

const quote = (octets: Uint8Array): string => `"${escapeText(octets)}"`

/** An address of four octets, dotted. */
export const ipv4ToText = (octets: Uint8Array): string => octets.join('.')

/** The first of the longest runs of at least two zero groups (RFC 5952 §4.2). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } | undefined {
  let best: { start: number; length: number } | undefined
  let start = 0
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === 0) continue
    const length = index - start
    if (length >= 2 && length > (best?.length ?? 0)) best = { start, length }
    start = index + 1
  }
  return best
}

/** An address of sixteen octets as RFC 5952 writes it, IPv4-mapped ones with a dotted end (§5). */
export function ipv6ToText(octets: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => toNumber(octets.subarray(index * 2, index * 2 + 2)))
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped) return `::ffff:${ipv4ToText(octets.subarray(12))}`
  const text = (from: number, to?: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  const run = longestZeroRun(groups)
  return run === undefined ? text(0) : `${text(0, run.start)}::${text(run.start + run.length)}`
}

/** A field of so many octets, at least one. */
const fixed =
  (length: number, toText: (octets: Uint8Array) => string): Field =>
  (cursor) => {
    const octets = take(cursor, length)
    return octets && toText(octets)
  }

/** A field that takes all the rest, at least one octet. */
const rest =
  (toText: (octets: Uint8Array) => string): Field =>
  (cursor) => {
    const octets = take(cursor, cursor.data.length - cursor.offset)
    return octets && octets.length > 0 ? toText(octets) : undefined
  }

/** A field with its length in one octet before it. */
const counted =
  (toText: (octets: Uint8Array) => string | undefined): Field =>
  (cursor) => {
    const length = take(cursor, 1)?.[0]
    const octets = length === undefined ? undefined : take(cursor, length)
    return octets && toText(octets)
  }

const decimal = (octets: Uint8Array): string => String(toNumber(octets))

export const uint8 = fixed(1, decimal)
export const uint16 = fixed(2, decimal)
export const uint32 = fixed(4, decimal)
export const ipv4 = fixed(4, ipv4ToText)
export const ipv6 = fixed(16, ipv6ToText)

/** The mnemonic of a record type, as in "type covered" of RRSIG. */
export const recordType = fixed(2, (octets) => typeName(toNumber(octets)))

/** Seconds since 1970 as YYYYMMDDHHmmSS in UTC (RFC 4034 §3.2). Read as unsigned, so until 2106. */
export const time = fixed(4, (octets) =>
  new Date(toNumber(octets) * 1000).toISOString().replace(/\.\d+Z$|\D/g, ''),
)

/** A domain name, absolute and escaped. */
export const name: Field = (cursor) => {
  const read = readName(cursor.data, cursor.offset)
  // Names are uncompressed by contract: a pointer was made for a message that is not here.
  if (read === undefined || read.end - cursor.offset !== nameLength(read.name)) return undefined
  cursor.offset = read.end
  return nameToText(read.name)
}

/** A character string in quotes (RFC 1035 §3.3). */
export const characterString = counted(quote)

/** One character string or more, to the end. */
export const characterStrings: Field = (cursor) => {
  const texts: string[] = []
  do {
    const text = characterString(cursor)
    if (text === undefined) return undefined
    texts.push(text)
  } while (!isAtEnd(cursor))
  return texts.join(' ')
}

/** The tag of a CAA record: letters and digits, at least one (RFC 8659 §4.1). */
export const tag = counted((octets) => {
  const text = String.fromCharCode(...octets)
  return /^[A-Za-z0-9]+$/.test(text) ? text : undefined
})

/** All the rest in quotes; it may be empty and longer than a character string (RFC 8659 §4.1). */
export const quotedRest: Field = (cursor) => rest(quote)(cursor) ?? '""'

/** All the rest in quotes, at least one octet (RFC 7553 §4.4). */
export const quotedNonemptyRest = rest(quote)

export const hexRest = rest(toHex)
export const base64Rest = rest(toBase64)

/** Hexadecimal digits behind a length octet, `-` for none (RFC 5155 §3.3). */
export const salt = counted((octets) => (octets.length === 0 ? '-' : toHex(octets)))

/** The next hashed owner name, base32 behind a length octet (RFC 5155 §3.3). */
export const hash = counted((octets) => (octets.length === 0 ? undefined : toBase32Hex(octets)))

/** The types of one window block of a type bit map. */
const typesInWindow = (window: number, bitmap: Uint8Array): readonly string[] =>
  Array.from({ length: bitmap.length * 8 }, (_, bit) => bit)
    .filter((bit) => (bitmap[bit >> 3]! & (0x80 >> (bit & 7))) !== 0)
    .map((bit) => typeName(window * 256 + bit))

/** A type bit map to the end: windows in order, 1 to 32 octets each, the last not zero (RFC 4034 §4.1.2). */
export const typeBitMap: Field = (cursor) => {
  const types: string[] = []
  let previous = -1
  while (!isAtEnd(cursor)) {
    const header = take(cursor, 2)
    if (header === undefined) return undefined
    const [window, length] = header as unknown as [number, number]
    const bitmap = take(cursor, length)
    if (window <= previous || length > 32 || bitmap === undefined) return undefined
    if ((bitmap.at(-1) ?? 0) === 0) return undefined
    types.push(...typesInWindow(window, bitmap))
    previous = window
  }
  return types.join(' ')
}
