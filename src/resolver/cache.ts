import { LRUCache } from 'lru-cache'
import type { PackedAnswer } from '../dns/packed.ts'
import { isFailure } from '../dns/protocol.ts'
import type { Found } from './question.ts'

/** Seconds that anything is fresh at the most, however long its TTL: one block, so that no owner waits longer. */
export const MAX_RESIDENCE = 600
/** The part of its time after which an answer that is asked for is renewed ahead: the last tenth, as Unbound has it. */
const RENEWED_FROM = 0.9
/** Octets that an entry costs besides its octets, and each typed array in it: measured on V8, rounded up. */
const ENTRY_OVERHEAD = 1_024
const ARRAY_OVERHEAD = 256

/** A packed answer out of the cache. */
export interface Hit {
  readonly packed: Found
  /** Seconds since it was packed. */
  readonly age: number
}

/** A fresh answer. */
export interface FreshHit extends Hit {
  /** Its time is nearly over. */
  readonly isEnding: boolean
}

/** Keeps packed answers, bounded in number and in octets. */
export interface AnswerCache {
  /** The answer kept for a key, if it is of this epoch and has not run out. */
  get(key: string, epoch: string): FreshHit | undefined
  /**
   * The answer that was good for a key the last time there was one: for a key that `get` knows nothing fresh of.
   * Undefined when it is too old even for need.
   */
  stale(key: string, epoch: string): PackedAnswer | undefined
  /** @param usableFor seconds from now after which it is not used any more, not even in need */
  set(key: string, epoch: string, packed: PackedAnswer, usableFor?: number): void
  /** What is kept for a key is not used beyond its time. */
  neverStale(key: string): void
  /** Keys that were asked for so often, among the last ones used, and whose answer is of another epoch than this one. */
  outdated(epoch: string, timesAsked: number): string[]
}

interface Entry {
  readonly packed: PackedAnswer
  /** Undefined once there has been another one: it does not become fresh again when an epoch comes back. */
  epoch: string | undefined
  readonly storedAt: number
  /** Seconds that it is fresh. */
  readonly residence: number
  usableFor: number
  /** How often it was asked for while it was fresh. */
  timesAsked: number
}

/** Octets that a packed answer takes. An answer of many small RRsets is mostly index. */
function sizeOf({ bytes, options, ttls, trailingAddresses, addressSets }: PackedAnswer): number {
  const sets = addressSets.reduce((sum, { offsets }) => sum + offsets.byteLength + ARRAY_OVERHEAD, 0)
  return bytes.length + options.length + ttls.byteLength + trailingAddresses.byteLength + sets
}

/** Seconds an answer may be kept; 0 for one that must not be, failures among them (see `failure-cache.ts`). */
export const residence = (packed: PackedAnswer): number =>
  isFailure(packed.rcode) ? 0 : Math.min(packed.lifetime, MAX_RESIDENCE)

/** Entries looked through for those that are outdated: a millisecond or two. */
const MAX_LOOKED_THROUGH = 10_000

/**
 * @param bounds entries, and octets for all of them together
 * @param now milliseconds on a clock that never goes back
 * @param staleFor seconds that answers are kept for need after they have run out
 */
export function lruAnswerCache(
  bounds: { entries: number; octets: number },
  now: () => number,
  staleFor = 0,
): AnswerCache {
  if (bounds.entries === 0) return NO_CACHE
  const entries = new LRUCache<string, Entry>({
    max: bounds.entries,
    maxSize: bounds.octets,
    sizeCalculation: ({ packed }, key) => sizeOf(packed) + 2 * key.length + ENTRY_OVERHEAD,
  })
  /** Seconds after which an entry is of no more use. Of another epoch, it may have been wrong since it was stored. */
  const usefulFor = (entry: Entry, epoch: string): number =>
    Math.min((entry.epoch === epoch ? entry.residence : 0) + staleFor, entry.usableFor)

  return {
    get(key, epoch) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      const age = Math.floor((now() - entry.storedAt) / 1000)
      if (entry.epoch === epoch && age < entry.residence) {
        entry.timesAsked++
        return { packed: entry.packed, age, isEnding: age >= entry.residence * RENEWED_FROM }
      }
      if (entry.epoch !== epoch) entry.epoch = undefined
      if (age >= usefulFor(entry, epoch)) entries.delete(key)
      return undefined
    },
    stale(key, epoch) {
      const entry = entries.peek(key)
      if (entry === undefined) return undefined
      return now() - entry.storedAt < usefulFor(entry, epoch) * 1000 ? entry.packed : undefined
    },
    set(key, epoch, packed, usableFor = Number.POSITIVE_INFINITY) {
      const seconds = residence(packed)
      // What is not to be kept is newer all the same than what was.
      if (seconds === 0) entries.delete(key)
      else entries.set(key, { packed, epoch, storedAt: now(), residence: seconds, usableFor, timesAsked: 0 })
    },
    neverStale(key) {
      const entry = entries.peek(key)
      if (entry !== undefined) entry.usableFor = 0
    },
    outdated(epoch, timesAsked) {
      const keys: string[] = []
      let left = MAX_LOOKED_THROUGH
      for (const [key, entry] of entries.entries()) {
        if (left-- === 0) break
        if (entry.epoch !== epoch && entry.timesAsked >= timesAsked) keys.push(key)
      }
      return keys
    },
  }
}

const NO_CACHE: AnswerCache = {
  get: () => undefined,
  stale: () => undefined,
  set: () => {},
  neverStale: () => {},
  outdated: () => [],
}
