/** The examples in the RFCs of the algorithms and of NSEC3. */
import { describe, expect, test } from 'vitest'
import { nameToWire } from '../../src/dns/name.ts'
import { Type, typeNumber } from '../../src/dns/protocol.ts'
import { readDnsKey } from '../../src/dnssec/dnskey.ts'
import { newEffort } from '../../src/dnssec/effort.ts'
import { nsec3Denial, readNsec3 } from '../../src/dnssec/nsec3.ts'
import { validateAnswer } from '../../src/dnssec/validate.ts'
import { authenticateKeys } from '../../src/dnssec/zone-keys.ts'
import { name } from '../dns/messages.ts'
import { base64, hex, join, uint16, uint32 } from '../dns/octets.ts'
import { flipped, seconds } from './recordings.ts'
import { answerWith, bitMap } from './signer.ts'

interface Vector {
  readonly zone: string
  readonly flags: number
  readonly algorithm: number
  readonly key: string
  readonly tag: number
  readonly ds?: readonly [digestType: number, digest: string]
  readonly owner: string
  readonly type: number
  readonly data: Uint8Array
  readonly expiration: string
  readonly inception: string
  readonly signature: string
}

const A_91 = {
  zone: 'example.net',
  owner: 'www.example.net',
  type: Type.A,
  data: Uint8Array.of(192, 0, 2, 91),
}
const A_1 = { ...A_91, data: Uint8Array.of(192, 0, 2, 1) }
const MAIL = {
  zone: 'example.com',
  owner: 'example.com',
  type: Type.MX,
  data: join(uint16(10), nameToWire(name('mail.example.com'))),
  flags: 257,
  algorithm: 15,
  inception: '20150729220000',
  expiration: '20150819220000',
}

/** RFC 5702 §6, RFC 6605 §6, and RFC 8080 §6 with the signatures of its erratum 4935. */
const VECTORS: readonly Vector[] = [
  {
    ...A_91,
    flags: 256,
    algorithm: 8,
    key: 'AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk=',
    tag: 9033,
    inception: '20000101000000',
    expiration: '20300101000000',
    signature: 'kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg==',
  },
  {
    ...A_91,
    flags: 256,
    algorithm: 10,
    key: 'AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL',
    tag: 3740,
    inception: '20000101000000',
    expiration: '20300101000000',
    signature:
      'tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fOuagYJRfDqfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw=',
  },
  {
    ...A_1,
    flags: 257,
    algorithm: 13,
    key: 'GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==',
    tag: 55648,
    ds: [2, 'b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17'],
    inception: '20100812100439',
    expiration: '20100909100439',
    signature: 'qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==',
  },
  {
    ...A_1,
    flags: 257,
    algorithm: 14,
    key: 'xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40',
    tag: 10771,
    ds: [
      4,
      '72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6',
    ],
    inception: '20100812102025',
    expiration: '20100909102025',
    signature:
      '/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm',
  },
  {
    ...MAIL,
    key: 'l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=',
    tag: 3613,
    ds: [2, '3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b'],
    signature: 'oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==',
  },
  {
    ...MAIL,
    key: 'zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=',
    tag: 35217,
    ds: [2, '401781b934e392de492ec77ae2e15d70f6575a1c0bc59c5275c04ebe80c6614c'],
    signature: 'zXQ0bkYgQTEFyfLyi9QoiY6D8ZdYo4wyUhVioYZXFdT410QPRITQSqJSnzQoSm5poJ7gD7AQR0O7KuI5k2pcBg==',
  },
]

