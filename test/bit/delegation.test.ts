import { describe, expect, test } from 'vitest'
import type { Delegation } from '../../src/bit/lookup.ts'
import { nameToText } from '../../src/dns/name.ts'
import { among, ask, DOWN, example, recordTexts } from './ask.ts'

const A = '192.0.2.1'

async function delegation(value: unknown, name = 'example.bit', type: 'A' | 'NS' | 'ANY' = 'A') {
  const { answer } = await ask({ 'd/example': value }, name, type)
  expect(answer.kind).toBe('delegation')
  const { zone, servers, serverAddresses, undottedServers, ds, glue } = answer as Delegation
  return {
    zone: nameToText(zone),
    servers: servers.map(nameToText),
    serverAddresses,
    undottedServers: undottedServers.map(nameToText),
    ds: ds && recordTexts(ds),
    glue: recordTexts(glue),
  }
}

describe('ns (ifa-0001)', () => {
  test('the example of ifa-0001: glue for the servers named, and for no others', async () =>
    expect(
      await delegation({
        ns: ['ns1', 'ns2'],
        ds: [[1, 8, 2, 'AAAA']],
        map: {
          ns1: { ip: ['192.0.2.1'], ip6: ['::beef'] },
          ns2: { ip: ['192.0.2.2'], ip6: ['::cafe'] },
          ns3: { ip: ['192.0.2.3'], ip6: ['::1234'] },
        },
      }),
    ).toEqual({
      zone: 'example.bit.',
      servers: ['ns1.example.bit.', 'ns2.example.bit.'],
      serverAddresses: [],
      undottedServers: [],
      ds: ['example.bit. DS 1 8 2 000000'],
      glue: [
        'ns1.example.bit. A 192.0.2.1',
        'ns1.example.bit. AAAA ::beef',
        'ns2.example.bit. A 192.0.2.2',
        'ns2.example.bit. AAAA ::cafe',
      ],
    }))
  test('at and below it every type is with the servers, addresses of the same value too', async () => {
    const value = { ns: 'ns.example.com.', ip: A, alias: 'a.', translate: 'b.', map: { www: A } }
    for (const type of ['A', 'NS', 'CNAME', 'SOA', 'ANY', 65280] as const) {
      expect(await example(value, 'example.bit', type)).toBe('delegation example.bit.')
      expect(await example(value, 'www.example.bit', type)).toBe('delegation example.bit.')
    }
    expect(await example(value, 'not.there.example.bit')).toBe('delegation example.bit.')
  })
  test.each([
    [{}, undefined],
    ['x', undefined],
    [1, undefined],
    [[[]], undefined],
    [[[12345, 8, 2]], undefined],
    [[[70_000, 8, 2, 'AAAA']], undefined],
    [[[12345, 8, 2, 'not base64 !!']], undefined],
    [null, []],
    [[], []],
    [['x', [1, 8, 2, 'AAAA']], ['example.bit. DS 1 8 2 000000']],
  ])('ds %j: unreadable is unknown, not none; one that can be read counts', async (ds, expected) =>
    expect((await delegation({ ns: 'a.', ds })).ds).toEqual(expected),
  )

  test('DS at the cut is answered here, DS below it is not', async () => {
    const value = {
      ns: 'ns.example.com.',
      ds: [[1, 8, 2, 'AAAA']],
      map: { sub: { ns: 'x.', ds: [[2, 8, 2, 'AAAA']] } },
    }
    expect(await example(value, 'example.bit', 'DS')).toEqual(['1 8 2 000000'])
    expect(await example({ ns: 'a.' }, 'example.bit', 'DS')).toBe('nodata')
    expect(await example(value, 'sub.example.bit', 'DS')).toBe('delegation example.bit.')
    expect(
      await example({ map: { sub: { ns: 'a.', ds: [[1, 8, 2, 'AAAA']] } } }, 'sub.example.bit', 'DS'),
    ).toEqual(['1 8 2 000000'])
  })
  test.each([
    [[]],
    [null],
    ['ns$1'],
    [{}],
    [5],
    [''.padEnd(300, 'a')],
    ['ns1.a. ns2.a.'],
    ['.'],
    [[null, 5, 'x y']],
  ])('%j delegates nothing and suppresses nothing', async (ns) =>
    expect(await example({ ns, ip: A }, 'example.bit')).toEqual([A]),
  )
  test('one valid entry delegates; each server once', async () =>
    expect((await delegation({ ns: ['ns$1', 5, 'NS.Example.COM.', 'ns.example.com.'] })).servers).toEqual([
      'ns.example.com.',
    ]))
  test('a relative server is relative to the parent object, "@" to the domain', async () =>
    expect(
      await delegation(
        { map: { sub: { ns: ['ns1', 'ns2.sub', 'ns.@'], map: { ns2: { ip: A } } } } },
        'x.sub.example.bit',
      ),
    ).toMatchObject({
      zone: 'sub.example.bit.',
      servers: ['ns1.example.bit.', 'ns2.sub.example.bit.', 'ns.example.bit.'],
      glue: ['ns2.sub.example.bit. A 192.0.2.1'],
    }))
  test('an IP literal is an address to ask, never a name', async () => {
    expect(await delegation({ ns: ['192.0.2.53', '2001:db8::53', 'ns.example.com.'] })).toMatchObject({
      servers: ['ns.example.com.'],
      serverAddresses: ['192.0.2.53', '2001:db8::53'],
    })
    expect(await delegation({ ns: '192.0.2.53' })).toMatchObject({
      servers: [],
      serverAddresses: ['192.0.2.53'],
      glue: [],
    })
  })
  test('glue is not suppressed, not taken from wildcards, and not from bad addresses', async () =>
    expect(
      (
        await delegation({
          ns: ['ns1', 'ns2', '@'],
          ip: A,
          map: { ns1: { ip: ['x', '192.0.2.1'], alias: 'a.', ns: 'b.' }, '*': { ip: '192.0.2.9' } },
        })
      ).glue,
    ).toEqual(['ns1.example.bit. A 192.0.2.1', 'example.bit. A 192.0.2.1']))
  test('names without the final dot, as older specifications had them, are told apart', async () => {
    expect(await delegation({ ns: ['ns1.host.net', 'ns2.host.net', 'ns1', 'x.@'] })).toMatchObject({
      servers: [
        'ns1.host.net.example.bit.',
        'ns2.host.net.example.bit.',
        'ns1.example.bit.',
        'x.example.bit.',
      ],
      undottedServers: ['ns1.host.net.', 'ns2.host.net.'],
    })
    expect((await delegation({ ns: ['ns1.host.net', 'ns1'], map: { ns1: A } })).undottedServers).toEqual([])
    expect((await delegation({ ns: ['ns1.host.net.'] })).undottedServers).toEqual([])
  })
})

