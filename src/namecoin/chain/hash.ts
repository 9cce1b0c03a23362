import { fromHex, toHex } from '../hex.ts'

/**
 * Hashes, as Namecoin has them: SHA-256 twice, 32 octets. In here they are always in the order the hash function gives
 * them; texts show them reversed, because Core prints them as little-endian numbers.
 */

/**
 * SHA-256 of some octets, handed in by whoever knows the runtime: `sha256` of `@noble/hashes/sha2.js` everywhere, or
 * `node:crypto`. It must return at least 32 octets of its own, and not keep its argument.
 */
export type Sha256 = (octets: Uint8Array) => Uint8Array

export const HASH_OCTETS = 32

/** SHA-256 of SHA-256: the hash of headers, transactions and Merkle nodes. */
export function sha256d(sha256: Sha256, octets: Uint8Array): Uint8Array {
  return sha256(sha256(octets))
}

export function sameOctets(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false
  return true
}

/** A hash as Core and ElectrumX print it: reversed, lower-case hex. */
export function hashToText(hash: Uint8Array): string {
  return toHex(Uint8Array.from(hash).reverse())
}

/** The hash that 64 hex digits stand for; undefined for any other text. */
export function hashFromText(text: string): Uint8Array | undefined {
  const octets = text.length === 2 * HASH_OCTETS ? fromHex(text) : undefined
  return octets?.reverse()
}

/** Octets one after the other. */
export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
