import { describe, expect, test } from 'vitest'
import { txt } from '../../../src/bit/items/text.ts'
import { qualifier } from '../../../src/bit/relative.ts'
import type { Value } from '../../../src/bit/value.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

function strings(rdata: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let offset = 0; offset < rdata.length; offset += 1 + rdata[offset]!)
    found.push(rdata.subarray(offset + 1, offset + 1 + rdata[offset]!))
  return found
}
const read = (value: Value) =>
  txt(value, { qualify: qualifier([], []), report: () => {} }).map((rdata) => strings(rdata))
const texts = (value: Value) => read(value).map((record) => record.map((string) => utf8.decode(string)))

describe('txt (ifa-0001)', () => {
  test('a string, an array of strings, arrays of strings', () => {
    expect(texts('This is a string.')).toEqual([['This is a string.']])
    expect(texts(['a', 'b'])).toEqual([['a'], ['b']])
    expect(texts([['This', 'is', 'a', 'string.'], 'Another string.'])).toEqual([
      ['This', 'is', 'a', 'string.'],
      ['Another string.'],
    ])
  })
  test.each([
    [0, [0]],
    [255, [255]],
    [256, [255, 1]],
    [510, [255, 255]],
    [511, [255, 255, 1]],
  ])('a string of %i octets is cut every 255', (length, lengths) =>
    expect(read('x'.repeat(length))[0]!.map((string) => string.length)).toEqual(lengths),
  )
  test('octets of UTF-8 are counted, not characters, and a character may be cut', () => {
    expect(read('é'.repeat(128))[0]!.map((string) => string.length)).toEqual([255, 1])
    expect(read('🐎'.repeat(64))[0]!.map((string) => string.length)).toEqual([255, 1])
  })
  test('a surrogate pair is four octets, a lone surrogate is U+FFFD', () => {
    expect(read('🐎')[0]![0]).toHaveLength(4)
    expect(texts('\ud800')).toEqual([['\ufffd']])
  })
  test('nothing is escaped: backslashes are text', () =>
    expect(texts(['b\\c', '\\065', '"'])).toEqual([['b\\c'], ['\\065'], ['"']]))
  test('an empty string is a record, an empty array is none', () => {
    expect(texts('')).toEqual([['']])
    expect(texts([''])).toEqual([['']])
    expect(texts([[]])).toEqual([])
    expect(texts([])).toEqual([])
    expect(texts([['', 'a']])).toEqual([['', 'a']])
  })
  test('only the bad record is left out, whole, wherever it stands', () => {
    expect(texts(['a', 1, 'b'])).toEqual([['a'], ['b']])
    expect(texts([1, 'a'])).toEqual([['a']])
    expect(texts([['a', 'x'.repeat(256)], ['b', 1], 'c'])).toEqual([['c']])
    expect(texts([['a', 'x'.repeat(255)]])).toEqual([['a', 'x'.repeat(255)]])
    expect(texts([['é'.repeat(128)]])).toEqual([])
  })
  test.each([[new Map()], [1], [true]])('%j is no txt', (value) => expect(texts(value)).toEqual([]))
})
