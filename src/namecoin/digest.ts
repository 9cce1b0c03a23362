/** A digest that tells one text from another. */

const OFFSET_HIGH = 0xcbf29ce4
const OFFSET_LOW = 0x84222325
const PRIME_LOW = 0x1b3 // the prime is 2^40 + 0x1b3
const TWO_32 = 0x1_0000_0000

/**
 * FNV-1a with 64 bits (draft-eastlake-fnv) of a text's UTF-8 octets, 16 hex digits. Synchronous and the same in every
 * process and isolate. It withstands accidents, not attackers: only for text that the operator writes.
 */
export function digest(text: string): string {
  let high = OFFSET_HIGH
  let low = OFFSET_LOW
  for (const octet of new TextEncoder().encode(text)) {
    low = (low ^ octet) >>> 0
    const product = low * PRIME_LOW
    high = (high * PRIME_LOW + Math.floor(product / TWO_32) + ((low << 8) >>> 0)) % TWO_32
    low = product % TWO_32
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
