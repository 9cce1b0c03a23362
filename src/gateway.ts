import type { Hono } from 'hono'
import { type Counts, countedForward, countedResolver, countedTransport, newCounts } from './counts.ts'
import { contactable } from './delegation/contact.ts'
import type { ServerExchange } from './delegation/exchange.ts'
import { delegations } from './delegation/follow.ts'
import { agedAnswer } from './dns/packed.ts'
import type { Flights } from './flights.ts'
import { createApp } from './http/app.ts'
import { createExchange, type ExchangeHandler } from './http/exchange.ts'
import type { Readiness } from './http/readyz.ts'
import type { Connect } from './liveness/probe.ts'
import { ranking } from './liveness/ranking.ts'
import type { ProbeCounts } from './liveness/watch.ts'
import type { Log } from './log.ts'
import type { Timer } from './namecoin/deadline.ts'
import { elsewhere } from './namecoin/elsewhere.ts'
import type { NameSource } from './namecoin/source.ts'
import { otherGateways } from './other-gateways.ts'
import { type ProofAnswer, proofsOf } from './proofs.ts'
import { secureRandom } from './random.ts'
import { readinessOf, readinessOfOthers } from './readiness.ts'
import { remembered } from './remembered.ts'
import { bitStage } from './resolver/bit.ts'
import { lruAnswerCache } from './resolver/cache.ts'
import { failureCache } from './resolver/failure-cache.ts'
import { gatewayStage } from './resolver/gateways.ts'
import { localNames } from './resolver/local-names.ts'
import { outsideAnswerer } from './resolver/outside.ts'
import { ownNameStage } from './resolver/own-name.ts'
import { type Answerer, compose, type Stage } from './resolver/question.ts'
import type { Background } from './resolver/renewal.ts'
import { createResolver } from './resolver/resolver.ts'
import { serverAddresses } from './resolver/server-addresses.ts'
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
  readonly timer: Timer
  /** Fills with random octets: `crypto.getRandomValues`. */
  readonly fillRandom: (lot: Uint16Array<ArrayBuffer>) => unknown
  readonly flights: Flights
  readonly transport: UpstreamTransport
  /** Carries messages to the nameservers of names that have their own. */
  readonly exchange: ServerExchange
  /** The addresses of this machine, where nobody's nameserver is asked; none where that cannot be known. */
  readonly ownAddresses: () => readonly string[]
  /** Finds out which hosts of .bit names are up; left out: nobody does. */
  readonly probing?: { readonly connect: Connect; readonly timer: Timer }
  /** Bounds the queries under way to upstreams; on Workers every request has bounds of its own. */
  readonly upstreamSlots: Slots
  readonly log: Log
  /** What may be done that nobody waits for; left out: nothing. */
  readonly background?: Background
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
  /** What probing came to, if there is any. */
  readonly probes?: ProbeCounts
  readonly readiness: Readiness
  readonly counts: Counts
}

/** Milliseconds for which this machine's addresses are taken to be the same: reading them costs some 50 microseconds. */
const OWN_ADDRESSES_MS = 1_000

/** Puts the parts together: settings, where values come from, and the runtime. */
export function createGateway(
  settings: Pick<Settings, 'upstream' | 'privateAnswers' | 'cacheEntries'> &
    Partial<Pick<Settings, 'allowPrivate' | 'upstreamSpread' | 'serveStale' | 'publicUrl' | 'siblings'>> &
    Partial<Pick<Settings, 'gateway' | 'agree'>>,
  source: NameSource,
  runtime: Runtime,
): Gateway {
  const { now, timeout, flights, log, cacheOctets } = runtime
  const entries = settings.cacheEntries
  const random = secureRandom(runtime.fillRandom)
  const counts = newCounts()
  const tip = () => source.tip()
  const own = remembered(runtime.ownAddresses, OWN_ADDRESSES_MS, now)
  const contact = { allowed: settings.allowPrivate ?? [], own }
  const onError = (error: unknown) => log.error('internal-error', { reason: stackOf(error) })
  const asked = {
    spread: settings.upstreamSpread ?? 'first',
    transport: runtime.transport,
    now,
    timer: runtime.timer,
    random,
    slots: runtime.upstreamSlots,
  }
  const forward =
    settings.upstream.length === 0
      ? undefined
      : forwarder({
          ...asked,
          upstreams: settings.upstream,
          transport: countedTransport(runtime.transport, counts),
          onChange: (upstream, change) =>
            change.kind === 'failing'
              ? log.warn('upstream-failed', { upstream, why: change.why })
              : log.info('upstream-recovered', { upstream }),
        })
  const others =
    source === elsewhere
      ? otherGateways({ ...asked, upstreams: settings.gateway ?? [], agree: settings.agree ?? 1, log })
      : undefined
  // Local names come in front of the upstream on every way there, also on the one through an alias.
  const ownName = settings.publicUrl === undefined ? [] : [ownNameStage(settings.publicUrl)]
  const outside = compose(
    [...ownName, localNames],
    outsideAnswerer(forward && countedForward(forward, counts)),
  )
  // Through the cache, so that a thousand names with one alias are one question.
  const resolveOutside: Answerer = async ({ query, signal }) => {
    const { packed, age } = await resolver.resolve(query, signal)
    return agedAnswer(packed, age)
  }
  const { privateAnswers } = settings
  const bit: Stage =
    others !== undefined
      ? gatewayStage({ ask: others.ask, privateAnswers })
      : bitStage({
          values: cachedValues(source, { entries, octets: cacheOctets.values }, { now, flights, timeout }),
          tip,
          privateAnswers,
          resolveOutside,
          delegations: delegations({
            exchange: runtime.exchange,
            addressesOf: serverAddresses((question) => bit(question, outside), resolveOutside),
            contact,
            now,
            wallClock: runtime.wallClock,
            timer: runtime.timer,
            random,
          }),
        })
  const outerCache = entries === 0 || runtime.outerCache === undefined ? [] : [runtime.outerCache(tip)]
  const resolver = createResolver({
    cache: lruAnswerCache({ entries, octets: cacheOctets.answers }, now, (settings.serveStale ?? 0) / 1000),
    failures: failureCache(entries, now),
    flights,
    tip,
    answer: compose([...outerCache, bit], outside),
    now,
    timer: runtime.timer,
    timeout,
    background: runtime.background,
    onStale: () => counts.cache.stale++,
    onError,
  })
  const live =
    runtime.probing &&
    ranking({ ...runtime.probing, now, contactable: (address) => contactable(address, contact) })
  const exchange = createExchange({ resolver: countedResolver(resolver, counts), random, rank: live?.rank })
  const readiness =
    others === undefined
      ? readinessOf(source, timeout, runtime.wallClock)
      : readinessOfOthers(others.isAnyWorking)
  const prove = proofsOf(source, { now, timeout, flights })
  const page = {
    wallClock: runtime.wallClock,
    publicUrl: settings.publicUrl,
    siblings: settings.siblings ?? [],
  }
  const app = createApp({ exchange, readiness, prove, page, onError })
  return { exchange, app, prove, readiness, counts, ...(live === undefined ? {} : { probes: live.counts }) }
}

/** Where in our code it happened. Messages of errors may quote what was asked: they are left out. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const place = error.stack?.split('\n').find((line) => line.trimStart().startsWith('at '))
  return `${error.name} ${place?.trim() ?? ''}`.trim()
}
