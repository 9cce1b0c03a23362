import type { Query } from './dns/query.ts'
import type { Hit } from './resolver/cache.ts'
import type { Resolver } from './resolver/resolver.ts'
import type { Forwarded } from './upstream/forward.ts'
import type { UpstreamFailed, UpstreamTransport } from './upstream/transport.ts'

/** What a gateway counts since its start: how often things happened, never who asked and never for what. */
export interface Counts {
  /** Answers given, by response code. */
  readonly answers: Map<number, number>
  readonly cache: { hits: number; misses: number; stale: number }
  readonly upstream: {
    /** Questions that had to be forwarded. */
    questions: number
    /** Queries sent for them: what is above the questions are hedges and second tries. */
    attempts: number
    /** Attempts that came to nothing, but those that were called off because another had the answer. */
    readonly failures: Map<UpstreamFailed['code'], number>
  }
}

export const newCounts = (): Counts => ({
  answers: new Map(),
  cache: { hits: 0, misses: 0, stale: 0 },
  upstream: { questions: 0, attempts: 0, failures: new Map() },
})

const add = <Key>(counts: Map<Key, number>, key: Key): void =>
  void counts.set(key, (counts.get(key) ?? 0) + 1)

/** Counts what clients are answered. What the resolver asks itself on the way, it asks past this. */
export function countedResolver(resolver: Resolver, { answers, cache }: Counts): Resolver {
  return {
    cached(query: Query): Hit | undefined {
      const hit = resolver.cached(query)
      if (hit === undefined) return undefined
      cache.hits++
      add(answers, hit.packed.rcode)
      return hit
    },
    async resolve(query, signal) {
      const found = await resolver.resolve(query, signal)
      cache.misses++
      add(answers, found.packed.rcode)
      return found
    },
  }
}

type Forward = (query: Query, signal: AbortSignal) => Promise<Forwarded>

/** Counts what is to be forwarded. */
export const countedForward =
  (forward: Forward, { upstream }: Counts): Forward =>
  (query, signal) => {
    upstream.questions++
    return forward(query, signal)
  }

/** Counts what is sent to upstreams. */
export const countedTransport = (transport: UpstreamTransport, { upstream }: Counts): UpstreamTransport => ({
  async exchange(address, message, signal) {
    upstream.attempts++
    const reply = await transport.exchange(address, message, signal)
    if (reply.kind === 'failed' && !signal.aborted) add(upstream.failures, reply.code)
    return reply
  },
})
