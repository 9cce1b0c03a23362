import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lineReader } from '../../../src/namecoin/electrum/framing.ts'

const utf8 = new TextEncoder()

/** Reads chunks; the lines that came out, and the failure that ended it. */
function readAll(chunks: readonly Uint8Array[], limit = 1_000) {
  const lines: string[] = []
  const sizes: number[] = []
  const take = lineReader(limit, (text, octets) => {
    lines.push(text)
    sizes.push(octets)
  })
  for (const chunk of chunks) {
    const problem = take(chunk)
    if (problem !== undefined) return { lines, sizes, code: problem.code }
  }
  return { lines, sizes }
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
  expect(readAll([utf8.encode(`${'x'.repeat(10)}\n`)], 10)).toEqual({ lines: ['x'.repeat(10)], sizes: [10] })
})

test.each([
  ['in one chunk', [`${'x'.repeat(11)}\n`]],
  ['in two', ['x'.repeat(6), 'x'.repeat(5)]],
  ['without an end', ['x'.repeat(11)]],
  ['after one that is not too long', [`{}\n${'x'.repeat(11)}`]],
])('a line above the limit ends the stream: %s', (_title, chunks) => {
  expect(
    readAll(
      chunks.map((chunk) => utf8.encode(chunk)),
      10,
    ).code,
  ).toBe('too-long')
})

test('the limit counts from line to line, not over all of them', () => {
  expect(readAll(Array(50).fill(utf8.encode('12345678\n')), 10).lines).toHaveLength(50)
})

test('octets that are no UTF-8 end the stream', () => {
  expect(readAll([Uint8Array.of(0x22, 0xff, 0x22, 0x0a)]).code).toBe('protocol')
})

test('a chunk that changes afterwards changes nothing that was read', () => {
  const lines: string[] = []
  const take = lineReader(100, (text) => lines.push(text))
  const chunk = utf8.encode('abc')
  take(chunk)
  chunk.fill(0)
  take(utf8.encode('d\n'))
  expect(lines).toEqual(['abcd'])
})
