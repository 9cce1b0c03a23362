import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lineReader } from '../../../src/namecoin/electrum/framing.ts'
import { idOf, type Skipped } from '../../../src/namecoin/electrum/skipping.ts'

const utf8 = new TextEncoder()

/** Reads chunks; what came out, and the failure that ended it. */
function readAll(chunks: readonly Uint8Array[], read = 1_000, skipped = 100_000) {
  const lines: string[] = []
  const sizes: number[] = []
  const left: Skipped[] = []
  const take = lineReader(
    { read, skipped },
    {
      message: (text, octets) => {
        lines.push(text)
        sizes.push(octets)
      },
      skipped: (one) => void left.push(one),
    },
  )
  for (const chunk of chunks) {
    const problem = take(chunk)
    if (problem !== undefined) return { lines, sizes, left, code: problem.code }
  }
  return { lines, sizes, left }
}

/** The octets cut at these places. */
function cut(octets: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [
    0,
    ...[...at].map((place) => place % (octets.length + 1)).sort((a, b) => a - b),
    octets.length,
  ]
  return places.slice(1).map((end, index) => octets.slice(places[index], end))
}

test('lines come out the same however the stream is cut, with characters cut in two', () => {
  const line = fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => !/[\n\uFEFF]/.test(text))
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat()), (lines, places) => {
      const stream = utf8.encode(lines.map((one) => `${one}\n`).join(''))
      const wanted = lines.filter((one) => one.trim() !== '')
      expect(readAll(cut(stream, places)).lines).toEqual(wanted)
    }),
  )
})

test('one octet a chunk', () => {
  const stream = utf8.encode('{"a":"é€𐍈"}\n{"b":1}\n')
  expect(readAll([...stream].map((octet) => Uint8Array.of(octet))).lines).toEqual(['{"a":"é€𐍈"}', '{"b":1}'])
})

test('several messages in one chunk, and the size of each in octets', () => {
  const { lines, sizes } = readAll([utf8.encode('{"é":1}\n{}\n')])
  expect(lines).toEqual(['{"é":1}', '{}'])
  expect(sizes).toEqual([8, 2])
})

test('carriage returns, empty lines and padding', () => {
  const { lines } = readAll([utf8.encode('\n\r\n  \n{"a":1      }\r\n\n')])
  expect(lines.map((line) => JSON.parse(line))).toEqual([{ a: 1 }])
})

test('a line of just the limit is read', () => {
  const { lines, sizes } = readAll([utf8.encode(`${'x'.repeat(10)}\n`)], 10)
  expect({ lines, sizes }).toEqual({ lines: ['x'.repeat(10)], sizes: [10] })
})

describe('a line above the limit', () => {
  test.each([
    ['in one chunk', ['{"id":1,"result":"…"}\n{}\n']],
    ['in two', ['{"id":1,"res', 'ult":"…"}\n{}\n']],
    ['an octet a chunk', [...'{"id":1,"result":"..."}\n{}\n']],
    ['just above', ['{"id":1,"result":1}\n{}\n']],
    ['between others', ['{}\n{"id":1,"result":""}\n', '{}\n']],
  ])('goes by, and the next is read: %s', (_title, chunks) => {
    const { lines, left, code } = readAll(
      chunks.map((chunk) => utf8.encode(chunk)),
      16,
    )
    expect(code).toBeUndefined()
    expect(lines.at(-1)).toBe('{}')
    expect(left).toHaveLength(1)
    expect(idOf(left[0]!)).toBe(1)
  })

  test('of which nothing is kept but its ends, however long it is', () => {
    const digits = utf8.encode('ab'.repeat(500))
    const { left } = readAll(
      [utf8.encode('{"result":"'), ...Array(90).fill(digits), utf8.encode('","id":7}\n')],
      1_000,
    )
    expect(left).toMatchObject([{ octets: 11 + 90_000 + 9 }])
    expect(left[0]!.head.length + left[0]!.tail.length).toBeLessThanOrEqual(128)
    expect(idOf(left[0]!)).toBe(7)
  })

  test('too long even for that ends the stream', () => {
    const chunks = Array(11).fill(utf8.encode('x'.repeat(10)))
    expect(readAll(chunks.slice(0, 10), 10, 100).code).toBeUndefined()
    expect(readAll(chunks, 10, 100).code).toBe('too-long')
  })
})

test('the limit counts from line to line, not over all of them', () => {
  expect(readAll(Array(50).fill(utf8.encode('12345678\n')), 10).lines).toHaveLength(50)
})

test('octets that are no UTF-8 end the stream', () => {
  expect(readAll([Uint8Array.of(0x22, 0xff, 0x22, 0x0a)]).code).toBe('protocol')
})

test('a chunk that changes afterwards changes nothing that was read', () => {
  const lines: string[] = []
  const take = lineReader(
    { read: 100 },
    { message: (text) => lines.push(text), skipped: () => expect.unreachable() },
  )
  const chunk = utf8.encode('abc')
  take(chunk)
  chunk.fill(0)
  take(utf8.encode('d\n'))
  expect(lines).toEqual(['abcd'])
})
