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

test.each([
  '0',
  '0g',
  'g0',
  'abc',
  ' 00',
  '0x00',
  '00\n',
  '0\u0130',
  '\u0131\uff10',
  '-1',
  '0/',
  ':0',
  '@0',
  'G0',
  '`0',
])('%j is no hex', (text) => {
  expect(fromHex(text)).toBeUndefined()
})

test('upper case is read', () => {
  expect(fromHex('AbCD')).toEqual(new Uint8Array([0xab, 0xcd]))
})

test('whatever the text, it is read as a text of hex digit pairs or not at all', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEFgG/:@` \0\u00e9\u212a') }),
      (text) => {
        const isHex = /^(?:[0-9a-f]{2})*$/i.test(text)
        expect(fromHex(text)).toEqual(
          isHex ? Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16)) : undefined,
        )
      },
    ),
  )
})
