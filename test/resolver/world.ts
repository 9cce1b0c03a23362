import type { AddressBlock } from '../../src/addresses.ts'
import { buildQuery } from '../../src/dns/build-query.ts'
import { extendedErrors, messageRcode, readMessage } from '../../src/dns/message.ts'
import { nameFromText } from '../../src/dns/name.ts'
import { recordToText } from '../../src/dns/presentation.ts'
import { Flag, rcodeName, typeNumber } from '../../src/dns/protocol.ts'
import { sharedFlights } from '../../src/flights.ts'
import { createGateway, type Runtime } from '../../src/gateway.ts'
import { silentLog } from '../../src/log.ts'
import { coreSource } from '../../src/namecoin/core.ts'
import { namesSource, parseNames } from '../../src/namecoin/names.ts'
import { boundedSlots, unboundedSlots } from '../../src/namecoin/slots.ts'
import type { NameSource } from '../../src/namecoin/source.ts'
import type { UpstreamTransport } from '../../src/upstream/transport.ts'
import { noExchange } from '../delegation/no-exchange.ts'
import { fakeClock } from '../namecoin/clock.ts'
import { coreRecordings, type NodeChanges, replayFetch } from '../servers/core-replay.ts'

/** An answer as a person reads it. */
export interface Read {
  readonly rcode: string
  /** AA, AD, CD, TC: those that are set. */
  readonly flags: readonly string[]
  /** `owner TTL TYPE data`, the answer section. */
  readonly answer: readonly string[]
  readonly authority: readonly string[]
  /** Codes and texts of the Extended DNS Errors. */
  readonly errors: readonly { code: number; text: string }[]
}

const line = (record: Parameters<typeof recordToText>[0]): string =>
  recordToText(record)
    .replace(/\tIN\t/, ' ')
    .replaceAll('\t', ' ')

export function readAnswer(bytes: Uint8Array): Read {
  const message = readMessage(bytes)
  if (message === undefined) throw new Error('not a DNS message')
  return {
    rcode: rcodeName(messageRcode(message)),
    flags: (['AA', 'AD', 'CD', 'TC'] as const).filter((flag) => (message.flags & Flag[flag]) !== 0),
    answer: message.answer.map(line),
    authority: message.authority.map(line),
    errors: extendedErrors(message),
  }
}

/** An upstream that nobody is to ask. */
export const noUpstream: UpstreamTransport = {
  exchange: () => Promise.reject(new Error('the upstream was asked')),
}

export interface WorldOptions {
  readonly source: NameSource
  readonly transport?: UpstreamTransport
  readonly upstream?: readonly string[]
  readonly cacheEntries?: number
  readonly privateAnswers?: 'allow' | 'strip'
  readonly allowPrivate?: readonly AddressBlock[]
  readonly publicUrl?: string
  /** Milliseconds; none when left out. */
  readonly serveStale?: number
  readonly clock?: ReturnType<typeof fakeClock>
  readonly runtime?: Partial<Runtime>
}

/** A gateway with a clock that stands still, asked in text. */
export function world(options: WorldOptions) {
  const clock = options.clock ?? fakeClock()
  const aborts: AbortController[] = []
  const gateway = createGateway(
    {
      upstream: options.upstream ?? ['https://upstream.test/dns-query'],
      privateAnswers: options.privateAnswers ?? 'allow',
      cacheEntries: options.cacheEntries ?? 100,
      serveStale: options.serveStale ?? 0,
      allowPrivate: options.allowPrivate,
      ...(options.publicUrl === undefined ? {} : { publicUrl: options.publicUrl }),
    },
    options.source,
    {
      now: clock.now,
      wallClock: clock.now,
      timeout: (milliseconds) => {
        const controller = new AbortController()
        aborts.push(controller)
        clock.timer(milliseconds, () => controller.abort())
        return controller.signal
      },
      timer: clock.timer,
      fillRandom: (lot) => crypto.getRandomValues(lot),
      flights: sharedFlights(),
      exchange: noExchange,
      ownAddresses: () => [],
      upstreamSlots: unboundedSlots,
      transport: options.transport ?? noUpstream,
      log: silentLog,
      cacheOctets: { answers: 1_000_000, values: 1_000_000 },
      ...options.runtime,
    },
  )
  const askWire = async (query: Uint8Array): Promise<Uint8Array> => {
    const result = await gateway.exchange(query)
    if (result.kind !== 'answer') throw new Error(result.reason)
    return result.body
  }
  const query = (name: string, type: string): Uint8Array =>
    buildQuery({
      name: nameFromText(name) ?? [],
      type: typeNumber(type) ?? 1,
      dnssecOk: false,
      checkingDisabled: false,
    })
  return {
    gateway,
    clock,
    askWire,
    ask: async (name: string, type = 'A'): Promise<Read> => readAnswer(await askWire(query(name, type))),
  }
}

/** A world whose names are these; `replace` changes the file. */
export function namesWorld(
  names: Readonly<Record<string, unknown>>,
  options: Omit<WorldOptions, 'source'> = {},
) {
  const parse = (content: Readonly<Record<string, unknown>>) => {
    const parsed = parseNames(JSON.stringify(content))
    if (parsed.kind === 'bad-names') throw new Error(parsed.detail)
    return parsed
  }
  const source = namesSource(parse(names))
  return {
    ...world({ source, ...options }),
    replace: (content: Readonly<Record<string, unknown>>) => source.replace(parse(content)),
  }
}

/** A world behind the recorded Namecoin Core. `calls` counts what the node was asked. */
export function coreWorld(options: Omit<WorldOptions, 'source'> & { changes?: () => NodeChanges } = {}) {
  const clock = options.clock ?? fakeClock()
  const replayed = replayFetch(
    coreRecordings,
    options.changes === undefined ? {} : { changes: options.changes },
  )
  const calls: string[] = []
  const source = coreSource({
    url: new URL('http://core.test/'),
    network: 'regtest',
    fetch: (url, init) => {
      calls.push((JSON.parse(String(init.body)) as { method: string }).method)
      return replayed(url, init)
    },
    now: clock.now,
    flights: sharedFlights(),
    slots: boundedSlots(),
    timer: clock.timer,
  })
  return { ...world({ ...options, source, clock }), calls }
}
