import { LRUCache } from 'lru-cache'
import type { Random } from '../random.ts'
import { MAX_SERVERS } from './limits.ts'

/** What is remembered of servers: how fast they answer, and which of DNS's newer parts they do not know. */
export interface ServerStatistics {
  /** The addresses in the order in which to ask them: the fast ones first, in random order among themselves. */
  order(addresses: readonly string[]): readonly string[]
  /** Milliseconds after which another server is asked, too. */
  patience(address: string): number
  answered(address: string, milliseconds: number): void
  /** It did not answer in time, or cannot be reached. */
  silent(address: string): void
  /** Whether it understands EDNS, as far as is known. */
  knowsEdns(address: string): boolean
  hasNoEdns(address: string): void
}

interface Entry {
  /** Smoothed round trip time and its variation, milliseconds (RFC 6298 §2). */
  smoothed: number
  variation: number
  /** Patience is doubled with every silence in a row (RFC 6298 §5.5). */
  silences: number
  edns: boolean
  readonly since: number
}

/** What a server that was never asked is taken for, as in Unbound: slow enough that known fast ones come first. */
const UNKNOWN_MS = 376
/** Servers not slower than the best by more than this are alike: each gets its share, and the unknown ones are tried. */
const BAND_MS = 400
/** Bounds of patience. The least is for a server that pauses once; the most keeps one dead server from eating the time. */
const MIN_PATIENCE_MS = 100
const MAX_PATIENCE_MS = 600
/** After so many milliseconds a server is unknown again: what was dead may live (Unbound: `infra-host-ttl`). */
const MEMORY_MS = 900_000
const MAX_SILENCES = 5

/** @param now milliseconds on a clock that never goes back */
export function serverStatistics(now: () => number, random: Random): ServerStatistics {
  const entries = new LRUCache<string, Entry>({ max: MAX_SERVERS })

  const known = (address: string): Entry | undefined => {
    const entry = entries.get(address)
    return entry !== undefined && now() - entry.since < MEMORY_MS ? entry : undefined
  }
  const keep = (address: string): Entry => {
    const entry = known(address) ?? {
      smoothed: UNKNOWN_MS,
      variation: 0,
      silences: 0,
      edns: true,
      since: now(),
    }
    entries.set(address, entry)
    return entry
  }
  const estimate = (address: string): number => {
    const entry = known(address)
    if (entry === undefined) return UNKNOWN_MS
    return (entry.smoothed + 4 * entry.variation) * 2 ** entry.silences
  }

  return {
    order(addresses) {
      const rated = shuffled(addresses, random).map((address) => ({ address, cost: estimate(address) }))
      const best = Math.min(...rated.map(({ cost }) => cost))
      const isAlike = ({ cost }: { cost: number }) => cost <= best + BAND_MS
      const others = rated.filter((one) => !isAlike(one)).sort((a, b) => a.cost - b.cost)
      return [...rated.filter(isAlike), ...others].map(({ address }) => address)
    },
    patience: (address) => Math.min(Math.max(estimate(address), MIN_PATIENCE_MS), MAX_PATIENCE_MS),
    answered(address, milliseconds) {
      const isFirst = known(address) === undefined
      const entry = keep(address)
      if (isFirst) {
        entry.smoothed = milliseconds
        entry.variation = milliseconds / 2
      } else {
        entry.variation = 0.75 * entry.variation + 0.25 * Math.abs(entry.smoothed - milliseconds)
        entry.smoothed = 0.875 * entry.smoothed + 0.125 * milliseconds
      }
      entry.silences = 0
    },
    silent(address) {
      const entry = keep(address)
      entry.silences = Math.min(entry.silences + 1, MAX_SILENCES)
    },
    knowsEdns: (address) => known(address)?.edns ?? true,
    hasNoEdns(address) {
      keep(address).edns = false
    },
  }
}

/** A copy in random order (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const copy = [...items]
  for (let last = copy.length - 1; last > 0; last--) {
    const other = random(last + 1)
    ;[copy[last], copy[other]] = [copy[other]!, copy[last]!]
  }
  return copy
}
