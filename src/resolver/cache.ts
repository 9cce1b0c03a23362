import { LRUCache } from 'lru-cache'
import type { PackedAnswer } from '../dns/packed.ts'
import { isFailure } from '../dns/protocol.ts'

/** Seconds that anything is kept at the most, however long its TTL: one block, so that no owner waits longer. */
export const MAX_RESIDENCE = 600
/** Seconds that a failure is kept: RFC 9520 §3.2 asks for 1 at least, and whoever repairs something wants no more. */
export const FAILURE_RESIDENCE = 1
/** Octets that an entry costs besides its octets, and each typed array in it: measured on V8, rounded up. */
const ENTRY_OVERHEAD = 1_024
const ARRAY_OVERHEAD = 256

/** A packed answer out of the cache. */
export interface Hit {
  readonly packed: PackedAnswer
  /** Seconds since it was packed. */
  readonly age: number
}

/** Keeps packed answers, bounded in number and in octets. */
export interface AnswerCache {
  /** The answer kept for a key, if it is of this epoch and has not run out. */
  get(key: string, epoch: string): Hit | undefined
  set(key: string, epoch: string, packed: PackedAnswer): void
}

interface Entry {
  readonly packed: PackedAnswer
  readonly epoch: string
  readonly storedAt: number
  readonly residence: number
}

/** Octets that a packed answer takes. An answer of many small RRsets is mostly index. */
function sizeOf({ bytes, options, ttls, trailingAddresses, addressSets }: PackedAnswer): number {
  const sets = addressSets.reduce((sum, { offsets }) => sum + offsets.byteLength + ARRAY_OVERHEAD, 0)
  return bytes.length + options.length + ttls.byteLength + trailingAddresses.byteLength + sets
}

/** Seconds an answer may be kept; 0 for one that must not be. */
export const residence = (packed: PackedAnswer): number =>
  isFailure(packed.rcode) ? FAILURE_RESIDENCE : Math.min(packed.lifetime, MAX_RESIDENCE)

/**
 * @param bounds entries, and octets for all of them together
 * @param now milliseconds on a clock that never goes back
 */
export function lruAnswerCache(bounds: { entries: number; octets: number }, now: () => number): AnswerCache {
  if (bounds.entries === 0) return { get: () => undefined, set: () => {} }
  const entries = new LRUCache<string, Entry>({
    max: bounds.entries,
    maxSize: bounds.octets,
    sizeCalculation: ({ packed }, key) => sizeOf(packed) + 2 * key.length + ENTRY_OVERHEAD,
  })
  return {
    get(key, epoch) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      const age = Math.floor((now() - entry.storedAt) / 1000)
      // A key has one answer at a time: what is of an older epoch, or has run out, is of no more use.
      if (entry.epoch === epoch && age < entry.residence) return { packed: entry.packed, age }
      entries.delete(key)
      return undefined
    },
    set(key, epoch, packed) {
      const seconds = residence(packed)
      if (seconds > 0) entries.set(key, { packed, epoch, storedAt: now(), residence: seconds })
    },
  }
}
