import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  equalNames,
  isAtOrBelow,
  isValidName,
  nameFromText,
  nameKey,
  nameToText,
  nameToWire,
  readName,
} from '../../src/dns/name.ts'
import { octets } from './messages.ts'

const anyName = fc
  .array(
    fc.uint8Array({ minLength: 1, maxLength: 63 }).map((label) => String.fromCharCode(...label)),
    { maxLength: 8 },
  )
  .filter(isValidName)

describe('names', () => {
  test('RFC 2181 §11: any octets survive the wire and the text (property)', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(readName(nameToWire(name), 0)).toEqual({ name, end: nameToWire(name).length })
        expect(nameFromText(nameToText(name))).toEqual(name)
        expect(nameToText(name)).toMatch(/^[!-~]+$/)
      }),
    )
  })
  test('RFC 1035 §5.1: special octets are escaped', () => {
    expect(nameToText(['a.b', 'c"d', 'e\\f', 'g h', '\x00'])).toBe('a\\.b.c\\"d.e\\\\f.g\\032h.\\000.')
    expect(nameToText([])).toBe('.')
  })
  test('RFC 1035 §2.3.4: limits', () => {
    expect(nameFromText('x'.repeat(63))).toBeDefined()
    for (const bad of [
      '',
      'x'.repeat(64),
      'a..b',
      '.a',
      Array.from({ length: 128 }, () => 'a').join('.'),
      'a\\',
      'a\\256',
    ])
      expect(nameFromText(bad), bad).toBeUndefined()
  })
  test('RFC 4343: case does not matter, other octets do', () => {
    expect(equalNames(['ExAmPlE', 'bit'], ['example', 'BIT'])).toBe(true)
    expect(equalNames(['[', 'bit'], ['{', 'bit'])).toBe(false)
    expect(isAtOrBelow(['a', 'BIT'], ['bit'])).toBe(true)
    expect(isAtOrBelow(['abit'], ['bit'])).toBe(false)
    expect(isAtOrBelow(['a.bit'], ['bit'])).toBe(false)
  })
  test('keys are equal for equal names only', () => {
    expect(nameKey(['A', 'b'])).toBe(nameKey(['a', 'B']))
    expect(nameKey(['a\x01b'])).not.toBe(nameKey(['a', 'b']))
  })
  test('RFC 1035 §4.1.4: a pointer must lead back: loops and pointers forward end reading', () => {
    expect(readName(octets(0xc0, 0), 0)).toBeUndefined()
    expect(readName(octets(1, 'a', 0xc0, 0), 0)).toBeUndefined()
    expect(readName(octets(0xc0, 2, 0), 0)).toBeUndefined()
    expect(readName(octets(1, 'a', 0, 1, 'b', 0xc0, 0), 3)).toEqual({ name: ['b', 'a'], end: 7 })
  })
  test('a chain of pointers to pointers is not followed for ever', () => {
    const chain = octets(
      0,
      ...Array.from({ length: 200 }, (_, index) => octets(0xc0, index === 0 ? 0 : 2 * index - 1)),
    )
    expect(readName(chain, 1 + 2 * 126)).toEqual({ name: [], end: 1 + 2 * 127 })
    expect(readName(chain, 1 + 2 * 127)).toBeUndefined()
  })
})
