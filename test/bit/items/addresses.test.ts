import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipv4Octets, ipv6Octets } from '../../../src/addresses.ts'
import { example } from '../ask.ts'

const ipv4 = (text: string) => ipv4Octets(text)?.join('.')
const ipv6 = (text: string) => {
  const octets = ipv6Octets(text)
  return (
    octets &&
    Array.from({ length: 8 }, (_, i) => ((octets[2 * i]! << 8) | octets[2 * i + 1]!).toString(16)).join(':')
  )
}

describe('ip (ifa-0001)', () => {
  test.each(['0.0.0.0', '192.0.2.1', '255.255.255.255', '127.0.0.1', '240.0.0.1'])(
    '%s is an address',
    (text) => expect(ipv4(text)).toBe(text),
  )
  test.each([
    '192.000.002.001',
    '192.0.2.001',
    '192.0.2.01',
    '192.0.2.256',
    '192.0.2',
    '192.0.2.1.1',
    '3221225985',
    '0xc0.0.2.1',
    '192.0.513',
    '178.63.16.21 ',
    ' 192.0.2.1',
    '192.0.2.1\n',
    '::ffff:192.0.2.1',
    '192.0.2.+1',
    '192.0.2.1e1',
    '192.0.2.',
    '',
    '١.٢.٣.٤',
    'site',
  ])('%j is none', (text) => expect(ipv4(text)).toBeUndefined())

  test('all addresses are answered, in their order: the incident this project began with', async () =>
    expect(await example({ ip: ['192.0.2.10', '198.51.100.20', '192.0.2.3'] }, 'example.bit')).toEqual([
      '192.0.2.10',
      '198.51.100.20',
      '192.0.2.3',
    ]))
  test('as many as fit in 1023 octets', async () => {
    const ip = Array.from({ length: 100 }, (_, i) => `1.1.1.${i}`)
    expect(await example({ ip }, 'example.bit')).toEqual(ip)
  })
  test('a string is an array with that string', async () =>
    expect(await example({ ip: '192.0.2.1' }, 'example.bit')).toEqual(['192.0.2.1']))
  test('each address once (RFC 2181 §5)', async () =>
    expect(await example({ ip: ['192.0.2.1', '192.0.2.2', '192.0.2.1'] }, 'example.bit')).toEqual([
      '192.0.2.1',
      '192.0.2.2',
    ]))
  test('bad entries do no harm, leading or trailing (Error Recovery)', async () => {
    for (const ip of [
      ['site', '192.0.2.1'],
      ['192.0.2.1', 'site'],
      [3221225985, null, {}, ['192.0.2.2'], true, '192.0.2.1', Number.NaN],
    ])
      expect(await example({ ip }, 'example.bit')).toEqual(['192.0.2.1'])
  })
  test.each([[{}], [[]], [null], [3221225985], [true], [''], [[3221225985]]])(
    '%j has no address: NODATA',
    async (ip) => expect(await example({ ip }, 'example.bit')).toBe('nodata'),
  )
  test('no addresses of the other family: NODATA, never NXDOMAIN', async () => {
    expect(await example({ ip: '192.0.2.1' }, 'example.bit', 'AAAA')).toBe('nodata')
    expect(await example({ ip6: '2001:db8::1' }, 'example.bit', 'A')).toBe('nodata')
  })
  test('every address of four octets survives', () =>
    fc.assert(fc.property(fc.ipV4(), (text) => ipv4(text) === text)))
})

describe('ip6 (ifa-0001, RFC 4291 §2.2)', () => {
  test.each([
    ['2001::beef', '2001:0:0:0:0:0:0:beef'],
    ['::beef:192.0.2.1', '0:0:0:0:0:beef:c000:201'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['1::', '1:0:0:0:0:0:0:0'],
    ['::ffff:192.0.2.1', '0:0:0:0:0:ffff:c000:201'],
    ['2001:DB8:0:0:8:800:200C:417A', '2001:db8:0:0:8:800:200c:417a'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ])('%s', (text, groups) => expect(ipv6(text)).toBe(groups))
  test.each([
    '2001::bxxf',
    '::00000:beef',
    'fe80::1%eth0',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1:2:3:4::5:6:7:8',
    ':::',
    ':1',
    '1:',
    '[::1]',
    '::1/64',
    '::192.0.2.1:1',
    '192.0.2.1::',
    '1:2:3:4:5:6:7:192.0.2.1',
    '::192.0.2.01',
    ' ::1',
    '',
    '192.0.2.1',
  ])('%j is none', (text) => expect(ipv6(text)).toBeUndefined())
  test('every address survives in whatever form', () =>
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        expect(ipv6Octets(text)).toHaveLength(16)
      }),
    ))
  test('all of them are answered', async () =>
    expect(await example({ ip6: ['2001:db8::1', '2001:db8::2'] }, 'example.bit', 'AAAA')).toEqual([
      '2001:db8::1',
      '2001:db8::2',
    ]))
  test('two spellings of one address are one record', async () =>
    expect(await example({ ip6: ['::1', '0::1'] }, 'example.bit', 'AAAA')).toHaveLength(1))
})
