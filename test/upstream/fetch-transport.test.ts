import { describe, expect, test } from 'vitest'
import { readUpstream } from '../../src/upstream/address.ts'
import { fetchTransport } from '../../src/upstream/fetch-transport.ts'
import { answer } from '../dns/messages.ts'
import { never } from '../namecoin/clock.ts'

const upstream = readUpstream('https://dns.example/dns-query')
const good = answer({})
const exchange = (fetch: Parameters<typeof fetchTransport>[0], signal = never) =>
  fetchTransport(fetch).exchange(upstream, Uint8Array.of(1), signal)
const responding = (body: Uint8Array<ArrayBuffer>, status = 200, type = 'application/dns-message') =>
  exchange(async () => new Response(body, { status, headers: { 'content-type': type } }))

describe('a DoH server asked with fetch', () => {
  test('gets a POST (RFC 8484 §4.1), and no redirect of its is followed', async () => {
    const asked: unknown[] = []
    const reply = await exchange(async (url, { method, redirect }) => {
      asked.push([url, method, redirect])
      return new Response(Uint8Array.from(good), {
        headers: { 'content-type': 'Application/DNS-Message; x=y' },
      })
    })
    expect(asked).toEqual([['https://dns.example/dns-query', 'POST', 'manual']])
    expect(reply.kind === 'reply' && [...reply.message]).toEqual([...good])
  })
  test.each([
    ['another status', () => responding(Uint8Array.from(good), 500), 'HTTP 500'],
    ['another media type', () => responding(Uint8Array.from(good), 200, 'text/html'), 'another media type'],
    ['more than a DNS message can be', () => responding(new Uint8Array(65_536)), 'longer'],
  ])('%s is no reply', async (_what, asked, detail) => {
    expect(await asked()).toMatchObject({
      kind: 'failed',
      code: 'protocol',
      detail: expect.stringContaining(detail),
    })
  })
  test('no response is a failure of the network; no longer waited for, a timeout', async () => {
    const failing = () => Promise.reject(new TypeError('fetch failed: secret.example'))
    expect(await exchange(failing)).toEqual({ kind: 'failed', code: 'network', detail: 'connection failed' })
    expect(await exchange(failing, AbortSignal.abort())).toMatchObject({ code: 'timeout' })
  })
})
