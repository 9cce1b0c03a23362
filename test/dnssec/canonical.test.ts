import { describe, expect, test, vi } from 'vitest'
import { nameToWire } from '../../src/dns/name.ts'
import { Type } from '../../src/dns/protocol.ts'
import { isSupportedAlgorithm, verify } from '../../src/dnssec/algorithms.ts'
import { canonicalRdata, compareNames } from '../../src/dnssec/canonical.ts'
import { readDnsKey } from '../../src/dnssec/dnskey.ts'
import { hasType, isTypeBitMap, typesIn } from '../../src/dnssec/type-bit-map.ts'
import { name } from '../dns/messages.ts'
import { join, text } from '../dns/octets.ts'
import { bitMap } from './signer.ts'

test('RFC 4034 §6.1: the order of names', () => {
  const ordered = [
    'example',
    'a.example',
    'yljkjljk.a.example',
    'Z.a.example',
    'zABC.a.EXAMPLE',
    'z.example',
    '\\001.z.example',
    '*.z.example',
    '\\200.z.example',
  ].map(name)
  for (const [i, a] of ordered.entries())
    for (const [j, b] of ordered.entries()) expect(Math.sign(compareNames(a, b))).toBe(Math.sign(i - j))
  expect(compareNames(name('A.EXAMPLE'), name('a.example'))).toBe(0)
})

describe('RFC 4034 §6.2, RFC 6840 §5.1: names in RDATA', () => {
  const upper = nameToWire(name('WwW.Example.BIT'))
  const lower = nameToWire(name('www.example.bit'))
  const octets = (count: number) => new Uint8Array(count).fill(0x41)
  const strings = text('ABC', '', 'X')

  test.each([
    ['NS', Type.NS, 0],
    ['CNAME', Type.CNAME, 0],
    ['PTR', Type.PTR, 0],
    ['DNAME', Type.DNAME, 0],
    ['MX', Type.MX, 2],
    ['AFSDB', Type.AFSDB, 2],
    ['KX', 36, 2],
    ['SRV', Type.SRV, 6],
    ['SIG', Type.SIG, 18],
  ])('%s: lower case, and nothing else', (_, type, before) => {
    const rest = type === Type.SIG ? octets(8) : new Uint8Array()
    expect(canonicalRdata(type, join(octets(before), upper, rest))).toEqual(join(octets(before), lower, rest))
  })
  test.each([
    ['SOA', Type.SOA, 0],
    ['RP', Type.RP, 0],
    ['MINFO', 14, 0],
    ['PX', 26, 2],
  ])('%s: both names', (_, type, before) => {
    const data = (one: Uint8Array) => join(octets(before), one, one, octets(type === Type.SOA ? 20 : 0))
    expect(canonicalRdata(type, data(upper))).toEqual(data(lower))
  })
  test('NAPTR: behind its strings', () => {
    const data = (replacement: Uint8Array) => join(octets(4), strings, replacement)
    expect(canonicalRdata(Type.NAPTR, data(upper))).toEqual(data(lower))
  })
  test.each([
    ['NSEC', Type.NSEC],
    ['HINFO', Type.HINFO],
    ['SVCB', Type.SVCB],
    ['TXT', Type.TXT],
    ['TYPE65280', 65280],
  ])('%s: as it is', (_, type) => {
    expect(canonicalRdata(type, upper)).toEqual(upper)
  })
  test('RDATA cut short stays within its octets', () => {
    for (const type of [Type.NS, Type.SOA, Type.MX, Type.NAPTR, Type.SIG])
      for (let length = 0; length < 24; length++)
        expect(canonicalRdata(type, join(upper, upper).subarray(0, length))).toHaveLength(length)
  })
})

describe('type bit maps (RFC 4034 §4.1.2)', () => {
  test('what is in them', () => {
    const octets = join(
      bitMap(Type.A, Type.MX, Type.RRSIG, Type.NSEC),
      Uint8Array.of(4, 27),
      new Uint8Array(26),
      Uint8Array.of(0x20),
    )
    expect(isTypeBitMap(octets)).toBe(true)
    expect([...typesIn(octets)]).toEqual([1, 15, 46, 47, 1234])
    for (const type of [1, 15, 46, 47, 1234]) expect(hasType(octets, type), `${type}`).toBe(true)
    for (const type of [0, 2, 14, 48, 255, 256, 1233, 1235, 65535])
      expect(hasType(octets, type), `${type}`).toBe(false)
  })
  test.each([
    ['no window', [0]],
    ['an empty window', [0, 0]],
    ['a window too long', [0, 33, ...new Array(33).fill(1)]],
    ['one cut short', [0, 2, 1]],
    ['windows out of order', [1, 1, 1, 0, 1, 1]],
    ['a window twice', [0, 1, 1, 0, 1, 1]],
  ])('%s is none', (_, octets) => {
    expect(isTypeBitMap(Uint8Array.from(octets))).toBe(false)
  })
})

describe('keys that are none', () => {
  const key = (algorithm: number, ...parts: Uint8Array[]) =>
    readDnsKey({
      name: name('example.bit'),
      type: Type.DNSKEY,
      ttl: 1,
      data: join(Uint8Array.of(1, 0, 3, algorithm), ...parts),
    })!
  const random = (count: number) => crypto.getRandomValues(new Uint8Array(count))

  test('verify nothing, and never throw', async () => {
    for (const algorithm of [5, 8, 10, 13, 14, 15, 16, 255])
      for (const octets of [1, 2, 3, 4, 32, 64, 96, 97, 260, 1000]) {
        expect(await verify(key(algorithm, random(octets)), random(64), random(8))).toBe(false)
        expect(await verify(key(algorithm, new Uint8Array(octets)), random(0), random(8))).toBe(false)
      }
  })
  test('an RSA exponent or modulus that makes verification dear is not tried', async () => {
    const importKey = vi.spyOn(crypto.subtle, 'importKey')
    for (const [exponent, modulus] of [
      [6, 256],
      [256, 256],
      [3, 513],
      [0, 256],
      [3, 0],
    ] as const)
      for (const long of [false, true]) {
        if (!long && exponent > 255) continue
        const length = long ? Uint8Array.of(0, exponent >> 8, exponent & 0xff) : Uint8Array.of(exponent)
        expect(await verify(key(8, length, random(exponent), random(modulus)), random(256), random(8))).toBe(
          false,
        )
      }
    expect(importKey).not.toHaveBeenCalled()
    importKey.mockRestore()
  })
  test('RFC 9904 §3, RFC 9905: the algorithms that count', () => {
    expect(Array.from({ length: 256 }, (_, number) => number).filter(isSupportedAlgorithm)).toEqual([
      8, 10, 13, 14, 15,
    ])
  })
})
