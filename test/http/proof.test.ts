import { describe, expect, test } from 'vitest'
import { ownFlights } from '../../src/flights.ts'
import type { Log } from '../../src/log.ts'
import type { NameProof } from '../../src/namecoin/proof.ts'
import type { NameSource } from '../../src/namecoin/source.ts'
import { keyOf, MAX_PROOFS, PROOF_TIMEOUT_MS } from '../../src/proofs.ts'
import { version } from '../../src/version.ts'
import { settled } from '../namecoin/clock.ts'
import { type DohResponse, header } from './client.ts'
import { clientOf, openClient, openGateway, recordedCore, type TestGatewayOptions } from './gateway.ts'

const json = (response: DohResponse) => JSON.parse(new TextDecoder().decode(response.body))

/** A source that says this of every name, and which names it was asked for. */
function saying(proof: Partial<NameProof>): NameSource & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    name: 'electrum',
    asked,
    lookup: async () => ({ kind: 'absent' }),
    async prove(key) {
      asked.push(key)
      return { key, outcome: 'found', backend: 'electrum', assurance: 'proven', ...proof }
    },
    tip: () => ({ epoch: 'e', height: 7, assurance: 'attested' }),
    state: async () => ({ kind: 'ready', tip: { epoch: 'e', height: 7, assurance: 'attested' } }),
    close: () => {},
  }
}

test('a name from a text is trusted', async () => {
  const response = await openClient().request('/proof/www.jordia65.bit')
  expect(response.status).toBe(200)
  expect(json(response)).toEqual({
    name: 'www.jordia65.bit',
    key: 'd/jordia65',
    outcome: 'found',
    backend: 'names',
    assurance: 'trusted',
    value: { hex: expect.any(String), text: '{"ip":["192.0.2.10","198.51.100.20"]}' },
  })
})

test('a name from Namecoin Core is trusted, with the chain it is of', async () => {
  const client = openClient({ source: (clock) => recordedCore(clock) })
  const proof = json(await client.request('/proof/d%2Fjordia65'))
  expect(proof).toMatchObject({
    name: 'd/jordia65',
    key: 'd/jordia65',
    backend: 'core',
    assurance: 'trusted',
  })
  expect(proof).toMatchObject({ tip: { height: 207 }, txid: expect.any(String) })
})

test.each<[NameProof['outcome'], number]>([
  ['found', 200],
  ['absent', 404],
  ['expired', 404],
  ['unconfirmed', 503],
  ['unreachable', 503],
  ['invalid', 502],
])('%s is HTTP %i, with the same JSON', async (outcome, status) => {
  const response = await openClient({ source: saying({ outcome }) }).request('/proof/example.bit')
  expect(response.status).toBe(status)
  expect(json(response)).toMatchObject({ name: 'example.bit', key: 'd/example', outcome })
  expect(header(response, 'content-type')).toMatch(/^application\/json/)
  expect(header(response, 'cache-control')).toBe('no-store')
  expect(header(response, 'access-control-allow-origin')).toBe('*')
  expect(header(response, 'retry-after')).toEqual(
    status === 503 ? expect.stringMatching(/^[1-9]\d*$/) : undefined,
  )
})

