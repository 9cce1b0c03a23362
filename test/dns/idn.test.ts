import { describe, expect, it } from 'vitest'
import { nameFromUser } from '../../src/dns/idn.ts'

describe('nameFromUser', () => {
  const NAMES: [what: string, text: string, name: readonly string[]][] = [
    ['ASCII as it is', 'WWW.Example.bit', ['WWW', 'Example', 'bit']],
    ['a final dot', 'example.bit.', ['example', 'bit']],
    ['the root', '.', []],
    ['underscores and stars', '_443._tcp.*.bit', ['_443', '_tcp', '*', 'bit']],
    ['labels of digits are no address', '1.2', ['1', '2']],
    ['RFC 5891: a U-label', 'bücher.bit', ['xn--bcher-kva', 'bit']],
    ['RFC 5891: every U-label', 'ελ.faß.bit', ['xn--qxam', 'xn--fa-hia', 'bit']],
    ['UTS #46: case and width are folded', 'ＢÜCHER.bit', ['xn--bcher-kva', 'bit']],
    ['UTS #46: other full stops', 'bücher。bit', ['xn--bcher-kva', 'bit']],
    ['UTS #46: full-width digits are no address', '１２.bit', ['12', 'bit']],
    ['an underscore beside letters', '_ü.bit', ['xn--_-eha', 'bit']],
    ['RFC 4343 §2.1: escapes', 'a\\.b\\195\\188.bit', ['a.b\xc3\xbc', 'bit']],
  ]
  it.each(NAMES)('%s', (_what, text, name) => expect(nameFromUser(text)).toEqual(name))

  it.each([
    '',
    '..',
    '.bit',
    'a..bit',
    'ü%41.bit',
    'ü:80.bit',
    'ü/.bit',
    'u@ü.bit',
    'ü\\046.bit',
    '\u00ad.bit',
    `${'x'.repeat(64)}.bit`,
  ])('%j is no name', (text) => expect(nameFromUser(text)).toBeUndefined())
})
