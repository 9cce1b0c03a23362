import { connect } from 'cloudflare:sockets'
import { waitUntil } from 'cloudflare:workers'
import { Hono } from 'hono'
import { consoleLog as log } from './cloudflare/console-log.ts'
import { workerExchange } from './cloudflare/dns-exchange.ts'
import { edgeCache } from './cloudflare/edge-cache.ts'
import { workerRuntime } from './cloudflare/light-object.ts'
import { lightTerms } from './cloudflare/light-terms.ts'
import { type ObjectNamespace, objectSource } from './cloudflare/object-source.ts'
import { socketTransport, workerCannot } from './cloudflare/upstream-sockets.ts'
import { windowSource } from './cloudflare/window-source.ts'
import { ownFlights } from './flights.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { coreSource } from './namecoin/core.ts'
import { runtimeTimer } from './namecoin/deadline.ts'
import { demoNames } from './namecoin/demo.ts'
import { elsewhere } from './namecoin/elsewhere.ts'
import { inOrder } from './namecoin/in-order.ts'
import { namesSource, parseNames } from './namecoin/names.ts'
import { unboundedSlots } from './namecoin/slots.ts'
import type { NameSource } from './namecoin/source.ts'
import { type Backend, parseSettings, type Settings } from './settings/settings.ts'
import { readUpstream } from './upstream/address.ts'
import { fetchTransport } from './upstream/fetch-transport.ts'
import type { UpstreamTransport } from './upstream/transport.ts'

export { LightClient } from './cloudflare/light-object.ts'

/** What Cloudflare calls with each request. */
interface Worker {
  fetch(request: Request, env: Readonly<Record<string, unknown>>): Promise<Response>
}

/**
 * The Cloudflare entry: the same gateway with what Workers have. Settings come from `[vars]` and secrets of the same
 * names as on Node; the variable `BITDOH_NAMES` holds the names themselves.
 */
export default createWorker()

/** A worker with a gateway of its own, made with the first request: before it there is no environment. */
export function createWorker(): Worker {
  let gateway: Pick<Gateway, 'app'> | undefined
  return {
    async fetch(request, env) {
      gateway ??= createWorkerGateway(env, continentOf(request))
      return gateway.app.fetch(request)
    },
  }
}

/** An isolate has 128 MiB in all. */
const CACHE_OCTETS = { answers: 24 * 1024 * 1024, values: 8 * 1024 * 1024 }

/** Where the data centre is, as far as Cloudflare says: an isolate stays where it is. */
function continentOf(request: Request): string {
  const { continent } = (request as { readonly cf?: { readonly continent?: unknown } }).cf ?? {}
  return typeof continent === 'string' ? continent : 'here'
}

function createWorkerGateway(
  env: Readonly<Record<string, unknown>>,
  continent: string,
): Pick<Gateway, 'app'> {
  const outcome = parseSettings({ variables: env })
  if (outcome.kind === 'problem') return misconfigured(outcome.line)
  const { settings } = outcome
  const sources = settings.backend.map((backend) => openSource(backend, settings, env, continent))
  const problem = sources.find((source) => typeof source === 'string')
  if (problem !== undefined) return misconfigured(problem)
  // A connection lives no longer than the request it was opened in: nobody could look after hosts.
  if (settings.probe === 'on') return misconfigured('BITDOH_PROBE: given "on", which Workers cannot do')
  const unusable = [
    ...settings.upstream.map((text) => workerCannot(readUpstream(text))),
    ...(settings.gateway ?? []).map((text) => workerCannot(readUpstream(text), 'gateway')),
  ].find((line) => line !== undefined)
  if (unusable !== undefined) return misconfigured(unusable)
  return createGateway(settings, inOrder(sources as NameSource[]), {
    now: () => Date.now(),
    wallClock: () => Date.now(),
    timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
    timer: runtimeTimer,
    fillRandom: (lot) => crypto.getRandomValues(lot),
    flights: ownFlights,
    exchange: workerExchange(connect),
    // A Worker has no address of its own, and Cloudflare lets none connect to Cloudflare.
    ownAddresses: () => [],
    upstreamSlots: unboundedSlots,
    transport,
    log,
    // Each lookup takes some of the subrequests that the request may make: 50 in Cloudflare's smallest plan.
    background: { keep: waitUntil, renewedPerBlock: 8 },
    cacheOctets: CACHE_OCTETS,
    outerCache: edgeCache({
      cache: caches.default,
      scope: scopeOf(settings),
      wallClock: () => Date.now(),
      timer: runtimeTimer,
      waitUntil,
    }),
  })
}

const overHttps = fetchTransport((url, init) => fetch(url, init))
const overSockets = socketTransport(connect)
const transport: UpstreamTransport = {
  exchange: (upstream, message, signal) =>
    (upstream.scheme === 'https' ? overHttps : overSockets).exchange(upstream, message, signal),
}

/**
 * The settings that answers depend on; the names themselves are in the epoch. What servers attest is worth what these
 * servers are worth: a gateway with others, or that waits for more confirmations, must not take it over.
 */
const scopeOf = (settings: Settings): string => {
  const { upstream, upstreamSpread, privateAnswers, allowPrivate, publicUrl } = settings
  const { backend, network, gateway, agree, electrum, minConfirmations, checkpoint } = settings
  return JSON.stringify([
    [upstream, upstreamSpread, privateAnswers, allowPrivate, publicUrl],
    [backend, network, gateway, agree, electrum, minConfirmations, checkpoint],
  ])
}

/** A source, or the line that says why there is none. */
function openSource(
  backend: Backend,
  settings: Settings,
  env: Readonly<Record<string, unknown>>,
  continent: string,
): NameSource | string {
  if (backend === 'doh')
    return settings.verify === 'off' ? elsewhere : 'BITDOH_VERIFY: given "on", which Workers cannot do'
  if (backend === 'electrum') return openLightClient(settings, env['LIGHT_CLIENT'], continent)
  if (backend === 'core') {
    const { coreUrl, network } = settings
    return coreSource({
      url: new URL(coreUrl!),
      network,
      fetch: (url, init) => fetch(url, init),
      now: () => Date.now(),
      flights: ownFlights,
      slots: unboundedSlots,
    })
  }
  const names = settings.names === 'demo' ? demoNames() : parseNames(settings.names!)
  return names.kind === 'names' ? namesSource(names) : `BITDOH_NAMES: ${names.detail}`
}

/**
 * The light client in a Durable Object, one for each continent, so that none is far away; without the binding one that
 * lasts no longer than a lookup.
 */
function openLightClient(settings: Settings, binding: unknown, continent: string): NameSource | string {
  const terms = lightTerms(settings)
  if (typeof terms === 'string') return terms
  if (binding === undefined) return windowSource(terms, workerRuntime)
  const objects = binding as ObjectNamespace
  return objectSource({
    object: () => objects.get(objects.idFromName(`${settings.network} ${continent}`)),
    now: () => Date.now(),
    timer: runtimeTimer,
  })
}

/** There is no start to stop here: every request says what is wrong, and the log does. */
function misconfigured(line: string): Pick<Gateway, 'app'> {
  log.error('bad-setting', { line })
  const app = new Hono()
  app.all('*', (c) => c.text(`this gateway is not set up: ${line}\n`, 503, { 'cache-control': 'no-store' }))
  return { app }
}
