import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { OBJECT_URL, type ObjectQuestion } from '../../src/cloudflare/object-protocol.ts'
import type { ObjectNamespace, ObjectStub } from '../../src/cloudflare/object-source.ts'
import { createWorker } from '../../src/worker.ts'
import { query } from '../dns/messages.ts'
import { type DohClient, dataOf, get, messageIn } from '../http/client.ts'
import { dohSuite } from '../http/doh-suite.ts'
import { clientOf } from '../http/gateway.ts'
import { REGISTERED } from '../namecoin/chain/recording.ts'
import { ASKED_URL, CORE_URL, ELECTRUMX_URLS, UPSTREAM_URL } from './outside.ts'

// The sockets are real: workerd opens WebSockets to servers in vitest's own process.

const asked = async () => {
  const queries = (await (await fetch(ASKED_URL)).json()) as string[]
  return queries.map((query) => Uint8Array.from(Buffer.from(query, 'hex')))
}

function startWorker(variables: Readonly<Record<string, unknown>>): DohClient {
  const worker = createWorker()
  return clientOf((request) => worker.fetch(request, variables), { asked, close: async () => {} })
}

const REGTEST = { BITDOH_NETWORK: 'regtest', BITDOH_UPSTREAM: UPSTREAM_URL }
const WINDOW = { ...REGTEST, BITDOH_ELECTRUM: ELECTRUMX_URLS }
const OBJECT = { ...WINDOW, LIGHT_CLIENT: env['LIGHT_CLIENT'] }
const CORE = { ...REGTEST, BITDOH_CORE_URL: CORE_URL }

