import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMessage } from '../../src/dns/message.ts'
import { Type } from '../../src/dns/protocol.ts'
import {
  cloudflareJson,
  googleJson,
  parseGoogleParameters,
  parseParameters,
  prefersJson,
} from '../../src/http/json.ts'
import { hex, join, message, record, text, uint16, wireName } from '../dns/octets.ts'

const google = (query: string) => parseGoogleParameters(new URLSearchParams(query))
const cloudflare = (query: string) => parseParameters(new URLSearchParams(query))

const DIALECTS = [
  ['Google', google],
  ['Cloudflare', cloudflare],
] as const

const PLAIN = {
  kind: 'query',
  name: ['example', 'bit'],
  type: Type.A,
  dnssecOk: false,
  checkingDisabled: false,
  answerAs: 'json',
}

describe.each(DIALECTS)('%s parameters', (_dialect, parse) => {
  it('name alone asks for A', () => expect(parse('name=example.bit')).toEqual(PLAIN))

  it.each([
    ['aaaa', Type.AAAA],
    ['Https', Type.HTTPS],
    ['28', 28],
    ['65535', 65535],
    ['TYPE731', 731],
    ['255', Type.ANY],
    ['', Type.A],
  ])('type=%s', (type, number) =>
    expect(parse(`name=example.bit&type=${type}`)).toEqual({ ...PLAIN, type: number }),
  )

  it.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
    ['', false],
  ])('do=%s and cd=%s', (text, value) => {
    expect(parse(`name=example.bit&do=${text}`)).toEqual({ ...PLAIN, dnssecOk: value })
    expect(parse(`name=example.bit&cd=${text}`)).toEqual({ ...PLAIN, checkingDisabled: value })
  })

  it('the first of duplicates counts', () => {
    expect(parse('name=example.bit&name=x&type=1&type=0&cd=0&cd=7')).toEqual(PLAIN)
  })

  it('ignores parameters it does not know', () => {
    expect(parse('name=example.bit&edns_client_subnet=0.0.0.0/0&random_padding=xx&foo=bar')).toEqual(PLAIN)
  })

  it('turns international names into punycode', () => {
    expect(parse('name=b%C3%BCcher.bit')).toEqual({ ...PLAIN, name: ['xn--bcher-kva', 'bit'] })
  })

  it.each([
    ['', 'missing-name'],
    ['type=A', 'missing-name'],
    ['name=', 'missing-name'],
    ['name=.example.bit', 'invalid-name'],
    ['name=example..bit', 'invalid-name'],
    [`name=${'x'.repeat(64)}.bit`, 'invalid-name'],
    [`name=${'x.'.repeat(127)}bit`, 'invalid-name'],
    ['name=a.bit&type=0', 'invalid-type'],
    ['name=a.bit&type=65536', 'invalid-type'],
    ['name=a.bit&type=nope', 'invalid-type'],
    ['name=a.bit&type=-1', 'invalid-type'],
    ['name=a.bit&type=__proto__', 'invalid-type'],
    ['name=a.bit&do=2', 'invalid-do'],
    ['name=a.bit&do=toString', 'invalid-do'],
    ['name=a.bit&cd=yes', 'invalid-cd'],
  ])('%s: %s', (query, code) => {
    const parsed = parse(query)
    expect(parsed).toMatchObject({ kind: 'problem', code })
    expect(parsed.kind === 'problem' && parsed.message).toMatch(/^[\x20-\x7e]+$/)
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (name, type) => {
        parse(new URLSearchParams({ name, type }).toString())
      }),
    )
  })
})

describe('the ct parameter', () => {
  it('Google: dns-message asks for the wire form, other types are ignored', () => {
    expect(google('name=example.bit&ct=application/dns-message')).toEqual({ ...PLAIN, answerAs: 'message' })
    expect(google('name=example.bit&ct=application/x-javascript')).toEqual(PLAIN)
    expect(google('name=example.bit&ct=text/html')).toEqual(PLAIN)
    expect(google('ct=application/dns-message')).toMatchObject({ code: 'missing-name' })
  })

  it('Cloudflare: not one of its parameters', () => {
    expect(cloudflare('name=example.bit&ct=application/dns-message')).toEqual(PLAIN)
  })
})

const question = (type: number) => join(wireName('example', 'bit'), uint16(type), uint16(1))
const QNAME = hex('c00c')
const ede = (code: number, extra: string) =>
  join(hex('000f'), uint16(2 + extra.length), uint16(code), new TextEncoder().encode(extra))
const opt = (options: Uint8Array, ttl = 0) => record(wireName(), Type.OPT, options, { ttl, class: 1232 })
const read = (bytes: Uint8Array) => readMessage(bytes)!

