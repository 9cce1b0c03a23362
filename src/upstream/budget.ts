/**
 * How many queries may be put to a second upstream only because the first one takes long. Without a bound, an upstream
 * that slows down under load would bring the load of all on the next one.
 */

/** Second askings for each query: twice what the 95th percentile lets through when nothing is wrong. */
const PER_QUERY = 0.1
/** Second askings that may come at once: when an upstream goes silent, all that wait for it are in the same boat. */
const AT_ONCE = 100

export interface Budget {
  /** A query begins. */
  earn(): void
  /** Whether there is one left, which is then spent. */
  spend(): boolean
}

export function hedgeBudget(): Budget {
  let left = AT_ONCE
  return {
    earn() {
      left = Math.min(AT_ONCE, left + PER_QUERY)
    },
    spend() {
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}
