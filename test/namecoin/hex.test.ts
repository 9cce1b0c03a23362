import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/namecoin/hex.ts'

test('octets survive the way to hex and back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (octets) => {
      expect(fromHex(toHex(octets))).toEqual(octets)
    }),
  )
})

test.each(['0', '0g', 'abc', ' 00', '0x00', '00\n'])('%j is no hex', (text) => {
  expect(fromHex(text)).toBeUndefined()
})

test('upper case is read', () => {
  expect(fromHex('AbCD')).toEqual(new Uint8Array([0xab, 0xcd]))
})