describe('answers', () => {
  const answer = read(
    message(
      [1, 2, 1, 2],
      question(Type.A),
      record(QNAME, Type.CNAME, join(hex('03 777777'), QNAME), { ttl: 60 }),
      record(join(hex('03 777777'), QNAME), Type.TXT, text('\xc3\xa9 "x"')),
      record(hex('c014'), Type.NS, join(hex('02 6e73'), QNAME)),
      record(join(hex('02 6e73'), QNAME), Type.A, hex('c0000201')),
      opt(hex('')),
    ),
  )

  it('Google: names end with a dot, OPT is no record', () => {
    expect(googleJson(answer)).toEqual({
      Status: 0,
      TC: false,
      RD: true,
      RA: true,
      AD: false,
      CD: false,
      Question: [{ name: 'example.bit.', type: 1 }],
      Answer: [
        { name: 'example.bit.', type: 5, TTL: 60, data: 'www.example.bit.' },
        { name: 'www.example.bit.', type: 16, TTL: 300, data: '"\\195\\169 \\"x\\""' },
      ],
      Authority: [{ name: 'bit.', type: 2, TTL: 300, data: 'ns.example.bit.' }],
      Additional: [{ name: 'ns.example.bit.', type: 1, TTL: 300, data: '192.0.2.1' }],
    })
  })

  it('Cloudflare: owner names end without a dot, names in data with one', () => {
    const { Question, Answer, Authority, Additional } = cloudflareJson(answer)
    expect(Question).toEqual([{ name: 'example.bit', type: 1 }])
    expect(Answer?.[0]).toEqual({ name: 'example.bit', type: 5, TTL: 60, data: 'www.example.bit.' })
    expect(Authority?.[0]?.name).toBe('bit')
    expect(Additional?.[0]?.name).toBe('ns.example.bit')
  })

  it('the root is a dot in both', () => {
    const root = read(message([1, 0, 0, 0], wireName(), uint16(2), uint16(1)))
    for (const json of [googleJson(root), cloudflareJson(root)])
      expect(json.Question).toEqual([{ name: '.', type: 2 }])
  })

  it('empty sections are left out, flags are told', () => {
    const bytes = message([1, 0, 0, 0], question(Type.A))
    bytes[2] = 0x82
    bytes[3] = 0x33
    expect(cloudflareJson(read(bytes))).toEqual({
      Status: 3,
      TC: true,
      RD: false,
      RA: false,
      AD: true,
      CD: true,
      Question: [{ name: 'example.bit', type: 1 }],
    })
  })

  it('Status has all 12 bits', () => {
    expect(googleJson(read(message([1, 0, 0, 1], question(1), opt(hex(''), 0x0100_0000)))).Status).toBe(16)
  })
})

describe('RFC 8914: Extended DNS Errors', () => {
  const failed = read(
    message([1, 0, 0, 1], question(Type.A), opt(join(ede(22, 'no node answers'), ede(3, '')))),
  )

  it('Google: a list, and one text for people', () => {
    expect(googleJson(failed)).toMatchObject({
      Comment: 'No Reachable Authority (no node answers); Stale Answer',
      extended_dns_errors: [
        { info_code: 22, extra_text: 'no node answers' },
        { info_code: 3, extra_text: '' },
      ],
    })
  })

  it('Cloudflare: a list of texts', () => {
    expect(cloudflareJson(failed).Comment).toEqual([
      'EDE(22): No Reachable Authority (no node answers)',
      'EDE(3): Stale Answer',
    ])
  })
})

describe('prefersJson', () => {
  const CASES: [accept: string | undefined, ct: string | undefined, expected: boolean][] = [
    [undefined, undefined, false],
    ['', '', false],
    ['*/*', undefined, false],
    ['application/*', undefined, false],
    ['application/dns-message', undefined, false],
    ['image/png', undefined, false],
    ['application/dns-json', undefined, true],
    ['Application/DNS-JSON; charset=utf-8', undefined, true],
    ['application/json', undefined, true],
    ['text/html, application/dns-json;q=0.5, */*', undefined, true],
    ['application/dns-json;q=0', undefined, false],
    ['application/dns-json;q=0.000', undefined, false],
    ['application/dns-json;q=high', undefined, false],
    ['application/dns-json;q=1.5', undefined, false],
    ['application/dns-json;q=0.5, application/dns-message', undefined, false],
    ['application/dns-json, application/dns-message;q=0.9', undefined, true],
    ['application/dns-json, application/dns-message', undefined, true],
    [undefined, 'application/dns-json', true],
    [undefined, 'application/x-javascript', true],
    [undefined, 'application/json', true],
    ['application/dns-json', 'application/dns-message', false],
    ['application/dns-json', 'text/html', true],
    ['application/dns-message', 'application/dns-json', true],
  ]
  it.each(CASES)('RFC 9110 §12.5.1: Accept %j, ct %j: %s', (accept, ct, expected) => {
    expect(prefersJson(accept, ct)).toBe(expected)
  })
})
