import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readMessage } from '../../src/dns/message.ts'
import { type ParsedQuery, parseQuery, type Query } from '../../src/dns/query.ts'
import { upstreamQuery } from '../../src/upstream/query.ts'
import { readReply } from '../../src/upstream/reply.ts'
import { answer, octets, opt, option, QUESTION_NAME, query, record, wire } from '../dns/messages.ts'

const understood = (parsed: ParsedQuery): Query => {
  if (parsed.kind !== 'query') throw new Error(parsed.kind)
  return parsed.query
}
const asked = understood(
  parseQuery(
    query({
      id: 77,
      question: 'ExAmPlE.com',
      additional: [
        opt(
          { flags: 0x8000 },
          option(8, [0, 1, 24, 0, 192, 0, 2]),
          option(10, new Uint8Array(8)),
          option(65_001, [1]),
        ),
      ],
    }),
  ),
)
const plain = understood(parseQuery(query({ question: 'example.com' })))
const good = answer({ answer: [record(QUESTION_NAME, 1, 60, [192, 0, 2, 1])] })

describe('the query an upstream gets', () => {
  test('holds name, type, DO and CD, and nothing else of the client’s', () => {
    const message = readMessage(upstreamQuery(asked, true))!
    expect(message.id).toBe(0)
    expect(message.question).toEqual({ name: ['example', 'com'], type: 1, class: 1 })
    expect(message.edns).toMatchObject({ version: 0, dnssecOk: true })
    expect(message.edns!.options.map(({ code }) => code)).toEqual([12])
    expect(readMessage(upstreamQuery(plain, true))!.edns!.dnssecOk).toBe(false)
  })
  test('RFC 8467 §4.1: is padded to a multiple of 128 octets', () => {
    for (const length of [1, 20, 63]) {
      const padded = upstreamQuery(
        understood(parseQuery(query({ question: `${'x'.repeat(length)}.${'y'.repeat(40)}.com` }))),
        true,
      )
      expect(padded.length % 128).toBe(0)
    }
  })
  test('RFC 7830 §6: has no padding in the clear', () => {
    const message = readMessage(upstreamQuery(asked, false))!
    expect(message.edns).toMatchObject({ dnssecOk: true, options: [] })
  })
})

describe('a reply', () => {
  test('is taken as it is', () => {
    expect(readReply(plain, good, true)?.bytes).toEqual(
      octets(good.subarray(0, 2), 0x80, 0x80, good.subarray(4)),
    )
  })
  test.each<[string, Uint8Array]>([
    ['another id', answer({ id: 1 })],
    ['another name', answer({ question: 'example.net' })],
    ['another type', answer({ type: 28 })],
    ['a query', query({ question: 'example.com' })],
    ['another opcode', answer({ flags: 0xa180 })],
    ['nothing', new Uint8Array()],
    ['half a message', good.subarray(0, good.length - 3)],
    [
      'a record with a pointer loop',
      answer({ answer: [record([0xc0, good.length - 15], 1, 60, [1, 2, 3, 4])] }),
    ],
    ['a CNAME that is no name', answer({ answer: [record(QUESTION_NAME, 5, 60, [3, 1])] })],
  ])('with %s is no reply', (_what, message) => {
    expect(readReply(plain, message, true)).toBeUndefined()
  })
  test('with the CNAME behind the address comes out with the CNAME in front', () => {
    const middle = wire('middle.example')
    const end = wire('end.example')
    const mixed = answer({
      flags: 0x81a0,
      answer: [
        record(end, 1, 60, [192, 0, 2, 1]),
        record(middle, 5, 60, end),
        record(QUESTION_NAME, 5, 60, middle),
      ],
    })
    const message = readMessage(readReply(plain, mixed, true)!.bytes)!
    expect(message.answer.map(({ name, type }) => `${name.join('.')} ${type}`)).toEqual([
      'example.com 5',
      'middle.example 5',
      'end.example 1',
    ])
    expect(message.flags & 0x20).toBe(0x20)
  })
  test('says RA and not AA, whatever the upstream says of itself', () => {
    const { bytes } = readReply(plain, answer({ flags: 0x8500 }), true)!
    expect(readMessage(bytes)!.flags & 0x0480).toBe(0x0080)
  })
  test('keeps AD where the upstream is authenticated, and loses it where anybody could have set it', () => {
    const validated = answer({ flags: 0x81a0, answer: [record(QUESTION_NAME, 1, 60, [192, 0, 2, 1])] })
    const adOf = (authenticated: boolean) => readReply(plain, validated, authenticated)!.bytes[3]! & 0x20
    expect([adOf(true), adOf(false)]).toEqual([0x20, 0])
  })
  test('with thousands of CNAMEs in the wrong order is put in order in one pass', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => wire(`n${index}.example`))
    const chain = names.slice(1).map((next, index) => record(names[index]!, 5, 60, next))
    const message = answer({
      answer: [
        record(names.at(-1)!, 1, 60, [1, 2, 3, 4]),
        ...chain.toReversed(),
        record(QUESTION_NAME, 5, 60, names[0]!),
      ],
    })
    const { answer: ordered } = readMessage(readReply(plain, message, true)!.bytes)!
    expect(ordered.map(({ name }) => name[0])).toEqual(['example', ...names.map((_, index) => `n${index}`)])
  })
  test('of any octets never throws (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 5 }), (changes) => {
        const body = Uint8Array.from(good)
        for (const [offset, value] of changes) body[offset] = value
        readReply(plain, body, true)
      }),
      { numRuns: 1_000 },
    )
  })
})
