import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rdataToText } from '../../../src/dns/presentation.ts'
import { Type } from '../../../src/dns/protocol.ts'
import { isWellFormedRdata } from '../../../src/dns/rdata.ts'
import { example } from '../ask.ts'

const base64 = (...octets: number[]) => btoa(String.fromCharCode(...octets))

describe('o (ifa-0001)', () => {
  test.each([2, 5, 6, 39, 43, 46, 47, 50, 0, 41, 48, 51, 59, 60, 128, 249, 250, 251, 252, 255])(
    'type %i is prohibited',
    async (type) => {
      const answer = await example({ ip: '192.0.2.1', o: [[type, base64(0)]] }, 'example.bit', type)
      expect(answer).toEqual(type === 255 ? ['"RFC8482" ""'] : 'nodata')
    },
  )
  test('unknown types are opaque (RFC 3597)', async () => {
    expect(await example({ o: [[65280, base64(1, 2, 3), 'more']] }, 'example.bit', 65280)).toEqual([
      '\\# 3 010203',
    ])
    expect(await example({ o: [[256, base64(0, 1, 0, 1, 0x78)]] }, 'example.bit', 'URI')).toHaveLength(1)
  })
  test('known types must be well-formed', async () => {
    expect(
      await example(
        {
          o: [
            [1, base64(192, 0, 2)],
            [1, base64(192, 0, 2, 1, 9)],
          ],
        },
        'example.bit',
      ),
    ).toBe('nodata')
    expect(await example({ o: [[16, base64(5, 0x61)]] }, 'example.bit', 'TXT')).toBe('nodata')
    expect(await example({ o: [[12, base64(0xc0, 0x0c)]] }, 'example.bit', 'PTR')).toBe('nodata')
    expect(await example({ o: [[12, base64(1, 0x61, 0)]] }, 'example.bit', 'PTR')).toEqual(['a.'])
  })
  test('merged with the item for the type, each record once', async () =>
    expect(
      await example(
        {
          ip: ['192.0.2.1', '192.0.2.2'],
          o: [
            [1, base64(192, 0, 2, 2)],
            [1, base64(192, 0, 2, 3)],
          ],
        },
        'example.bit',
      ),
    ).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3']))
  test.each([
    [[1, '']],
    [['1', base64(192, 0, 2, 1)]],
    [[1]],
    ['x'],
    [null],
    [[1, 'wAACAQ']],
    [[70000, 'AAAA']],
  ])('entry %j is left out', async (entry) =>
    expect(await example({ o: [entry, [1, base64(192, 0, 2, 9)]] }, 'example.bit')).toEqual(['192.0.2.9']),
  )
  test('suppressed like any other item', async () => {
    expect(await example({ ns: 'a.', o: [[1, base64(192, 0, 2, 3)]] }, 'example.bit')).toBe(
      'delegation example.bit.',
    )
    expect(await example({ alias: 'a.', o: [[1, base64(192, 0, 2, 3)]] }, 'example.bit')).toBe(
      'alias example.bit. CNAME a.',
    )
  })
})

const fromHex = (hex: string) =>
  Uint8Array.from(hex.match(/[0-9a-f]{2}/g) ?? [], (pair) => parseInt(pair, 16))

/** RDATA that dig and kdig read without complaint, for each type that `o` may hold and we can check. */
const GOOD: Record<number, string[]> = {
  1: ['c0000201'],
  7: ['0161 00'],
  8: ['00'],
  9: ['0161 00'],
  10: ['00ff'],
  12: ['0161 00'],
  13: ['0161 00'],
  14: ['0161 00 0162 00'],
  15: ['000a 0161 00'],
  16: ['00', '0161 0162'],
  17: ['0161 00 00'],
  18: ['0001 0161 00'],
  21: ['0001 0161 00'],
  26: ['0001 0161 00 0162 00'],
  28: ['20010db8000000000000000000000001'],
  29: ['00121613 80000000 80000000 00989680'],
  33: ['0001 0002 0003 0161 00'],
  35: ['0001 0002 0175 0165 00 0161 00'],
  36: ['0001 0161 00'],
  37: ['0001 0002 03 ff'],
  44: ['0101 123456789abcdef67890123456789abcdef67890', '0103 00'],
  49: ['000102'],
  52: ['030101 00'],
  53: ['030101 00'],
  61: ['00'],
  64: ['0000 0161 00', '0001 00 0001 0003 026832 0003 0002 01bb'],
  65: [
    '0001 00',
    '0001 00 0000 0002 0001 0001 0003 026832 0002 0000',
    '0001 00 0007 0010 2f646e732d71756572797b3f646e737d',
  ],
  99: ['0161'],
  104: ['0001 0014 4fff ff20 ee64'],
  105: ['0001 c0000201'],
  106: ['0001 2001 0db8 1140 1000'],
  107: ['0001 0161 00'],
  108: ['00005e 00532a'],
  109: ['00005eef 1000002a'],
  256: ['0001 0002 78'],
  257: ['00 05 6973737565 61'],
  258: ['0161'],
  261: ['0161'],
  262: ['0161'],
}

/** What made clients refuse whole messages, or follow a pointer in octets that were never in our message. */
const BAD: [type: number, hex: string][] = [
  [65, '00'],
  [64, '0001 c00c'],
  [65, '0000 0161 00 0003 0002 01bb'],
  [65, '0001 00 0000 0002 0001'],
  [65, '0001 00 0000 0002 0000'],
  [65, '0001 00 0002 0000'],
  [65, '0001 00 0003 0002 01bb 0001 0003 026832'],
  [65, '0001 00 0001 0003 056832'],
  [65, '0001 00 0007 0006 7b3f646e737d'],
  [65, '0001 00 ffff 0000'],
  [18, '0001 c00c'],
  [17, 'c00c 00'],
  [12, 'c00c'],
  [15, '000a c00c'],
  [33, '0001 0002 0003 c00c'],
  [36, '0001 c00c'],
  [29, '00121613 ffffffff 80000000 00989680'],
  [29, '00'],
  [35, '0001 0002 00 00 0121 00'],
  [44, '0101 00'],
  [44, '0102 123456789abcdef67890123456789abcdef67890'],
  [44, '0101'],
  [45, '0a 03 02 c00c 00'],
  [37, '0001 0002 03'],
  [256, '0001 0002'],
  [257, '00 00 61'],
]

describe('o holds nothing that a reader would refuse', () => {
  const MANY_TYPES = [
    ...Array.from({ length: 600 }, (_, type) => type),
    32767,
    32768,
    32769,
    32770,
    65280,
    65535,
  ]
  test.each(Object.entries(GOOD).flatMap(([type, list]) => list.map((hex) => [Number(type), hex] as const)))(
    'TYPE%i %s passes',
    async (type, hex) => {
      const data = fromHex(hex)
      expect(isWellFormedRdata(type, data)).toBe(true)
      expect(await example({ o: [[type, base64(...data)]] }, 'example.bit', type)).toHaveLength(1)
    },
  )
  test.each(BAD)('TYPE%i %s is left out', async (type, hex) => {
    expect(await example({ o: [[type, base64(...fromHex(hex))]] }, 'example.bit', type)).toBe('nodata')
  })
  test('every type that we write as text is checked by that', () => {
    for (const type of Object.values(Type)) {
      const samples = [...(GOOD[type] ?? []), '00', '0000', 'c00c', '0001c00c'].map(fromHex)
      for (const data of samples.filter((sample) => isWellFormedRdata(type, sample)))
        if (type < 128 || type > 255) expect(rdataToText(type, data)).not.toMatch(/^\\#/)
    }
  })
  test('of the types IANA has assigned none passes that is not in the table above', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...MANY_TYPES),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        (type, data) => {
          const isAssigned = type >= 1 && type <= 109 && type !== 54 && (type < 69 || type > 98)
          const isLater = (type >= 256 && type <= 264) || type === 32768 || type === 32769
          const isProhibited = [2, 5, 6, 39, 43, 46, 47, 48, 50, 51, 59, 60].includes(type)
          if (!isAssigned && !isLater) expect(isWellFormedRdata(type, data)).toBe(true)
          else if (GOOD[type] === undefined && !isProhibited)
            expect(isWellFormedRdata(type, data)).toBe(false)
        },
      ),
      { numRuns: 5000 },
    ))
  test('types of fields of fixed length take no octet more and none less', () => {
    for (const type of [1, 12, 15, 17, 18, 28, 29, 33, 35, 36, 7, 14, 21, 26, 104, 105, 106, 107, 108, 109])
      for (const hex of GOOD[type]!) {
        expect(isWellFormedRdata(type, fromHex(`${hex}00`))).toBe(false)
        expect(isWellFormedRdata(type, fromHex(hex).slice(0, -1))).toBe(false)
      }
  })
})
