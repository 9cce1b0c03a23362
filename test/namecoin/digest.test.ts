import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digest } from '../../src/namecoin/digest.ts'

test.each([
  ['', 'cbf29ce484222325'],
  ['a', 'af63dc4c8601ec8c'],
  ['foobar', '85944171f73967e8'],
])('FNV-1a test vector %j', (text, hex) => {
  expect(digest(text)).toBe(hex)
})

test('equals FNV-1a computed with big integers, for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      let hash = 0xcbf29ce484222325n
      for (const octet of new TextEncoder().encode(text)) {
        hash = BigInt.asUintN(64, (hash ^ BigInt(octet)) * 0x100000001b3n)
      }
      expect(digest(text)).toBe(hash.toString(16).padStart(16, '0'))
    }),
  )
})
