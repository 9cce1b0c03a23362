import { describe, expect, test } from 'vitest'
import { addressBlock, addressOctets, isInBlock } from '../src/addresses.ts'
import { isPrivateAddress, isSpecialAddress } from '../src/special-addresses.ts'

const isIn = (address: string, block: string): boolean =>
  isInBlock(addressOctets(address)!, addressBlock(block)!)

describe('a block of addresses', () => {
  test.each([
    ['10.255.0.1', '10.0.0.0/8', true],
    ['11.0.0.0', '10.0.0.0/8', false],
    ['172.31.255.255', '172.16.0.0/12', true],
    ['172.32.0.0', '172.16.0.0/12', false],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.2', '127.0.0.1', false],
    ['8.8.8.8', '0.0.0.0/0', true],
    ['fd12::1', 'fd00::/8', true],
    ['fe00::1', 'fd00::/8', false],
    ['::1', '::1', true],
    ['10.0.0.1', '::/0', false],
    ['::1', '0.0.0.0/0', false],
  ])('%s in %s: %s', (address, block, expected) => expect(isIn(address, block)).toBe(expected))

  test.each([
    '',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '10.0.0.0/8/8',
    'fe80::1%eth0',
    'localhost',
    '/8',
    '010.0.0.0/8',
  ])('%j is none', (text) => expect(addressBlock(text)).toBeUndefined())
})

describe('special addresses', () => {
  test('those of documentation are nobody’s, but may be answers', () => {
    for (const text of ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1']) {
      expect(isPrivateAddress(addressOctets(text)!)).toBe(false)
      expect(isSpecialAddress(addressOctets(text)!)).toBe(true)
    }
  })
  test.each([
    '::ffff:0:127.0.0.1',
    '::ffff:0:10.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::10.0.0.1',
    '2002:a00:1::1',
    '2a00::5efe:10.0.0.1',
    '2a00::200:5efe:10.0.0.1',
    '2a00::5efe:169.254.169.254',
  ])('%s leads to a private one', (text) => {
    expect(isPrivateAddress(addressOctets(text)!)).toBe(true)
    expect(isSpecialAddress(addressOctets(text)!)).toBe(true)
  })
  test.each([
    '::ffff:0:9.9.9.9',
    '1::1',
    '100:0:0:1::1',
    '4000::1',
    '8000::1',
    'fe00::1',
    '2001::1',
    '64:ff9b:0:0:1::1',
  ])('%s is nobody’s, as far as is known', (text) =>
    expect(isSpecialAddress(addressOctets(text)!)).toBe(true),
  )
  test.each([
    '2a00::5efe:9.9.9.9',
    '9.9.9.9',
    '1.1.1.1',
    '192.0.1.1',
    '2620:fe::9',
    '2a00:1450::1',
    '::ffff:9.9.9.9',
    '64:ff9b::909:909',
    '2002:909:909::1',
  ])('%s is a public one', (text) => expect(isSpecialAddress(addressOctets(text)!)).toBe(false))
})
