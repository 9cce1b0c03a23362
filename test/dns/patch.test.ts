import dnsPacket from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { extendedError } from '../../src/dns/edns.ts'
import { encodeAnswer } from '../../src/dns/encode.ts'
import { readMessage } from '../../src/dns/message.ts'
import { type PackedAnswer, packAnswer } from '../../src/dns/packed.ts'
import { respond as respondInBuffer } from '../../src/dns/patch.ts'
import { Flag, Rcode, Type } from '../../src/dns/protocol.ts'
import { parseQuery, type Query } from '../../src/dns/query.ts'
import { secureRandom } from '../../src/random.ts'
import {
  answer,
  long,
  name,
  octets,
  opt,
  option,
  QUESTION_NAME,
  query,
  record,
  soaData,
  wire,
  word,
} from './messages.ts'

const random = secureRandom((lot) => crypto.getRandomValues(lot))
/** As a plain array, so that octets can be compared. */
const respond: typeof respondInBuffer = (...parameters) => Uint8Array.from(respondInBuffer(...parameters))
/** Leaves every order as it is. */
const keepOrder = (bound: number) => bound - 1

const asked = (parts: Parameters<typeof query>[0] = {}): Query => {
  const parsed = parseQuery(query({ question: 'example.com', ...parts }))
  if (parsed.kind !== 'query') throw new Error(parsed.kind)
  return parsed.query
}
const packed = (message: Uint8Array): PackedAnswer => {
  const result = packAnswer(message)
  if (result === undefined) throw new Error('not packed')
  return result
}
const addresses = (count: number, owner: Uint8Array | readonly number[] = QUESTION_NAME, ttl = 300) =>
  Array.from({ length: count }, (_, index) => record(owner, Type.A, ttl, [192, 0, 2, index]))
const addressesIn = (message: Uint8Array) =>
  readMessage(message)!
    .answer.filter(({ type }) => type === Type.A)
    .map(({ data }) => data.join('.'))

describe('a response', () => {
  const three = packed(answer({ answer: addresses(3) }))

  test('C1, C7, C32: has the id, RD, CD and spelling of its query, whatever was packed', () => {
    const response = respond(
      asked({ id: 0xbeef, flags: 0x0110, question: 'ExAmPlE.CoM' }),
      three,
      0,
      keepOrder,
    )
    expect(response.subarray(0, 2)).toEqual(octets(word(0xbeef)))
    expect(response.subarray(12, 25)).toEqual(wire('ExAmPlE.CoM'))
    expect(readMessage(response)!.flags & (Flag.RD | Flag.CD)).toBe(Flag.RD | Flag.CD)
    expect(readMessage(respond(asked({ flags: 0 }), three, 0, keepOrder))!.flags & (Flag.RD | Flag.CD)).toBe(
      0,
    )
  })

  test('leaves all other octets as they came', () => {
    const unknown = record(QUESTION_NAME, 65_280, 60, octets(0xc0, 12, 1, 2, 3))
    const message = answer({
      type: 65_280,
      answer: [unknown],
      additional: [record(wire('x.y'), 65_281, 5, [0xc0, 0])],
    })
    expect(respond(asked({ type: 65_280 }), packed(message), 0, random)).toEqual(message)
  })

  test('C13: counts down each TTL, and not below 0', () => {
    const message = answer({
      answer: [record(QUESTION_NAME, 1, 30, [1, 1, 1, 1]), record(QUESTION_NAME, 1, 600, [2, 2, 2, 2])],
      additional: [record(wire('x'), 1, 3, [3, 3, 3, 3])],
    })
    const { answer: records, additional } = readMessage(respond(asked(), packed(message), 10, keepOrder))!
    expect([...records, ...additional].map(({ ttl }) => ttl)).toEqual([20, 590, 0])
    expect(packed(message).lifetime).toBe(30)
  })

  test('RFC 2181 §8: a TTL with the top bit set is 0', () => {
    expect(packed(answer({ answer: addresses(1, QUESTION_NAME, 0x8000_0001) })).lifetime).toBe(0)
  })

  test('RFC 6840 §5.7: AD only goes to those who asked for it', () => {
    const authentic = packed(answer({ flags: 0x81a0, answer: addresses(1) }))
    const hasAd = (parts: Parameters<typeof query>[0]) =>
      (respond(asked(parts), authentic, 0, random)[3]! & Flag.AD) !== 0
    expect(hasAd({})).toBe(false)
    expect(hasAd({ flags: 0x0120 })).toBe(true)
    expect(hasAd({ additional: [opt({ flags: 0x8000 })] })).toBe(true)
  })
})

