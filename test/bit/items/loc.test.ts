import { describe, expect, test } from 'vitest'
import { example } from '../ask.ts'

const loc = (value: unknown) => example({ loc: value }, 'example.bit', 'LOC')

describe('loc (ifa-0001, RFC 1876)', () => {
  test.each([
    [
      '52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m',
      '52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m',
    ],
    ['42 21 54 N 71 06 18 W -24m 30m', '42 21 54.000 N 71 06 18.000 W -24.00m 30.00m 10000.00m 10.00m'],
    ['32 7 19 S 116 2 25 E 10m', '32 07 19.000 S 116 02 25.000 E 10.00m 1.00m 10000.00m 10.00m'],
    ['42 N 71 W 0', '42 00 00.000 N 71 00 00.000 W 0.00m 1.00m 10000.00m 10.00m'],
    ['90 S 180 W -100000.00', '90 00 00.000 S 180 00 00.000 W -100000.00m 1.00m 10000.00m 10.00m'],
    [
      '0 0 0.001 n 0 0 0.001 e 42849672.95 90000000.00',
      '0 00 00.001 N 0 00 00.001 E 42849672.95m 90000000.00m 10000.00m 10.00m',
    ],
    ['1 N 1 E 0 12.34m', '1 00 00.000 N 1 00 00.000 E 0.00m 10.00m 10000.00m 10.00m'],
  ])('%s', async (text, canonical) => expect(await loc(text)).toEqual([canonical]))
  test.each([
    '10 Downing Street',
    '91 N 0 E 0',
    '90 0 0.001 N 0 E 0',
    '0 N 181 E 0',
    '0 60 N 0 E 0',
    '0 0 60 N 0 E 0',
    '0 N 0 E',
    '0 E 0 N 0',
    '0 N 0 E 0 1m 1m 1m junk',
    '0 N 0 E 0 1m 1m 1m 1m',
    '0 N 0 E 0 -1m',
    '0 N 0 E 0.001',
    '0 N 0 E -100000.01',
    '0 N 0 E 42849672.96',
    '0 N 0 E 0 90000000.01',
    '0 0 0.0001 N 0 E 0',
    '0N 0E 0',
    '',
  ])('%j is no location', async (text) => expect(await loc(text)).toBe('nodata'))
  test('several, without the bad ones', async () =>
    expect(await loc(['here', '1 N 1 E 0', 5, '2 N 2 E 0'])).toHaveLength(2))
})
