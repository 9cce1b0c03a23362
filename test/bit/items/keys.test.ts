import { encode } from 'cborg'
import { describe, expect, test } from 'vitest'
import { uncompressedKey } from '../../../src/bit/items/p256.ts'
import { ask, example } from '../ask.ts'

const SHA1 = 'EfatjsUqKYSrqv18O1FlA3hcIHI='
const DELEGATED = { ns: 'ns1.example.com.' }
const SPKI_PREFIX = '3059301306072a8648ce3d020106082a8648ce3d030107034200'

const toHex = (octets: Uint8Array) =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('')
const fromHex = (hex: string) => Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16))
const toBase64 = (octets: Uint8Array) => btoa(String.fromCharCode(...octets))

describe('ds (ifa-0001)', () => {
  const ds = (value: unknown) => example({ ...DELEGATED, ds: value }, 'example.bit', 'DS')
  test('key tag, algorithm, digest type, digest; what follows is ignored', async () => {
    const record = '12345 8 1 11f6ad8ec52a2984abaafd7c3b516503785c2072'
    expect(await ds([[12345, 8, 1, SHA1]])).toEqual([record])
    expect(await ds([[12345, 8, 1, SHA1, 'more', {}]])).toEqual([record])
    expect(await ds([[12345.0, 8, 1, SHA1], 'x', [], null, 5])).toEqual([record])
  })
  test('hexadecimal by mistake is good base64, and its length is not for us to judge', async () => {
    const { answer } = await ask(
      { 'd/example': { ...DELEGATED, ds: [[12345, 8, 1, '11f6ad8ec52a2984abaafd7c3b516503785c2072']] } },
      'example.bit',
      'DS',
    )
    expect(answer.kind === 'answer' && answer.records[0]!.data.length).toBe(4 + 30)
  })
  test.each([
    ['a number out of range', [65536, 8, 1, SHA1]],
    ['a negative number', [-1, 8, 1, SHA1]],
    ['a fraction', [80.5, 8, 1, SHA1]],
    ['a number as text', ['12345', 8, 1, SHA1]],
    ['a boolean', [true, 8, 1, SHA1]],
    ['an algorithm above 255', [12345, 256, 1, SHA1]],
    ['too few values', [12345, 8, 1]],
    ['no text', [12345, 8, 1, 7]],
    ['the URL-safe alphabet', [12345, 8, 1, 'EfatjsUqKYSrqv18O1FlA3hcIH-_']],
    ['whitespace', [12345, 8, 1, `${SHA1.slice(0, 8)} ${SHA1.slice(8)}`]],
    ['missing padding', [12345, 8, 1, SHA1.slice(0, -1)]],
    ['trailing bits that are not zero', [12345, 8, 1, 'AB==']],
    ['excess padding', [12345, 8, 1, 'AAAA====']],
    ['no octets', [12345, 8, 1, '']],
  ])('%s makes an entry invalid, and the others stand', async (_, entry) =>
    expect(await ds([entry, [1, 8, 2, 'AAAA']])).toEqual(['1 8 2 000000']),
  )
  test.each([[{}], [[[]]], [[12345, 8, 1, SHA1]], ['x'], [1], [null]])('%j is no ds', async (value) =>
    expect(await ds(value)).toBe('nodata'),
  )
  test('only with nameservers, never beside an alias or records', async () => {
    expect(await example({ ds: [[12345, 8, 1, SHA1]] }, 'example.bit', 'DS')).toBe('nodata')
    expect(await example({ ns: [], ds: [[12345, 8, 1, SHA1]] }, 'example.bit', 'DS')).toBe('nodata')
    expect(await example({ alias: 'a.', ds: [[12345, 8, 1, SHA1]] }, 'example.bit', 'DS')).toBe(
      'alias example.bit. CNAME a.',
    )
  })
  test('a CBOR byte string is a digest', async () => {
    const value = encode({ ...DELEGATED, ds: [[1, 8, 2, Uint8Array.of(1, 2, 3)]] })
    // Without an octet beyond ASCII it is UTF-8 and JSON comes first; a CBOR map never is.
    expect(await example(value, 'example.bit', 'DS')).toEqual(['1 8 2 010203'])
  })
})

describe('sshfp (ifa-0001)', () => {
  const sshfp = (value: unknown) => example({ sshfp: value }, 'example.bit', 'SSHFP')
  test('the example of RFC 4255', async () =>
    expect(await sshfp([[2, 1, 'EjRWeJq83vZ4kBI0VniavN72eJA=', 'more']])).toEqual([
      '2 1 123456789abcdef67890123456789abcdef67890',
    ]))
  test('numbers nobody has assigned pass', async () =>
    expect(await sshfp([[200, 99, 'AAAA']])).toEqual(['200 99 000000']))
  test('bad entries are left out', async () =>
    expect(
      await sshfp([
        [2, 1],
        [256, 1, 'AAAA'],
        'x',
        [2, 1, 'AA'],
        [1, 1, 'AAAA'],
        [1, 2, 'AAAA'],
        [1, 3, 'AAAA'],
      ]),
    ).toEqual(['1 3 000000']))
})

