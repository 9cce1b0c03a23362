import { sharedFlights } from '../../src/flights.ts'
import { createGateway, type Gateway, type Runtime } from '../../src/gateway.ts'
import { silentLog } from '../../src/log.ts'
import { coreSource } from '../../src/namecoin/core.ts'
import { namesSource, parseNames } from '../../src/namecoin/names.ts'
import { unboundedSlots } from '../../src/namecoin/slots.ts'
import type { NameSource } from '../../src/namecoin/source.ts'
import type { Settings } from '../../src/settings/settings.ts'
import { fetchTransport } from '../../src/upstream/fetch-transport.ts'
import { noExchange } from '../delegation/no-exchange.ts'
import { type FakeClock, fakeClock } from '../namecoin/clock.ts'
import { coreRecordings, type NodeChanges, replayFetch } from '../servers/core-replay.ts'
import { type FakeUpstream, fakeUpstream } from '../servers/upstream.ts'
import type { DohClient } from './client.ts'
import { NAMES } from './names.ts'

/** A gateway with a clock, an upstream and names of the test's own. */
export interface TestGateway extends Gateway {
  readonly clock: FakeClock
  readonly upstream: FakeUpstream
}

export interface TestGatewayOptions {
  readonly source?: NameSource | ((clock: FakeClock) => NameSource)
  readonly upstreams?: readonly string[]
  readonly cacheEntries?: number
  /** Milliseconds; none when left out. */
  readonly serveStale?: number
  /** Settings besides those. */
  readonly settings?: Partial<Settings>
  readonly runtime?: Partial<Runtime>
}

export function openGateway(options: TestGatewayOptions = {}): TestGateway {
  const {
    upstreams = ['https://upstream.example/dns-query'],
    cacheEntries = 1_000,
    serveStale = 0,
    runtime,
  } = options
  const clock = fakeClock()
  const upstream = fakeUpstream()
  const source = options.source ?? givenNames(NAMES)
  const gateway = createGateway(
    { upstream: upstreams, privateAnswers: 'allow', cacheEntries, serveStale, ...options.settings },
    typeof source === 'function' ? source(clock) : source,
    {
      now: clock.now,
      wallClock: clock.now,
      timeout: (milliseconds) => {
        const controller = new AbortController()
        clock.timer(milliseconds, () => controller.abort())
        return controller.signal
      },
      timer: clock.timer,
      fillRandom: (lot) => crypto.getRandomValues(lot),
      flights: sharedFlights(),
      exchange: noExchange,
      ownAddresses: () => [],
      upstreamSlots: unboundedSlots,
      transport: fetchTransport(upstream.fetch),
      log: silentLog,
      cacheOctets: { answers: 1024 * 1024, values: 1024 * 1024 },
      ...runtime,
    },
  )
  return { ...gateway, clock, upstream }
}

/** Names from a text. */
export function givenNames(values: Readonly<Record<string, object | string>>): NameSource {
  const names = parseNames(JSON.stringify(values))
  if (names.kind === 'bad-names') throw new Error(names.detail)
  return namesSource(names)
}

/** Names from the recorded Namecoin Core, or from one that has gone on since. */
export const recordedCore = (clock: FakeClock, changes: () => NodeChanges = () => ({})): NameSource =>
  coreSource({
    url: new URL('http://user:password@node.example:8336/'),
    network: 'regtest',
    fetch: replayFetch(coreRecordings, { changes }),
    now: clock.now,
    flights: sharedFlights(),
    slots: unboundedSlots,
    timer: clock.timer,
  })

/** A client of a web application, without a server in between. */
export function clientOf(
  fetch: (request: Request) => Response | Promise<Response>,
  rest: Omit<DohClient, 'request' | 'tooLongTarget'>,
): DohClient {
  return {
    ...rest,
    tooLongTarget: '/dns-query?dns='.length + 87_381,
    async request(path, { method = 'GET', headers = {}, body } = {}) {
      const response = await fetch(
        new Request(`https://gateway.example${path}`, {
          method,
          headers,
          ...(body === undefined ? {} : { body: Uint8Array.from(body) }),
        }),
      )
      return {
        status: response.status,
        headers: [...response.headers],
        body: new Uint8Array(await response.arrayBuffer()),
      }
    },
  }
}

/** A client of a gateway in this process, whose clock it moves. */
export function openClient(options: TestGatewayOptions = {}): DohClient {
  const { app, clock, upstream } = openGateway(options)
  return clientOf((request) => app.fetch(request), {
    asked: async () => upstream.asked,
    advance: (seconds) => clock.advance(seconds * 1000),
    close: async () => {},
  })
}
