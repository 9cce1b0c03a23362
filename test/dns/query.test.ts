import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Rcode, Type } from '../../src/dns/protocol.ts'
import { cacheKey, notImplemented, type ParsedQuery, parseQuery, type Query } from '../../src/dns/query.ts'
import { octets, opt, option, query, record, wire, word } from './messages.ts'

const parsed = (message: Uint8Array): Query => {
  const result = parseQuery(message)
  if (result.kind !== 'query') throw new Error(result.kind)
  return result.query
}
const outcome = (result: ParsedQuery): string | number =>
  result.kind === 'refused-rcode' ? result.rcode : result.kind

describe('a well-formed query', () => {
  test('gives its id, flags, name as sent, type and class', () => {
    const {
      id,
      flags,
      wireName,
      type,
      class: qclass,
      edns,
    } = parsed(query({ id: 0xbeef, flags: 0x0130, question: 'wWw.ExAmPlE.bit', type: 28 }))
    expect({ id, flags, type, qclass, edns }).toEqual({
      id: 0xbeef,
      flags: 0x0130,
      type: 28,
      qclass: 1,
      edns: undefined,
    })
    expect(wireName).toEqual(wire('wWw.ExAmPlE.bit'))
  })

  test('C27: EDNS: DO and padding are seen, unknown options and the UDP size are not', () => {
    const { edns } = parsed(
      query({
        additional: [
          opt({ size: 512, flags: 0x8000 }, option(65001, [1, 2]), option(12, new Uint8Array(20))),
        ],
      }),
    )
    expect(edns).toEqual({ version: 0, dnssecOk: true, padded: true })
    expect(parsed(query({ additional: [opt()] })).edns).toEqual({
      version: 0,
      dnssecOk: false,
      padded: false,
    })
  })

  test('may hold other records beside its OPT', () => {
    const other = record(wire('x.example'), Type.A, 0, [1, 2, 3, 4])
    expect(parsed(query({ additional: [other, opt()] })).edns).toBeDefined()
  })

  test('C5: of 65,535 octets is parsed', () => {
    const room = 65_535 - query({ additional: [opt({}, option(12))] }).length
    const message = query({ additional: [opt({}, option(12, new Uint8Array(room)))] })
    expect(message.length).toBe(65_535)
    expect(parsed(message).edns?.padded).toBe(true)
  })
})

