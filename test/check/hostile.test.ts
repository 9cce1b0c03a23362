import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tableLines } from '../../src/check/report.ts'
import type { DohServer, Reply } from '../../src/check/server.ts'
import { CLAUSES, check } from '../../src/check/suite.ts'
import { answer, octets, opt, record, soaData, wire, word } from '../dns/messages.ts'
import { subjectOf } from './subject.ts'

/** Whatever a server sends, each clause comes to a finding: a stranger's server ends no check. */

const status = fc.oneof(
  fc.constantFrom(200, 200, 200, 200, 200, 204, 400, 404, 405, 500),
  fc.integer({ min: 100, max: 999 }),
)
const contentType = fc.constantFrom(
  'application/dns-message',
  'application/dns-message',
  'application/dns-json',
  'text/html',
  '',
)

/** Answers of all sorts, octets that are none, and JSON that is not what it should be. */
const body = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.json().map((text) => new TextEncoder().encode(text)),
  fc
    .constantFrom<unknown>(
      { Status: { toString: 1 } },
      { Status: 0, Answer: [null, { type: 1, data: {} }] },
      { Status: 0, Answer: {} },
      null,
      1,
    )
    .map((value) => new TextEncoder().encode(JSON.stringify(value))),
  fc
    .record({
      rcode: fc.integer({ min: 0, max: 15 }),
      question: fc.constantFrom('three.example', 'chain.example', 'THREE.example', 'other.example'),
      types: fc.array(fc.tuple(fc.constantFrom(1, 5, 6, 16, 41, 46), fc.uint8Array({ maxLength: 12 })), {
        maxLength: 4,
      }),
      soa: fc.constantFrom([], [soaData(60)], [octets(0, 0)], [octets(0, 0, word(1))]),
      edns: fc.boolean(),
      cut: fc.constantFrom(0, 0, 0, 0, 0, 1, 5),
    })
    .map(({ rcode, question, types, soa, edns, cut }) => {
      const whole = answer({
        ...{ flags: 0x8180 | rcode, question },
        answer: types.map(([type, data]) =>
          record(wire(question), type, 300, type === 5 ? wire('chain.example') : data),
        ),
        authority: soa.map((data) => record(wire('example'), 6, 3_600, data)),
        additional: edns ? [opt()] : [],
      })
      return whole.subarray(0, whole.length - cut)
    }),
)

const header = fc.tuple(
  fc.constantFrom('cache-control', 'age', 'expires', 'date', 'set-cookie', 'server', 'vary', 'allow', 'etag'),
  fc.oneof(
    fc.string(),
    fc.constantFrom('max-age=', 'max-age=99999999999999999999', 's-maxage="1"', 'public', '-1', 'NaN'),
  ),
)

const reply: fc.Arbitrary<Reply> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({ status, contentType, body, headers: fc.array(header, { maxLength: 4 }) }).map(
      ({ status, contentType, body, headers }): Reply => ({
        ...{ kind: 'response', status, version: '2', pushes: 0 },
        headers: [['content-type', contentType], ...headers],
        body: Uint8Array.from(body),
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('timeout', 'closed', 'unspoken', 'protocol')
      .map((code): Reply => ({ kind: 'silence', code, detail: 'gone' })),
  },
)

test('every clause comes to a finding', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(reply), async (replies) => {
      const next = async (): Promise<Reply> => replies.next().value!
      const server: DohServer = {
        send: next,
        connections: { sendAtOnce: async () => [await next()], cancelAtOnce: async () => {}, stall: next },
      }
      let count = 0
      for await (const checked of check(subjectOf(server, { robust: true }), CLAUSES)) {
        for (const line of tableLines(checked, { colours: false, width: 100 }))
          expect(line.length).toBeLessThanOrEqual(100)
        count += 1
      }
      expect(count).toBe(CLAUSES.length)
    }),
    { numRuns: 150 },
  )
})
