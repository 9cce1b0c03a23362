import { encode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { among, ask, DOWN, example, recordTexts, short } from './ask.ts'

const A = '192.0.2.1'
const B = '192.0.2.2'

describe('which Namecoin name is asked for (namecoin-values §2.1)', () => {
  test.each([
    '123.bit',
    'foo_bar.bit',
    'a--b.bit',
    '-x.bit',
    'x--nmc.bit',
    'this.x--nmc.bit',
    'www.123.bit',
    `${'a'.repeat(10)}\\..bit`,
  ])('%s does not exist, and nobody is asked', async (name) => {
    const { answer, fetched } = await ask({}, name)
    expect([answer, fetched]).toEqual([{ kind: 'nxdomain', reason: 'invalid-name' }, []])
  })
  test('d/sub.example is never asked for: anybody could own it', async () => {
    const { answer, fetched } = await ask(
      { 'd/example': { ip: A }, 'd/sub.example': { ip: B } },
      'sub.example.bit',
    )
    expect([short(answer), fetched]).toEqual(['nxdomain', ['d/example']])
  })
  test('upper case in the question asks for the lower-case name, and d/EXAMPLE is no domain', async () => {
    const { answer, fetched } = await ask(
      { 'd/example': { map: { www: { ip: A } } }, 'd/EXAMPLE': { ip: B } },
      'WwW.ExAmPlE.BiT',
    )
    expect(fetched).toEqual(['d/example'])
    expect(answer).toMatchObject({
      kind: 'answer',
      records: [{ name: ['www', 'example', 'bit'], type: 1, ttl: 600 }],
    })
  })
  test('A-labels pass as they are', async () =>
    expect(await among({ 'd/xn--bcher-kva': { ip: A } }, 'xn--bcher-kva.bit')).toEqual([A]))
})

describe('what the value is (namecoin-values §2.4)', () => {
  test('never registered or expired: NXDOMAIN', async () =>
    expect((await ask({}, 'example.bit')).answer).toEqual({ kind: 'nxdomain', reason: 'absent' }))
  test('could not be asked for: never NXDOMAIN', async () =>
    expect((await ask({ 'd/example': DOWN }, 'example.bit')).answer).toEqual({
      kind: 'unreachable',
      namecoinName: 'd/example',
    }))
  test.each(['', ' \n', '{}'])('%j is an empty object: NODATA at the name, NXDOMAIN below', async (value) => {
    expect(await example(value, 'example.bit')).toBe('nodata')
    expect(await example(value, 'www.example.bit')).toBe('nxdomain')
  })
  test.each(['hello, not json', '[]', '"x"', '5', 'null'])('%s is invalid', async (value) =>
    expect(await example(value, 'example.bit')).toBe('invalid'),
  )
  test('CBOR', async () => expect(await example(encode({ ip: [A, B] }), 'example.bit')).toEqual([A, B]))
  test('unknown and non-DNS items count for nothing', async () => {
    const value = {
      info: {},
      tor: 'x.onion',
      i2p: 'x',
      freenet: 'x',
      email: 'a@b',
      spf: 'x',
      fingerprint: [],
      nostr: {},
      zeronet: 'x',
      bitcoin: 1,
    }
    expect(await example({ ...value, ip: A }, 'example.bit')).toEqual([A])
    expect(await example(value, 'example.bit', 'TXT')).toBe('nodata')
  })
  test('inherited properties are no items and no labels', async () => {
    for (const label of ['constructor', 'tostring', '__proto__', 'hasownproperty', 'valueof'])
      expect(await example({ map: { www: {} } }, `${label}.example.bit`)).toBe('nxdomain')
    expect(await example('{"map":{"__proto__":{"ip":"192.0.2.1"}}}', '__proto__.example.bit')).toEqual([A])
    expect(await example('{"__proto__":{"ip":"192.0.2.1"}}', 'example.bit')).toBe('nodata')
  })
})

describe('map (ifa-0001)', () => {
  test('names with and without records of the type, and names that are not there', async () => {
    const value = {
      map: { _tcp: { map: { _443: { tls: [[3, 1, 1, 'AAAA']] } } }, empty: {}, bad: { ip: 'x' } },
    }
    expect(await example(value, '_443._tcp.example.bit', 'TLSA')).toEqual(['3 1 1 000000'])
    expect(await example(value, '_tcp.example.bit', 'TLSA')).toBe('nodata')
    expect(await example(value, 'empty.example.bit')).toBe('nodata')
    expect(await example(value, 'bad.example.bit')).toBe('nodata')
    expect(await example(value, 'x.example.bit')).toBe('nxdomain')
    expect(await example(value, 'x.empty.example.bit')).toBe('nxdomain')
  })
  test('a string is an object with that one address; an IPv6 address is none', async () => {
    expect(await example({ map: { www: A } }, 'www.example.bit')).toEqual([A])
    expect(await example({ map: { www: '::1' } }, 'www.example.bit', 'AAAA')).toBe('nodata')
    expect(await example({ map: { www: '::1' } }, 'www.example.bit')).toBe('nodata')
  })
  test.each([[null], [[]], [['192.0.2.1']], [5], [true]])('%j is no subdomain', async (child) => {
    expect(await example({ map: { www: child } }, 'www.example.bit')).toBe('nxdomain')
    expect(await example({ map: { www: child, '*': { ip: B } } }, 'www.example.bit')).toEqual([B])
  })
  test('bad labels are left out', async () => {
    const map = { $: A, 'www*': A, 'a.b': A, '-x': A, 'x-': A, [`${'a'.repeat(64)}`]: A, ok: A }
    for (const name of ['$', 'www*', 'a\\.b', '-x', 'x-'])
      expect(await example({ map }, `${name}.example.bit`)).toBe('nxdomain')
    expect(await example({ map }, 'b.example.bit')).toBe('nxdomain')
    expect(await example({ map }, 'a.b.example.bit')).toBe('nxdomain')
    expect(await example({ map }, 'ok.example.bit')).toEqual([A])
  })
  test('labels in upper case are lowered; of two alike the last one counts', async () => {
    expect(await example({ map: { WWW: A } }, 'www.example.bit')).toEqual([A])
    expect(await example({ map: { www: A, WwW: B } }, 'www.example.bit')).toEqual([B])
  })
  test.each([[[]], ['192.0.2.1'], [5], [null]])('map %j is none', async (map) =>
    expect(await example({ map, ip: A }, 'www.example.bit')).toBe('nxdomain'),
  )
})

describe('aliases (ifa-0001, RFC 1034 §3.6.2)', () => {
  const value = { alias: 'www.example.com.', ip: A, txt: 'x', map: { sub: { ip: B } } }
  test('suppress everything else at their level, and nothing below', async () => {
    for (const type of ['A', 'AAAA', 'TXT', 'MX', 'DS', 'SOA', 'NS', 'DNAME', 65280] as const)
      expect(await example(value, 'example.bit', type)).toBe('alias example.bit. CNAME www.example.com.')
    expect(await example(value, 'sub.example.bit')).toEqual([B])
  })
  test('are the answer to CNAME and ANY', async () => {
    expect(await example(value, 'example.bit', 'CNAME')).toEqual(['www.example.com.'])
    expect(await example(value, 'example.bit', 'ANY')).toEqual(['www.example.com.'])
    const { answer } = await ask({ 'd/example': value }, 'example.bit')
    expect(answer).toMatchObject({ kind: 'alias', target: ['www', 'example', 'com'] })
  })
  test('to the domain and relative to it', async () => {
    expect(await example({ map: { www: { alias: '@' } } }, 'www.example.bit')).toBe(
      'alias www.example.bit. CNAME example.bit.',
    )
    expect(await example({ map: { www: { alias: '' } } }, 'www.example.bit')).toBe(
      'alias www.example.bit. CNAME example.bit.',
    )
    expect(await example({ map: { www: { alias: 'foo.bar' } } }, 'www.example.bit')).toBe(
      'alias www.example.bit. CNAME foo.bar.example.bit.',
    )
    expect(
      await example({ map: { baz: { map: { www: { alias: 'foo.bar' } } } } }, 'www.baz.example.bit'),
    ).toBe('alias www.baz.example.bit. CNAME foo.bar.baz.example.bit.')
  })
  test.each([
    ['ex$ample.com.'],
    [['a.']],
    [''],
    ['@'],
    ['.'],
    ['EXAMPLE.BIT.'],
    [5],
    [null],
    [{}],
    ['a b.'],
    ['a'.repeat(64)],
  ])('%j is none, and suppresses nothing', async (alias) =>
    expect(await example({ alias, ip: A }, 'example.bit')).toEqual([A]),
  )
})

describe('translate (ifa-0001, RFC 6672)', () => {
  const value = { translate: 'example.org.', ip: A, map: { sub: { ip: B, ns: 'ns.example.com.' } } }
  test('renames everything below, delegations too', async () => {
    const { answer } = await ask({ 'd/example': value }, 'a.sub.example.bit')
    expect(answer).toMatchObject({ kind: 'alias', target: ['a', 'sub', 'example', 'org'] })
    expect(answer.kind === 'alias' && recordTexts(answer.records)).toEqual([
      'example.bit. DNAME example.org.',
      'a.sub.example.bit. CNAME a.sub.example.org.',
    ])
    expect(answer.kind === 'alias' && answer.records.map(({ ttl }) => ttl)).toEqual([600, 600])
  })
  test('at its own name there is the DNAME and nothing else', async () => {
    expect(await example(value, 'example.bit', 'DNAME')).toEqual(['example.org.'])
    for (const type of ['A', 'CNAME', 'DS', 'TXT'] as const)
      expect(await example(value, 'example.bit', type)).toBe('nodata')
    expect(await example(value, 'example.bit', 'ANY')).toEqual(['"RFC8482" ""'])
  })
  test('who asks for the CNAME gets it', async () =>
    expect(await example(value, 'a.example.bit', 'CNAME')).toEqual(['example.org.', 'a.example.org.']))
  test('wins over alias', async () =>
    expect(await example({ translate: 'a.', alias: 'b.' }, 'example.bit')).toBe('nodata'))
  test('the one nearest to the apex ends the walk', async () =>
    expect(await example({ translate: 'a.', map: { sub: { translate: 'b.' } } }, 'x.sub.example.bit')).toBe(
      'alias example.bit. DNAME a., x.sub.example.bit. CNAME x.sub.a.',
    ))
  test('a name of more than 255 octets is YXDOMAIN', async () => {
    const long = 'a'.repeat(60)
    const translate = `${long}.${long}.${long}.`
    const name = `${long}.example.bit`
    expect(await example({ translate }, name)).toMatch(/^alias/)
    const { answer } = await ask({ 'd/example': { translate } }, `${'b'.repeat(20)}.${name}`)
    expect(answer.kind).toBe('yxdomain')
    expect(answer.kind === 'yxdomain' && recordTexts(answer.records)).toEqual([
      `example.bit. DNAME ${translate}`,
    ])
  })
  test.each([['ex$ample.com.'], [['a.']], [''], ['@'], ['.'], [5], [null]])(
    '%j is none, and suppresses nothing',
    async (translate) => {
      expect(await example({ translate, ip: A }, 'example.bit')).toEqual([A])
      expect(await example({ translate, map: { www: A } }, 'www.example.bit')).toEqual([A])
    },
  )
})

describe('ANY (RFC 8482 §4.2)', () => {
  test('gets HINFO at a name that exists, and no more', async () => {
    expect(await example({ ip: A }, 'example.bit', 'ANY')).toEqual(['"RFC8482" ""'])
    expect(await example({}, 'example.bit', 'ANY')).toEqual(['"RFC8482" ""'])
    expect(await example({ ip: A }, 'x.example.bit', 'ANY')).toBe('nxdomain')
  })
})

describe('types nobody knows', () => {
  test.each([65, 99, 257, 1234, 65535, 48, 6, 41, 249])('type %i: NODATA', async (type) =>
    expect(await example({ ip: A }, 'example.bit', type)).toBe('nodata'),
  )
})

describe('wildcards (RFC 4592, namecoin-values §5.4)', () => {
  const value = {
    ip: A,
    map: {
      '*': { ip: B, txt: 'star', map: { a: { txt: 'a' }, _443: {} } },
      www: { txt: 'www' },
      ent: { map: { x: {} } },
    },
  }
  test('match one label or more; the owner is the name asked', async () => {
    expect(await example(value, 'foo.example.bit')).toEqual([B])
    const { answer } = await ask({ 'd/example': value }, 'x.y.FOO.example.bit')
    expect(answer).toMatchObject({ kind: 'answer', records: [{ name: ['x', 'y', 'foo', 'example', 'bit'] }] })
    expect(await example(value, '_8443._tcp.example.bit')).toEqual([B])
  })
  test('the subtree of `*` comes first (ncdns), with what is there and what is not', async () => {
    expect(await example(value, 'a.foo.example.bit', 'TXT')).toEqual(['"a"'])
    expect(await example(value, 'a.foo.example.bit')).toBe('nodata')
    expect(await example(value, '_443.foo.example.bit')).toBe('nodata')
    expect(await example(value, 'b.a.foo.example.bit')).toEqual([B])
  })
  test('names that exist are never matched, nor are names below them', async () => {
    expect(await example(value, 'www.example.bit')).toBe('nodata')
    expect(await example(value, 'ent.example.bit')).toBe('nodata')
    expect(await example(value, 'b.www.example.bit')).toBe('nxdomain')
    expect(await example(value, 'y.ent.example.bit')).toBe('nxdomain')
    expect(await example(value, 'example.bit')).toEqual([A])
  })
  test('asked for as such `*` is a name like any other', async () => {
    expect(await example(value, '*.example.bit')).toEqual([B])
    expect(await example(value, 'a.*.example.bit', 'TXT')).toEqual(['"a"'])
    expect(await example(value, 'b.*.example.bit')).toBe('nxdomain')
    expect(await example({ ip: A }, '*.example.bit')).toBe('nxdomain')
  })
  test('labels that no value could have are matched', async () => {
    expect(await example(value, '$.example.bit')).toEqual([B])
    expect(await example(value, 'a\\.b.example.bit')).toEqual([B])
    expect(await example(value, '\\000.example.bit')).toEqual([B])
  })
  test('a wildcard inside a wildcard, and below a label', async () => {
    expect(await example({ map: { '*': { map: { '*': { ip: A } } } } }, 'a.b.example.bit')).toEqual([A])
    expect(await example({ map: { '*': { map: { '*': { ip: A } } } } }, 'a.b.c.example.bit')).toEqual([A])
    expect(await example({ map: { '*': { map: { '*': { ip: A } } } } }, 'b.example.bit')).toBe('nodata')
    expect(
      await example({ map: { www: { map: { '*': { ip: A } } }, '*': { ip: B } } }, 'x.y.www.example.bit'),
    ).toEqual([A])
  })
  test('names are relative to the parent of `*`, whatever matched', async () => {
    const relative = { map: { sub: { map: { '*': { alias: 'x', map: { y: { alias: 'z' } } } } } } }
    expect(await example(relative, 'a.sub.example.bit')).toBe(
      'alias a.sub.example.bit. CNAME x.sub.example.bit.',
    )
    expect(await example(relative, 'a.b.sub.example.bit')).toBe(
      'alias a.b.sub.example.bit. CNAME x.sub.example.bit.',
    )
    expect(await example(relative, 'y.b.sub.example.bit')).toBe(
      'alias y.b.sub.example.bit. CNAME z.b.sub.example.bit.',
    )
  })
  test('an alias in `*` to a name that `*` matches does not lead that name to itself', async () => {
    const loop = { map: { '*': { alias: 'www.@', txt: 'x' } } }
    expect(await example(loop, 'a.example.bit')).toBe('alias a.example.bit. CNAME www.example.bit.')
    expect(await example(loop, 'www.example.bit')).toBe('nodata')
  })
  test('translate in `*` counts for nothing, nameservers in `*` delegate the label that matched', async () => {
    expect(await example({ map: { '*': { translate: 'a.', ip: B } } }, 'x.example.bit')).toEqual([B])
    expect(await example({ map: { '*': { translate: 'a.', ip: B } } }, 'y.x.example.bit')).toEqual([B])
    expect(await example({ map: { '*': { translate: 'a.', ip: B } } }, '*.example.bit')).toEqual([B])
    expect(await example({ map: { '*': { ns: 'a.', ip: B } } }, 'y.x.example.bit')).toBe(
      'delegation x.example.bit.',
    )
  })
  test('a wildcard imported, and one hidden', async () => {
    const imported = { 'dd/a': { map: { '*': { ip: B } } } }
    expect(
      await among({ 'd/example': { import: 'dd/a', map: { www: {} } }, ...imported }, 'x.example.bit'),
    ).toEqual([B])
    expect(
      await among({ 'd/example': { import: 'dd/a', map: { '*': null } }, ...imported }, 'x.example.bit'),
    ).toBe('nxdomain')
  })
})
