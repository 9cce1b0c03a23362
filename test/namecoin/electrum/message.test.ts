import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_PARTS, readMessage } from '../../../src/namecoin/electrum/message.ts'
import { readHash, readHex } from '../../../src/namecoin/electrum/octets.ts'

const read = (message: unknown) => readMessage(JSON.stringify(message))

describe('messages', () => {
  test('a result', () => {
    expect(read({ jsonrpc: '2.0', id: 3, result: null })).toEqual({
      kind: 'reply',
      id: 3,
      reply: { kind: 'result', result: null },
    })
  })

  test.each([
    [1, 'bad request'],
    [2, 'its node answered with an error'],
    [10_001, 'the history is too large'],
    [-32_601, 'unknown method'],
    [-32_602, 'bad arguments'],
    [-101, 'excessive resource usage'],
    [-102, 'the server is busy'],
    [4_711, 'error 4711'],
  ])('error %i is %s, whatever the server calls it', (code, meaning) => {
    expect(read({ id: 3, error: { code, message: 'd/secret-name\u001b[2J' } })).toEqual({
      kind: 'reply',
      id: 3,
      reply: { kind: 'error', code, message: meaning },
    })
  })

  test('a result beside an error of null, as JSON-RPC 1.0 has it', () => {
    expect(read({ id: 3, result: 1, error: null })).toMatchObject({ reply: { kind: 'result', result: 1 } })
  })

  test('a notification', () => {
    expect(read({ method: 'a.b', params: [1] })).toEqual({ kind: 'notification', method: 'a.b', params: [1] })
  })

  test.each([
    [{ method: 'server.ping', params: [], id: 5 }],
    [{ method: 'a.b' }],
    [{ id: null, error: { code: 1 } }],
    [{ id: 'x', result: 1 }],
    [{}],
  ])('of no use: %j', (message) => {
    expect(read(message)).toEqual({ kind: 'other' })
  })

  test.each([
    '',
    '[]',
    '[{"id":1,"result":1}]',
    'null',
    '1',
    '"x"',
    '{',
    '{"id":1}',
    'HTTP/1.1 400',
    '\u0000',
  ])('no message: %j', (text) => {
    expect(readMessage(text)).toMatchObject({ kind: 'failed', code: 'protocol' })
  })

  test('an error without a code', () => {
    expect(read({ id: 1, error: 'no' })).toMatchObject({ reply: { kind: 'failed', code: 'protocol' } })
  })

  test.each([
    ['brackets', (parts: number) => '['.repeat(parts)],
    ['objects', (parts: number) => `[${'{},'.repeat(parts / 2)}1]`],
    ['members', (parts: number) => `{${Array.from({ length: parts / 2 }, (_, i) => `"${i}":1`).join(',')}}`],
  ])('a bomb of %s is not parsed', (_title, bomb) => {
    expect(readMessage(bomb(MAX_PARTS + 2))).toMatchObject({ code: 'too-long' })
  })

  test('as many parts as are allowed', () => {
    const list = Array(MAX_PARTS - 10).fill(1)
    expect(read({ id: 1, result: list })).toMatchObject({ reply: { result: list } })
  })

  test('any text at all: a value, never an exception', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        expect(readMessage(text)).toHaveProperty('kind')
      }),
    )
  })
})

describe('octets', () => {
  test('hex of either case, any octets', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (octets, upper) => {
        const hex = [...octets].map((octet) => octet.toString(16).padStart(2, '0')).join('')
        expect(readHex(upper ? hex.toUpperCase() : hex, 0, 1_000)).toEqual(octets)
      }),
    )
  })

  test.each(['a', '0g', 'zz', '0x', ' a', 'a ', 'é0', '00\u{1d7d8}', '\u0130\u0130'])(
    'no hex: %j',
    (text) => {
      expect(readHex(text, 0, 10)).toBeUndefined()
    },
  )

  test.each([undefined, null, 1, ['00'], {}])('no text: %j', (value) => {
    expect(readHex(value, 0, 10)).toBeUndefined()
  })

  test('too short, too long', () => {
    expect(readHex('0000', 3, 5)).toBeUndefined()
    expect(readHex('000000000000', 3, 5)).toBeUndefined()
  })

  test('a hash is displayed with its octets reversed', () => {
    expect(readHash(`${'00'.repeat(31)}01`)?.[0]).toBe(1)
    expect(readHash('00')).toBeUndefined()
  })
})
