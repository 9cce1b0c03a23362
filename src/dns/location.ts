/**
 * The text of a LOC record (RFC 1876): where something is on Earth.
 */
import { type Field, toNumber } from './rdata-fields.ts'

const LENGTH = 16
/** Latitude and longitude are thousandths of a second of arc around 2^31 (RFC 1876 §2). */
const ORIGIN = 2 ** 31
const PER_DEGREE = 3_600_000
const PER_MINUTE = 60_000
const PER_SECOND = 1000
/** Altitude is in centimetres above a point 100,000 m below the ellipsoid. */
const ALTITUDE_ORIGIN = 10_000_000

const metres = (centimetres: number): string => `${(centimetres / 100).toFixed(2)}m`

/** Mantissa and power of ten in a nibble each, in centimetres. */
function sizeToText(octet: number): string | undefined {
  const mantissa = octet >> 4
  const exponent = octet & 0xf
  return mantissa > 9 || exponent > 9 ? undefined : metres(mantissa * 10 ** exponent)
}

const twoDigits = (number: number): string => String(number).padStart(2, '0')

function angleToText(octets: Uint8Array, limit: number, directions: string): string | undefined {
  const angle = toNumber(octets) - ORIGIN
  const size = Math.abs(angle)
  if (size > limit * PER_DEGREE) return undefined
  const degrees = Math.floor(size / PER_DEGREE)
  const minutes = Math.floor((size % PER_DEGREE) / PER_MINUTE)
  const seconds = Math.floor((size % PER_MINUTE) / PER_SECOND)
  const fraction = String(size % PER_SECOND).padStart(3, '0')
  return `${degrees} ${twoDigits(minutes)} ${twoDigits(seconds)}.${fraction} ${directions[angle < 0 ? 1 : 0]}`
}

/** All of a LOC record, written as `loc_ntoa` of RFC 1876 appendix A does. Version 0 is the only one there is. */
export const location: Field = (cursor) => {
  const octets = cursor.data.subarray(cursor.offset, cursor.offset + LENGTH)
  if (octets.length < LENGTH || octets[0] !== 0) return undefined
  cursor.offset += LENGTH
  const texts = [
    angleToText(octets.subarray(4, 8), 90, 'NS'),
    angleToText(octets.subarray(8, 12), 180, 'EW'),
    metres(toNumber(octets.subarray(12, 16)) - ALTITUDE_ORIGIN),
    ...Array.from(octets.subarray(1, 4), sizeToText),
  ]
  return texts.includes(undefined) ? undefined : texts.join(' ')
}
