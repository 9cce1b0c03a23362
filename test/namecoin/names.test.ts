import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Names, namesSource, parseNames } from '../../src/namecoin/names.ts'
import { never } from './clock.ts'

const text = (octets: Uint8Array | undefined) => new TextDecoder().decode(octets)

function good(json: string): Names {
  const names = parseNames(json)
  if (names.kind !== 'names') throw new Error(names.detail)
  return names
}

function detail(json: string): string {
  const names = parseNames(json)
  return names.kind === 'names' ? 'no error' : names.detail
}

test('a value is an object, or a string with the text as in the blockchain', () => {
  const { values } = good(
    '{"d/object": {"ip": ["192.0.2.10", "198.51.100.20"]}, "d/raw": "{\\"ip\\":\\"192.0.2.1\\"}"}',
  )
  expect(text(values.get('d/object'))).toBe('{"ip":["192.0.2.10","198.51.100.20"]}')
  expect(text(values.get('d/raw'))).toBe('{"ip":"192.0.2.1"}')
})

test('a raw string need not be a value that means anything', () => {
  const { values } = good('{"d/empty": "", "d/notjson": "hello", "d/unicode": "\u{1F600}"}')
  expect(values.get('d/empty')).toEqual(new Uint8Array())
  expect(text(values.get('d/notjson'))).toBe('hello')
  expect(values.get('d/unicode')).toEqual(new Uint8Array([0xf0, 0x9f, 0x98, 0x80]))
})

test('names of any namespace are taken', () => {
  const { values } = good('{"d/a": {}, "dd/shared": {}, "id/alice": {}}')
  expect([...values.keys()]).toEqual(['d/a', 'dd/shared', 'id/alice'])
})

test('a byte order mark does no harm', () => {
  expect(good('\uFEFF{"d/a": {}}').values.size).toBe(1)
})

test('a name called __proto__ is a bad key, not a way in', () => {
  expect(detail('{"__proto__": {"d/evil": {}}}')).toContain('__proto__')
})

test.each([
  ['{"example.bit": {}}', '"example.bit": write "d/example"'],
  ['{"Example": {}}', '"Example": write "d/example"'],
  ['{"": {}}', '"": not a name with its namespace, like d/example'],
  ['{"d/": {}}', '"d/": not a name with its namespace, like d/example'],
  ['{"www.example.bit": {}}', '"www.example.bit": not a name with its namespace, like d/example'],
  [`{"d/${'x'.repeat(254)}": {}}`, `"d/${'x'.repeat(254)}": longer than 255 octets`],
  ['{"d/a": ["192.0.2.1"]}', '"d/a": the value must be an object, or a string with its text'],
  ['{"d/a": null}', '"d/a": the value must be an object, or a string with its text'],
  ['{"d/a": 1}', '"d/a": the value must be an object, or a string with its text'],
  [`{"d/a": "${'x'.repeat(65_536)}"}`, '"d/a": the value is longer than 65535 octets'],
  ['[]', 'not a JSON object of names and values'],
  ['null', 'not a JSON object of names and values'],
])('%.40s is refused with the reason', (json, reason) => {
  expect(detail(json)).toBe(reason)
})

test('whatever is wrong with the text, the reason is one line', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.constant('{\n"d/a": {}\n,,\n}')), (json) => {
      expect(detail(json)).toMatch(/^.+$/)
    }),
  )
  expect(detail('{\n"d/a": {}\n,,\n}')).toMatch(/^not JSON: .+$/)
})

test('holds what it holds, has no height, and answers at once', async () => {
  const source = namesSource(good('{"d/a": {"ip": "192.0.2.1"}}'))
  expect(await source.lookup('d/a', never)).toEqual({
    kind: 'found',
    value: new TextEncoder().encode('{"ip":"192.0.2.1"}'),
  })
  expect(await source.lookup('d/b', never)).toEqual({ kind: 'absent' })
  expect(await source.lookup('toString', never)).toEqual({ kind: 'absent' })
  expect(source.tip()).toEqual({ epoch: expect.any(String) })
  expect(await source.state(never)).toEqual({ kind: 'ready', tip: source.tip() })
})

test('the epoch depends on the content alone: Workers share a cache across isolates', () => {
  const one = '{"d/a": {}}'
  const two = '{"d/b": {}}'
  expect(namesSource(good(one)).tip()).toEqual(namesSource(good(one)).tip())
  expect(namesSource(good(one)).tip()).not.toEqual(namesSource(good(two)).tip())
})

test('changed names make a new epoch at once, unchanged ones none', async () => {
  const source = namesSource(good('{"d/a": {}}'))
  const before = source.tip()
  source.replace(good('{"d/a": {}}'))
  expect(source.tip()).toBe(before)
  source.replace(good('{"d/b": {}}'))
  expect(source.tip()).not.toEqual(before)
  expect(await source.lookup('d/a', never)).toEqual({ kind: 'absent' })
})
