/**
 * How many probes there may be in all. Attack: whoever owns names can write anybody's addresses into them, and ask for
 * them all day: no host and no network gets more of it than this.
 */

/** Probes a minute: 300 hosts looked at every 30 seconds. */
export const PER_MINUTE = 600
/** Probes that may come at once after a quiet time. */
export const AT_ONCE = 60

export interface Budget {
  /** Whether there is one left, which is then spent. */
  spend(): boolean
}

/** @param now milliseconds, on a clock that never goes back */
export function probeBudget(now: () => number): Budget {
  let left = AT_ONCE
  let since = now()
  return {
    spend() {
      const at = now()
      left = Math.min(AT_ONCE, left + ((at - since) * PER_MINUTE) / 60_000)
      since = at
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}
