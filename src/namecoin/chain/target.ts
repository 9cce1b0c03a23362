import type { Network } from './network.ts'

/**
 * How much work a block must show. A target is the highest hash that counts, a number below 2^256; `bits` is the same
 * in 32 bits (Core's "compact": an octet of exponent, three of mantissa). Sources: namecoin-core `src/pow.cpp`,
 * `src/arith_uint256.cpp`; light-client.md §6.
 */

/** Blocks between two changes of the target: two weeks of ten minutes each. */
export const RETARGET_INTERVAL = 2016
/** Seconds that an interval should take. */
export const RETARGET_TIMESPAN = 14 * 24 * 60 * 60

const SIGN_BIT = 0x0080_0000

/** The target that bits stand for; undefined when they are negative, zero or above 2^256 (`SetCompact`). */
export function targetOfBits(bits: number): bigint | undefined {
  const exponent = bits >>> 24
  const mantissa = BigInt(bits & 0x007f_ffff)
  const shift = 8 * (exponent - 3)
  const target = shift < 0 ? mantissa >> BigInt(-shift) : mantissa << BigInt(shift)
  const negative = mantissa !== 0n && (bits & SIGN_BIT) !== 0
  return negative || target === 0n || target >> 256n !== 0n ? undefined : target
}

/** The bits of a target, rounded down to what 24 bits of mantissa can hold (`GetCompact`). */
export function bitsOfTarget(target: bigint): number {
  let exponent = Math.ceil(target.toString(2).length / 8)
  const shift = 8 * (exponent - 3)
  let mantissa = Number(shift < 0 ? target << BigInt(-shift) : target >> BigInt(shift))
  if ((mantissa & SIGN_BIT) !== 0) {
    mantissa >>>= 8
    exponent += 1
  }
  return ((exponent << 24) | mantissa) >>> 0
}

/** Hashes tried, on average, for one at or below a target: what chains are weighed by (`GetBlockProof`). */
export function workOfTarget(target: bigint): bigint {
  return (1n << 256n) / (target + 1n)
}

/** The work of a block with these bits; 0 for bits that no valid block has. */
export function workOfBits(bits: number): bigint {
  const target = targetOfBits(bits)
  return target === undefined ? 0n : workOfTarget(target)
}

/** The work of several blocks. The bits change once in 2,016 of them: divisions of big numbers are as rare. */
export function workOfBlocks(blocks: Iterable<{ readonly bits: number }>): bigint {
  let sum = 0n
  let last = 0
  let work = 0n
  for (const { bits } of blocks) {
    if (bits !== last) work = workOfBits(bits)
    last = bits
    sum += work
  }
  return sum
}

/** A hash as the number that is compared with a target: little-endian. */
export function hashAsNumber(hash: Uint8Array): bigint {
  const view = new DataView(hash.buffer, hash.byteOffset, hash.byteLength)
  let number = 0n
  for (let offset = 24; offset >= 0; offset -= 8) number = (number << 64n) | view.getBigUint64(offset, true)
  return number
}

/**
 * The block whose time begins the timespan that the target at `height` (a multiple of 2,016) is computed from.
 *
 * Bitcoin looks back 2,015 blocks and so leaves a gap between intervals, through which a majority of miners can lower
 * the difficulty at will (the timewarp attack); Namecoin looks back 2,016 since merge mining (`GetNextWorkRequired`).
 */
export function timespanStart(network: Network, height: number): number {
  const fixed = height - 1 >= network.auxPowStart && height > RETARGET_INTERVAL
  return height - 1 - (fixed ? RETARGET_INTERVAL : RETARGET_INTERVAL - 1)
}

/**
 * The bits after a retarget (`CalculateNextWorkRequired`).
 *
 * @param bits - of the last block before it
 * @param timespan - seconds from the block at `timespanStart` to the last block
 */
export function retarget(network: Network, bits: number, timespan: number): number {
  const held = Math.min(Math.max(timespan, RETARGET_TIMESPAN / 4), RETARGET_TIMESPAN * 4)
  const target = ((targetOfBits(bits) ?? 0n) * BigInt(held)) / BigInt(RETARGET_TIMESPAN)
  return bitsOfTarget(target > network.targetLimit ? network.targetLimit : target)
}