describe('tls (ifa-0001, ifa-0003)', () => {
  const tls = (value: unknown) =>
    example({ map: { _tcp: { map: { _443: { tls: value } } } } }, '_443._tcp.example.bit', 'TLSA')
  test('usage, selector, matching type, data', async () =>
    expect(await tls([[3, 1, 1, 'EjRWeJq83vZ4kBI0VniavN72eJASNFZ4mrze9niQEjQ=']])).toEqual([
      '3 1 1 123456789abcdef67890123456789abcdef67890123456789abcdef678901234',
    ]))
  test('dane around an entry, and beside d8; d8 alone is left out', async () => {
    expect(await tls([{ dane: [3, 1, 1, 'AAAA'] }])).toEqual(['3 1 1 000000'])
    expect(await tls([{ d8: [1, 'AAAA', 1, 2, 10, 'AAAA'], dane: [3, 1, 1, 'AAAA'] }])).toEqual([
      '3 1 1 000000',
    ])
    expect(await tls([{ d8: [1, 'AAAA', 1, 2, 10, 'AAAA'] }])).toBe('nodata')
  })
  test('entries that are text, numbers or null are left out: ncdns panics', async () =>
    expect(await tls(['x', 1, null, true, {}, { dane: 5 }, [], [3, 1, 1, 'AAAA']])).toEqual(['3 1 1 000000']))
  test('numbers nobody has assigned pass', async () =>
    expect(await tls([[9, 9, 9, 'AAAA']])).toEqual(['9 9 9 000000']))
  test('the old dictionary is never converted', async () => {
    expect(await tls({ tcp: { 443: [[1, 'HEX', 1]] } })).toBe('nodata')
    expect(await tls({ sha1: ['12:34'], enforce: 'self' })).toBe('nodata')
    expect(await tls({ dane: [3, 1, 1, 'AAAA'] })).toBe('nodata')
  })
  test('a certificate authority at `*` answers for the literal name, and for all below it (Encaya)', async () => {
    const value = { ip: '192.0.2.1', map: { '*': { tls: [[2, 1, 0, 'AAAA']] } } }
    expect(await example(value, '*.example.bit', 'TLSA')).toEqual(['2 1 0 000000'])
    expect(await example(value, '_443._tcp.example.bit', 'TLSA')).toEqual(['2 1 0 000000'])
    expect(await example(value, '*.www.example.bit', 'TLSA')).toEqual(['2 1 0 000000'])
  })

  test('a compressed public key is served in the usual form as well (ncdns 88affcd)', async () => {
    for (let round = 0; round < 8; round++) {
      const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
        'sign',
        'verify',
      ])) as CryptoKeyPair
      const spki = new Uint8Array((await crypto.subtle.exportKey('spki', pair.publicKey)) as ArrayBuffer)
      expect(toHex(spki)).toMatch(new RegExp(`^${SPKI_PREFIX}04`))
      const point = spki.subarray(27)
      const compressed = fromHex(
        `3039301306072a8648ce3d020106082a8648ce3d030107032200${(point[63]! & 1) === 1 ? '03' : '02'}${toHex(point.subarray(0, 32))}`,
      )
      expect(uncompressedKey(compressed)).toEqual(spki)
      expect(await tls([[2, 1, 0, toBase64(compressed)]])).toEqual(
        [compressed, spki].map((key) => `2 1 0 ${toHex(key)}`),
      )
      expect(await tls([[2, 1, 1, toBase64(compressed)]])).toHaveLength(1)
      expect(await tls([[2, 0, 0, toBase64(compressed)]])).toHaveLength(1)
    }
  })
  test('what is no compressed key, or no point on the curve, stays alone', () => {
    const algorithm = '3039301306072a8648ce3d020106082a8648ce3d030107032200'
    expect(uncompressedKey(fromHex(`${algorithm}04${'11'.repeat(32)}`))).toBeUndefined()
    expect(uncompressedKey(fromHex(`${algorithm}02${'ff'.repeat(32)}`))).toBeUndefined()
    expect(uncompressedKey(fromHex(`${algorithm}02${'11'.repeat(31)}`))).toBeUndefined()
    expect(uncompressedKey(new Uint8Array(59))).toBeUndefined()
    const onCurve = Array.from({ length: 16 }, (_, x) =>
      uncompressedKey(fromHex(`${algorithm}02${x.toString(16).padStart(64, '0')}`)),
    )
    expect(onCurve.some((key) => key === undefined)).toBe(true)
    expect(onCurve.some((key) => key !== undefined)).toBe(true)
  })
})