const logged: string[] = []
beforeAll(() => {
  for (const level of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation((...parts) => void logged.push(parts.join(' ')))
})
afterAll(() => {
  for (const line of logged) for (const name of REGISTERED) expect(line).not.toContain(name.slice(2))
  vi.restoreAllMocks()
})

dohSuite('a Worker with the light client in a Durable Object', () => startWorker(OBJECT))

/** Every question is looked up: the data centre's cache would have it from the test before. */
const UNCACHED = { BITDOH_CACHE_ENTRIES: '0' }

/** What a name's questions are answered with, in no order. */
async function answers(client: DohClient, name: string) {
  const found: unknown[] = []
  for (const type of [1, 28, 16, 15, 5]) {
    const message = messageIn(await get(client, query({ question: name, type })))
    found.push([message.rcode, message.answer.map((record) => JSON.stringify({ ...record, ttl: 0 })).sort()])
  }
  return found
}

const QUESTIONS = REGISTERED.filter((name) => name.startsWith('d/') && name !== 'd/UPPER').map(
  (name) => `${name.slice(2)}.bit`,
)

describe.each<[string, Readonly<Record<string, unknown>>]>([
  ['in a Durable Object', OBJECT],
  ['of a lookup', WINDOW],
])('the light client %s', (_title, variables) => {
  test('answers all names of the recording as Namecoin Core does', { timeout: 60_000 }, async () => {
    const [light, core] = [variables, CORE].map((each) => startWorker({ ...each, ...UNCACHED }))
    const answered = async (name: string) => [name, await answers(light!, name)]
    for (const name of [...QUESTIONS, 'never-was.bit', 'www.wild.bit', 'any.thing.wild.bit'])
      expect(await answered(name)).toEqual([name, await answers(core!, name)])
  })

  test('shows proofs of what it says', async () => {
    const response = await startWorker(variables).request('/proof/reborn.bit')
    const proof = JSON.parse(Buffer.from(response.body).toString())
    expect(proof).toMatchObject({
      outcome: 'found',
      height: 194,
      assurance: variables === OBJECT ? 'proven' : 'attested',
    })
  })

  test('is ready', async () => {
    const response = await startWorker(variables).request('/readyz')
    expect([response.status, JSON.parse(Buffer.from(response.body).toString())]).toMatchObject([
      200,
      { assurance: variables === OBJECT ? 'proven' : 'attested' },
    ])
  })
})

describe('without a Durable Object', () => {
  const ask = async (servers: string) => {
    const client = startWorker({ ...WINDOW, ...UNCACHED, BITDOH_ELECTRUM: servers })
    return messageIn(await get(client, query({ question: 'jordia65.bit' })))
  }
  const [one, two] = ELECTRUMX_URLS.split(',') as [string, string]
  const liar = one.replace('.one.', '.liar.')

  test('one operator is SERVFAIL, and /readyz says why', async () => {
    const client = startWorker({ ...WINDOW, ...UNCACHED, BITDOH_ELECTRUM: one })
    const response = await get(client, query({ question: 'jordia65.bit' }))
    expect(messageIn(response).rcode).toBe(2)
    const readiness = await client.request('/readyz')
    expect([readiness.status, Buffer.from(readiness.body).toString()]).toEqual([
      503,
      expect.stringContaining('"disagreement"'),
    ])
  })
  test('two that contradict each other are SERVFAIL', async () => {
    expect((await ask(`${one},${liar}`)).rcode).toBe(2)
  })
  test('two that agree are an answer', async () => {
    expect(dataOf(await ask(`${one},${two}`), 'A')).toHaveLength(2)
  })
  test('one out of reach is SERVFAIL', async () => {
    expect((await ask(`${one},wss://nobody.example.net:50004`)).rcode).toBe(2)
  })
  test('a pin cannot be checked, and is said to be wrong', async () => {
    const client = startWorker({
      ...WINDOW,
      ...UNCACHED,
      BITDOH_ELECTRUM: `wss://a.example:50004#sha256=${'0'.repeat(64)}`,
    })
    const response = await client.request('/readyz')
    expect(response.status).toBe(503)
    expect(Buffer.from(response.body).toString()).toContain('#sha256=')
  })
  test('a checkpoint is JSON in the variable', async () => {
    const client = startWorker({ ...WINDOW, BITDOH_CHECKPOINT: '{"network":"mainnet"}' })
    expect(Buffer.from((await client.request('/')).body).toString()).toContain('BITDOH_CHECKPOINT')
  })
})

describe('the Durable Object, as Cloudflare runs it', () => {
  const namespace = env['LIGHT_CLIENT'] as ObjectNamespace
  const objectNamed = (name: string) => namespace.get(namespace.idFromName(name))
  const ask = async (stub: ObjectStub, question: ObjectQuestion) => {
    const response = await stub.fetch(OBJECT_URL, { method: 'POST', body: JSON.stringify(question) })
    return (await response.json()) as { readonly height?: number; readonly assurance?: string }
  }
  const savedIn = (stub: ObjectStub) => runInDurableObject(stub, (_, { storage }) => storage.get('headers'))
  const alarmOf = (stub: ObjectStub) => runInDurableObject(stub, (_, { storage }) => storage.getAlarm())

  test('an alarm is set by the first question, catches up, saves, and sets the next', async () => {
    const stub = objectNamed('alarm')
    await ask(stub, { ask: 'tip' })
    expect(await runDurableObjectAlarm(stub)).toBe(true)
    expect(await ask(stub, { ask: 'tip' })).toMatchObject({ height: 207, assurance: 'proven' })
    expect(await savedIn(stub)).toMatchObject({ octets: expect.any(Number) })
    expect((await alarmOf(stub))! - Date.now()).toBeGreaterThan(9 * 60_000)
  })

  test('an alarm is no reason for another when nobody has ever asked', async () => {
    const stub = objectNamed('never-asked')
    await runInDurableObject(stub, (_, { storage }) => storage.setAlarm(Date.now() + 60_000))
    expect(await runDurableObjectAlarm(stub)).toBe(true)
    expect(await alarmOf(stub)).toBeNull()
  })
})
