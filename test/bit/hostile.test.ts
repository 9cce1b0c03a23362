/** Properties that hold whatever a value says. */
import { encode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_IMPORT_CHAIN } from '../../src/bit/layers.ts'
import { type BitAnswer, lookup } from '../../src/bit/lookup.ts'
import { MAX_FETCHES, MAX_IMPORTS, MAX_STEPS, startEffort } from '../../src/bit/read.ts'
import { equalNames, isAtOrBelow, isValidName, lowerName, type Name } from '../../src/dns/name.ts'
import { Type } from '../../src/dns/protocol.ts'
import { isWellFormedRdata } from '../../src/dns/rdata.ts'
import type { ResourceRecord } from '../../src/dns/record.ts'
import { among, octetsOf } from './ask.ts'

const TYPES = [...Object.values(Type), 0, 65280]
const NAMES = ['d/example', 'd/other', 'dd/a', 'dd/b']
const LABELS = [
  'www',
  'a',
  'b',
  '*',
  '',
  '_tcp',
  '_smtp',
  '_443',
  'WWW',
  'constructor',
  '__proto__',
  '$',
  'a.b',
]

/** Values that are nearly right: the items of ifa-0001 with good and bad contents, nested and imported at random. */
const text = fc.oneof(
  fc.constantFrom(
    '192.0.2.1',
    '::1',
    '@',
    '',
    '.',
    'www',
    'a.example.com.',
    'x.@',
    'example.bit.',
    'a.a.@',
    '192.0.2.01',
    'ns$1',
  ),
  fc.string({ maxLength: 300, unit: 'binary' }),
)
const scalar = fc.oneof(
  text,
  fc.integer({ min: -2, max: 70000 }),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
)
const tuple = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom('AAAA', 'wAACAQ==', 'x', 'mail', 'a.')),
  { maxLength: 6 },
)
const reference = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom('a', 'a.b', 'www', '*', '', 'x.*')),
)
const { domain } = fc.letrec<{ domain: unknown }>((tie) => ({
  domain: fc.dictionary(
    fc.constantFrom(
      'ip',
      'ip6',
      'alias',
      'translate',
      'ns',
      'dns',
      'ds',
      'srv',
      'mx',
      'service',
      'tls',
      'txt',
      'loc',
      'sshfp',
      'o',
      'map',
      'import',
      'delegate',
      'x',
    ),
    fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      scalar,
      fc.array(scalar, { maxLength: 4 }),
      fc.array(tuple, { maxLength: 4 }),
      reference,
      fc.array(reference, { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...LABELS), tie('domain'), { maxKeys: 5 }),
      fc.array(fc.record({ dane: tuple }), { maxLength: 2 }),
    ),
    { maxKeys: 7 },
  ),
}))
const octets = fc.oneof(
  { weight: 8, arbitrary: domain.map((value) => octetsOf(JSON.stringify(value) ?? '')) },
  { weight: 2, arbitrary: domain.map((value) => encode(JSON.parse(JSON.stringify(value) ?? '{}'))) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 8 }).map(octetsOf) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 1023 }) },
  {
    // A realistic value with one octet changed.
    weight: 2,
    arbitrary: fc.tuple(domain, fc.nat(), fc.nat({ max: 255 })).map(([value, at, octet]) => {
      const mutated = Uint8Array.from(octetsOf(JSON.stringify(value) ?? '{}'))
      if (mutated.length > 0) mutated[at % mutated.length] = octet
      return mutated
    }),
  },
)
const label = fc.oneof(
  fc.constantFrom('www', 'a', 'b', '*', '_tcp', '_smtp', '_443', 'WWW', 'x', 'constructor', '__proto__'),
  fc.string({ minLength: 1, maxLength: 63, unit: 'binary' }).map((any) =>
    Array.from(any, (c) => String.fromCharCode(c.codePointAt(0)! & 0xff))
      .join('')
      .slice(0, 63),
  ),
)
const question = fc
  .tuple(
    fc.array(label, { maxLength: 6 }),
    fc.constantFrom('example', 'Example', 'other', '123', 'a_b'),
    fc.constantFrom(...TYPES),
  )
  .map(([labels, domainLabel, type]) => ({ name: [...labels, domainLabel, 'bit'], type }))
  .filter(({ name }) => isValidName(name))

const recordsOf = (answer: BitAnswer): readonly ResourceRecord[] =>
  'records' in answer
    ? answer.records
    : answer.kind === 'delegation'
      ? [...(answer.ds ?? []), ...answer.glue]
      : []

