import type { PackedAnswer } from '../dns/packed.ts'
import type { Query } from '../dns/query.ts'
import type { Random } from '../random.ts'
import { readUpstream } from './address.ts'
import { attempting } from './attempt.ts'
import { hedgeBudget } from './budget.ts'
import { health, type OnChange } from './health.ts'
import { orderOf, type Spread } from './order.ts'
import { plan } from './peer.ts'
import { type Contest, type RaceOptions, race } from './race.ts'
import type { Timer } from './time.ts'
import type { UpstreamTransport } from './transport.ts'

/**
 * Queries under way to upstreams at once. Attack: with an upstream that hangs, each waiting query costs some 50 KB for
 * as long as the deadline; one client can have 10,000 of them.
 */
export const MAX_FORWARDED = 1_000

/** Does work while there is room, and says so when there is none. */
export type Slots = <Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
) => Promise<Result | 'full' | 'gave-up'>

/** What came of forwarding. */
export type Forwarded =
  | { readonly kind: 'answer'; readonly packed: PackedAnswer }
  | { readonly kind: 'failed'; readonly code: 'timeout' | 'network' | 'protocol' | 'overloaded' }

export interface ForwarderOptions {
  /** As the setting `upstream` gives them (`readUpstream`), in the order of preference. Nobody else is ever asked. */
  readonly upstreams: readonly string[]
  readonly spread: Spread
  readonly transport: UpstreamTransport
  /** Called when an upstream is passed over from now on, or used again: its URL and why. Never with what was asked. */
  readonly onChange: (upstream: string, change: Parameters<OnChange>[0]) => void
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  readonly timer: Timer
  readonly random: Random
  readonly slots: Slots
}

/** Forwards queries to the upstreams, within the one deadline of the signal: the first answer wins. Never rejects. */
export function forwarder(options: ForwarderOptions) {
  const { ask } = asking(options)
  return (query: Query, signal: AbortSignal): Promise<Forwarded> => ask(query, signal, race)
}

/** Puts queries to upstreams under some rule of who is asked and which answer counts. */
export interface Asking {
  /** Never rejects if the rule does not. */
  ask<Found>(
    query: Query,
    signal: AbortSignal,
    rule: (contest: Contest, options: RaceOptions) => Promise<Found>,
  ): Promise<Found | Unasked>
  /** Whether any upstream is used, as far as the queries so far have shown. */
  isAnyWorking(): boolean
}

type Unasked = { readonly kind: 'failed'; readonly code: 'timeout' | 'overloaded' }

/** Upstreams, what is known of them, and what asking them may cost. */
export function asking(options: ForwarderOptions): Asking {
  const { transport, onChange, now, timer, random, slots } = options
  const chance = () => random(CHANCES) / CHANCES
  const peers = options.upstreams.map((text) => {
    const address = readUpstream(text)
    return { address, health: health(now, chance, (change) => onChange(address.url, change)) }
  })
  const order = orderOf(peers, options.spread, ({ address }) => address.url)
  const attempt = attempting(transport, now, timer)
  const budget = hedgeBudget()

  return {
    async ask(query, signal, rule) {
      const found = await slots(signal, () => {
        budget.earn()
        const contest = { ...plan(order(query.wireName)), start: attempt(query), signal }
        return rule(contest, { timer, chance, budget })
      })
      if (found === 'full') return { kind: 'failed', code: 'overloaded' }
      return found === 'gave-up' ? { kind: 'failed', code: 'timeout' } : found
    },
    isAnyWorking: () => peers.some((peer) => !peer.health.isOpen()),
  }
}

const CHANCES = 65_536
