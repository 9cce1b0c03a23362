import { encode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { MAX_NESTING, parseValue, type Value } from '../../src/bit/value.ts'
import { octetsOf } from './ask.ts'

const parse = (value: unknown) => parseValue(octetsOf(value))
const item = (value: unknown, key: string): Value | undefined => {
  const parsed = parse(value)
  return parsed.kind === 'object' ? parsed.object.get(key) : undefined
}

describe('JSON (RFC 8259)', () => {
  test.each(['', ' ', '\r\n\t '])('%j is the empty object', (text) =>
    expect(parse(text)).toEqual({ kind: 'object', object: new Map() }),
  )
  test.each(['hello, not json', '{', "{'ip':1}", '{"ip":"192.0.2.1",}', '// {}', '{} {}', '{"a":\n"\n"}'])(
    '%j is no JSON',
    (text) => expect(parse(text)).toEqual({ kind: 'invalid', detail: 'not JSON' }),
  )
  test.each(['[]', '"text"', '1', 'null', 'true'])('%s is no object', (text) =>
    expect(parse(text)).toEqual({ kind: 'invalid', detail: 'not an object' }),
  )
  test('line ends between items are whitespace (namecoin-core#337)', () =>
    expect(item('{\r\n\t"ip":\r\n"192.0.2.1"}\n', 'ip')).toBe('192.0.2.1'))
  test('of a key that occurs twice the last one counts, `map` too', () => {
    expect(item('{"ip":"192.0.2.1","ip":"192.0.2.2"}', 'ip')).toBe('192.0.2.2')
    expect(item('{"map":{"a":{}},"map":{"b":{}}}', 'map')).toEqual(new Map([['b', new Map()]]))
  })
  test('__proto__, constructor and toString are keys like any other', () => {
    expect(item('{"__proto__":{"ip":"192.0.2.1"}}', 'ip')).toBeUndefined()
    expect(item('{"__proto__":1}', '__proto__')).toBe(1)
    expect(item('{}', 'toString')).toBeUndefined()
  })
  test('8.0 and 1e2 are integers', () => expect(item('{"a":[8.0,1e2]}', 'a')).toEqual([8, 100]))
  test(`what is nested deeper than ${MAX_NESTING} is null, and the rest stands`, () => {
    const nested = `${'['.repeat(100)}${']'.repeat(100)}`
    expect(item(`{"x":${nested},"ip":"192.0.2.1"}`, 'ip')).toBe('192.0.2.1')
    expect(JSON.stringify(item(`{"x":${nested}}`, 'x'))).toBe(
      `${'['.repeat(MAX_NESTING - 1)}null${']'.repeat(MAX_NESTING - 1)}`,
    )
  })
  test('nesting beyond any value does not overflow the stack', () =>
    expect(parse(`{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}`).kind).toBe('object'))
})

describe('CBOR (ncdns pull request 179)', () => {
  const cbor = (value: unknown) => encode(value)
  test('a map is an object', () =>
    expect(item(cbor({ ip: ['192.0.2.1'], ds: [[1, 8, 2, Uint8Array.of(1, 2)]] }), 'ds')).toEqual([
      [1, 8, 2, Uint8Array.of(1, 2)],
    ]))
  test('keys that are numbers become text, other keys are left out', () => {
    expect(item(cbor(new Map<unknown, unknown>([[443, 'a']])), '443')).toBe('a')
    expect(parse(cbor(new Map<unknown, unknown>([[true, 'a']])))).toEqual({
      kind: 'object',
      object: new Map(),
    })
  })
  test('of a key that occurs twice the last one counts', () =>
    expect(item(Uint8Array.of(0xa2, 0x61, 0x61, 1, 0x61, 0x61, 2), 'a')).toBe(2))
  test('__proto__ is a key like any other', () =>
    expect(item(cbor(new Map([['__proto__', 1]])), '__proto__')).toBe(1))
  test('big integers are numbers, undefined is null', () => {
    expect(item(cbor({ a: 2n ** 63n }), 'a')).toBe(2 ** 63)
    expect(item(Uint8Array.of(0xa1, 0x61, 0x61, 0xf7), 'a')).toBeNull()
  })
  test.each([
    ['a tag', Uint8Array.of(0xa1, 0x61, 0x61, 0xc1, 0x01)],
    ['a map of indefinite length', Uint8Array.of(0xbf, 0x61, 0x61, 0x01, 0xff)],
    ['a string of indefinite length', Uint8Array.of(0xa1, 0x61, 0x61, 0x7f, 0x61, 0x61, 0xff)],
    ['an entry missing', Uint8Array.of(0xa2, 0x61, 0x61, 0x01)],
    ['octets left over', Uint8Array.of(0xa0, 0x00)],
    ['a length beyond the value', Uint8Array.of(0xa1, 0x61, 0x61, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0)],
    ['octets that are neither', Uint8Array.of(0xff, 0xfe)],
  ])('%s is refused', (_, octets) =>
    expect(parse(octets)).toEqual({ kind: 'invalid', detail: 'neither UTF-8 nor CBOR' }),
  )
  test('an array is no object', () =>
    expect(parse(Uint8Array.of(0x81, 0xff))).toEqual({ kind: 'invalid', detail: 'neither UTF-8 nor CBOR' }))
  test('nesting is bounded as for JSON', () => {
    const nested = Uint8Array.from([0xa1, 0x61, 0x61, ...Array(200).fill(0x81), 0x00])
    expect(parse(nested).kind).toBe('object')
    expect(parse(Uint8Array.from([0xa1, 0x61, 0x61, ...Array(50_000).fill(0x81), 0x00])).kind).toMatch(
      /object|invalid/,
    )
  })
})
