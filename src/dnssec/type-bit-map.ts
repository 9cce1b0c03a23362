/** Type bit maps of NSEC and NSEC3 (RFC 4034 §4.1.2). Read where they lie: one can name 65,536 types. */

const MAX_WINDOW_OCTETS = 32

/** Whether the octets are a type bit map: windows in order, each of 1 to 32 octets. */
export function isTypeBitMap(octets: Uint8Array): boolean {
  let previous = -1
  let offset = 0
  while (offset < octets.length) {
    const [window, length] = [octets[offset]!, octets[offset + 1] ?? 0]
    if (window <= previous || length === 0 || length > MAX_WINDOW_OCTETS) return false
    previous = window
    offset += 2 + length
  }
  return offset === octets.length
}

/** The types in a bit map that is one. */
export function* typesIn(bitMap: Uint8Array): Iterable<number> {
  for (let offset = 0; offset < bitMap.length; offset += 2 + bitMap[offset + 1]!)
    for (let bit = 0; bit < bitMap[offset + 1]! * 8; bit++)
      if (isSet(bitMap, offset, bit)) yield bitMap[offset]! * 256 + bit
}

/** Whether a type is in a bit map that is one. */
export function hasType(bitMap: Uint8Array, type: number): boolean {
  for (let offset = 0; offset < bitMap.length; offset += 2 + bitMap[offset + 1]!)
    if (bitMap[offset] === type >> 8)
      return (type & 0xff) < bitMap[offset + 1]! * 8 && isSet(bitMap, offset, type & 0xff)
  return false
}

const isSet = (bitMap: Uint8Array, window: number, bit: number): boolean =>
  (bitMap[window + 2 + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0
