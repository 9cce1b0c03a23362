import { concatenated, HASH_OCTETS, type Sha256 } from './hash.ts'

/** Octets that are hashed without a pause: a moment's work in any runtime. */
export const PIECE_OCTETS = 32 * 1024

/**
 * A hash over any number of octets that lets the event loop have its turn in between, which SHA-256 in one call does not:
 * of each piece, together with the hash of all before it.
 *
 * @param pause - lets the event loop have its turn
 */
export async function checksum(
  sha256: Sha256,
  octets: Uint8Array,
  pause: () => Promise<void>,
): Promise<Uint8Array> {
  let sum: Uint8Array = new Uint8Array(HASH_OCTETS)
  for (let start = 0; start < octets.length; start += PIECE_OCTETS) {
    sum = sha256(concatenated([sum, octets.subarray(start, start + PIECE_OCTETS)]))
    await pause()
  }
  return sum
}
