/** Octets as ElectrumX writes them: hex of any length, hashes the other way round. */

const NO_DIGIT = 0xff

/** The value of each hex digit, by character code. */
const DIGITS: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase())
  return digit === -1 ? NO_DIGIT : digit
})

/**
 * The octets of hex digits, or undefined. By a table: 2 MB of digits take 10 ms, with a regular expression and `parseInt`
 * 60.
 *
 * @param min fewest octets
 * @param max most octets
 */
export function readHex(text: unknown, min: number, max: number): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length % 2 !== 0) return undefined
  const length = text.length / 2
  if (length < min || length > max) return undefined
  const octets = new Uint8Array(length)
  for (let index = 0; index < length; index++) {
    const high = DIGITS[text.charCodeAt(2 * index)] ?? NO_DIGIT
    const low = DIGITS[text.charCodeAt(2 * index + 1)] ?? NO_DIGIT
    if (high === NO_DIGIT || low === NO_DIGIT) return undefined
    octets[index] = (high << 4) | low
  }
  return octets
}

/** A hash, which is displayed with its octets reversed, as octets in their own order; undefined when it is none. */
export const readHash = (text: unknown): Uint8Array | undefined => readHex(text, 32, 32)?.reverse()
