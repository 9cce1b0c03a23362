import { latency } from './latency.ts'
import { jittered } from './time.ts'

/**
 * Whether an upstream works, learnt from users' queries alone: nothing is ever sent only to find out.
 *
 * One that fails is passed over (its circuit is open) until a wait is over that doubles each time; then one query is
 * put to it beside another upstream. The first answer closes the circuit.
 */
export interface Health {
  /** Whether it is passed over while another one is not. */
  isOpen(): boolean
  /** Milliseconds within which it usually answers. */
  usual(): number
  /** Whether it is passed over and its wait is over; the next wait begins with it. */
  beginTrial(): boolean
  /** It answered after so many milliseconds. */
  answered(milliseconds: number): void
  /** It failed: refused, reset, not an answer. `why` is for the log. */
  failed(why: string): void
  /** After so many milliseconds its answer was no longer waited for. */
  left(milliseconds: number): void
}

/** Called when an upstream is passed over from now on, and why, and when it is not any longer. */
export type OnChange = (
  change: { readonly kind: 'failing'; readonly why: string } | { readonly kind: 'working' },
) => void

/** What speaks against an upstream, until its next answer. One slow answer is a slow domain, six in a row are not. */
const AGAINST_FAILED = 3
const AGAINST_SLOW = 1
const AGAINST_TO_OPEN = 6

/** Milliseconds after which no answer is a failure: nothing that works takes so long, and no client has much more. */
export const SILENT_MS = 1_500

/** The first wait and the longest one, milliseconds: an upstream that is back is used again within the latter. */
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000

/**
 * @param now milliseconds, on a clock that never goes back
 * @param chance from 0 up to, not including, 1
 */
export function health(now: () => number, chance: () => number, onChange: OnChange): Health {
  const { usual, took } = latency()
  let against = 0
  /** When it is open: the time from which it may be tried. */
  let trialAt: number | undefined
  /** Waits since it last answered without being on trial. */
  let waits = 0

  function wait(): void {
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(waits++, 30))
    trialAt = now() + jittered(longest, chance)
  }

  function speaksAgainst(weight: number, why: string): void {
    against += weight
    if (against < AGAINST_TO_OPEN || trialAt !== undefined) return
    wait()
    onChange({ kind: 'failing', why })
  }

  return {
    isOpen: () => trialAt !== undefined,
    usual,
    beginTrial() {
      if (trialAt === undefined || now() < trialAt) return false
      // As if it had failed: what becomes of a trial whose request is cancelled (Workers), nobody would hear.
      wait()
      return true
    },
    answered(milliseconds) {
      took(milliseconds)
      against = 0
      if (trialAt === undefined) {
        waits = 0
        return
      }
      trialAt = undefined
      onChange({ kind: 'working' })
    },
    failed: (why) => speaksAgainst(AGAINST_FAILED, why),
    left(milliseconds) {
      if (milliseconds < usual()) return
      took(milliseconds)
      if (milliseconds < SILENT_MS) speaksAgainst(AGAINST_SLOW, 'slower than usual')
      else speaksAgainst(AGAINST_FAILED, 'no answer in time')
    },
  }
}