/** What every answer promises, whatever the value. */
function expectSound(answer: BitAnswer, name: Name, type: number): void {
  const records = recordsOf(answer)
  const seen = new Set<string>()
  for (const record of records) {
    expect(isValidName(record.name)).toBe(true)
    expect(record.name).toEqual(lowerName(record.name))
    expect(record.ttl).toBe(600)
    expect(record.data.length).toBeLessThanOrEqual(65_535)
    expect(isWellFormedRdata(record.type, record.data)).toBe(true)
    const key = `${record.name} ${record.type} ${record.data}`
    expect(seen.has(key)).toBe(false)
    seen.add(key)
  }
  switch (answer.kind) {
    case 'answer':
      expect(records.length).toBeGreaterThan(0)
      for (const record of records) {
        if (record.type === Type.DNAME && type !== Type.DNAME)
          expect(isAtOrBelow(name, record.name)).toBe(true)
        else expect(equalNames(record.name, name)).toBe(true)
        if (type !== Type.ANY && type !== Type.CNAME) expect(record.type).toBe(type)
      }
      break
    case 'alias':
      expect(isValidName(answer.target)).toBe(true)
      expect(equalNames(answer.target, name)).toBe(false)
      expect(records.at(-1)).toMatchObject({ type: Type.CNAME, name: lowerName(name) })
      break
    case 'delegation':
      expect(isAtOrBelow(name, answer.zone)).toBe(true)
      expect(answer.zone.length).toBeGreaterThanOrEqual(2)
      expect(answer.servers.length + answer.serverAddresses.length).toBeGreaterThan(0)
      for (const server of [...answer.servers, ...answer.undottedServers]) {
        expect(server.length).toBeGreaterThan(0)
        expect(isValidName(server)).toBe(true)
      }
      for (const { name: owner } of answer.glue) expect(isAtOrBelow(owner, answer.zone)).toBe(true)
      break
    case 'nodata':
      expect(records).toEqual([])
  }
}

describe('whatever the values say', () => {
  test(
    'lookup answers, within its budget, with records that are sound',
    () =>
      fc.assert(
        fc.asyncProperty(
          fc.tuple(octets, octets, octets, octets),
          question,
          async (values, { name, type }) => {
            const fetched: string[] = []
            const effort = startEffort()
            const answer = await lookup(
              { name, type },
              async (key) => {
                fetched.push(key)
                const value = values[NAMES.indexOf(key)]
                return value === undefined ? { kind: 'absent' } : { kind: 'value', value }
              },
              { effort },
            )
            expectSound(answer, name, type)
            expect(new Set(fetched).size).toBe(fetched.length)
            expect(fetched.length).toBeLessThanOrEqual(MAX_FETCHES)
            expect(effort.imports).toBeLessThanOrEqual(MAX_IMPORTS)
            expect(effort.steps).toBeLessThanOrEqual(MAX_STEPS + MAX_IMPORT_CHAIN + 1)
          },
        ),
        { numRuns: 1500 },
      ),
    60_000,
  )

  test('every address in ip is answered, once, in order', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.ipV4(), fc.string(), fc.integer()), { minLength: 1, maxLength: 60 }),
        async (ip) => {
          const addresses = new Set(
            ip.filter((entry) => typeof entry === 'string' && /^\d+\.\d+\.\d+\.\d+$/.test(entry)),
          )
          const answer = await among({ 'd/example': { ip } }, 'example.bit')
          expect(answer).toEqual(addresses.size === 0 ? 'nodata' : [...addresses])
        },
      ),
    ))

  test('with a node that is down, no answer differs from the one with the node up, but in being unreachable', () =>
    fc.assert(
      fc.asyncProperty(domain, domain, question, async (own, imported, { name, type }) => {
        const values = new Map([
          ['d/example', own],
          ['dd/a', imported],
        ])
        const answerWhen = (isUp: boolean) =>
          lookup({ name, type }, async (key) =>
            !values.has(key)
              ? { kind: 'absent' }
              : key === 'dd/a' && !isUp
                ? { kind: 'unreachable' }
                : { kind: 'value', value: octetsOf(JSON.stringify(values.get(key)) ?? '') },
          )
        const down = await answerWhen(false)
        if (down.kind === 'unreachable') return
        const up = await answerWhen(true)
        // A delegation is one without what it could not find out; nothing in it becomes another.
        if (down.kind === 'delegation' && up.kind === 'delegation') {
          expect(up.glue).toEqual(expect.arrayContaining([...down.glue]))
          if (down.ds !== undefined) expect(down.ds).toEqual(up.ds)
          if (down.undottedServers.length > 0) expect(down.undottedServers).toEqual(up.undottedServers)
          const { glue, ds, undottedServers } = up
          expect({ ...down, glue, ds, undottedServers }).toEqual(up)
        } else expect(down).toEqual(up)
      }),
      { numRuns: 500 },
    ))

  test('no name makes it throw', () =>
    fc.assert(
      fc.asyncProperty(fc.array(label, { maxLength: 8 }), async (name) => {
        const answer = await lookup({ name, type: 1 }, async () => ({
          kind: 'value',
          value: octetsOf({ ip: '192.0.2.1', map: { '*': '192.0.2.2' } }),
        }))
        expect(answer.kind).toMatch(/^(nxdomain|answer|nodata)$/)
      }),
    ))
})