describe('EDNS', () => {
  const one = answer({ answer: addresses(1) })

  test('C27: no OPT goes to a client without one, and an upstream OPT is not passed on', () => {
    expect(
      respond(asked(), packed(answer({ answer: addresses(1), additional: [opt()] })), 0, random),
    ).toEqual(one)
  })

  test('C27: DO is echoed, options are not', () => {
    const { edns } = readMessage(
      respond(asked({ additional: [opt({ flags: 0x8000 }, option(65001, [1]))] }), packed(one), 0, random),
    )!
    expect(edns).toMatchObject({ version: 0, dnssecOk: true, options: [] })
  })

  test('RFC 8914: Extended DNS Errors of the upstream are passed on, its other options are not', () => {
    const message = answer({
      flags: 0x8182,
      additional: [opt({}, option(10, [1, 2, 3, 4, 5, 6, 7, 8]), extendedError(22, 'why'))],
    })
    const { edns } = readMessage(respond(asked({ additional: [opt()] }), packed(message), 0, random))!
    expect(edns!.options.map(({ code, data }) => [code, Array.from(data)])).toEqual([
      [15, Array.from(octets(word(22), 'why'))],
    ])
  })

  test('RFC 6891 §6.1.3: response codes above 15 travel in the OPT', () => {
    const message = answer({ flags: 0x8180, additional: [opt({ extendedRcode: 1 })] })
    expect(packed(message).rcode).toBe(16)
    expect(
      readMessage(respond(asked({ additional: [opt()] }), packed(message), 0, random))!.edns!.extendedRcode,
    ).toBe(1)
  })

  test('an OPT in the middle is taken out and pointers over it are mended', () => {
    const before = record(wire('x.example.net'), Type.A, 60, [1, 2, 3, 4])
    const head = answer({ answer: addresses(1) })
    const ownerAfter = head.length + before.length + opt().length
    const after = record(wire('long.owner.example'), Type.A, 60, [5, 6, 7, 8])
    const pointing = record(
      octets(1, 'y', word(0xc000 | ownerAfter)),
      Type.SRV,
      60,
      octets(word(1), word(2), word(3), 1, 'z', word(0xc000 | (ownerAfter + 5))),
    )
    const message = answer({ answer: addresses(1), additional: [before, opt(), after, pointing] })
    const { additional, edns } = readMessage(respond(asked(), packed(message), 0, keepOrder))!
    expect(edns).toBeUndefined()
    expect(additional.map((found) => found.name.join('.'))).toEqual([
      'x.example.net',
      'long.owner.example',
      'y.long.owner.example',
    ])
    expect(additional[2]!.data).toEqual(octets(word(1), word(2), word(3), wire('z.owner.example')))
  })

  test('two OPT records make no answer', () => {
    expect(packAnswer(answer({ additional: [opt(), opt()] }))).toBeUndefined()
  })

  describe('C28: padding', () => {
    const padded = { additional: [opt({}, option(12))] }
    test('to a multiple of 468 octets when the query was padded', () => {
      const response = respond(asked(padded), packed(one), 0, random)
      expect(response.length).toBe(468)
      expect(readMessage(response)!.edns!.options.map(({ code }) => code)).toEqual([12])
    })
    test('not for a query with OPT but without padding, nor without OPT', () => {
      expect(respond(asked({ additional: [opt()] }), packed(one), 0, random).length).toBe(one.length + 11)
      expect(respond(asked(), packed(one), 0, random).length).toBe(one.length)
    })
    test('never past 2,808 octets', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 190 }), (count) => {
          const length = respond(
            asked(padded),
            packed(answer({ answer: addresses(count) })),
            0,
            random,
          ).length
          const bare = answer({ answer: addresses(count) }).length + 11
          if (bare + 4 <= 2_808) expect(length % 468).toBe(0)
          else expect(length).toBe(Math.min(bare, length))
          expect(length).toBeLessThanOrEqual(2_999)
        }),
      )
    })
  })
})

