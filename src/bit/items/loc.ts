import { listOrString } from './item.ts'

/** RFC 1876 §3: `d1 [m1 [s1]] {N|S} d2 [m2 [s2]] {E|W} alt[m] [siz[m] [hp[m] [vp[m]]]]`. */
const ANGLE = String.raw`(\d{1,3})(?:[ \t]+(\d{1,2})(?:[ \t]+(\d{1,2}(?:\.\d{1,3})?))?)?`
const METRES = String.raw`(-?\d{1,8}(?:\.\d{1,2})?)m?`
const SIZE = String.raw`(?:[ \t]+(\d{1,8}(?:\.\d{1,2})?)m?`
const LOCATION = new RegExp(
  String.raw`^${ANGLE}[ \t]+([NS])[ \t]+${ANGLE}[ \t]+([EW])[ \t]+${METRES}${SIZE}${SIZE}${SIZE})?)?)?$`,
  'i',
)

/** RFC 1876 §3, in metres: the size, the horizontal and the vertical precision when they are left out. */
const DEFAULT_SIZES = ['1', '10000', '10'] as const
/** RFC 1876 §2, in centimetres. */
const MAX_SIZE = 90_000_000_00
const ALTITUDE_ORIGIN = 100_000_00
const MAX_UINT32 = 2 ** 32 - 1

const MILLISECONDS_PER_DEGREE = 3_600_000

/** `loc`: LOC records, in the text form of RFC 1876 §3 (ifa-0001). */
export const loc = listOrString((entry) => {
  const rdata = typeof entry === 'string' ? locRdata(entry) : undefined
  return rdata === undefined ? 'not a location in the form of RFC 1876' : [rdata]
})

function locRdata(text: string): Uint8Array | undefined {
  const fields = LOCATION.exec(text)
  if (fields === null) return undefined
  const [, d1, m1, s1, northOrSouth, d2, m2, s2, eastOrWest, metres, ...sizes] = fields
  const latitude = angle([d1, m1, s1], 90, /s/i.test(northOrSouth!))
  const longitude = angle([d2, m2, s2], 180, /w/i.test(eastOrWest!))
  const altitude = centimetres(metres!) + ALTITUDE_ORIGIN
  const octets = DEFAULT_SIZES.map((metresByDefault, index) => centimetres(sizes[index] ?? metresByDefault))
  if (latitude === undefined || longitude === undefined || altitude < 0 || altitude > MAX_UINT32)
    return undefined
  if (octets.some((size) => size > MAX_SIZE)) return undefined

  const rdata = new Uint8Array(16)
  rdata.set(octets.map(sizeOctet), 1)
  const view = new DataView(rdata.buffer)
  view.setUint32(4, latitude)
  view.setUint32(8, longitude)
  view.setUint32(12, altitude)
  return rdata
}

/** Thousandths of a second of arc around 2^31 (RFC 1876 §2). */
function angle(
  parts: readonly (string | undefined)[],
  limit: number,
  isNegative: boolean,
): number | undefined {
  const [degrees = 0, minutes = 0, seconds = 0] = parts.map((part) => Number(part ?? 0))
  if (minutes >= 60 || seconds >= 60) return undefined
  const size = degrees * MILLISECONDS_PER_DEGREE + minutes * 60_000 + Math.round(seconds * 1000)
  if (size > limit * MILLISECONDS_PER_DEGREE) return undefined
  return 2 ** 31 + (isNegative ? -size : size)
}

const centimetres = (metres: string): number => Math.round(Number(metres) * 100)

/** One digit and a power of ten, a nibble each; further digits are dropped, as RFC 1876 appendix A does. */
function sizeOctet(size: number): number {
  const exponent = Math.max(0, String(size).length - 1)
  return (Math.floor(size / 10 ** exponent) << 4) | exponent
}
