import { describe, expect, test } from 'vitest'
import { domainKey, isLabel, isNamecoinName } from '../../src/bit/name.ts'

describe('the Namecoin name for a domain (ifa-0001, Keys)', () => {
  test.each(['example', 'a', 'xn--bcher-kva', '4chan', 'a-b-c', '123four', 'a'.repeat(63)])(
    '%s is d/…',
    (label) => expect(domainKey(label)).toBe(`d/${label}`),
  )
  test.each([
    '',
    '123',
    '0',
    'UPPER',
    'foo_bar',
    'a--b',
    '-x',
    'x-',
    'x--nmc',
    'xn--',
    'a.b',
    'é',
    'a'.repeat(64),
    '*',
    '$',
  ])('%j has none', (label) => expect(domainKey(label)).toBeUndefined())
})

describe('names that can be imported', () => {
  test.each(['d/example', 'dd/shared', 'id/alice', 's/x', 'dd/UPPER and blanks', `d/${'a'.repeat(253)}`])(
    '%s',
    (name) => expect(isNamecoinName(name)).toBe(true),
  )
  test.each(['', 'd/', 'example', '/x', 'D/x', 'd1/x', `d/${'a'.repeat(254)}`, `d/${'é'.repeat(127)}`])(
    'not %j',
    (name) => expect(isNamecoinName(name)).toBe(false),
  )
})

describe('labels a value may use (ifa-0001, Definitions of Valid Names)', () => {
  test.each(['www', '_tcp', '_443', 'a-b', 'a--b', '_', 'a_', 'x'.repeat(63)])('%s', (label) =>
    expect(isLabel(label)).toBe(true),
  )
  test.each(['', '$', 'www*', '*', 'a.b', '-a', 'a-', 'A', 'a b', 'ä', 'x'.repeat(64)])('not %j', (label) =>
    expect(isLabel(label)).toBe(false),
  )
})
