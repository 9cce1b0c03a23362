import { LRUCache } from 'lru-cache'
import { type Flights, waitFor } from '../flights.ts'
import type { NameOutcome, NameSource } from '../namecoin/source.ts'
import { unreachable } from '../namecoin/unreachable.ts'
import { MAX_RESIDENCE } from './cache.ts'

/** Seconds that being unreachable is kept: the least there is (RFC 9520 §3.2). `failure-cache.ts` keeps it longer. */
const FAILURE_RESIDENCE = 1

/**
 * Milliseconds a lookup may take, whoever asked first: what it comes to is everybody's. Attack: an alias or an import at
 * the end of a slow way leaves the last value a few milliseconds, and its failure would be that of its own visitors.
 * Less than a question has in all (`resolver.ts`), so that who asks for one value hears what the source says at the end.
 */
const LOOKUP_DEADLINE_MS = 4_250

/** Octets an outcome costs besides its value. */
const OUTCOME_OVERHEAD = 512

/** Values of Namecoin names, kept while the chain stands still: many questions and imports share one lookup. */
export interface Values {
  /**
   * The outcome for one name, as text with its namespace, valid for this epoch.
   * @param signal when who asks stops waiting: `timeout` to them alone
   */
  lookup(name: string, epoch: string, signal: AbortSignal): Promise<NameOutcome>
}

const GAVE_UP = unreachable('timeout', 'no time left to wait')

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
  tools: {
    readonly now: () => number
    readonly flights: Flights
    readonly timeout: (milliseconds: number) => AbortSignal
  },
): Values {
  const { now, flights, timeout } = tools
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
    // No room to ask is nothing about the name.
    if (outcome.kind === 'unreachable') return outcome.code === 'overloaded' ? 0 : FAILURE_RESIDENCE
    return outcome.kind === 'invalid'
      ? MAX_RESIDENCE
      : Math.min(outcome.maxTtl ?? MAX_RESIDENCE, MAX_RESIDENCE)
  }
  return {
    async lookup(name, epoch, signal) {
      const known = kept?.get(name)
      if (known?.epoch === epoch && now() - known.storedAt < residence(known.outcome) * 1000)
        return aged(known.outcome, Math.floor((now() - known.storedAt) / 1000))
      if (signal.aborted) return GAVE_UP
      const flight = flights(`value ${epoch} ${name}`, async () => {
        const outcome = await source.lookup(name, timeout(LOOKUP_DEADLINE_MS))
        kept?.set(name, { outcome, epoch, storedAt: now() })
        return outcome
      })
      return (await waitFor(flight, signal)) ?? GAVE_UP
    },
  }
}

/** What was found so many seconds ago: what may not live for long has lived as long already. */
const aged = (outcome: NameOutcome, seconds: number): NameOutcome =>
  'maxTtl' in outcome && outcome.maxTtl !== undefined
    ? { ...outcome, maxTtl: outcome.maxTtl - seconds }
    : outcome
