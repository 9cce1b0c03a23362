import { describe, expect, test } from 'vitest'
import { leadsToPrivate } from '../../src/resolver/private-addresses.ts'
import { isPrivateAddress } from '../../src/special-addresses.ts'
import { octets, word } from '../dns/messages.ts'

const v4 = (text: string) => Uint8Array.from(text.split('.').map(Number))
const v6 = (hex: string) => Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16))

describe('addresses that are not public', () => {
  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ])('%s', (text) => {
    expect(isPrivateAddress(v4(text))).toBe(true)
  })
  test.each([
    '1.1.1.1',
    '100.63.0.1',
    '100.128.0.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.167.0.1',
    '198.20.0.1',
    '223.255.255.255',
  ])('%s is public', (text) => {
    expect(isPrivateAddress(v4(text))).toBe(false)
  })
  test.each([
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fd00::1', 'fd000000000000000000000000000001'],
    ['fe80::1', 'fe800000000000000000000000000001'],
    ['fec0::1', 'fec00000000000000000000000000001'],
    ['ff02::1', 'ff020000000000000000000000000001'],
    ['::ffff:10.0.0.1', '00000000000000000000ffff0a000001'],
    ['::127.0.0.1', '0000000000000000000000007f000001'],
    ['64:ff9b::127.0.0.1', '0064ff9b00000000000000007f000001'],
    ['2002:7f00:1::', '20027f00000100000000000000000000'],
  ])('%s', (_text, hex) => {
    expect(isPrivateAddress(v6(hex))).toBe(true)
  })
  test.each([
    ['2606:4700::1', '26064700000000000000000000000001'],
    ['::ffff:1.1.1.1', '00000000000000000000ffff01010101'],
    ['64:ff9b::1.1.1.1', '0064ff9b000000000000000001010101'],
  ])('%s is public', (_text, hex) => {
    expect(isPrivateAddress(v6(hex))).toBe(false)
  })
  test('RFC 9460 §7.3: hints in HTTPS records lead there, too', () => {
    const https = (...params: Uint8Array[]) => ({
      name: [],
      type: 65,
      ttl: 1,
      data: octets(word(1), 0, ...params),
    })
    const hint = (key: number, address: Uint8Array) => octets(word(key), word(address.length), address)
    expect(leadsToPrivate(https(octets(word(1), word(3), 2, 'h2'), hint(4, v4('10.0.0.1'))))).toBe(true)
    expect(leadsToPrivate(https(hint(6, v6('fd000000000000000000000000000001'))))).toBe(true)
    expect(leadsToPrivate(https(hint(4, v4('1.1.1.1'))))).toBe(false)
    expect(leadsToPrivate(https(octets(word(4), word(200), 10, 0)))).toBe(false)
  })
})
