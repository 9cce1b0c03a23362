import { describe, expect, test } from 'vitest'
import { addressBlock } from '../../src/addresses.ts'
import { MAX_FETCHES } from '../../src/bit/read.ts'
import type { ServerExchange } from '../../src/delegation/exchange.ts'
import { buildQuery } from '../../src/dns/build-query.ts'
import { readMessage } from '../../src/dns/message.ts'
import { Flag, Rcode, Type } from '../../src/dns/protocol.ts'
import type { NameSource } from '../../src/namecoin/source.ts'
import type { UpstreamTransport } from '../../src/upstream/transport.ts'
import { type Asked, authority, type Behaviour, rr, toWire } from '../delegation/nameservers.ts'
import { name } from '../dns/messages.ts'
import { namesWorld, readAnswer, world } from './world.ts'

/** Nameservers in memory behind a whole gateway, at an address that may be asked. */
const AT = '9.0.0.1'

function exchange(behaviour: Behaviour): { exchange: ServerExchange; asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    exchange: {
      async tcp(address, port, query) {
        const message = readMessage(query)!
        asked.push(`${address}:${port} ${message.question!.name.join('.')}`)
        const one = { address, transport: 'tcp', message, name: '', type: '' } as const
        const reply = behaviour(one)
        if (typeof reply === 'string' || Array.isArray(reply)) throw new Error('not here')
        return reply instanceof Uint8Array ? reply : toWire(one, reply as object)
      },
    },
  }
}

const delegated = { ns: 'ns', map: { ns: { ip: AT } } }
const zone = authority(
  'a.bit',
  rr('a.bit', 'A', '192.0.2.1', 86_400),
  rr('private.a.bit', 'A', '10.0.0.1'),
  rr('private.a.bit', 'A', '192.0.2.2'),
  rr('onlyprivate.a.bit', 'A', '10.0.0.1'),
  rr('tob.a.bit', 'CNAME', 'b.bit'),
  rr('longtob.a.bit', 'CNAME', 'b.bit', 2_000_000),
  rr('longtolocal.a.bit', 'CNAME', 'localhost', 2_000_000),
  rr('loop.a.bit', 'CNAME', 'c.bit'),
  rr('tolocal.a.bit', 'CNAME', 'localhost'),
)

const names = { 'd/a': delegated, 'd/b': { ip: '192.0.2.9' }, 'd/c': { alias: 'loop.a.bit.' } }
const gateway = (options: Parameters<typeof namesWorld>[1] = {}) => {
  const servers = exchange(zone)
  return {
    ...namesWorld(names, { ...options, runtime: { exchange: servers.exchange } }),
    asked: servers.asked,
  }
}

