import type { Hono } from 'hono'
import { agedAnswer } from './dns/packed.ts'
import type { Flights } from './flights.ts'
import { createApp } from './http/app.ts'
import { createExchange, type ExchangeHandler } from './http/exchange.ts'
import type { Log } from './log.ts'
import type { NameSource } from './namecoin/source.ts'
import { type ProofAnswer, proofsOf } from './proofs.ts'
import { secureRandom } from './random.ts'
import { readinessOf } from './readiness.ts'
import { bitStage } from './resolver/bit.ts'
import { lruAnswerCache } from './resolver/cache.ts'
import { localNames } from './resolver/local-names.ts'
import { outsideAnswerer } from './resolver/outside.ts'
import { compose, type Stage } from './resolver/question.ts'
import { createResolver } from './resolver/resolver.ts'
import { cachedValues } from './resolver/values.ts'
import type { Settings } from './settings/settings.ts'
import { forwarder, type Slots } from './upstream/forward.ts'
import type { UpstreamTransport } from './upstream/transport.ts'

/** All that differs between Node, Workers and tests. Only this reaches clocks, sockets and random numbers. */
export interface Runtime {
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  /** The time of day, milliseconds since 1970. */
  readonly wallClock: () => number
  /** A signal that aborts after so many milliseconds: `AbortSignal.timeout`. */
  readonly timeout: (milliseconds: number) => AbortSignal
  /** Fills with random octets: `crypto.getRandomValues`. */
  readonly fillRandom: (lot: Uint16Array<ArrayBuffer>) => unknown
  readonly flights: Flights
  readonly transport: UpstreamTransport
  /** Bounds the queries under way to upstreams; on Workers every request has bounds of its own. */
  readonly upstreamSlots: Slots
  readonly log: Log
  /** Octets that packed answers, and that values, may take. */
  readonly cacheOctets: { readonly answers: number; readonly values: number }
  /** A cache that outlives the process, asked when the own one has nothing: Cloudflare's. */
  readonly outerCache?: (tip: NameSource['tip']) => Stage
}

/** A gateway, ready to be put behind a server. */
export interface Gateway {
  /** Answers DNS messages, at once when it can: for servers that take the short way. */
  readonly exchange: ExchangeHandler
  /** Answers HTTP requests. */
  readonly app: Hono
  /** Proves a name, as people write it. */
  readonly prove: (name: string) => Promise<ProofAnswer>
}

/** Puts the parts together: settings, where values come from, and the runtime. */
export function createGateway(
  settings: Pick<Settings, 'upstream' | 'privateAnswers' | 'cacheEntries'>,
  source: NameSource,
  runtime: Runtime,
): Gateway {
  const { now, timeout, flights, log, cacheOctets } = runtime
  const entries = settings.cacheEntries
  const tip = () => source.tip()
  const onError = (error: unknown) => log.error('internal-error', { reason: stackOf(error) })
  const forward =
    settings.upstream.length === 0
      ? undefined
      : forwarder({
          upstreams: settings.upstream,
          transport: runtime.transport,
          timeout,
          onFailure: (upstream, why) => log.warn('upstream-failed', { upstream, why }),
          slots: runtime.upstreamSlots,
        })
  // Local names come in front of the upstream on every way there, also on the one through an alias.
  const outside = compose([localNames], outsideAnswerer(forward))
  const bit = bitStage({
    values: cachedValues(source, { entries, octets: cacheOctets.values }, { now, flights }),
    tip,
    privateAnswers: settings.privateAnswers,
    // Through the cache, so that a thousand names with one alias are one question.
    resolveOutside: async ({ query, signal }) => {
      const { packed, age } = await resolver.resolve(query, signal)
      return agedAnswer(packed, age)
    },
  })
  const outerCache = entries === 0 || runtime.outerCache === undefined ? [] : [runtime.outerCache(tip)]
  const resolver = createResolver({
    cache: lruAnswerCache({ entries, octets: cacheOctets.answers }, now),
    flights,
    tip,
    answer: compose([...outerCache, bit], outside),
    timeout,
    onError,
  })
  const exchange = createExchange({ resolver, random: secureRandom(runtime.fillRandom) })
  const readiness = readinessOf(source, timeout, runtime.wallClock)
  const prove = proofsOf(source, { now, timeout, flights })
  return { exchange, app: createApp({ exchange, readiness, prove, onError }), prove }
}

/** Where in our code it happened. Messages of errors may quote what was asked: they are left out. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const place = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '))
  return `${error.name} ${place?.trim() ?? ''}`.trim()
}
