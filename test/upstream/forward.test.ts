import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readMessage } from '../../src/dns/message.ts'
import { type ParsedQuery, parseQuery, type Query } from '../../src/dns/query.ts'
import { boundedSlots, unboundedSlots } from '../../src/namecoin/slots.ts'
import { ATTEMPT_TIMEOUT_MS, forwarder, type Slots } from '../../src/upstream/forward.ts'
import { upstreamQuery } from '../../src/upstream/query.ts'
import { readReply } from '../../src/upstream/reply.ts'
import type { UpstreamResponse, UpstreamTransport } from '../../src/upstream/transport.ts'
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
const reply = (
  body: Uint8Array,
  { status = 200, contentType = 'application/dns-message' } = {},
): UpstreamResponse => ({
  status,
  contentType,
  body,
})
const good = answer({ answer: [record(QUESTION_NAME, 1, 60, [192, 0, 2, 1])] })

describe('the query an upstream gets', () => {
  test('holds name, type, DO and CD, and nothing else of the client’s', () => {
    const message = readMessage(upstreamQuery(asked))!
    expect(message.id).toBe(0)
    expect(message.question).toEqual({ name: ['example', 'com'], type: 1, class: 1 })
    expect(message.edns).toMatchObject({ version: 0, dnssecOk: true })
    expect(message.edns!.options.map(({ code }) => code)).toEqual([12])
    expect(readMessage(upstreamQuery(plain))!.edns!.dnssecOk).toBe(false)
  })
  test('RFC 8467 §4.1: is padded to a multiple of 128 octets', () => {
    for (const length of [1, 20, 63]) {
      const padded = upstreamQuery(
        understood(parseQuery(query({ question: `${'x'.repeat(length)}.${'y'.repeat(40)}.com` }))),
      )
      expect(padded.length % 128).toBe(0)
    }
  })
})