describe('C5, C8, C27: a message that is no answerable query', () => {
  const whole = query({ additional: [opt()] })
  const cases: [string, Uint8Array, string | number][] = [
    ['0 octets', new Uint8Array(), 'malformed'],
    ['11 octets', whole.subarray(0, 11), 'malformed'],
    ['12 octets', whole.subarray(0, 12), 'malformed'],
    ['16 octets', whole.subarray(0, 16), 'malformed'],
    ['a response', query({ flags: 0x8100 }), 'malformed'],
    ['no question', octets(word(0), word(0x0100), word(0), word(0), word(0), word(0)), 'malformed'],
    ['octets behind the last record', octets(query(), 0), 'malformed'],
    ['a pointer in the question', octets(query().subarray(0, 12), 0xc0, 12, word(1), word(1)), 'malformed'],
    [
      'a pointer loop after a label',
      octets(query().subarray(0, 12), 1, 'a', 0xc0, 12, word(1), word(1)),
      'malformed',
    ],
    [
      'a label type that does not exist',
      octets(query().subarray(0, 12), 0x41, 'a', 0, word(1), word(1)),
      'malformed',
    ],
    [
      'a name of 256 octets',
      octets(
        query().subarray(0, 12),
        ...Array.from({ length: 4 }, () => octets(63, 'a'.repeat(63))),
        0,
        word(1),
        word(1),
      ),
      'malformed',
    ],
    [
      'two questions',
      octets(
        word(0),
        word(0x0100),
        word(2),
        word(0),
        word(0),
        word(0),
        wire('a.bit'),
        word(1),
        word(1),
        wire('b.bit'),
        word(1),
        word(1),
      ),
      Rcode.FORMERR,
    ],
    ['two OPT records', query({ additional: [opt(), opt()] }), Rcode.FORMERR],
    [
      'an OPT whose owner is not the root',
      query({ additional: [octets(wire('x'), opt().subarray(1))] }),
      Rcode.FORMERR,
    ],
    [
      'an option longer than its OPT',
      query({ additional: [opt({}, octets(word(12), word(9), 0))] }),
      Rcode.FORMERR,
    ],
    ['EDNS version 1', query({ additional: [opt({ version: 1 })] }), Rcode.BADVERS],
    ['opcode NOTIFY', query({ flags: 0x2100 }), 'other-opcode'],
    ['opcode UPDATE', query({ flags: 0x2800 }), 'other-opcode'],
    ['AXFR', query({ type: Type.AXFR }), Rcode.REFUSED],
    ['IXFR', query({ type: Type.IXFR }), Rcode.REFUSED],
    ['class CH', query({ qclass: 3 }), Rcode.REFUSED],
    ['class ANY', query({ qclass: 255 }), Rcode.REFUSED],
    ['type OPT', query({ type: 41 }), Rcode.FORMERR],
    ['type 0', query({ type: 0 }), Rcode.FORMERR],
    ['type TSIG', query({ type: 250 }), Rcode.NOTIMP],
  ]
  test.each(cases)('%s', (_what, message, expected) => {
    expect(outcome(parseQuery(message))).toBe(expected)
  })

  test('an OPT in the answer section is refused', () => {
    const message = octets(
      word(0),
      word(0x0100),
      word(1),
      word(1),
      word(0),
      word(0),
      wire('a.bit'),
      word(1),
      word(1),
      opt(),
    )
    expect(outcome(parseQuery(message))).toBe(Rcode.FORMERR)
  })
})

test('C8: the answer to another opcode is its header with NOTIMP, the opcode and RD as sent (RFC 1035 §4.1.1)', () => {
  const update = query({ id: 0xbeef, flags: 0x2900 })
  expect(notImplemented(update)).toEqual(octets(word(0xbeef), word(0xa984), new Uint8Array(8)))
})

describe('any octets', () => {
  test('every truncation of a query is malformed', () => {
    const whole = query({ additional: [opt({}, option(12, new Uint8Array(5)))] })
    for (let length = 0; length < whole.length; length++) {
      expect(outcome(parseQuery(whole.subarray(0, length)))).toBe('malformed')
    }
  })

  test('never throw, and what is understood lies within the message', () => {
    const message = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc
        .tuple(
          fc.constant(query({ additional: [opt({}, option(8, [0, 1, 0, 0]))] })),
          fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
        )
        .map(([whole, changes]) => {
          const changed = Uint8Array.from(whole)
          for (const [offset, value] of changes) if (offset < changed.length) changed[offset] = value
          return changed
        }),
    )
    fc.assert(
      fc.property(message, (bytes) => {
        const result = parseQuery(bytes)
        if (result.kind === 'malformed' || result.kind === 'other-opcode') return
        const { wireName } = result.query
        expect(wireName.length).toBeLessThanOrEqual(255)
        expect(wireName.at(-1)).toBe(0)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('the cache key', () => {
  const key = (parts: Parameters<typeof query>[0]) => cacheKey(parsed(query(parts)))
  test('C32, C7: is the same for every case and id', () => {
    expect(key({ question: 'wWw.ExAmPlE.bit', id: 1 })).toBe(key({ question: 'www.example.bit', id: 2 }))
  })
  test('C27: differs with the name, the type, DO and CD', () => {
    const keys = [
      key({}),
      key({ question: 'jordia66.bit' }),
      key({ type: 28 }),
      key({ flags: 0x0110 }),
      key({ additional: [opt({ flags: 0x8000 })] }),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })
  test('keeps names apart that differ in where a dot is', () => {
    expect(key({ question: 'a\\.b.bit' })).not.toBe(key({ question: 'a.b.bit' }))
  })
  test('does not take other octets for letters', () => {
    expect(key({ question: '[.bit' })).not.toBe(key({ question: '{.bit' }))
  })
})