describe.each(VECTORS)('algorithm $algorithm, key $tag', (vector) => {
  const zone = name(vector.zone)
  const owner = name(vector.owner)
  const data = join(uint16(vector.flags), Uint8Array.of(3, vector.algorithm), base64(vector.key))
  const dnskey = { name: zone, type: Type.DNSKEY, ttl: 3600, data }
  const now = seconds(vector.inception)
  const rrsig = {
    name: owner,
    type: Type.RRSIG,
    ttl: 3600,
    data: join(
      uint16(vector.type),
      Uint8Array.of(vector.algorithm, owner.length),
      uint32(3600),
      uint32(seconds(vector.expiration)),
      uint32(now),
      uint16(vector.tag),
      nameToWire(zone),
      base64(vector.signature),
    ),
  }
  const record = { name: owner, type: vector.type, ttl: 3600, data: vector.data }

  test('the tag and the digest', async () => {
    expect(readDnsKey(dnskey)).toMatchObject({ tag: vector.tag, flags: vector.flags })
    if (vector.ds === undefined) return
    const [digestType, digest] = vector.ds
    const ds = join(uint16(vector.tag), Uint8Array.of(vector.algorithm, digestType), hex(digest))
    // It goes as far as the signature of the keys, which the RFC does not give.
    const answer = answerWith({ answer: [dnskey] })
    expect(await authenticateKeys(zone, [{ ...dnskey, type: Type.DS, data: ds }], answer, now)).toMatchObject(
      {
        kind: 'bogus',
        code: 10,
      },
    )
  })
  test('the signature', async () => {
    const keys = { zone, keys: [readDnsKey(dnskey)!], lifetime: 3600 }
    const question = { name: owner, type: vector.type }
    expect(await validateAnswer(question, answerWith({ answer: [record, rrsig] }), keys, now)).toMatchObject({
      kind: 'secure',
    })
    const tampered = { ...rrsig, data: flipped(rrsig.data) }
    expect(
      await validateAnswer(question, answerWith({ answer: [record, tampered] }), keys, now),
    ).toMatchObject({
      kind: 'bogus',
      code: 6,
    })
  })
})

