/**
 * The text of the SvcParams of SVCB and HTTPS records (RFC 9460 §2.1 and appendix A).
 */
import {
  type Cursor,
  escapeText,
  type Field,
  ipv4ToText,
  ipv6ToText,
  toBase64,
  toNumber,
} from './rdata-fields.ts'

/** The text behind `=`, empty for a parameter without value, undefined when the octets are no such value. */
type ValueToText = (octets: Uint8Array) => string | undefined

interface Parameter {
  readonly key: string
  readonly toText: ValueToText
}

/** A value of `non-special` characters alone needs no quotes (RFC 9460 appendix A). */
const NEEDS_NO_QUOTES = /^[!#-'*-:<-[\]-~]*$/

const quoteIfNeeded = (escaped: string): string => (NEEDS_NO_QUOTES.test(escaped) ? escaped : `"${escaped}"`)

const toOctets = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** Octets cut into pieces of `length`, or undefined when there are none or they do not come out even. */
const pieces = (octets: Uint8Array, length: number): Uint8Array[] | undefined =>
  octets.length === 0 || octets.length % length !== 0
    ? undefined
    : Array.from({ length: octets.length / length }, (_, index) =>
        octets.subarray(index * length, (index + 1) * length),
      )

const listOf =
  (length: number, toText: (octets: Uint8Array) => string): ValueToText =>
  (octets) =>
    pieces(octets, length)?.map(toText).join(',')

const empty: ValueToText = (octets) => (octets.length === 0 ? '' : undefined)

/** A value of any octets. */
const opaque: ValueToText = (octets) => quoteIfNeeded(escapeText(octets))

/**
 * Protocol names, one octet of length before each. A comma or backslash in a name is escaped twice: for the list
 * and then for the character string the list is written as (RFC 9460 appendix A.1).
 */
const alpn: ValueToText = (octets) => {
  const names: string[] = []
  for (let offset = 0; offset < octets.length; ) {
    const end = offset + 1 + octets[offset]!
    if (octets[offset] === 0 || end > octets.length) return undefined
    names.push(String.fromCharCode(...octets.subarray(offset + 1, end)).replace(/[\\,]/g, '\\$&'))
    offset = end
  }
  return names.length === 0 ? undefined : opaque(toOctets(names.join(',')))
}

/** Keys in strictly increasing order, itself not among them (RFC 9460 §8). */
const mandatory: ValueToText = (octets) => {
  const keys = pieces(octets, 2)?.map(toNumber)
  const isOrdered = keys?.every((key, index) => key > (keys[index - 1] ?? 0))
  return isOrdered ? keys?.map((key) => parameterOf(key).key).join(',') : undefined
}

const port: ValueToText = (octets) => (octets.length === 2 ? String(toNumber(octets)) : undefined)
const ech: ValueToText = (octets) => (octets.length === 0 ? undefined : toBase64(octets))

/** By number: RFC 9460 §14.3.2, RFC 9461 (dohpath), RFC 9540 (ohttp). */
const PARAMETERS: readonly Parameter[] = [
  { key: 'mandatory', toText: mandatory },
  { key: 'alpn', toText: alpn },
  { key: 'no-default-alpn', toText: empty },
  { key: 'port', toText: port },
  { key: 'ipv4hint', toText: listOf(4, ipv4ToText) },
  { key: 'ech', toText: ech },
  { key: 'ipv6hint', toText: listOf(16, ipv6ToText) },
  { key: 'dohpath', toText: opaque },
  { key: 'ohttp', toText: empty },
]

const parameterOf = (number: number): Parameter =>
  PARAMETERS[number] ?? { key: `key${number}`, toText: opaque }

/** The next parameter's number and value. */
function readParameter({
  data,
  offset,
}: Cursor): { number: number; value: Uint8Array; end: number } | undefined {
  if (offset + 4 > data.length) return undefined
  const end = offset + 4 + toNumber(data.subarray(offset + 2, offset + 4))
  if (end > data.length) return undefined
  return { number: toNumber(data.subarray(offset, offset + 2)), value: data.subarray(offset + 4, end), end }
}

/** All SvcParams to the end, in the strictly increasing order RFC 9460 §2.2 demands. */
export const serviceParameters: Field = (cursor) => {
  const texts: string[] = []
  let previous = -1
  while (cursor.offset < cursor.data.length) {
    const read = readParameter(cursor)
    if (read === undefined || read.number <= previous) return undefined
    const { key, toText } = parameterOf(read.number)
    const value = toText(read.value)
    if (value === undefined) return undefined
    texts.push(value === '' ? key : `${key}=${value}`)
    previous = read.number
    cursor.offset = read.end
  }
  return texts.join(' ')
}
