import { describe, expect, test } from 'vitest'
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