describe('a reply', () => {
  test('is taken as it is', () => {
    expect(readReply(plain, reply(good))?.bytes).toEqual(
      octets(good.subarray(0, 2), 0x80, 0x80, good.subarray(4)),
    )
    expect(readReply(plain, reply(good, { contentType: 'Application/DNS-Message; charset=x' }))).toBeDefined()
  })
  test.each<[string, UpstreamResponse]>([
    ['another status', reply(good, { status: 500 })],
    ['another media type', reply(good, { contentType: 'text/html' })],
    ['another id', reply(answer({ id: 1 }))],
    ['another name', reply(answer({ question: 'example.net' }))],
    ['another type', reply(answer({ type: 28 }))],
    ['a query', reply(query({ question: 'example.com' }))],
    ['another opcode', reply(answer({ flags: 0xa180 }))],
    ['nothing', reply(new Uint8Array())],
    ['half a message', reply(good.subarray(0, good.length - 3))],
    [
      'a record with a pointer loop',
      reply(answer({ answer: [record([0xc0, good.length - 15], 1, 60, [1, 2, 3, 4])] })),
    ],
    ['a CNAME that is no name', reply(answer({ answer: [record(QUESTION_NAME, 5, 60, [3, 1])] }))],
  ])('with %s is no reply', (_what, response) => {
    expect(readReply(plain, response)).toBeUndefined()
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
    const message = readMessage(readReply(plain, reply(mixed))!.bytes)!
    expect(message.answer.map(({ name, type }) => `${name.join('.')} ${type}`)).toEqual([
      'example.com 5',
      'middle.example 5',
      'end.example 1',
    ])
    expect(message.flags & 0x20).toBe(0x20)
  })
  test('says RA and not AA, whatever the upstream says of itself', () => {
    const { bytes } = readReply(plain, reply(answer({ flags: 0x8500 })))!
    expect(readMessage(bytes)!.flags & 0x0480).toBe(0x0080)
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
    const { answer: ordered } = readMessage(readReply(plain, reply(message))!.bytes)!
    expect(ordered.map(({ name }) => name[0])).toEqual(['example', ...names.map((_, index) => `n${index}`)])
  })
  test('of any octets never throws (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 5 }), (changes) => {
        const body = Uint8Array.from(good)
        for (const [offset, value] of changes) body[offset] = value
        readReply(plain, reply(body))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('forwarding', () => {
  const open = (
    upstreams: readonly string[],
    post: UpstreamTransport['post'],
    slots: Slots = unboundedSlots,
  ) => {
    const failures: string[] = []
    const attempts: AbortController[] = []
    const forward = forwarder({
      upstreams,
      transport: { post },
      slots,
      onFailure: (upstream, why) => failures.push(`${upstream} ${why}`),
      timeout: (milliseconds) => {
        expect(milliseconds).toBe(ATTEMPT_TIMEOUT_MS)
        const controller = new AbortController()
        attempts.push(controller)
        return controller.signal
      },
    })
    return { forward, failures, attempts }
  }
  const never = new AbortController().signal

  test('asks the first upstream, and no other when that answers', async () => {
    const urls: string[] = []
    const { forward } = open(['https://a', 'https://b'], async (url) => {
      urls.push(url)
      return reply(good)
    })
    expect((await forward(plain, never)).kind).toBe('answer')
    expect(urls).toEqual(['https://a'])
  })

  test('fails over in order: refused, wrong, then right', async () => {
    const { forward, failures } = open(['https://a', 'https://b', 'https://c'], async (url) => {
      if (url === 'https://a') throw Object.assign(new Error(), { code: 'ECONNREFUSED' })
      return url === 'https://b' ? reply(good, { status: 503 }) : reply(good)
    })
    expect((await forward(plain, never)).kind).toBe('answer')
    expect(failures).toEqual(['https://a ECONNREFUSED', 'https://b HTTP 503'])
  })

  test('asks the next one when one cannot or will not: SERVFAIL, REFUSED', async () => {
    for (const flags of [0x8182, 0x8185]) {
      const { forward } = open(['https://a', 'https://b'], async (url) =>
        reply(url === 'https://a' ? answer({ flags }) : good),
      )
      expect(await forward(plain, never)).toMatchObject({ kind: 'answer', packed: { rcode: 0 } })
    }
  })

  test('when none can, passes on what the first one said, with an Extended DNS Error', async () => {
    const { forward } = open(['https://a', 'https://b'], async (url) =>
      reply(answer({ flags: url === 'https://a' ? 0x8182 : 0x8185 })),
    )
    const forwarded = await forward(plain, never)
    if (forwarded.kind !== 'answer') throw new Error(forwarded.code)
    expect(forwarded.packed.rcode).toBe(2)
    expect(String.fromCharCode(...forwarded.packed.options.subarray(6))).toBe('the upstream says SERVFAIL')
  })

  test('keeps what is between the upstream and us to itself: BADVERS is no answer', async () => {
    const badvers = answer({ additional: [opt({ extendedRcode: 1 })] })
    const { forward } = open(['https://a'], async () => reply(badvers))
    expect(await forward(plain, never)).toEqual({ kind: 'failed', code: 'protocol' })
  })

  test('is bounded: beyond the room there is, queries fail at once', async () => {
    const { forward } = open(['https://a'], () => new Promise(() => {}), boundedSlots(2, 0))
    const deadline = new AbortController()
    const waiting = [forward(plain, deadline.signal), forward(plain, deadline.signal)]
    expect(await forward(plain, deadline.signal)).toEqual({ kind: 'failed', code: 'overloaded' })
    deadline.abort()
    expect(await Promise.all(waiting)).toEqual([
      { kind: 'failed', code: 'timeout' },
      { kind: 'failed', code: 'timeout' },
    ])
    const again = forward(plain, deadline.signal)
    expect(await again).toEqual({ kind: 'failed', code: 'timeout' })
  })

  test('leaves an upstream that hangs, even one whose transport does not heed the signal', async () => {
    const { forward, attempts, failures } = open(['https://a', 'https://b'], (url) =>
      url === 'https://a' ? new Promise(() => {}) : Promise.resolve(reply(good)),
    )
    const forwarded = forward(plain, never)
    attempts[0]!.abort()
    expect((await forwarded).kind).toBe('answer')
    expect(failures).toEqual(['https://a no answer in time'])
  })

  test('ends at the one deadline, whatever upstreams are left', async () => {
    const deadline = new AbortController()
    const urls: string[] = []
    const { forward } = open(['https://a', 'https://b'], (url) => {
      urls.push(url)
      return new Promise(() => {})
    })
    const forwarded = forward(plain, deadline.signal)
    deadline.abort()
    expect(await forwarded).toEqual({ kind: 'failed', code: 'timeout' })
    expect(urls).toEqual(['https://a'])
  })

  test.each<[string, UpstreamTransport['post'], string]>([
    ['network', () => Promise.reject(new Error('no')), 'network'],
    ['protocol', async () => reply(good, { contentType: 'text/html' }), 'protocol'],
  ])('tells %s failures apart', async (_what, post, code) => {
    expect(await open(['https://a'], post).forward(plain, never)).toEqual({ kind: 'failed', code })
  })
})
