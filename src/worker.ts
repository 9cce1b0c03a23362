import { waitUntil } from 'cloudflare:workers'
import { Hono } from 'hono'
import { edgeCache } from './cloudflare/edge-cache.ts'
import { ownFlights } from './flights.ts'
import { createGateway, type Gateway } from './gateway.ts'
import type { Log } from './log.ts'
import { coreSource } from './namecoin/core.ts'
import { demoNames } from './namecoin/demo.ts'
import { inOrder } from './namecoin/in-order.ts'
import { namesSource, parseNames } from './namecoin/names.ts'
import { unboundedSlots } from './namecoin/slots.ts'
import type { NameSource } from './namecoin/source.ts'
import { parseSettings, type Settings } from './settings/settings.ts'
import { fetchTransport } from './upstream/fetch-transport.ts'

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
      gateway ??= createWorkerGateway(env)
      return gateway.app.fetch(request)
    },
  }
}

/** An isolate has 128 MiB in all. */
const CACHE_OCTETS = { answers: 24 * 1024 * 1024, values: 8 * 1024 * 1024 }

/** Workers collect what goes to the console. No client and no name is ever in it. */
const log: Log = {
  info: (event, fields) => console.log(event, JSON.stringify(fields ?? {})),
  warn: (event, fields) => console.warn(event, JSON.stringify(fields ?? {})),
  error: (event, fields) => console.error(event, JSON.stringify(fields ?? {})),
}

function createWorkerGateway(env: Readonly<Record<string, unknown>>): Pick<Gateway, 'app'> {
  const outcome = parseSettings({ variables: env })
  if (outcome.kind === 'problem') return misconfigured(outcome.line)
  const { settings } = outcome
  const sources = settings.backend.map((backend) => openSource(backend, settings))
  const problem = sources.find((source) => typeof source === 'string')
  if (problem !== undefined) return misconfigured(problem)
  return createGateway(settings, inOrder(sources as NameSource[]), {
    now: () => Date.now(),
    wallClock: () => Date.now(),
    timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
    fillRandom: (lot) => crypto.getRandomValues(lot),
    flights: ownFlights,
    upstreamSlots: unboundedSlots,
    transport: fetchTransport((url, init) => fetch(url, init)),
    log,
    cacheOctets: CACHE_OCTETS,
    outerCache: edgeCache({
      cache: caches.default,
      scope: scopeOf(settings),
      wallClock: () => Date.now(),
      waitUntil,
    }),
  })
}

/** The settings that answers depend on; the names themselves are in the epoch. */
const scopeOf = ({ upstream, privateAnswers, backend, network }: Settings): string =>
  JSON.stringify([upstream, privateAnswers, backend, network])

/** A source, or the line that says why there is none. */
function openSource(backend: Settings['backend'][number], settings: Settings): NameSource | string {
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

/** There is no start to stop here: every request says what is wrong, and the log does. */
function misconfigured(line: string): Pick<Gateway, 'app'> {
  log.error('bad-setting', { line })
  const app = new Hono()
  app.all('*', (c) => c.text(`this gateway is not set up: ${line}\n`, 503, { 'cache-control': 'no-store' }))
  return { app }
}