describe('the order of addresses', () => {
  test('is fresh each time: all orders of three occur', () => {
    const three = packed(answer({ answer: addresses(3) }))
    const orders = new Set(
      Array.from({ length: 300 }, () => addressesIn(respond(asked(), three, 0, random)).join()),
    )
    expect(orders.size).toBe(6)
  })

  test('moves addresses within the slots of their own RRset only, aliases stay first', () => {
    const other = wire('other.example')
    const message = answer({
      answer: [
        record(QUESTION_NAME, Type.CNAME, 60, other),
        ...addresses(2, other),
        record(other, Type.AAAA, 60, new Uint8Array(16).fill(1)),
        record(other, Type.AAAA, 60, new Uint8Array(16).fill(2)),
        ...addresses(1, wire('third.example')),
      ],
    })
    for (let round = 0; round < 50; round++) {
      const records = readMessage(respond(asked(), packed(message), 0, random))!.answer
      expect(records.map(({ type, name: owner }) => `${type} ${owner.join('.')}`)).toEqual([
        '5 example.com',
        '1 other.example',
        '1 other.example',
        '28 other.example',
        '28 other.example',
        '1 third.example',
      ])
      expect(new Set(records.map(({ data }) => data.join('.'))).size).toBe(5)
    }
  })

  test('loses, doubles and invents none (property)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (count) => {
        const found = addressesIn(respond(asked(), packed(answer({ answer: addresses(count) })), 0, random))
        expect(found.toSorted()).toEqual(
          Array.from({ length: count }, (_, index) => `192.0.2.${index}`).toSorted(),
        )
      }),
    )
  })

  test('does not change the packed answer', () => {
    const three = packed(answer({ answer: addresses(3) }))
    const before = Uint8Array.from(three.bytes)
    for (let round = 0; round < 20; round++) respond(asked({ id: 7 }), three, 5, random)
    expect(three.bytes).toEqual(before)
  })
})

describe('an answer longer than every client reads', () => {
  const many = addresses(250)
  test('loses its other sections first', () => {
    const fits = addresses(180)
    const message = answer({
      answer: fits,
      authority: [record(wire('example.com'), Type.NS, 60, wire('ns.example.com'))],
      additional: addresses(10, wire('ns.example.com')),
    })
    expect(message.length).toBeGreaterThan(2_999)
    const read = readMessage(respond(asked(), packed(message), 0, random))!
    expect([read.answer.length, read.authority.length, read.additional.length]).toEqual([180, 0, 0])
  })
  test('then holds a random subset of the addresses', () => {
    const message = packed(answer({ answer: many }))
    const seen = new Set<string>()
    for (let round = 0; round < 60; round++) {
      const response = respond(asked({ additional: [opt()] }), message, 0, random)
      expect(response.length).toBeLessThanOrEqual(2_999)
      expect(response.length).toBeGreaterThan(2_999 - 16)
      for (const address of addressesIn(response)) seen.add(address)
      expect(dnsPacket.decode(Buffer.from(response)).answers?.length).toBe(addressesIn(response).length)
    }
    expect(seen.size).toBe(250)
  })
  test('is whole when it is signed: a client that validates needs all of it', () => {
    const dnssecOk = { additional: [opt({ flags: 0x8000 })] }
    const signed = answer({ answer: [record(QUESTION_NAME, Type.RRSIG, 60, new Uint8Array(100)), ...many] })
    expect(addressesIn(respond(asked(dnssecOk), packed(signed), 0, random)).length).toBe(250)
    const unsigned = answer({ answer: many })
    expect(respond(asked(dnssecOk), packed(unsigned), 0, random).length).toBeLessThanOrEqual(2_999)
  })
  test('is whole when it is not made of addresses', () => {
    const text = record(
      QUESTION_NAME,
      Type.TXT,
      60,
      octets(...Array.from({ length: 14 }, () => octets(255, 'x'.repeat(255)))),
    )
    expect(
      readMessage(respond(asked({ type: 16 }), packed(answer({ type: 16, answer: [text] })), 0, random))!
        .answer.length,
    ).toBe(1)
  })
})

describe('how long an answer may be kept', () => {
  const soa = (ttl: number, minimum: number) => record(wire('example.com'), Type.SOA, ttl, soaData(minimum))
  const cases: [string, Uint8Array, number][] = [
    [
      'C14: a negative one as long as its SOA says',
      answer({ flags: 0x8183, authority: [soa(3_600, 60)] }),
      60,
    ],
    ['C14: the SOA’s own TTL when that is less', answer({ flags: 0x8180, authority: [soa(30, 60)] }), 30],
    ['C15: not without a SOA', answer({ flags: 0x8183 }), 0],
    ['C15: not a failure', answer({ flags: 0x8182, authority: [soa(60, 60)] }), 0],
    [
      'aliases that lead nowhere: the smaller of both',
      answer({ flags: 0x8183, answer: [record(QUESTION_NAME, 5, 20, wire('x'))], authority: [soa(60, 60)] }),
      20,
    ],
    [
      'aliases that lead nowhere, without a SOA: not',
      answer({ answer: [record(QUESTION_NAME, 5, 20, wire('x'))] }),
      0,
    ],
    [
      'an alias that was asked for',
      answer({ type: 5, answer: [record(QUESTION_NAME, 5, 20, wire('x'))] }),
      20,
    ],
  ]
  test.each(cases)('%s', (_what, message, seconds) => {
    expect(packed(message).lifetime).toBe(seconds)
  })
  test('C14: the SOA goes out with min(TTL, MINIMUM)', () => {
    const response = respond(
      asked(),
      packed(answer({ flags: 0x8183, authority: [soa(3_600, 60)] })),
      10,
      random,
    )
    expect(readMessage(response)!.authority[0]!.ttl).toBe(50)
  })
})

