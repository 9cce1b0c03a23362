import { LRUCache } from 'lru-cache'
import { natureOf } from './failure.ts'
import type { Found } from './question.ts'

/** Seconds for which a failure is the answer the first time: the least that RFC 9520 §3.2 allows. */
const FIRST_WAIT = 1
/** Twice as long each time, up to this (RFC 9520 §3.2 allows 300): whoever repairs something does not want to wait. */
const LONGEST_WAIT = 30
/** Seconds between attempts while there is something stale to answer with (RFC 8767 §5, the failure recheck timer). */
const RECHECK_WAIT = 30
/** Seconds after which a failure is forgotten, and the next one is a first one (RFC 9520 §3.2). */
const REMEMBERED = 300
/** Milliseconds between attempts to find out whether what could not be reached at all can be again. */
const PROBE_MS = 1_000
/** Failures remembered: some 8 MB. Attack: random names while an upstream is down. */
const MAX_FAILURES = 4_096

/**
 * Which questions failed, and when to ask them again (RFC 9520).
 *
 * A question that failed waits by itself. Where nobody could be reached at all, no question has to find that out for
 * itself: one a second tries, and the first that gets an answer ends the wait for all.
 */
export interface FailureCache {
  /**
   * The failure that is the answer for now; undefined when the question is to be asked.
   * @param hasStale whether there is something better to answer with meanwhile
   */
  get(key: string, epoch: string, hasStale: boolean): Found | undefined
  /** A question failed. */
  add(key: string, epoch: string, failure: Found): void
  /** A question was answered. */
  answered(key: string): void
}

interface Failed {
  readonly failure: Found
  readonly epoch: string
  readonly at: number
  /** Seconds. */
  readonly wait: number
}

/**
 * @param entries what other caches are limited to: 0 turns this one off, too
 * @param now milliseconds on a clock that never goes back
 */
export function failureCache(entries: number, now: () => number): FailureCache {
  if (entries === 0) return { get: () => undefined, add: () => {}, answered: () => {} }
  const failures = new LRUCache<string, Failed>({ max: Math.min(entries, MAX_FAILURES) })
  /** By failure code: when somebody last tried, and when the last one who had failed so got an answer. */
  const tried = new Map<string, number>()
  const recovered = new Map<string, number>()
  const isProbe = (code: string, at: number): boolean => {
    if ((recovered.get(code) ?? Number.NEGATIVE_INFINITY) > at) return true
    if (now() - (tried.get(code) ?? at) < PROBE_MS) return false
    tried.set(code, now())
    return true
  }

  return {
    get(key, epoch, hasStale) {
      const failed = failures.get(key)
      if (failed === undefined || failed.epoch !== epoch) return undefined
      const { failure, at, wait } = failed
      const elapsed = now() - at
      if (elapsed < FIRST_WAIT * 1000) return failure
      const nature = natureOf(failure)
      if (nature === 'unreachable' && isProbe(failure.failure!, at)) return undefined
      const seconds = hasStale && nature !== 'finding' ? RECHECK_WAIT : wait
      return elapsed < seconds * 1000 ? failure : undefined
    },
    add(key, epoch, failure) {
      // No room to ask is nothing about the question (RFC 9520 §2 is about what resolution comes to).
      if (natureOf(failure) === 'overload') return
      const before = failures.get(key)
      const isRepeated = before !== undefined && now() - before.at < REMEMBERED * 1000
      const wait = isRepeated ? Math.min(before.wait * 2, LONGEST_WAIT) : FIRST_WAIT
      failures.set(key, { failure, epoch, at: now(), wait })
      if (failure.failure !== undefined) tried.set(failure.failure, now())
    },
    answered(key) {
      const failure = failures.get(key)?.failure
      failures.delete(key)
      if (failure !== undefined && natureOf(failure) === 'unreachable') recovered.set(failure.failure!, now())
    },
  }
}