describe('methods', () => {
  const client = openClient()
  test('HEAD is GET without the body', async () => {
    const get = await client.request('/proof/jordia65.bit')
    const head = await client.request('/proof/jordia65.bit', { method: 'HEAD' })
    expect([head.status, head.body.length]).toEqual([200, 0])
    expect(head.headers).toEqual(get.headers)
    expect((await client.request('/proof/nope.bit', { method: 'HEAD' })).status).toBe(404)
  })

  test('OPTIONS says what is allowed, any page may ask', async () => {
    const response = await client.request('/proof/jordia65.bit', { method: 'OPTIONS' })
    expect(response.status).toBe(204)
    expect(header(response, 'access-control-allow-methods')).toBe('GET, HEAD, OPTIONS')
    expect(header(response, 'access-control-allow-origin')).toBe('*')
  })

  test.each(['POST', 'PUT', 'DELETE'])('%s is not allowed', async (method) => {
    const response = await client.request('/proof/jordia65.bit', { method })
    expect([response.status, header(response, 'allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })
})

describe('names', () => {
  test.each([
    ['example.bit', 'd/example'],
    ['EXAMPLE.Bit', 'd/example'],
    ['example.bit.', 'd/example'],
    ['a.b.example.bit', 'd/example'],
    ['_443._tcp.example.bit', 'd/example'],
    ['b%C3%BCcher.bit', 'd/xn--bcher-kva'],
    ['d%2Fexample', 'd/example'],
    ['d/example', 'd/example'],
    ['d%2fEXAMPLE', 'd/EXAMPLE'],
    ['d%2Fsub.example', 'd/sub.example'],
    ['dd%2Fshared', 'dd/shared'],
    ['id/alice', 'id/alice'],
    ['d%2Fa%20b%0A%22%00', 'd/a b\n"\0'],
    ['d%2F%F0%9F%A6%93', 'd/🦓'],
    ['d%2F%25', 'd/%'],
    ['d%2Fa%3Fb%23c', 'd/a?b#c'],
    [`d%2F${'x'.repeat(253)}`, `d/${'x'.repeat(253)}`],
    ['d%2F__proto__', 'd/__proto__'],
    ['constructor.bit', 'd/constructor'],
  ])('%s asks for %j', async (path, key) => {
    const source = saying({})
    const response = await openClient({ source }).request(`/proof/${path}`)
    expect(response.status).toBe(200)
    expect(source.asked).toEqual([key])
    expect(json(response).key).toBe(key)
  })

  test.each([
    '',
    'bit',
    '.bit',
    'example',
    'example.com',
    'example.bit.com',
    'exam..ple.bit',
    '-example.bit',
    'exa_mple.bit',
    '123.bit',
    `${'x'.repeat(64)}.bit`,
    `${'x.'.repeat(130)}bit`,
    'example.bit%00',
    'd%2F',
    'D%2Fexample',
    '%2Fexample',
    '1%2Fexample',
    `d%2F${'x'.repeat(254)}`,
    `d%2F${'%C3%A9'.repeat(127)}`,
    'd%2F%FF',
    'd%2F%ED%A0%80',
    'd%2F%',
    'd%2F%zz',
    '%',
    `d%2F${'x'.repeat(20_000)}`,
  ])('%j is none: 400, and nobody is asked', async (path) => {
    const source = saying({})
    const response = await openClient({ source }).request(`/proof/${path}`)
    expect(response.status).toBe(400)
    expect(json(response)).toEqual({ error: expect.stringMatching(/^Invalid name: [^\n]{10,120}$/) })
    expect(header(response, 'cache-control')).toBe('no-store')
    expect(source.asked).toEqual([])
  })

  test('a text of any characters is a key or none, and never an error', () => {
    for (let code = 0; code < 0x300; code++) {
      const character = String.fromCharCode(code)
      for (const text of [
        `${character}.bit`,
        `x${character}.bit`,
        `d/${character}`,
        `${character}/x`,
        character,
      ]) {
        expect(keyOf(text)).toSatisfy((key) => key === undefined || /^[a-z]+\/./s.test(key))
      }
    }
  })
})

describe('bounds', () => {
  /** A gateway whose source never answers, or gives up when told. */
  function hanging(options: TestGatewayOptions['runtime'] = {}) {
    const asked: string[] = []
    let obedient = true
    const source: NameSource = {
      ...saying({}),
      prove(key, signal) {
        asked.push(key)
        return new Promise((resolve) => {
          const answer = () =>
            resolve({ key, outcome: 'unreachable', code: 'timeout', detail: 'late', backend: 'electrum' })
          if (obedient) signal.addEventListener('abort', answer)
        })
      },
    }
    const gateway = openGateway({ source, runtime: options })
    const client = clientOf((request) => gateway.app.fetch(request), {
      asked: async () => [],
      close: async () => {},
    })
    return { ...gateway, asked, client, disobey: () => (obedient = false) }
  }

  test(`at most ${MAX_PROOFS} are under way; one more is told to come back`, async () => {
    const { client, clock, asked } = hanging()
    const first = Array.from({ length: MAX_PROOFS }, (_, at) => client.request(`/proof/name${at}.bit`))
    await settled()
    const busy = await client.request('/proof/one-more.bit')
    expect(busy.status).toBe(503)
    expect(Number(header(busy, 'retry-after'))).toBeGreaterThan(0)
    expect(json(busy)).toEqual({ error: expect.any(String) })
    clock.advance(PROOF_TIMEOUT_MS)
    for (const response of await Promise.all(first)) expect(response.status).toBe(503)
    const later = client.request('/proof/one-more.bit')
    await settled()
    expect(asked).toHaveLength(MAX_PROOFS + 1)
    clock.advance(PROOF_TIMEOUT_MS)
    expect(json(await later)).toMatchObject({ outcome: 'unreachable', code: 'timeout' })
  })

  test('a name that is being proven is proven once', async () => {
    const { client, clock, asked } = hanging()
    const all = ['same.bit', 'www.same.bit', 'd%2Fsame'].map((name) => client.request(`/proof/${name}`))
    await settled()
    expect(asked).toEqual(['d/same'])
    clock.advance(PROOF_TIMEOUT_MS)
    const names = (await Promise.all(all)).map((response) => json(response).name)
    expect(names).toEqual(['same.bit', 'www.same.bit', 'd/same'])
  })

  test('places of proofs that will never end are free again', async () => {
    const { client, clock, asked, disobey } = hanging({ flights: ownFlights })
    disobey()
    for (let at = 0; at < MAX_PROOFS; at++) void client.request('/proof/same.bit')
    await settled()
    expect((await client.request('/proof/same.bit')).status).toBe(503)
    clock.advance(2 * PROOF_TIMEOUT_MS)
    void client.request('/proof/same.bit')
    await settled()
    expect(asked).toHaveLength(MAX_PROOFS + 1)
  })
})

test('no name is logged, whatever happens', async () => {
  const lines: unknown[] = []
  const record = (...all: unknown[]) => void lines.push(all)
  const log: Log = { info: record, warn: record, error: record }
  const broken: NameSource = {
    ...saying({}),
    prove: (key) => Promise.reject(new Error(`a fault about ${key}`)),
  }
  const { app } = openGateway({ source: broken, runtime: { log } })
  const response = await app.fetch(new Request('https://gateway.example/proof/quokka.bit'))
  expect([response.status, await response.text()]).toEqual([500, 'internal error\n'])
  expect(lines).toHaveLength(1)
  expect(JSON.stringify(lines)).not.toContain('quokka')
})

test('/readyz says how far the tip is proven', async () => {
  const response = await openClient({ source: saying({}) }).request('/readyz')
  expect(json(response)).toEqual({ ready: true, height: 7, assurance: 'attested', version })
})
