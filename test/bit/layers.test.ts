import { encode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { MAX_IMPORT_CHAIN } from '../../src/bit/layers.ts'
import { MAX_FETCHES, MAX_IMPORTS, MAX_STEPS, startEffort } from '../../src/bit/read.ts'
import { among, ask, DOWN, example, short, type Values } from './ask.ts'

const A = '192.0.2.1'
const B = '192.0.2.2'
const C = '192.0.2.3'

describe('import (ifa-0001)', () => {
  test('the forms of ifa-0001 mean the same', async () => {
    for (const value of ['dd/a', ['dd/a'], [['dd/a']], [['dd/a', '']], [['dd/a', '', 'more', 1]]])
      expect(await among({ 'd/example': { import: value }, 'dd/a': { ip: A } }, 'example.bit')).toEqual([A])
    for (const value of [
      ['dd/a', 'dd/b'],
      [['dd/a'], ['dd/b']],
      [
        ['dd/a', ''],
        ['dd/b', ''],
      ],
      ['dd/a', ['dd/b']],
    ])
      expect(
        await among(
          { 'd/example': { import: value }, 'dd/a': { ip: A }, 'dd/b': { ip: B, ip6: '::1' } },
          'example.bit',
          'AAAA',
        ),
      ).toEqual(['::1'])
  })
  test('["x","y"] is two names when y has a slash, else a name and a selector (ncdns)', async () => {
    const values = { 'dd/a': { ip: A, map: { b: { ip: B } } }, 'dd/b': { ip: C, ip6: '::1' } }
    expect(await among({ ...values, 'd/example': { import: ['dd/a', 'b'] } }, 'example.bit')).toEqual([B])
    expect(await among({ ...values, 'd/example': { import: ['dd/a', 'dd/b'] } }, 'example.bit')).toEqual([A])
    expect(await among({ ...values, 'd/example': { import: ['dd/a', ''] } }, 'example.bit')).toEqual([A])
  })
  test('own items win over imported ones, and the first import over the second', async () => {
    const values = { 'dd/a': { ip: A, txt: 'a' }, 'dd/b': { ip: B, txt: 'b', ip6: '::b' } }
    const at = (value: object, type: 'A' | 'TXT' | 'AAAA') =>
      among({ ...values, 'd/example': { import: ['dd/a', 'dd/b'], ...value } }, 'example.bit', type)
    expect(await at({}, 'A')).toEqual([A])
    expect(await at({}, 'TXT')).toEqual(['"a"'])
    expect(await at({}, 'AAAA')).toEqual(['::b'])
    expect(await at({ ip: C }, 'A')).toEqual([C])
  })
  test.each(['ip', 'ip6', 'alias', 'translate', 'ns', 'txt', 'srv', 'tls', 'mx', 'loc', 'sshfp', 'o'])(
    'null and [] occlude an imported %s, even from a later import',
    async (item) => {
      const full = {
        ip: A,
        ip6: '::1',
        alias: 'a.',
        translate: 'a.',
        ns: 'a.',
        txt: 'a',
        srv: [[1, 1, 1, 'a.']],
        tls: [[1, 1, 1, 'AAAA']],
        mx: [[1, 'a.']],
        loc: '1 N 1 E 0',
        sshfp: [[1, 3, 'AAAA']],
        o: [[65280, 'AAAA']],
      } as Record<string, unknown>
      const types = {
        ip: 'A',
        ip6: 'AAAA',
        alias: 'CNAME',
        translate: 'DNAME',
        ns: 'NS',
        txt: 'TXT',
        srv: 'SRV',
        tls: 'TLSA',
        mx: 'MX',
        loc: 'LOC',
        sshfp: 'SSHFP',
        o: 65280,
      } as const
      const imported = { [item]: full[item] }
      const at = (own: object, second: object) =>
        among(
          { 'd/example': { import: ['dd/a', 'dd/b'], ...own }, 'dd/a': second, 'dd/b': imported },
          'example.bit',
          types[item as keyof typeof types],
        )
      expect(await at({}, {})).not.toBe('nodata')
      expect(await at({ [item]: null }, {})).toBe('nodata')
      expect(await at({ [item]: [] }, {})).toBe('nodata')
      expect(await at({}, { [item]: null })).toBe('nodata')
    },
  )
  test('maps merge label by label and item by item', async () => {
    const values: Values = {
      'd/example': { import: 'dd/a', map: { www: { ip: A, map: { x: { ip: A } } } } },
      'dd/a': { map: { www: { ip: B, ip6: '::b', map: { x: { txt: 'b' }, y: { ip: B } } }, ftp: { ip: B } } },
    }
    expect(await among(values, 'www.example.bit')).toEqual([A])
    expect(await among(values, 'www.example.bit', 'AAAA')).toEqual(['::b'])
    expect(await among(values, 'x.www.example.bit', 'TXT')).toEqual(['"b"'])
    expect(await among(values, 'y.www.example.bit')).toEqual([B])
    expect(await among(values, 'ftp.example.bit')).toEqual([B])
  })
  test('null for a label or for the whole map hides what is imported', async () => {
    const imported = { ip: A, map: { www: { ip: B } } }
    expect(
      await among(
        { 'd/example': { import: 'dd/a', map: { www: null } }, 'dd/a': imported },
        'www.example.bit',
      ),
    ).toBe('nxdomain')
    expect(
      await among({ 'd/example': { import: 'dd/a', map: null }, 'dd/a': imported }, 'www.example.bit'),
    ).toBe('nxdomain')
    expect(
      await among({ 'd/example': { import: 'dd/a', map: null }, 'dd/a': imported }, 'example.bit'),
    ).toEqual([A])
    for (const map of [[], 'x', 5, { www: 5 }, { www: [] }])
      expect(
        await among({ 'd/example': { import: 'dd/a', map }, 'dd/a': imported }, 'www.example.bit'),
      ).toEqual([B])
  })
  test('a selector is read from the right, and "*" is tried for a label that is missing', async () => {
    const values = {
      'dd/a': {
        ip: A,
        map: { b: { map: { a: { ip: B } } }, a: { ip: C }, '*': { txt: 'star', map: { c: { txt: 'c' } } } },
      },
    }
    const at = (selector: string, type: 'A' | 'TXT' = 'A') =>
      among({ ...values, 'd/example': { import: [['dd/a', selector]] } }, 'example.bit', type)
    expect(await at('a.b')).toEqual([B])
    expect(await at('A.B')).toEqual([B])
    expect(await at('a')).toEqual([C])
    expect(await at('other', 'TXT')).toEqual(['"star"'])
    expect(await at('c.other', 'TXT')).toEqual(['"c"'])
    expect(await at('*', 'TXT')).toEqual(['"star"'])
    for (const bad of ['x.b', 'a.', '.a', 'a..b', '.', 'x.a']) expect(await at(bad)).toBe('nodata')
  })
  test('imports inside the imported value come before the selector', async () => {
    expect(
      await among(
        {
          'd/example': { import: [['dd/a', 'www']] },
          'dd/a': { import: 'dd/b' },
          'dd/b': { map: { www: { ip: B } } },
        },
        'example.bit',
      ),
    ).toEqual([B])
    expect(
      await among(
        {
          'd/example': { import: [['dd/a', 'x.www']] },
          'dd/a': { map: { www: { import: [['dd/b', 'y']] } } },
          'dd/b': { map: { y: { map: { x: { ip: C } } } } },
        },
        'example.bit',
      ),
    ).toEqual([C])
  })
  test('a selector reaches into map[""]', async () =>
    expect(
      await among(
        { 'd/example': { import: [['dd/a', 'www']] }, 'dd/a': { map: { '': { map: { www: { ip: A } } } } } },
        'example.bit',
      ),
    ).toEqual([A]))
  test('an import at a subdomain', async () =>
    expect(
      await among(
        { 'd/example': { map: { www: { import: 'dd/a' } } }, 'dd/a': { map: { x: { ip: A } } } },
        'x.www.example.bit',
      ),
    ).toEqual([A]))
  test('relative names in imported objects belong to the importer, "@" too', async () => {
    const values: Values = {
      'd/example': { map: { sub: { import: 'd/other' } } },
      'd/other': { alias: 'x', map: { www: { alias: 'x' }, at: { alias: 'x.@' } } },
    }
    expect(await among(values, 'sub.example.bit')).toBe('alias sub.example.bit. CNAME x.example.bit.')
    expect(await among(values, 'www.sub.example.bit')).toBe(
      'alias www.sub.example.bit. CNAME x.sub.example.bit.',
    )
    expect(await among(values, 'at.sub.example.bit')).toBe('alias at.sub.example.bit. CNAME x.example.bit.')
  })
  test('an import that fails does not stop the others', async () => {
    const values: Values = { 'dd/notjson': 'hello', 'dd/list': '[]', 'dd/b': { ip: B } }
    const { answer, diagnostics } = await ask(
      {
        ...values,
        'd/example': {
          import: [
            ['dd/absent'],
            ['dd/notjson'],
            ['dd/list'],
            ['dd/b', 'none'],
            5,
            [],
            [1],
            ['x'],
            ['dd/b', 7],
            ['dd/b'],
          ],
        },
      },
      'example.bit',
    )
    expect(short(answer)).toEqual([B])
    expect(diagnostics.map(({ reason }) => reason)).toEqual([
      '["dd/absent",""]: absent',
      '["dd/notjson",""]: invalid',
      '["dd/list",""]: invalid',
      '["dd/b","none"]: has no such subdomain',
    ])
  })
  test.each([[5], [{}], [null], [true], [''], ['example'], [[]]])(
    'import %j imports nothing',
    async (value) => {
      const { answer, fetched } = await ask({ 'd/example': { import: value, ip: A } }, 'example.bit')
      expect([short(answer), fetched]).toEqual([[A], ['d/example']])
    },
  )
  test('values in CBOR can import and be imported', async () =>
    expect(
      await among({ 'd/example': encode({ import: 'dd/a' }), 'dd/a': encode({ ip: [A] }) }, 'example.bit'),
    ).toEqual([A]))
})

describe('limits of imports (namecoin-values §3 and §6)', () => {
  const chain = (length: number): Values => ({
    'd/example': { import: 'dd/1' },
    ...Object.fromEntries(Array.from({ length }, (_, i) => [`dd/${i + 1}`, { import: `dd/${i + 2}` }])),
    [`dd/${length}`]: { ip: A },
  })
  test(`a chain of ${MAX_IMPORT_CHAIN} imports is followed, the next one fails, and the name does not`, async () => {
    expect(await among(chain(MAX_IMPORT_CHAIN), 'example.bit')).toEqual([A])
    expect(await among(chain(MAX_IMPORT_CHAIN + 1), 'example.bit')).toBe('exhausted')
    expect(
      await among({ ...chain(9), 'd/example': { import: 'dd/1', txt: 'x' } }, 'example.bit', 'TXT'),
    ).toEqual(['"x"'])
  })
  test(`${MAX_FETCHES} names are fetched at most, the one asked for included`, async () => {
    const names = Array.from({ length: 40 }, (_, i) => `dd/${i}`)
    const values: Values = {
      'd/example': { import: names, txt: 'x' },
      ...Object.fromEntries(names.map((name) => [name, {}])),
    }
    const { answer, fetched } = await ask(values, 'example.bit')
    // Never NODATA: what was looked for may be in a name not fetched.
    expect(answer).toEqual({ kind: 'exhausted' })
    expect(fetched).toHaveLength(MAX_FETCHES)
    expect((await ask({ ...values, 'dd/14': { ip: A } }, 'example.bit')).answer.kind).toBe('answer')
    expect((await ask({ ...values, 'dd/15': { ip: A } }, 'example.bit')).answer.kind).toBe('exhausted')
    expect((await ask(values, 'example.bit', 'TXT')).answer.kind).toBe('answer')
    const inTheLast = { ...values, 'dd/39': { map: { www: { ip: A } } } }
    expect((await ask(inTheLast, 'www.example.bit')).answer.kind).toBe('exhausted')
  })
  test('lookups of one query share what they have fetched and may fetch', async () => {
    const effort = startEffort()
    const values: Values = {
      'd/example': { import: 'dd/a', map: { www: { alias: '@' } } },
      'dd/a': { ip: A },
    }
    expect((await ask(values, 'www.example.bit', 'A', effort)).fetched).toEqual(['d/example', 'dd/a'])
    expect((await ask(values, 'example.bit', 'A', effort)).fetched).toEqual([])
    for (let i = 0; i < 20; i++) await ask({}, `x${i}.bit`, 'A', effort)
    expect(short((await ask({ 'd/late': { ip: B, import: 'dd/b' } }, 'late.bit', 'A', effort)).answer)).toBe(
      'exhausted',
    )
    expect(effort.values.size).toBe(MAX_FETCHES)
    // What is at hand can still be had, and an answer that no limit has touched says no.
    expect(short((await ask(values, 'example.bit', 'A', effort)).answer)).toEqual([A])
    expect(short((await ask(values, 'example.bit', 'TXT', effort)).answer)).toBe('nodata')
  })
  test(`twenty imports and then an alias for each: ${MAX_FETCHES} fetches, domains counted like imports`, async () => {
    const effort = startEffort()
    const names = Array.from({ length: 20 }, (_, i) => `dd/${i}`)
    const values: Values = {
      'd/a0': { import: names, alias: 'a1.bit.' },
      ...Object.fromEntries(
        Array.from({ length: 11 }, (_, i) => [`d/a${i + 1}`, { alias: `a${i + 2}.bit.` }]),
      ),
    }
    let fetches = 0
    const outcomes: string[] = []
    for (let i = 0; i < 12; i++) {
      const { answer, fetched } = await ask(values, `a${i}.bit`, 'A', effort)
      fetches += fetched.length
      outcomes.push(answer.kind)
    }
    expect(fetches).toBe(MAX_FETCHES)
    expect(outcomes).toEqual(['alias', ...Array(11).fill('exhausted')])
  })
  test('a chain of aliases through imports ends with data or exhausted, never with a false NODATA', async () => {
    const effort = startEffort()
    const values: Values = {}
    for (let i = 0; i < 10; i++) {
      values[`d/a${i}`] = { ns: null, translate: null, import: `dd/a${i}` }
      values[`dd/a${i}`] = i === 9 ? { ip: A } : { alias: `a${i + 1}.bit.` }
    }
    const outcomes: string[] = []
    for (let i = 0; i < 10; i++) outcomes.push((await ask(values, `a${i}.bit`, 'A', effort)).answer.kind)
    expect(outcomes).toEqual([...Array(8).fill('alias'), 'exhausted', 'exhausted'])
  })
  test(`a query makes ${MAX_STEPS} steps at most, and then is exhausted`, async () => {
    const values: Values = { 'd/example': { ip: A, map: { '*': { import: 'd/example' } } } }
    const effort = startEffort()
    expect((await ask(values, `${'a.'.repeat(120)}example.bit`, 'A', effort)).answer.kind).toBe('exhausted')
    expect(effort.steps).toBeGreaterThan(MAX_STEPS)
    expect((await ask(values, 'example.bit', 'A', effort)).answer.kind).toBe('exhausted')
  })
  test('17 names that import each other: what made 15 ms of work of each label under their wildcard', async () => {
    const names = ['d/example', ...Array.from({ length: 16 }, (_, i) => `dd/${i}`)]
    const from = (start: number, count: number) =>
      Array.from({ length: count }, (_, i) => names[(start + i) % names.length]!)
    const values = Object.fromEntries(
      names.map((name, i) => [
        name,
        {
          import: from(i, 16),
          map: {
            '*': { import: from(i, 12).map((to) => [to, 'x']), map: { '*': { import: from(i, 8) } } },
          },
        },
      ]),
    )
    for (const name of ['random.example.bit', '_443._tcp.random.example.bit']) {
      const { answer, effort } = await ask(values, name, 'MX')
      expect(answer.kind).toBe('exhausted')
      // A step may be paid for together with others, for each import it passes through.
      expect(effort.steps).toBeLessThanOrEqual(MAX_STEPS + MAX_IMPORT_CHAIN + 1)
    }
  })
  test('honest values are far from the budget: many imports, selectors, wildcards, mail', async () => {
    const values: Values = {
      'd/example': {
        import: ['dd/base', 'dd/mail', 'dd/tls'],
        map: { www: { alias: '@' }, eu: { import: [['dd/base', 'eu']] }, '*': { import: 'dd/tls' } },
      },
      'dd/base': { import: 'dd/root', map: { eu: { map: { www: { ip: A }, '': { ip: B } } } } },
      'dd/root': { import: 'dd/more', txt: 'x' },
      'dd/more': { sshfp: [] },
      'dd/mail': { map: { _tcp: { map: { _smtp: { srv: [[10, 0, 25, 'mx.@']] } } } } },
      'dd/tls': { map: { _tcp: { map: { _443: { tls: [[3, 1, 1, 'AAAA']] } } } } },
    }
    for (const name of ['', 'www.', 'www.eu.', '_443._tcp.x.', 'a.b.eu.'])
      for (const type of ['A', 'MX', 'TLSA'] as const) {
        const { answer, effort } = await ask(values, `${name}example.bit`, type)
        expect(answer.kind).not.toBe('exhausted')
        expect(effort.steps).toBeLessThan(MAX_STEPS / 2)
      }
  })
  test('loops: of one, of two, through the map, through selectors, through delegate', async () => {
    const loops: Values[] = [
      { 'd/example': { ip: A, import: 'd/example' } },
      { 'd/example': { ip: A, import: 'd/b' }, 'd/b': { import: 'd/example' } },
      { 'd/example': { ip: A, map: { '': { import: 'd/example' } } } },
      { 'd/example': { ip: A, import: [['d/example', 'x']], map: { x: { import: [['d/example', 'x']] } } } },
      {
        'd/example': {
          ip: A,
          import: [['d/example', 'x']],
          map: { x: { import: [['d/example', 'y']] }, y: { import: [['d/example', 'x']] } },
        },
      },
      { 'd/example': { ip: A, delegate: 'd/example' } },
      { 'd/example': { ip: A, delegate: 'd/b' }, 'd/b': { delegate: 'd/example' } },
    ]
    for (const values of loops) {
      const { answer, fetched } = await ask(values, 'example.bit')
      expect(short(answer)).toEqual([A])
      expect(fetched.length).toBeLessThanOrEqual(2)
    }
  })
  test('a value that holds itself in its map goes as deep as any sensible question', async () => {
    const values: Values = { 'd/example': { ip: A, map: { a: { import: 'd/example' } } } }
    const { answer, fetched } = await ask(values, `${'a.'.repeat(24)}example.bit`)
    expect(short(answer)).toEqual([A])
    expect(fetched).toEqual(['d/example'])
  })
  test('import bombs cost no more than the budget: the incident of namecoin-values §6', async () => {
    const letters = 'abcdefghijklmnopqrstuvwx'.split('')
    const bombs: Values[] = [
      {
        'd/example': { map: Object.fromEntries(letters.map((letter) => [letter, { import: 'd/example' }])) },
      },
      {
        'd/example': {
          import: letters.map((letter) => ['d/example', letter]),
          map: { '*': { import: letters.map((letter) => ['d/example', letter]) } },
        },
      },
      {
        'd/example': {
          import: letters.map((letter) => ['d/example', `${letter}.a.a.a`]),
          map: {
            a: { import: 'd/example' },
            '*': {
              import: [
                ['d/example', 'a'],
                ['d/example', 'b'],
              ],
            },
          },
        },
      },
      Object.fromEntries(
        ['d/example', ...letters.map((letter) => `dd/${letter}`)].map((name, i) => [
          name,
          {
            import: letters.map((_, j) => [`dd/${letters[(i + j) % 24]}`, `${letters[j]}.a`]),
            map: {
              '*': {
                import: letters.map((letter) => [`dd/${letter}`, 'x']),
                map: { '*': { import: letters.map((letter) => `dd/${letter}`) } },
              },
            },
          },
        ]),
      ),
      {
        'd/example': {
          map: {
            '': {
              import: letters.map((letter) => ['d/example', letter]),
              map: { '': { import: 'd/example' }, '*': { import: 'd/example', map: { '*': {} } } },
            },
          },
        },
      },
    ]
    for (const values of bombs)
      for (const name of [
        'example.bit',
        'a.b.c.example.bit',
        `${'a.'.repeat(100)}example.bit`,
        '_443._tcp.x.example.bit',
      ]) {
        const { fetched, effort, diagnostics } = await ask(values, name, 'MX')
        expect(fetched.length).toBeLessThanOrEqual(MAX_FETCHES)
        expect(new Set(fetched).size).toBe(fetched.length)
        expect(effort.imports).toBeLessThanOrEqual(MAX_IMPORTS)
        // Every import refused is reported: how often one was looked at at all is bounded, too.
        expect(diagnostics.length).toBeLessThanOrEqual(MAX_STEPS)
      }
  })
})

describe('what could not be asked for', () => {
  const down = (value: object, name = 'example.bit', type: 'A' | 'NS' | 'AAAA' = 'A') =>
    ask({ 'd/example': { import: 'dd/down', ...value }, 'dd/down': DOWN }, name, type)
  test('makes the answer unreachable when it could decide it: no NODATA, no NXDOMAIN because a node was down', async () => {
    expect((await down({})).answer).toEqual({ kind: 'unreachable', namecoinName: 'dd/down' })
    expect((await down({}, 'www.example.bit')).answer.kind).toBe('unreachable')
    // The import might hold nameservers, which would suppress the address.
    expect((await down({ ip: A })).answer.kind).toBe('unreachable')
  })
  test('is not even asked for when the layers above decide', async () => {
    const decided = await down({ ns: null, translate: null, alias: null, ip: A, o: null })
    expect([short(decided.answer), decided.fetched]).toEqual([[A], ['d/example']])
    expect((await down({ ns: 'ns1.example.com.', ds: [] })).fetched).toEqual(['d/example'])
    expect((await down({ ns: null, translate: 'example.com.' }, 'www.example.bit')).fetched).toEqual([
      'd/example',
    ])
  })
  test('a fetch that throws is one that could not be made', async () => {
    const { lookup } = await import('../../src/bit/lookup.ts')
    expect(
      await lookup({ name: ['example', 'bit'], type: 1 }, () => Promise.reject(new Error('no'))),
    ).toEqual({
      kind: 'unreachable',
      namecoinName: 'd/example',
    })
  })
})

describe('delegate', () => {
  test('replaces every item when it works', async () => {
    for (const value of ['dd/a', ['dd/a'], ['dd/a', ''], ['dd/a', 'x']]) {
      const values = {
        'd/example': { delegate: value, ip6: '::1', import: 'dd/b' },
        'dd/a': { ip: A, map: { x: { ip: A } } },
        'dd/b': { txt: 'b' },
      }
      expect(await among(values, 'example.bit')).toEqual([A])
      expect(await among(values, 'example.bit', 'AAAA')).toBe('nodata')
      expect(await among(values, 'example.bit', 'TXT')).toBe('nodata')
    }
  })
  test('own items apply when it fails', async () => {
    for (const value of ['dd/absent', 'dd/notjson', ['dd/a', 'none'], 5, {}, [], null])
      expect(
        await among(
          { 'd/example': { delegate: value, ip: B }, 'dd/a': {}, 'dd/notjson': 'x' },
          'example.bit',
        ),
      ).toEqual([B])
  })
  test('in an object imported with a selector it keeps its data (ncdns loses it)', async () =>
    expect(
      await among(
        {
          'd/example': { import: [['dd/a', 'x']] },
          'dd/a': { map: { x: { delegate: 'dd/b', ip: A } } },
          'dd/b': { ip: B },
        },
        'example.bit',
      ),
    ).toEqual([B]))
  test('to something imported already adds nothing, and still replaces', async () =>
    expect(
      await among(
        {
          'd/example': { import: ['dd/a', 'dd/b'] },
          'dd/a': { txt: 'a' },
          'dd/b': { delegate: 'dd/a', ip: B },
        },
        'example.bit',
      ),
    ).toBe('nodata'))
})

describe('map[""] (ifa-0001)', () => {
  test('its items count where the object has none of the kind: by presence, not emptiness', async () => {
    const below = { '': { ip: B, txt: 'b', tls: [[1, 1, 1, 'AAAA']] } }
    expect(await example({ map: below }, 'example.bit')).toEqual([B])
    expect(await example({ ip: A, map: below }, 'example.bit')).toEqual([A])
    expect(await example({ ip: A, map: below }, 'example.bit', 'TXT')).toEqual(['"b"'])
    expect(await example({ ip: A, map: below }, 'example.bit', 'TLSA')).toEqual(['1 1 1 000000'])
    expect(await example({ ip: [], map: below }, 'example.bit')).toBe('nodata')
    expect(await example({ ip: null, map: below }, 'example.bit')).toBe('nodata')
    expect(await example({ map: { '': A } }, 'example.bit')).toEqual([A])
  })
  test('alias, translate and ns inside it work', async () => {
    expect(await example({ map: { '': { alias: 'a.' } } }, 'example.bit')).toBe('alias example.bit. CNAME a.')
    expect(await example({ map: { '': { translate: 'a.' } } }, 'x.example.bit')).toBe(
      'alias example.bit. DNAME a., x.example.bit. CNAME x.a.',
    )
    expect(await example({ map: { '': { ns: ['ns.example.com.'] } } }, 'x.example.bit')).toBe(
      'delegation example.bit.',
    )
  })
  test('names in it are relative as in the object above', async () =>
    expect(await example({ map: { a: { map: { '': { alias: 'x' } } } } }, 'a.example.bit')).toBe(
      'alias a.example.bit. CNAME x.example.bit.',
    ))
  test('nested, with other labels beside it, and at subdomains', async () => {
    expect(await example({ map: { '': { map: { '': { ip: A } } }, www: {} } }, 'example.bit')).toEqual([A])
    expect(await example({ map: { '': { map: { www: { ip: A } } }, ftp: {} } }, 'www.example.bit')).toEqual([
      A,
    ])
    expect(
      await example(
        { map: { '': { map: { www: { ip: A, txt: 'x' } } }, www: { ip: B } } },
        'www.example.bit',
      ),
    ).toEqual([B])
    expect(
      await example(
        { map: { '': { map: { www: { ip: A, txt: 'x' } } }, www: { ip: B } } },
        'www.example.bit',
        'TXT',
      ),
    ).toEqual(['"x"'])
    expect(await example({ map: { www: { map: { '': { ip: A } } } } }, 'www.example.bit')).toEqual([A])
  })
  test('lies behind own items, then imports; can be hidden by null', async () => {
    const imported = { 'dd/a': { ip: B, map: { '': { ip6: '::b' } } } }
    expect(
      await among({ 'd/example': { import: 'dd/a', map: { '': { ip: A } } }, ...imported }, 'example.bit'),
    ).toEqual([B])
    expect(await among({ 'd/example': { import: 'dd/a' }, ...imported }, 'example.bit', 'AAAA')).toEqual([
      '::b',
    ])
    expect(
      await among({ 'd/example': { import: 'dd/a', map: { '': null } }, ...imported }, 'example.bit', 'AAAA'),
    ).toBe('nodata')
    expect(
      await among({ 'd/example': { map: { '': { import: 'dd/a', txt: 'x' } } }, ...imported }, 'example.bit'),
    ).toEqual([B])
  })
  test('the fourth example of ifa-0001 is a typo: `ip` in a map is a label', async () => {
    const value = { map: { ip: '192.0.2.2', '': { ip: '192.0.2.1' } } }
    expect(await example(value, 'example.bit')).toEqual(['192.0.2.1'])
    expect(await example(value, 'ip.example.bit')).toEqual(['192.0.2.2'])
  })
})
