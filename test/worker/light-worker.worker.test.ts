import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createWorker } from '../../src/worker.ts'
import { query } from '../dns/messages.ts'
import { type DohClient, dataOf, get, messageIn } from '../http/client.ts'
import { dohSuite } from '../http/doh-suite.ts'
import { clientOf } from '../http/gateway.ts'
import { REGISTERED } from '../namecoin/chain/recording.ts'
import { asked } from './asked.ts'
import { CORE_URL, ELECTRUMX_URLS, UPSTREAM_URL } from './outside.ts'

// The sockets are real: workerd opens WebSockets to servers in vitest's own process.

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

  test.each([
    ['/resolve?name=jordia65.bit', 'Other Error ('],
    ['/dns-query?name=jordia65.bit&ct=application/dns-json', 'EDE(0): Other Error ('],
  ])('%s says when it is attested', async (path, beginning) => {
    const response = await startWorker({ ...variables, ...UNCACHED }).request(path)
    const { Answer, Comment } = JSON.parse(Buffer.from(response.body).toString())
    expect(Answer).toHaveLength(2)
    if (variables === OBJECT) expect(Comment).toBeUndefined()
    else
      expect([Comment].flat()).toEqual([
        expect.stringContaining(`${beginning}height and expiry are attested`),
      ])
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
  test('gateways with other servers in the same zone do not take over what these attest', async () => {
    const kept = vi.spyOn(caches.default, 'put')
    const message = query({ question: 'gone.wild.bit' })
    expect(messageIn(await get(startWorker(WINDOW), message)).rcode).toBe(0)
    await Promise.all(kept.mock.results.map(({ value }) => value))
    expect(kept).toHaveBeenCalled()
    kept.mockRestore()
    const contradicted = startWorker({ ...WINDOW, BITDOH_ELECTRUM: `${one},${liar}` })
    expect(messageIn(await get(contradicted, message)).rcode).toBe(2)
  })
  test('a checkpoint is JSON in the variable', async () => {
    const client = startWorker({ ...WINDOW, BITDOH_CHECKPOINT: '{"network":"mainnet"}' })
    expect(Buffer.from((await client.request('/')).body).toString()).toContain('BITDOH_CHECKPOINT')
  })
})