describe('dns, another spelling of ns (ifa-0001)', () => {
  test('wins over ns; [] too; null does not', async () => {
    expect((await delegation({ ns: 'a.', dns: 'b.' })).servers).toEqual(['b.'])
    expect(await example({ ns: 'a.', dns: [], ip: A }, 'example.bit')).toEqual([A])
    expect((await delegation({ ns: 'a.', dns: null })).servers).toEqual(['a.'])
  })
  test('of different layers the upper one wins, whatever the spelling', async () => {
    const { answer } = await ask(
      { 'd/example': { ns: 'own.', import: 'dd/a' }, 'dd/a': { dns: 'imported.' } },
      'example.bit',
    )
    expect(answer).toMatchObject({ kind: 'delegation', servers: [['own']] })
    expect(
      await among(
        { 'd/example': { ns: null, ip: A, import: 'dd/a' }, 'dd/a': { dns: 'imported.' } },
        'example.bit',
      ),
    ).toEqual([A])
  })
})

describe('suppression (ifa-0001, Item Suppression Rules)', () => {
  test('nameservers above a DNAME, a DNAME above nameservers: the upper one ends the walk', async () => {
    expect(await example({ ns: 'a.', map: { x: { translate: 'b.' } } }, 'y.x.example.bit')).toBe(
      'delegation example.bit.',
    )
    expect(
      await example({ map: { x: { translate: 'b.', map: { y: { ns: 'a.' } } } } }, 'y.x.example.bit'),
    ).toMatch(/^alias/)
  })
  test('an imported ns suppresses, an occluded one does not', async () => {
    expect(await among({ 'd/example': { ip: A, import: 'dd/a' }, 'dd/a': { ns: 'a.' } }, 'example.bit')).toBe(
      'delegation example.bit.',
    )
    expect(
      await among({ 'd/example': { ip: A, ns: [], import: 'dd/a' }, 'dd/a': { ns: 'a.' } }, 'example.bit'),
    ).toEqual([A])
  })
})

describe('a delegation of which something cannot be found out', () => {
  const delegated = async (value: object) => {
    const { answer } = await ask({ 'd/example': value, 'dd/down': DOWN }, 'www.example.bit')
    expect(answer.kind).toBe('delegation')
    return answer as Delegation
  }
  test('glue that cannot be had is left out, and the rest of it stays', async () => {
    const { servers, glue } = await delegated({
      ns: ['ns1.@', 'ns2.@', 'ns3.@'],
      map: { ns1: { ip: A, import: 'dd/down' }, ns2: { import: 'dd/down' }, ns3: A },
    })
    expect(servers).toHaveLength(3)
    expect(recordTexts(glue)).toEqual(['ns1.example.bit. A 192.0.2.1', 'ns3.example.bit. A 192.0.2.1'])
  })
  test('names are not taken for undotted ones while their place is unknown', async () => {
    const value = { ns: ['ns1.host.net'], import: 'dd/down', ds: [] }
    expect((await delegated(value)).undottedServers).toEqual([])
    // The place was looked for once: what is left of it must not pass for all of it.
    expect((await delegated({ ...value, ns: ['ns1.host.net', '@'] })).glue).toEqual([])
  })
  test('DS that may be there is not said to be missing', async () => {
    const value = { ns: ['ns.example.com.'], import: 'dd/down' }
    expect((await delegated(value)).ds).toBeUndefined()
    const { answer } = await ask({ 'd/example': value, 'dd/down': DOWN }, 'example.bit', 'DS')
    expect(answer).toEqual({ kind: 'unreachable', namecoinName: 'dd/down' })
  })
  test('a hundred servers whose places cost too much', async () => {
    const ns = Array.from({ length: 100 }, (_, i) => `ns${i}`)
    const places = { map: { '': { import: ['dd/a', 'dd/b', 'dd/c'] } }, import: ['dd/a', 'dd/b'] }
    expect(
      await among({ 'd/example': { ns, ...places }, 'dd/a': {}, 'dd/b': {}, 'dd/c': {} }, 'www.example.bit'),
    ).toBe('delegation example.bit.')
  })
})
