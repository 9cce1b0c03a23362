import type { FailureCode } from './failure.ts'

/** How long to leave a server alone that could not be reached. */

/** After the first failure, milliseconds. */
const FIRST_MS = 1_000

/** At most, milliseconds: a server that is back is used again within this. */
const LONGEST_MS = 5 * 60_000

/** After -101, milliseconds: half of what the server bears, 10,000 units at 1 a second, is then forgotten. */
export const OVERUSED_MS = 90 * 60_000

/**
 * When the server is of no use to us, milliseconds: of another chain, pruned, or of another version. No lie about a name,
 * so no ban; but it stays so until its operator changes it.
 */
export const UNFIT_MS = 60 * 60_000

/** How long to leave a server alone after a failure, milliseconds; see `backoff`. */
export function pauseAfter(code: FailureCode, failures: number, random: () => number): number {
  if (code === 'overused') return OVERUSED_MS
  return code === 'wrong-chain' || code === 'version' ? UNFIT_MS : backoff(failures, random)
}

/**
 * Milliseconds to wait after so many failures in a row (1 and more): doubling, and between half and all of it by
 * chance, so that the clients of a server that was away do not come back together.
 *
 * @param random from 0 up to, not including, 1
 */
export function backoff(failures: number, random: () => number): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30))
  return longest / 2 + (longest / 2) * random()
}