describe('a name with its own nameservers', () => {
  test('is answered from them at port 53: not authoritative, kept for a block at most, from the cache then', async () => {
    const { ask, clock, asked } = gateway()
    expect(await ask('a.bit')).toMatchObject({
      rcode: 'NOERROR',
      flags: [],
      answer: ['a.bit. 600 A 192.0.2.1'],
    })
    expect(asked).toEqual([`${AT}:53 a.bit`])
    clock.advance(10_000)
    expect((await ask('a.bit')).answer).toEqual(['a.bit. 590 A 192.0.2.1'])
    expect(asked).toHaveLength(1)
  })

  test('its answers last no longer than the name', async () => {
    const source: NameSource = {
      name: 'test',
      lookup: async () => ({
        kind: 'found',
        value: new TextEncoder().encode(JSON.stringify(delegated)),
        expiresIn: 0.1,
      }),
      tip: () => ({ epoch: '1', height: 9 }),
      state: async () => ({ kind: 'ready', tip: { epoch: '1' } }),
      close: () => {},
    }
    const { ask } = world({ source, runtime: { exchange: exchange(zone).exchange } })
    expect((await ask('a.bit')).answer).toEqual(['a.bit. 60 A 192.0.2.1'])
    expect((await ask('no.a.bit')).authority).toEqual([expect.stringMatching(/^a\.bit\. 60 SOA /)])
  })

  test('its NXDOMAIN and NODATA are passed on with its SOA', async () => {
    const { ask } = gateway()
    const soa = [expect.stringMatching(/^a\.bit\. 60 SOA /)]
    expect(await ask('no.a.bit')).toMatchObject({ rcode: 'NXDOMAIN', flags: [], authority: soa })
    expect(await ask('a.bit', 'AAAA')).toMatchObject({ rcode: 'NOERROR', answer: [], authority: soa })
  })

  test('its aliases to other names of .bit go on here; no AA, for the first of them is not ours', async () => {
    expect(await gateway().ask('tob.a.bit')).toMatchObject({
      flags: [],
      answer: ['tob.a.bit. 300 CNAME b.bit.', 'b.bit. 600 A 192.0.2.9'],
    })
    expect(await gateway().ask('tolocal.a.bit')).toMatchObject({
      flags: [],
      answer: ['tolocal.a.bit. 300 CNAME localhost.', 'localhost. 3600 A 127.0.0.1'],
    })
  })

  test('its aliases are kept for a block at most, wherever they lead', async () => {
    expect((await gateway().ask('longtob.a.bit')).answer[0]).toBe('longtob.a.bit. 600 CNAME b.bit.')
    expect((await gateway().ask('longtolocal.a.bit')).answer[0]).toBe(
      'longtolocal.a.bit. 600 CNAME localhost.',
    )
  })

  test('a server’s address that is known is asked, whether or not another type of it can be had', async () => {
    const servers = exchange(authority('a.bit', rr('a.bit', 'A', '192.0.2.1')))
    const transport: UpstreamTransport = {
      exchange(_upstream, query) {
        const message = readMessage(query)!
        if (message.question!.type === Type.AAAA) return new Promise(() => {})
        const reply = toWire({ message } as Asked, { answer: [rr('ns.host.net', 'A', AT)] })
        return Promise.resolve({ kind: 'reply', message: reply })
      },
    }
    // The clock stands still: nothing here waits for a limit.
    const { ask } = namesWorld(
      { 'd/a': { ns: 'ns.host.net.' } },
      { transport, runtime: { exchange: servers.exchange } },
    )
    expect((await ask('a.bit')).answer).toEqual(['a.bit. 300 A 192.0.2.1'])
  })

  test('the names of its servers take the values they lead to from its own budget', async () => {
    const parties = [0, 1, 2, 3]
    const values: Record<string, unknown> = { 'd/a': { ns: parties.map((party) => `ns.p${party}.bit.`) } }
    for (const party of parties) {
      values[`d/p${party}`] = { map: { ns: { alias: `ns.q${party}x0.bit.` } } }
      for (let step = 0; step < 10; step++)
        values[`d/q${party}x${step}`] = { map: { ns: { alias: `ns.q${party}x${step + 1}.bit.` } } }
    }
    const fetched = new Set<string>()
    const source: NameSource = {
      name: 'test',
      lookup: async (key) => {
        fetched.add(key)
        return { kind: 'found', value: new TextEncoder().encode(JSON.stringify(values[key] ?? {})) }
      },
      tip: () => ({ epoch: '1', height: 9 }),
      state: async () => ({ kind: 'ready', tip: { epoch: '1' } }),
      close: () => {},
    }
    expect((await world({ source }).ask('www.a.bit')).rcode).toBe('SERVFAIL')
    expect(fetched.size).toBe(MAX_FETCHES)
  })

  test('with a ds that cannot be read it is not taken for unsigned', async () => {
    const servers = exchange(zone)
    const { ask } = namesWorld(
      { 'd/a': { ...delegated, ds: [[12345, 8, 2]] }, 'd/b': { ...delegated, ds: [] } },
      { runtime: { exchange: servers.exchange } },
    )
    expect((await ask('a.bit')).rcode).toBe('SERVFAIL')
    expect(servers.asked).toEqual([])
    await ask('b.bit')
    expect(servers.asked).not.toEqual([])
  })

  test('in a circle with a value: SERVFAIL', async () => {
    expect(await gateway().ask('loop.a.bit')).toMatchObject({
      rcode: 'SERVFAIL',
      errors: [{ code: 24, text: expect.stringContaining('leads back') }],
    })
  })

  test('ANY is answered without asking (RFC 8482)', async () => {
    const { ask, asked } = gateway()
    expect((await ask('x.a.bit', 'ANY')).answer).toEqual(['x.a.bit. 600 HINFO "RFC8482" ""'])
    expect(asked).toEqual([])
  })

  test('with private-answers strip its private addresses are left out', async () => {
    const { ask } = gateway({ privateAnswers: 'strip' })
    expect(await ask('private.a.bit')).toMatchObject({
      answer: ['private.a.bit. 300 A 192.0.2.2'],
      errors: [{ code: 17 }],
    })
    expect(await ask('onlyprivate.a.bit')).toMatchObject({
      rcode: 'NOERROR',
      answer: [],
      authority: [expect.stringMatching(/^bit\. \d+ SOA /)],
      errors: [{ code: 17 }],
    })
  })

  test('a server with a private address by the name of another value is not hidden by strip, and asked where allowed', async () => {
    const servers = exchange(zone)
    const { ask } = namesWorld(
      { 'd/a': { ns: 'ns.home.bit.' }, 'd/home': { map: { ns: { ip: '192.168.0.1' } } } },
      {
        privateAnswers: 'strip',
        allowPrivate: [addressBlock('192.168.0.0/24')!],
        runtime: { exchange: servers.exchange },
      },
    )
    expect((await ask('a.bit')).answer).toEqual(['a.bit. 600 A 192.0.2.1'])
    expect(servers.asked).toEqual(['192.168.0.1:53 a.bit'])
  })

  test('signatures go to those who ask for them only', async () => {
    const signature = {
      name: name('a.bit'),
      type: 46,
      ttl: 300,
      data: Uint8Array.of(
        0,
        1,
        13,
        2,
        0,
        0,
        1,
        44,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        1,
        1,
        97,
        3,
        98,
        105,
        116,
        0,
        1,
      ),
    }
    const servers = exchange(() => ({ answer: [rr('a.bit', 'A', '192.0.2.1'), signature] }))
    const { ask, askWire } = namesWorld(names, { runtime: { exchange: servers.exchange } })
    expect((await ask('a.bit')).answer).toEqual(['a.bit. 300 A 192.0.2.1'])
    expect((await ask('a.bit', 'RRSIG')).answer).toEqual([expect.stringMatching(/^a\.bit\. 300 RRSIG A /)])
    const query = buildQuery({ name: name('a.bit'), type: 1, dnssecOk: true, checkingDisabled: false })
    expect(readAnswer(await askWire(query)).answer).toHaveLength(2)
  })

  test('servers whose names lead to each other: SERVFAIL, and soon', async () => {
    const { ask } = namesWorld({ 'd/a': { ns: 'ns.b.bit.' }, 'd/b': { ns: 'ns.a.bit.' } })
    expect(await ask('www.a.bit')).toMatchObject({
      rcode: 'SERVFAIL',
      errors: [{ code: 22, text: expect.stringContaining('no address') }],
    })
  })

  test('a source that fails while a server’s name is looked up: SERVFAIL, not NXDOMAIN', async () => {
    const value = new TextEncoder().encode('{"ns":"ns.b.bit."}')
    const source: NameSource = {
      name: 'test',
      lookup: async (key) => {
        if (key === 'd/a') return { kind: 'found', value }
        throw new Error('bug')
      },
      tip: () => ({ epoch: '1', height: 9 }),
      state: async () => ({ kind: 'ready', tip: { epoch: '1' } }),
      close: () => {},
    }
    expect((await world({ source }).ask('a.bit')).rcode).toBe('SERVFAIL')
  })

  test('what an own nameserver says does not set AD or AA', async () => {
    const servers = exchange(({ message }) => {
      const one = { address: AT, transport: 'tcp', message, name: '', type: '' } as const
      const reply = toWire(one, { rcode: Rcode.NOERROR, answer: [rr('a.bit', 'A', '192.0.2.1')] })
      reply[3]! |= Flag.AD
      return reply
    })
    const { ask } = namesWorld(names, { runtime: { exchange: servers.exchange } })
    expect((await ask('a.bit')).flags).toEqual([])
  })
})
