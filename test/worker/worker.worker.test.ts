import { env, exports } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createWorker } from '../../src/worker.ts'
import { query } from '../dns/messages.ts'
import { type DohClient, dataOf, dnsPath, get, header, messageIn } from '../http/client.ts'
import { dohSuite } from '../http/doh-suite.ts'
import { clientOf } from '../http/gateway.ts'
import { MISBEHAVING } from '../servers/upstream.ts'
import { asked } from './asked.ts'
import { CORE_URL, GATEWAY_URL, UPSTREAM_URL } from './outside.ts'

const clientTo = (answer: (request: Request) => Promise<Response>): DohClient =>
  clientOf(answer, { asked, close: async () => {} })

/** A Worker of its own, as in a fresh isolate. */
function startWorker(variables: Readonly<Record<string, unknown>>): DohClient {
  const worker = createWorker()
  return clientTo((request) => worker.fetch(request, variables))
}

const CORE = { BITDOH_CORE_URL: CORE_URL, BITDOH_NETWORK: 'regtest', BITDOH_UPSTREAM: UPSTREAM_URL }

const logged: string[] = []
beforeAll(() => {
  for (const level of ['log', 'warn', 'error'] as const)
    vi.spyOn(console, level).mockImplementation((...parts) => {
      logged.push(parts.join(' '))
    })
})
afterAll(() => {
  vi.restoreAllMocks()
})

dohSuite('the Worker as Cloudflare calls it, with names from a variable', () =>
  clientTo((request) => exports.default.fetch(request)),
)
dohSuite('a Worker with names from Namecoin Core over HTTPS', () => startWorker(CORE))

test('the variable holds the names of the suite', () => {
  expect(env['BITDOH_NAMES']).toContain('d/offsite')
})

test('no name that was looked up is in the log, though failures are', async () => {
  const client = startWorker(CORE)
  logged.length = 0
  for (const name of MISBEHAVING) await get(client, query({ question: `log.${name}` }))
  // Once, and not again for each query that it fails.
  expect(logged.filter((line) => line.startsWith('upstream-failed'))).toHaveLength(1)
  for (const line of logged) for (const name of MISBEHAVING) expect(line).not.toContain(name)
})

describe('settings of a Worker', () => {
  test('a variable that is wrong is said in every response, which is a 503', async () => {
    const client = startWorker({ BITDOH_NAMES: '{"jordia65": {}}' })
    for (const path of ['/', '/readyz', dnsPath(query())]) {
      const response = await client.request(path)
      expect(response.status).toBe(503)
      expect(header(response, 'cache-control')).toBe('no-store')
      expect(Buffer.from(response.body).toString()).toMatch(/^this gateway is not set up: BITDOH_NAMES: /)
    }
  })
  test('none at all is the real chain, whose servers cannot be reached here', async () => {
    const client = startWorker({})
    expect((await client.request('/healthz')).status).toBe(200)
    expect((await client.request('/readyz')).status).toBe(503)
  })
  test('BITDOH_NAMES=demo is the demo', async () => {
    const client = startWorker({ BITDOH_NAMES: 'demo', BITDOH_UPSTREAM: 'none' })
    const message = messageIn(await get(client, query({ question: 'ha-demo.bit' })))
    expect([...dataOf(message, 'A')].sort()).toEqual(['127.0.0.2', '127.0.0.3'])
  })
  test('BITDOH_GATEWAY passes on what another gateway says', async () => {
    const client = startWorker({ BITDOH_GATEWAY: GATEWAY_URL, BITDOH_UPSTREAM: UPSTREAM_URL })
    expect(dataOf(messageIn(await get(client, query({ question: 'elsewhere.bit' }))), 'A')).toEqual([
      '203.0.113.1',
    ])
    expect((await client.request('/readyz')).status).toBe(200)
  })
  test.each([
    ['BITDOH_PROBE', { BITDOH_NAMES: 'demo', BITDOH_PROBE: 'on' }],
    ['BITDOH_VERIFY', { BITDOH_GATEWAY: GATEWAY_URL, BITDOH_VERIFY: 'on' }],
    ['gateway', { BITDOH_GATEWAY: `${GATEWAY_URL}#192.0.2.1` }],
  ])('what Workers cannot do is said: %s', async (name, variables) => {
    const response = await startWorker(variables).request('/')
    expect(response.status).toBe(503)
    expect(Buffer.from(response.body).toString()).toContain(`this gateway is not set up: ${name}: `)
  })
  test("a node's password that is wrong is SERVFAIL, never NXDOMAIN, and not ready", async () => {
    const client = startWorker({ ...CORE, BITDOH_CORE_URL: 'https://user:wrong@core.example/' })
    expect(messageIn(await get(client, query({ question: 'single.bit' }))).rcode).toBe(2)
    expect((await client.request('/readyz')).status).toBe(503)
  })
})