describe('an answer made here', () => {
  const contents = {
    question: { name: name('www.example.bit'), type: Type.A, class: 1 },
    rcode: Rcode.NOERROR,
    authoritative: true,
    answer: [
      { name: name('www.example.bit'), type: Type.CNAME, ttl: 600, data: wire('example.bit') },
      { name: name('example.bit'), type: Type.A, ttl: 600, data: octets(192, 0, 2, 1) },
      { name: name('example.bit'), type: Type.A, ttl: 600, data: octets(192, 0, 2, 2) },
    ],
  }
  test('compresses owner names', () => {
    const { bytes } = encodeAnswer(contents)
    const owners = [QUESTION_NAME, [0xc0, 16], [0xc0, 16]]
    expect(bytes).toEqual(
      answer({
        flags: 0x8480,
        question: 'www.example.bit',
        answer: [
          record(owners[0]!, 5, 600, wire('example.bit')),
          record(owners[1]!, 1, 600, [192, 0, 2, 1]),
          record(owners[2]!, 1, 600, [192, 0, 2, 2]),
        ],
      }),
    )
  })
  test('reads the same in dns-packet', () => {
    const decoded = dnsPacket.decode(Buffer.from(encodeAnswer(contents).bytes))
    expect(
      decoded.answers?.map((found) => [found.name, found.type, 'data' in found ? found.data : undefined]),
    ).toEqual([
      ['www.example.bit', 'CNAME', 'example.bit'],
      ['example.bit', 'A', '192.0.2.1'],
      ['example.bit', 'A', '192.0.2.2'],
    ])
  })
  test('leaves out a record that cannot be written, and keeps the others', () => {
    const bad = { name: ['x'.repeat(64), 'bit'], type: Type.A, ttl: 1, data: octets(1, 2, 3, 4) }
    const long = { name: name('example.bit'), type: Type.TXT, ttl: 1, data: new Uint8Array(65_536) }
    const packedAnswer = encodeAnswer({ ...contents, answer: [bad, long, ...contents.answer] })
    expect(packedAnswer.answerCount).toBe(3)
  })
  test('stays within 65,535 octets', () => {
    const text = { name: name('example.bit'), type: Type.TXT, ttl: 1, data: new Uint8Array(30_000) }
    const packedAnswer = encodeAnswer({ ...contents, answer: [text, text, text] })
    expect(packedAnswer.answerCount).toBe(2)
  })
  test('does not take a label with a zero octet for two labels', () => {
    const strange = { name: ['a\0b', 'bit'], type: Type.A, ttl: 1, data: octets(1, 2, 3, 4) }
    const plain = { name: ['a', 'b', 'bit'], type: Type.A, ttl: 1, data: octets(1, 2, 3, 4) }
    const { bytes } = encodeAnswer({ ...contents, answer: [strange, plain] })
    expect(readMessage(bytes)!.answer.map((found) => found.name)).toEqual([strange.name, plain.name])
  })
})

describe('any octets', () => {
  const whole = answer({
    answer: [record(QUESTION_NAME, 5, 60, wire('x.example')), ...addresses(3, wire('x.example'))],
    authority: [record(wire('example.com'), Type.SOA, 60, soaData(30))],
    additional: [opt({}, extendedError(3, 'stale')), record(wire('y'), 1, 1, [1, 2, 3, 4])],
  })
  test('never make packing or responding throw, and a response stays within bounds', () => {
    const mutated = fc
      .tuple(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(whole.length),
      )
      .map(([changes, length]) => {
        const changed = Uint8Array.from(whole)
        for (const [offset, value] of changes) changed[offset] = value
        return changed.subarray(0, length < 20 ? whole.length : length)
      })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), (message) => {
        const result = packAnswer(message)
        if (result === undefined) return
        const response = respond(asked({ additional: [opt({}, option(12))] }), result, 1, random)
        expect(response.length).toBeLessThanOrEqual(message.length + 11 + 4 + 468 + 64)
      }),
      { numRuns: 3_000 },
    )
  })
  test('every truncation of an answer is refused', () => {
    for (let length = 0; length < whole.length; length++)
      expect(packAnswer(whole.subarray(0, length))).toBeUndefined()
  })
  test('octets behind the last record are dropped: Firefox refuses an answer with some', () => {
    expect(packed(octets(answer({ answer: addresses(1) }), long(7))).bytes.length).toBe(
      answer({ answer: addresses(1) }).length,
    )
  })
})
