import { LRUCache } from 'lru-cache'
import type { Flights } from '../flights.ts'
import type { NameOutcome, NameSource } from '../namecoin/source.ts'
import { FAILURE_RESIDENCE, MAX_RESIDENCE } from './cache.ts'

/** Octets an outcome costs besides its value. */
const OUTCOME_OVERHEAD = 512

/** Values of Namecoin names, kept while the chain stands still: many questions and imports share one lookup. */
export interface Values {
  /** The outcome for one name, as text with its namespace, valid for this epoch. */
  lookup(name: string, epoch: string, signal: AbortSignal): Promise<NameOutcome>
}

interface Kept {
  readonly outcome: NameOutcome
  readonly epoch: string
  readonly storedAt: number
}

/**
 * Keeps what a source says of names. Absence is kept as values are: a new name comes with a new block, and so with a
 * new epoch. Being unreachable is kept for a second (RFC 9520 §3.2).
 */
export function cachedValues(
  source: NameSource,
  bounds: { entries: number; octets: number },
  { now, flights }: { now: () => number; flights: Flights },
): Values {
  const kept =
    bounds.entries === 0
      ? undefined
      : new LRUCache<string, Kept>({
          max: bounds.entries,
          maxSize: bounds.octets,
          sizeCalculation: ({ outcome }, name) =>
            (outcome.kind === 'found' ? outcome.value.length : 0) + 2 * name.length + OUTCOME_OVERHEAD,
        })
  const residence = (outcome: NameOutcome): number => {
    if (outcome.kind === 'unreachable') return FAILURE_RESIDENCE
    return outcome.kind === 'invalid'
      ? MAX_RESIDENCE
      : Math.min(outcome.maxTtl ?? MAX_RESIDENCE, MAX_RESIDENCE)
  }
  return {
    async lookup(name, epoch, signal) {
      const known = kept?.get(name)
      if (known?.epoch === epoch && now() - known.storedAt < residence(known.outcome) * 1000)
        return aged(known.outcome, Math.floor((now() - known.storedAt) / 1000))
      return flights(`value ${epoch} ${name}`, async () => {
        const outcome = await source.lookup(name, signal)
        kept?.set(name, { outcome, epoch, storedAt: now() })
        return outcome
      })
    },
  }
}

/** What was found so many seconds ago: what may not live for long has lived as long already. */
const aged = (outcome: NameOutcome, seconds: number): NameOutcome =>
  'maxTtl' in outcome && outcome.maxTtl !== undefined
    ? { ...outcome, maxTtl: outcome.maxTtl - seconds }
    : outcome
