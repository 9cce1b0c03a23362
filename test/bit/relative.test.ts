import { describe, expect, test } from 'vitest'
import { qualifier } from '../../src/bit/relative.ts'
import { nameToText } from '../../src/dns/name.ts'

describe('names in values (ifa-0001, Interpretation of DNS Names)', () => {
  const qualify = qualifier(['example', 'bit'], ['sub', 'example', 'bit'])
  test.each([
    ['www', 'www.sub.example.bit.'],
    ['foo.bar', 'foo.bar.sub.example.bit.'],
    ['', 'sub.example.bit.'],
    ['@', 'example.bit.'],
    ['mail.@', 'mail.example.bit.'],
    ['www.example.com.', 'www.example.com.'],
    ['WWW.Example.COM.', 'www.example.com.'],
    ['ns1.example.com', 'ns1.example.com.sub.example.bit.'],
    ['_dmarc._x', '_dmarc._x.sub.example.bit.'],
    ['.', '.'],
    ['com.', 'com.'],
  ])('%j is %s', (text, name) => expect(nameToText(qualify(text)!)).toBe(name))
  test.each([
    'ex$ample.com.',
    'ns1.example.com. ns2.example.com.',
    'a..b',
    'a..',
    '..',
    '.a',
    '@.a',
    '@.',
    'a.@.',
    '*.a',
    '*',
    'a\\.b',
    'ä.example.',
    `${'a'.repeat(64)}.`,
    `${'a.'.repeat(128)}`,
    ' www',
  ])('%j is none', (text) => expect(qualify(text)).toBeUndefined())
  test('255 octets are the limit, after a relative name is made absolute', () => {
    const label = 'a'.repeat(63)
    expect(qualify(`${label}.${label}.${label}.${'a'.repeat(61)}.`)).toHaveLength(4)
    expect(qualify(`${label}.${label}.${label}.${'a'.repeat(62)}.`)).toBeUndefined()
    expect(qualify(`${label}.${label}.${label}.${'a'.repeat(45)}`)).toHaveLength(7)
    expect(qualify(`${label}.${label}.${label}.${'a'.repeat(46)}`)).toBeUndefined()
  })
})
