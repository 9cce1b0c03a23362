import { describe, expect, test } from 'vitest'
import type { NameOutcome, NameSource } from '../../src/namecoin/source.ts'
import { clientOf, openGateway } from './gateway.ts'

/** A gateway whose every name has this outcome, as JSON in both dialects. */
function saying(outcome: NameOutcome) {
  const source: NameSource = {
    name: 'electrum',
    lookup: async () => outcome,
    tip: () => ({ epoch: 'e', height: 7, assurance: 'proven' }),
    state: async () => ({ kind: 'ready', tip: { epoch: 'e' } }),
    close: () => {},
  }
  const { app } = openGateway({ source })
  const client = clientOf((request) => app.fetch(request), { asked: async () => [], close: async () => {} })
  const json = async (path: string, accept: string) => {
    const { body } = await client.request(`${path}?name=example.bit`, { headers: { accept } })
    return JSON.parse(Buffer.from(body).toString()) as { Status: number; Comment?: string | string[] }
  }
  return {
    google: () => json('/resolve', '*/*'),
    cloudflare: () => json('/dns-query', 'application/dns-json'),
  }
}

const found = { kind: 'found', value: new TextEncoder().encode('{"ip":"192.0.2.1"}') } as const

describe('what a light client says of its answers reaches whoever reads JSON', () => {
  test.each<[NameOutcome, number, string]>([
    [{ ...found, caveat: 'attested' }, 0, 'height and expiry are attested by two operators'],
    [{ kind: 'absent', caveat: 'attested' }, 3, 'height and expiry are attested by two operators'],
    [{ kind: 'absent', caveat: 'one-operator' }, 3, 'the word of one operator'],
    [{ ...found, caveat: 'newer-waits' }, 0, 'a newer value waits'],
  ])('%o', async (outcome, status, words) => {
    const { google, cloudflare } = saying(outcome)
    expect(await google()).toMatchObject({ Status: status, Comment: expect.stringContaining(words) })
    expect(await cloudflare()).toMatchObject({ Status: status, Comment: [expect.stringContaining(words)] })
  })

  test('nothing is said of an answer that is proven, or from a backend that is believed', async () => {
    const { google, cloudflare } = saying(found)
    expect(await google()).not.toHaveProperty('Comment')
    expect(await cloudflare()).not.toHaveProperty('Comment')
  })
})