describe('RFC 5155 appendices A and B', () => {
  const zone = name('example')
  /** The chain of appendix A: opt-out, 12 iterations, salt aabbccdd. */
  const chain = [
    ['0p9mhaveqvm6t7vbl5lop2u3t2rp3tom', 'NS SOA MX RRSIG DNSKEY NSEC3PARAM'],
    ['2t7b4g4vsa5smi47k61mv5bv1a22bojr', 'A RRSIG'],
    ['2vptu5timamqttgl4luu9kg21e0aor3s', 'MX RRSIG'],
    ['35mthgpgcu1qg68fab165klnsnk3dpvl', 'NS DS RRSIG'],
    ['b4um86eghhds6nea196smvmlo4ors995', 'MX RRSIG'],
    ['gjeqe526plbf1g8mklp59enfd789njgi', 'A HINFO AAAA RRSIG'],
    ['ji6neoaepv8b5o6k4ev33abha8ht9fgc', ''],
    ['k8udemvp1j2f7eg6jebps17vp3n8i58h', ''],
    ['kohar7mbb8dc2ce8a9qvl8hon4k53uhi', 'A RRSIG'],
    ['q04jkcevqvmu85r014c7dkba38o0ji5r', 'A RRSIG'],
    ['r53bq7cc2uvmubfu5ocmm6pers9tk9en', 'MX RRSIG'],
    ['t644ebqk9bibcna874givr6joj62mlhv', 'A HINFO AAAA RRSIG'],
  ] as const
  const fromBase32 = (digits: string) => {
    const bits = Array.from(digits, (digit) => Number.parseInt(digit, 32).toString(2).padStart(5, '0')).join(
      '',
    )
    return Uint8Array.from(bits.match(/.{8}/g)!, (octet) => Number.parseInt(octet, 2))
  }
  const records = (optOut: boolean, ...hashes: readonly string[]) =>
    chain.flatMap(([hash, types], index) => {
      if (!hashes.some((start) => hash.startsWith(start))) return []
      const [next] = chain[(index + 1) % chain.length]!
      const data = join(
        Uint8Array.of(1, optOut ? 1 : 0, 0, 12, 4, 0xaa, 0xbb, 0xcc, 0xdd, 20),
        fromBase32(next),
        bitMap(...types.split(' ').flatMap((type) => typeNumber(type) ?? [])),
      )
      return [readNsec3({ name: [hash, ...zone], type: Type.NSEC3, ttl: 3600, data }, zone)!]
    })
  const denial = (...hashes: readonly string[]) => nsec3Denial(records(true, ...hashes), zone, newEffort())
  const strict = (...hashes: readonly string[]) => nsec3Denial(records(false, ...hashes), zone, newEffort())
  const missing = { kind: 'bogus', code: 12 }

  test.each([
    ['0p9mh', 'example'],
    ['35mth', 'a.example'],
    ['gjeqe', 'ai.example'],
    ['2t7b4', 'ns1.example'],
    ['q04jk', 'ns2.example'],
    ['k8ude', 'w.example'],
    ['r53bq', '*.w.example'],
    ['b4um8', 'x.w.example'],
    ['ji6ne', 'y.w.example'],
    ['2vptu', 'x.y.w.example'],
    ['t644e', 'xx.example'],
    ['kohar', '2t7b4g4vsa5smi47k61mv5bv1a22bojr.example'],
  ])('A: %s is the hash of %s', async (hash, owner) => {
    // A type that none of them has; the parent's side of the cut at a.example denies none but DS, and it has that.
    const has = owner === 'a.example' ? missing : { kind: 'secure' }
    expect(await strict(hash).noData(name(owner), Type.TXT)).toMatchObject(has)
    expect(await strict(hash).noName(name(owner))).toMatchObject(missing)
  })
  test('B.1: no such name, opted out', async () => {
    const gone = name('a.c.x.w.example')
    expect(await denial('0p9mh', 'b4um8', '35mth').noName(gone)).toEqual({ kind: 'insecure' })
    expect(await strict('0p9mh', 'b4um8', '35mth').noName(gone)).toEqual({ kind: 'secure' })
    for (const two of [
      ['0p9mh', 'b4um8'],
      ['b4um8', '35mth'],
      ['0p9mh', '35mth'],
    ])
      expect(await strict(...two).noName(gone), two.join()).toMatchObject(missing)
  })
  test('B.2: no data, and at an empty non-terminal', async () => {
    expect(await denial('2t7b4').noData(name('ns1.example'), Type.MX)).toEqual({ kind: 'secure' })
    expect(await denial('ji6ne').noData(name('y.w.example'), Type.A)).toEqual({ kind: 'secure' })
    expect(await denial('2t7b4').noData(name('ns1.example'), Type.A)).toMatchObject(missing)
  })
  test('B.3: a referral to a zone that is not signed', async () => {
    expect(await denial('35mth', '0p9mh').noDs(name('c.example'))).toEqual({ kind: 'insecure' })
    expect(await denial('35mth').noDs(name('c.example'))).toMatchObject(missing)
    // Without opt-out it would not be there at all, and a.example has a DS record.
    expect(await strict('35mth', '0p9mh').noDs(name('c.example'))).toEqual({ kind: 'uncut' })
    expect(await denial('35mth').noDs(name('a.example'))).toMatchObject(missing)
  })
  test('B.4: an answer from a wildcard', async () => {
    const [owner, wildcard] = [name('a.z.w.example'), name('*.w.example')]
    expect(await strict('q04jk').noCloserName(owner, wildcard)).toEqual({ kind: 'secure' })
    expect(await denial('q04jk').noCloserName(owner, wildcard)).toEqual({ kind: 'insecure' })
    expect(await denial('2t7b4').noCloserName(owner, wildcard)).toMatchObject(missing)
  })
  test('B.5: a wildcard without the type', async () => {
    const owner = name('a.z.w.example')
    expect(await strict('k8ude', 'q04jk', 'r53bq').noData(owner, Type.AAAA)).toEqual({ kind: 'secure' })
    expect(await strict('k8ude', 'q04jk', 'r53bq').noData(owner, Type.MX)).toMatchObject(missing)
    for (const two of [
      ['k8ude', 'q04jk'],
      ['q04jk', 'r53bq'],
      ['k8ude', 'r53bq'],
    ])
      expect(await strict(...two).noData(owner, Type.AAAA), two.join()).toMatchObject(missing)
  })
  test('RFC 6840 §4.1: a cut denies nothing below it, were all records of the zone there', async () => {
    const all = ''
    expect(await strict(all).noName(name('x.example'))).toEqual({ kind: 'secure' })
    for (const below of ['x.a.example', 'y.x.a.example']) {
      expect(await strict(all).noName(name(below)), below).toMatchObject(missing)
      expect(await strict(all).noDs(name(below)), below).toMatchObject(missing)
      expect(await denial(all).noData(name(below), Type.A), below).toMatchObject(missing)
    }
  })
  test('B.6: the apex of the child does not deny its DS records', async () => {
    expect(await denial('0p9mh').noData(zone, Type.DS)).toMatchObject(missing)
  })
})
