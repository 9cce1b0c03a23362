import { describe, expect, test } from 'vitest'
import { buildQuery } from '../../src/dns/build-query.ts'
import { extendedErrors, messageRcode, readMessage } from '../../src/dns/message.ts'
import { Flag, Rcode } from '../../src/dns/protocol.ts'
import { elsewhere } from '../../src/namecoin/elsewhere.ts'
import type { NameSource } from '../../src/namecoin/source.ts'
import { failed, type UpstreamTransport } from '../../src/upstream/transport.ts'
import { answerUpstream } from '../servers/upstream.ts'
import { givenNames, openGateway, type TestGateway } from './gateway.ts'

const HONEST = {
  'd/two': { ip: ['203.0.113.1', '203.0.113.2'] },
  'd/home': { ip: ['203.0.113.1', '192.168.1.1'] },
  'd/away': { alias: 'three.example.' },
}
const LYING = { 'd/two': { ip: ['203.0.113.1', '203.0.113.66'] } }

/** A source that cannot be asked. */
const broken: NameSource = {
  ...elsewhere,
  lookup: async () => ({ kind: 'unreachable', code: 'syncing', detail: '' }),
  name: 'broken',
}

const UPSTREAM = 'https://upstream.example/dns-query'
function upstreamReply(query: Uint8Array): Uint8Array {
  const reply = answerUpstream(query)
  if (reply === 'hangs') throw new Error('it hangs')
  return reply.body
}

const urlOf = (letter: string) => `https://${letter}.example/dns-query`

/** A gateway in front of these, which are real ones. */
function front(
  remotes: Record<string, TestGateway>,
  settings: { agree?: number; privateAnswers?: 'strip' } = {},
) {
  const asked: string[] = []
  const transport: UpstreamTransport = {
    async exchange({ url }, message) {
      const remote = Object.entries(remotes).find(([letter]) => url === urlOf(letter))?.[1]
      asked.push(url)
      if (url === UPSTREAM) return { kind: 'reply', message: upstreamReply(message) }
      if (remote === undefined) return failed('network', 'ECONNREFUSED')
      const result = await remote.exchange(message)
      return result.kind === 'answer'
        ? { kind: 'reply', message: Uint8Array.from(result.body) }
        : failed('protocol', 'HTTP 400')
    },
  }
  const gateway = openGateway({
    source: elsewhere,
    settings: { gateway: Object.keys(remotes).map(urlOf), ...settings },
    runtime: { transport },
  })
  return { gateway, asked }
}

async function resolve(gateway: TestGateway, name: string) {
  const query = buildQuery({ name: name.split('.'), type: 1, dnssecOk: true, checkingDisabled: false })
  const result = await gateway.exchange(query)
  if (result.kind !== 'answer') throw new Error(result.reason)
  const message = readMessage(result.body)!
  return {
    rcode: messageRcode(message),
    flags: message.flags,
    addresses: message.answer.filter(({ type }) => type === 1).map(({ data }) => data.join('.')),
    errors: extendedErrors(message).map(({ text }) => text),
  }
}

const honest = () => openGateway({ source: givenNames(HONEST) })
const lying = () => openGateway({ source: givenNames(LYING) })

describe('a gateway in front of gateways', () => {
  test('passes on what one of them says, in an order of its own', async () => {
    const { gateway, asked } = front({ a: honest(), b: honest() })
    const orders = new Set<string>()
    for (let time = 0; time < 40; time++) orders.add((await resolve(gateway, 'two.bit')).addresses.join())
    expect(orders).toEqual(new Set(['203.0.113.1,203.0.113.2', '203.0.113.2,203.0.113.1']))
    expect(asked).toEqual([urlOf('a')])
  })

  test('says NXDOMAIN where they do, with AD and AA off', async () => {
    const { gateway } = front({ a: honest() })
    const { rcode, flags } = await resolve(gateway, 'nothing.bit')
    expect(rcode).toBe(Rcode.NXDOMAIN)
    expect(flags & (Flag.AD | Flag.AA)).toBe(0)
  })

  test('AD is off whatever they say', async () => {
    const remote = honest()
    const { gateway } = front({
      a: {
        ...remote,
        exchange: Object.assign(
          async (message: Uint8Array) => {
            const result = await remote.exchange(message)
            if (result.kind === 'answer') result.body[3]! |= Flag.AD
            return result
          },
          { atOnce: () => undefined },
        ),
      },
    })
    expect((await resolve(gateway, 'two.bit')).flags & Flag.AD).toBe(0)
  })

  test('their Extended DNS Errors ride along', async () => {
    const { gateway } = front({ a: openGateway({ source: broken }) })
    const { rcode, errors } = await resolve(gateway, 'two.bit')
    expect(rcode).toBe(Rcode.SERVFAIL)
    expect(errors).toEqual(['the Namecoin backend is still downloading the chain'])
  })

  test('one that cannot answer is passed over', async () => {
    const { gateway, asked } = front({ a: openGateway({ source: broken }), b: honest() })
    expect((await resolve(gateway, 'two.bit')).addresses).toHaveLength(2)
    expect(asked).toEqual([urlOf('a'), urlOf('b')])
  })

  test('with two that must agree a liar is not believed: SERVFAIL, and why', async () => {
    const { gateway } = front({ a: lying(), b: honest() }, { agree: 2 })
    expect(await resolve(gateway, 'two.bit')).toMatchObject({
      rcode: Rcode.SERVFAIL,
      addresses: [],
      errors: ['too few gateways say the same'],
    })
    const three = front({ a: lying(), b: honest(), c: honest() }, { agree: 2 })
    expect((await resolve(three.gateway, 'two.bit')).addresses.toSorted()).toEqual([
      '203.0.113.1',
      '203.0.113.2',
    ])
  })

  test('private addresses are left out here, too, if they are to be', async () => {
    const { gateway } = front({ a: honest() }, { privateAnswers: 'strip' })
    expect(await resolve(gateway, 'home.bit')).toMatchObject({
      addresses: ['203.0.113.1'],
      errors: ['private addresses are left out here'],
    })
    expect((await resolve(gateway, 'two.bit')).addresses).toHaveLength(2)
  })

  test('names outside .bit go to the upstream, and never to them', async () => {
    const { gateway, asked } = front({ a: honest() })
    await resolve(gateway, 'three.example')
    expect(asked).toEqual([UPSTREAM])
  })

  test('an alias out of .bit is followed by them', async () => {
    const { gateway, asked } = front({ a: honest() })
    expect((await resolve(gateway, 'away.bit')).addresses).toHaveLength(3)
    expect(asked).toEqual([urlOf('a')])
  })

  test('is ready until none of them answers; it has no proofs of its own', async () => {
    const remotes: Record<string, TestGateway> = { a: honest() }
    const { gateway } = front(remotes)
    const get = async (path: string) =>
      (await gateway.app.fetch(new Request(`https://gateway.example${path}`))).status
    expect(await get('/readyz')).toBe(200)
    expect(await get('/proof/two.bit')).toBe(503)
    delete remotes['a']
    const questions = ['one.bit', 'two.bit', 'three.bit'].map((name) => resolve(gateway, name))
    for (let time = 0; time < 20; time++) {
      await new Promise((resolve) => setTimeout(resolve, 0))
      gateway.clock.advance(500)
    }
    await Promise.all(questions)
    expect(await get('/readyz')).toBe(503)
  })
})
