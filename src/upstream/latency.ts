/** How long an upstream usually takes to answer. */

/** Bounds of what is called usual, milliseconds. Below, the clocks and the event loop say more than the upstream. */
const SHORTEST_MS = 30
/** Above, an answer is no answer: Firefox gives up after 1,500 ms, and the other upstream needs some of that. */
export const LONGEST_MS = 1_000
/** While too little is known: a handshake and a lookup across an ocean. */
const UNKNOWN_MS = 300

/** Answers that are remembered: enough for a percentile, few enough to notice within a minute that it is another. */
const REMEMBERED = 100
/** Answers between two reckonings, and before the first one: sorting for each would cost more than asking. */
const RECKONED_EVERY = 10
/** "The Tail at Scale" (Dean and Barroso, 2013): a second request after the 95th percentile costs 5 % more load. */
const PERCENTILE = 0.95

export interface Latency {
  /** Milliseconds within which it usually answers: the 95th percentile of the last hundred answers. */
  usual(): number
  /** It took so many milliseconds; or so many were waited in vain, and it would have taken more. */
  took(milliseconds: number): void
}

export function latency(): Latency {
  const remembered = new Float64Array(REMEMBERED)
  let seen = 0
  let usual = UNKNOWN_MS
  return {
    usual: () => usual,
    took(milliseconds) {
      remembered[seen++ % REMEMBERED] = milliseconds
      if (seen % RECKONED_EVERY !== 0) return
      const sorted = remembered.slice(0, Math.min(seen, REMEMBERED)).sort()
      const found = sorted[Math.floor((sorted.length - 1) * PERCENTILE)]!
      usual = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, found))
    },
  }
}
