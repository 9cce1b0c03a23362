import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import type { ExchangeHandler } from '../../src/http/exchange.ts'
import { TIP_FRESH_MS } from '../../src/namecoin/core.ts'
import { type Names, namesSource, parseNames } from '../../src/namecoin/names.ts'
import type { NameSource } from '../../src/namecoin/source.ts'
import { opt, query } from '../dns/messages.ts'
import { settled } from '../namecoin/clock.ts'
import type { NodeChanges } from '../servers/core-replay.ts'
import { dataOf, dnsPath, header, messageIn } from './client.ts'
import { dohSuite } from './doh-suite.ts'
import { clientOf, openClient, openGateway, recordedCore } from './gateway.ts'

dohSuite('the application, with names from a text', () => openClient())
dohSuite('the application, with names from Namecoin Core', () =>
  openClient({ source: (clock) => recordedCore(clock) }),
)

const SERVFAIL = 2
const NO_REACHABLE_AUTHORITY = 22

test('C10 RFC 8484 §4.2.1: our own fault is a 500 that carries no answer', async () => {
  const fail = () => {
    throw new Error('a fault')
  }
  const faults: unknown[] = []
  const app = createApp({
    exchange: Object.assign(fail, { atOnce: fail }) as ExchangeHandler,
    readiness: fail,
    prove: fail,
    page: { wallClock: fail, publicUrl: undefined, siblings: [] },
    onError: (error) => faults.push(error),
  })
  const client = clientOf((request) => app.fetch(request), { asked: async () => [], close: async () => {} })
  for (const path of [
    dnsPath(query()),
    '/resolve?name=jordia65.bit',
    '/readyz',
    '/proof/jordia65.bit',
    '/',
  ]) {
    const response = await client.request(path)
    expect(response.status).toBe(500)
    expect(header(response, 'content-type')).toMatch(/^text\/plain/)
    expect(header(response, 'cache-control')).toBe('no-store')
    expect(Buffer.from(response.body).toString()).toBe('internal error\n')
  }
  expect(faults).toHaveLength(5)
})

test('C10 RFC 8484 §4.2.1: a source that throws is SERVFAIL', async () => {
  const source: NameSource = {
    name: 'broken',
    lookup: () => Promise.reject(new Error('a fault')),
    tip: () => undefined,
    state: async () => ({ kind: 'unready', code: 'network', detail: 'down' }),
    close: () => {},
  }
  const { app } = openGateway({ source })
  const client = clientOf((request) => app.fetch(request), { asked: async () => [], close: async () => {} })
  const message = messageIn(await client.request(dnsPath(query({ additional: [opt()] }))))
  expect([message.rcode, message.extendedErrors]).toEqual([SERVFAIL, [0]])
})

test('C11 RFC 8484 §4.2.1: 503 says when to come back', async () => {
  const unready: NameSource = {
    name: 'down',
    lookup: async () => ({ kind: 'unreachable', code: 'network', detail: 'down' }),
    tip: () => undefined,
    state: async () => ({ kind: 'unready', code: 'network', detail: 'down' }),
    close: () => {},
  }
  const client = openClient({ source: unready })
  const response = await client.request('/readyz')
  expect(response.status).toBe(503)
  expect(Number(header(response, 'retry-after'))).toBeGreaterThan(0)
  expect(header(response, 'cache-control')).toBe('no-store')
})

describe('an upstream that hangs', () => {
  const hanging = query({ question: 'hang.example', additional: [opt()] })
  test('is SERVFAIL with the reason, once the deadline is over and not before', async () => {
    const { app, clock, upstream } = openGateway()
    const client = clientOf((request) => app.fetch(request), { asked: async () => [], close: async () => {} })
    let done = false
    const response = client.request(dnsPath(hanging)).finally(() => {
      done = true
    })
    await settledUntil(() => upstream.asked.length === 1)
    clock.advance(4_400)
    await settled()
    expect(done).toBe(false)
    clock.advance(100)
    const message = messageIn(await response)
    expect([message.rcode, message.extendedErrors]).toEqual([SERVFAIL, [NO_REACHABLE_AUTHORITY]])
  })
  test('is not waited for where another one is configured', async () => {
    const upstreams = ['https://first.example/dns-query', 'https://second.example/dns-query']
    const { app, clock, upstream } = openGateway({ upstreams })
    const client = clientOf((request) => app.fetch(request), { asked: async () => [], close: async () => {} })
    const response = client.request(dnsPath(hanging))
    await settledUntil(() => upstream.asked.length === 1)
    clock.advance(1_500)
    await settledUntil(() => upstream.asked.length === 2)
    clock.advance(3_000)
    expect(messageIn(await response).rcode).toBe(SERVFAIL)
  })
})

test('many identical questions at once are one to the upstream', async () => {
  const client = openClient()
  const path = dnsPath(query({ question: 'at-once.example' }))
  const responses = await Promise.all(Array.from({ length: 100 }, () => client.request(path)))
  for (const response of responses) expect(dataOf(messageIn(response), 'A')).toHaveLength(1)
  expect(await client.asked()).toHaveLength(1)
})

test('changed names are answered at once, though the old answer had not run out', async () => {
  const named = (ip: string) => parseNames(JSON.stringify({ 'd/moved': { ip } })) as Names
  const source = namesSource(named('192.0.2.1'))
  const client = openClient({ source })
  const addresses = async () =>
    dataOf(messageIn(await client.request(dnsPath(query({ question: 'moved.bit' })))), 'A')
  expect([await addresses(), await addresses()]).toEqual([['192.0.2.1'], ['192.0.2.1']])
  source.replace(named('192.0.2.2'))
  expect(await addresses()).toEqual(['192.0.2.2'])
})

test('a new block of Namecoin Core makes old answers unusable, once the node has been asked', async () => {
  let changes: NodeChanges = {}
  const client = openClient({
    source: (clock) => recordedCore(clock, () => changes),
  })
  const addresses = async () =>
    dataOf(messageIn(await client.request(dnsPath(query({ question: 'single.bit' })))), 'A')
  expect(await addresses()).toEqual(['192.0.2.1'])
  changes = {
    chain: { blocks: 208, headers: 208, bestblockhash: 'b'.repeat(64) },
    names: new Map([['d/single', '{"ip":"192.0.2.2"}']]),
  }
  expect(await addresses()).toEqual(['192.0.2.1'])
  client.advance?.(TIP_FRESH_MS / 1000)
  expect(await addresses()).toEqual(['192.0.2.2'])
})

test('cache-entries 0 keeps nothing', async () => {
  const client = openClient({ cacheEntries: 0 })
  for (let round = 0; round < 3; round++) await client.request(dnsPath(query({ question: 'plain.example' })))
  expect(await client.asked()).toHaveLength(3)
})

test('without an upstream, names outside .bit are REFUSED with the reason', async () => {
  const client = openClient({ upstreams: [] })
  const message = messageIn(
    await client.request(dnsPath(query({ question: 'plain.example', additional: [opt()] }))),
  )
  expect([message.rcode, message.extendedErrors]).toEqual([5, [18]])
  const own = messageIn(await client.request(dnsPath(query({ question: 'jordia65.bit' }))))
  expect(dataOf(own, 'A')).toHaveLength(2)
})

/** Lets promises run until something has come about. */
async function settledUntil(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000 && !isSo(); turn++) await new Promise((resolve) => setTimeout(resolve, 0))
  expect(isSo()).toBe(true)
}
