import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nameToWire } from '../../src/dns/name.ts'
import { extendedErrorName, rdataToText, recordToText } from '../../src/dns/presentation.ts'
import { Type } from '../../src/dns/protocol.ts'
import { base64, hex, join, text, uint16, uint32, wireName } from './octets.ts'

const PRINTABLE = /^[\x20-\x7e\t]*$/

describe('addresses', () => {
  it('RFC 1035 §3.4.1: A is dotted decimal', () => {
    expect(rdataToText(Type.A, hex('c0 00 02 0a'))).toBe('192.0.2.10')
  })

  const IPV6: [clause: string, octets: string, expected: string][] = [
    [
      '§4.1 no leading zeros',
      '2001 0db8 aaaa bbbb cccc dddd eeee 0001',
      '2001:db8:aaaa:bbbb:cccc:dddd:eeee:1',
    ],
    ['§4.2.1 :: shortens as much as it can', '2001 0db8 0000 0000 0000 0000 0002 0001', '2001:db8::2:1'],
    ['§4.2.2 :: is not for one group', '2001 0db8 0000 0001 0001 0001 0001 0001', '2001:db8:0:1:1:1:1:1'],
    ['§4.2.3 the longest run', '2001 0000 0000 0001 0000 0000 0000 0001', '2001:0:0:1::1'],
    ['§4.2.3 the first of equals', '2001 0db8 0000 0000 0001 0000 0000 0001', '2001:db8::1:0:0:1'],
    ['§4.3 lower case', '2001 0DB8 0000 0000 0000 0000 ABCD 0000', '2001:db8::abcd:0'],
    ['§5 IPv4-mapped', '0000 0000 0000 0000 0000 ffff c000 0201', '::ffff:192.0.2.1'],
    ['the unspecified address', '0000 0000 0000 0000 0000 0000 0000 0000', '::'],
    ['loopback', '0000 0000 0000 0000 0000 0000 0000 0001', '::1'],
    ['a run at the end', '2001 0db8 0000 0000 0000 0000 0000 0000', '2001:db8::'],
  ]
  it.each(IPV6)('RFC 5952 %s', (_clause, octets, expected) => {
    expect(rdataToText(Type.AAAA, hex(octets))).toBe(expected)
  })
})

describe('RFC 1035 §3.3: names, numbers and character strings', () => {
  it.each([Type.NS, Type.CNAME, Type.PTR, Type.DNAME])('type %i is one absolute name', (type) => {
    expect(rdataToText(type, wireName('ns', 'example', 'bit'))).toBe('ns.example.bit.')
  })

  it('the root is a dot', () => expect(rdataToText(Type.NS, wireName())).toBe('.'))

  it('§5.1 octets that mean something are escaped in names', () => {
    expect(rdataToText(Type.NS, wireName('a"b;c\\d e', '\x1b[2J\xff'))).toBe(
      'a\\"b\\;c\\\\d\\032e.\\027[2J\\255.',
    )
  })

  it('§3.3.13 SOA of §5.3', () => {
    const soa = join(
      wireName('VENERA', 'ISI', 'EDU'),
      wireName('Action.domains', 'ISI', 'EDU'),
      ...[20, 7200, 600, 3_600_000, 60].map(uint32),
    )
    expect(rdataToText(Type.SOA, soa)).toBe(
      'VENERA.ISI.EDU. Action\\.domains.ISI.EDU. 20 7200 600 3600000 60',
    )
  })

  it('§3.3.9 MX', () => {
    expect(rdataToText(Type.MX, join(uint16(10), wireName('mx', 'bit')))).toBe('10 mx.bit.')
  })

  it('§3.3.2 HINFO is always quoted', () => {
    expect(rdataToText(Type.HINFO, text('RFC8482', ''))).toBe('"RFC8482" ""')
  })

  it.each([Type.TXT, Type.SPF])('§3.3.14 type %i: each string in quotes, special octets escaped', (type) => {
    expect(rdataToText(type, text('v=spf1 -all', '', 'say "hi" \\ é\n\x1b[0m\x7f'))).toBe(
      '"v=spf1 -all" "" "say \\"hi\\" \\\\ \\233\\010\\027[0m\\127"',
    )
  })

  it('RFC 2782 SRV', () => {
    const srv = join(uint16(0), uint16(1), uint16(9), wireName('old-slow-box', 'example', 'com'))
    expect(rdataToText(Type.SRV, srv)).toBe('0 1 9 old-slow-box.example.com.')
  })

  it('RFC 1183 §2.2 RP, §1 AFSDB', () => {
    const rp = join(wireName('louie', 'trantor', 'umd', 'edu'), wireName('LAM1', 'people', 'umd', 'edu'))
    expect(rdataToText(Type.RP, rp)).toBe('louie.trantor.umd.edu. LAM1.people.umd.edu.')
    expect(rdataToText(Type.AFSDB, join(uint16(1), wireName('bigbird', 'toaster', 'com')))).toBe(
      '1 bigbird.toaster.com.',
    )
  })

  it('RFC 3403 §4.1 NAPTR of RFC 2915', () => {
    const naptr = join(
      uint16(100),
      uint16(10),
      text('', '', '!^urn:cid:.+@([^\\.]+\\.)(.*)$!\\2!i'),
      wireName(),
    )
    expect(rdataToText(Type.NAPTR, naptr)).toBe('100 10 "" "" "!^urn:cid:.+@([^\\\\.]+\\\\.)(.*)$!\\\\2!i" .')
  })

  it('RFC 7553 §4.5 URI', () => {
    const uri = join(uint16(10), uint16(1), text('ftp://ftp1.example.com/public').subarray(1))
    expect(rdataToText(Type.URI, uri)).toBe('10 1 "ftp://ftp1.example.com/public"')
  })

  it('RFC 8659 §4.1.1 CAA', () => {
    const caa = (value: string) => join(hex('80'), text('issue'), text(value).subarray(1))
    expect(rdataToText(Type.CAA, caa('ca1.example.net; policy=ev'))).toBe(
      '128 issue "ca1.example.net; policy=ev"',
    )
    expect(rdataToText(Type.CAA, caa(''))).toBe('128 issue ""')
  })
})

describe('RFC 1876 LOC', () => {
  const loc = (sizes: string, latitude: number, longitude: number, altitude: number) =>
    join(
      hex(`00 ${sizes}`),
      uint32(2 ** 31 + latitude),
      uint32(2 ** 31 + longitude),
      uint32(10_000_000 + altitude),
    )
  const arc = (degrees: number, minutes: number, seconds: number) =>
    ((degrees * 60 + minutes) * 60 + seconds) * 1000

  it('§4 cambridge-net.kei.com.', () => {
    expect(rdataToText(Type.LOC, loc('33 16 13', arc(42, 21, 54), -arc(71, 6, 18), -2400))).toBe(
      '42 21 54.000 N 71 06 18.000 W -24.00m 30.00m 10000.00m 10.00m',
    )
  })

  it('§4 rwy04L.logan-airport.boston.', () => {
    expect(rdataToText(Type.LOC, loc('35 13 13', arc(42, 21, 28.764), -arc(71, 0, 51.617), -4400))).toBe(
      '42 21 28.764 N 71 00 51.617 W -44.00m 3000.00m 10.00m 10.00m',
    )
  })

  it('§2 the southern and eastern halves', () => {
    expect(rdataToText(Type.LOC, loc('12 16 13', -arc(33, 51, 35.9), arc(151, 12, 40), 0))).toBe(
      '33 51 35.900 S 151 12 40.000 E 0.00m 1.00m 10000.00m 10.00m',
    )
  })

  it.each([
    ['another version', '01 12 16 13 80000000 80000000 00989680'],
    ['a mantissa above 9', '00 a2 16 13 80000000 80000000 00989680'],
    ['an exponent above 9', '00 1a 16 13 80000000 80000000 00989680'],
    ['beyond the pole', '00 12 16 13 00000000 80000000 00989680'],
    ['cut short', '00 12 16 13 80000000 80000000 009896'],
  ])('%s is generic', (_what, octets) => {
    expect(rdataToText(Type.LOC, hex(octets))).toMatch(/^\\# 1[56] 0/)
  })
})

describe('DNSSEC', () => {
  it('RFC 4034 §5.4 DS, RFC 7344 CDS', () => {
    const ds = hex('ec45 05 01 2BB183AF5F22588179A53B0A98631FAD1A292118')
    for (const type of [Type.DS, Type.CDS])
      expect(rdataToText(type, ds)).toBe('60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118')
  })

  it('RFC 4034 §2.3 DNSKEY, RFC 8078 §4 CDNSKEY for deletion', () => {
    const key =
      'AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmvHjcZc8nokfzj31GajIQKY+5CptLr3buXA10hWqTkF7H6RfoRqXQe'
    expect(rdataToText(Type.DNSKEY, join(uint16(256), hex('03 05'), base64(key)))).toBe(`256 3 5 ${key}`)
    expect(rdataToText(Type.CDNSKEY, hex('0000 03 00 00'))).toBe('0 3 0 AA==')
  })

  it('RFC 4034 §3.3 RRSIG', () => {
    const signature = 'oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr'
    const rrsig = join(
      hex('0001 05 03'),
      uint32(86400),
      uint32(Date.UTC(2003, 2, 22, 17, 31, 3) / 1000),
      uint32(Date.UTC(2003, 1, 20, 17, 31, 3) / 1000),
      uint16(2642),
      wireName('example', 'com'),
      base64(signature),
    )
    expect(rdataToText(Type.RRSIG, rrsig)).toBe(
      `A 5 3 86400 20030322173103 20030220173103 2642 example.com. ${signature}`,
    )
  })

  it('RFC 4034 §4.3 NSEC', () => {
    const bitmap = `0006 40 01 00 00 00 03 041b ${'00'.repeat(26)} 20`
    expect(rdataToText(Type.NSEC, join(wireName('host', 'example', 'com'), hex(bitmap)))).toBe(
      'host.example.com. A MX RRSIG NSEC TYPE1234',
    )
  })

  it.each([
    ['windows out of order', '0101 40 0001 40'],
    ['the same window twice', '0001 40 0001 40'],
    ['an empty window', '0000'],
    ['a window above 32 octets', `0021 ${'01'.repeat(33)}`],
    ['trailing zero octets', '0002 40 00'],
    ['a window cut short', '0004 40'],
    ['a lone octet', '00'],
  ])('RFC 4034 §4.1.2 %s: generic', (_what, bitmap) => {
    expect(rdataToText(Type.NSEC, join(wireName(), hex(bitmap)))).toMatch(/^\\# \d+ 00/)
  })

  it('RFC 5155 appendix A NSEC3, §4.3 NSEC3PARAM', () => {
    const hash = hex('14 17f3df17b2b2adaef615257de4d2020b80ac6c7c')
    const nsec3 = join(hex('01 01 000c 04aabbccdd'), hash, hex('0006 40 01 00 00 00 02'))
    expect(rdataToText(Type.NSEC3, nsec3)).toBe('1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A MX RRSIG')
    expect(rdataToText(Type.NSEC3PARAM, hex('01 00 000c 04aabbccdd'))).toBe('1 0 12 aabbccdd')
    expect(rdataToText(Type.NSEC3PARAM, hex('01 00 0000 00'))).toBe('1 0 0 -')
  })

  it('RFC 4648 §10 base32hex', () => {
    const nsec3 = (next: string) => rdataToText(Type.NSEC3, join(hex('01 00 0000 00'), text(next)))
    expect(nsec3('fo')).toBe('1 0 0 - cpng')
    expect(nsec3('foo')).toBe('1 0 0 - cpnmu')
    expect(nsec3('foob')).toBe('1 0 0 - cpnmuog')
    expect(nsec3('fooba')).toBe('1 0 0 - cpnmuoj1')
    expect(nsec3('foobar')).toBe('1 0 0 - cpnmuoj1e8')
  })

  it.each([
    ['DS', Type.DS, 'ec45 05 01'],
    ['DNSKEY', Type.DNSKEY, '0100 03 05'],
    ['TLSA', Type.TLSA, '03 01 01'],
    ['SSHFP', Type.SSHFP, '02 01'],
  ])('%s without its last field has no text: generic', (_name, type, octets) => {
    expect(rdataToText(type, hex(octets))).toMatch(/^\\# /)
  })

  it('RFC 4255 §3.2 SSHFP, RFC 6698 §2.3 TLSA', () => {
    expect(rdataToText(Type.SSHFP, hex('02 01 123456789abcdef67890123456789abcdef67890'))).toBe(
      '2 1 123456789abcdef67890123456789abcdef67890',
    )
    const digest = 'd2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971'
    expect(rdataToText(Type.TLSA, hex(`00 00 01 ${digest}`))).toBe(`0 0 1 ${digest}`)
  })
})

describe('RFC 9460 SVCB and HTTPS', () => {
  const FOO = '03666f6f076578616d706c6503636f6d00' // foo.example.com.
  const FOO_ORG = '03666f6f076578616d706c65036f726700' // foo.example.org.
  const VECTORS: [clause: string, octets: string, expected: string][] = [
    ['D.1 AliasForm', `0000 ${FOO}`, '0 foo.example.com.'],
    ['D.2 the owner itself', '0001 00', '1 .'],
    ['D.2 a port', `0010 ${FOO} 0003 0002 0035`, '16 foo.example.com. port=53'],
    ['D.2 a generic key', `0001 ${FOO} 029b 0005 68656c6c6f`, '1 foo.example.com. key667=hello'],
    [
      'D.2 a generic key with a decimal escape',
      `0001 ${FOO} 029b 0009 68656c6c6fd2716f6f`,
      '1 foo.example.com. key667="hello\\210qoo"',
    ],
    [
      'D.2 two IPv6 hints',
      `0001 ${FOO} 0006 0020 20010db8000000000000000000000001 20010db8000000000000000000530001`,
      '1 foo.example.com. ipv6hint=2001:db8::1,2001:db8::53:1',
    ],
    [
      'D.2 one IPv6 hint',
      '0001 076578616d706c6503636f6d00 0006 0010 20010db8ffffffffffffffffc6336464',
      '1 example.com. ipv6hint=2001:db8:ffff:ffff:ffff:ffff:c633:6464',
    ],
    [
      'D.2 mandatory keys',
      `0010 ${FOO_ORG} 0000 0004 0001 0004 0001 0009 026832 0568332d3139 0004 0004 c0000201`,
      '16 foo.example.org. mandatory=alpn,ipv4hint alpn=h2,h3-19 ipv4hint=192.0.2.1',
    ],
    [
      'D.2 an alpn value with comma and backslash',
      `0010 ${FOO_ORG} 0001 000c 08665c6f6f2c626172 026832`,
      '16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
    ],
    ['§7.1.1 no-default-alpn', '0001 00 0001 0003 026833 0002 0000', '1 . alpn=h3 no-default-alpn'],
    ['§7.3 ech', '0001 00 0005 0004 00010203', '1 . ech=AAECAw=='],
    [
      'RFC 9461 dohpath',
      `0001 00 0007 0010 ${'2f646e732d71756572797b3f646e737d'}`,
      '1 . dohpath=/dns-query{?dns}',
    ],
    ['RFC 9540 ohttp', '0001 00 0008 0000', '1 . ohttp'],
    ['§2.1 a generic key without value', '0001 00 029b 0000', '1 . key667'],
    ['§2.1 a value with a space and a quote', '0001 00 029b 0003 612022', '1 . key667="a \\""'],
  ]
  it.each(VECTORS)('%s', (_clause, octets, expected) => {
    expect(rdataToText(Type.SVCB, hex(octets))).toBe(expected)
    expect(rdataToText(Type.HTTPS, hex(octets))).toBe(expected)
  })

  it.each([
    ['§2.2 keys out of order', '0003 0002 0035 0002 0000'],
    ['D.3 the same key twice', '007b 0001 61 007b 0001 61'],
    ['§2.2 a value cut short', '0003 0002 00'],
    ['§2.2 a key without length', '0003 00'],
    ['D.3 mandatory without value', '0000 0000'],
    ['§8 mandatory among its own', '0000 0002 0000'],
    ['D.3 a mandatory key twice', '0000 0004 0001 0001'],
    ['§8 mandatory keys out of order', '0000 0004 0004 0001'],
    ['D.3 alpn without value', '0001 0000'],
    ['§7.1.1 an empty alpn-id', '0001 0001 00'],
    ['§7.1.1 an alpn-id cut short', '0001 0002 0261'],
    ['D.3 no-default-alpn with a value', '0002 0003 616263'],
    ['D.3 port without value', '0003 0000'],
    ['§7.3 half an ipv4hint', '0004 0006 c0000201 c000'],
    ['D.3 ipv4hint without value', '0004 0000'],
    ['D.3 ipv6hint without value', '0006 0000'],
    ['ech without value', '0005 0000'],
  ])('%s: generic', (_clause, parameters) => {
    expect(rdataToText(Type.SVCB, join(hex('0001 00'), hex(parameters)))).toMatch(/^\\# \d+ 000100/)
  })
})

describe('RFC 3597 §5: the generic form', () => {
  it('for a type without a layout', () =>
    expect(rdataToText(731, hex('abcdef012345'))).toBe('\\# 6 abcdef012345'))
  it('for no octets', () => expect(rdataToText(62347, hex(''))).toBe('\\# 0'))
  it.each([
    ['an address too short', Type.A, '0a0000'],
    ['an address too long', Type.A, '0a00000101'],
    ['octets behind a name', Type.NS, '016100ff'],
    ['a name cut short', Type.NS, '0561'],
    ['a compressed name', Type.MX, '0000 c000'],
    ['a compressed name behind labels', Type.MX, '0000 0161 c000'],
    ['a character string cut short', Type.TXT, '0561'],
    ['TXT without a string', Type.TXT, ''],
    ['a CAA tag of control characters', Type.CAA, '00 021b5b 61'],
    ['a CAA record without a tag', Type.CAA, '00 00 61'],
    ['a URI without a target', Type.URI, '0001 0001'],
    ['an NSEC3 record without a hash', Type.NSEC3, '01 00 0000 00 00'],
  ])('for %s', (_what, type, octets) => {
    const data = hex(octets)
    expect(rdataToText(type, data)).toBe(`\\# ${data.length} ${octets.replace(/ /g, '')}`.trim())
  })
})

describe('recordToText', () => {
  it('RFC 1035 §5.1: one line', () => {
    expect(recordToText({ name: ['jordia65', 'bit'], type: Type.A, ttl: 600, data: hex('c000020a') })).toBe(
      'jordia65.bit.\t600\tIN\tA\t192.0.2.10',
    )
  })

  it('RFC 3597 §5: an unknown type', () => {
    expect(recordToText({ name: [], type: 731, ttl: 0, data: hex('00') })).toBe('.\t0\tIN\tTYPE731\t\\# 1 00')
  })
})

describe('extendedErrorName', () => {
  it('RFC 8914 §5.2 and the registry', () => {
    expect([0, 3, 22, 24, 25, 29].map(extendedErrorName)).toEqual([
      'Other Error',
      'Stale Answer',
      'No Reachable Authority',
      'Invalid Data',
      'Signature Expired before Valid',
      'Synthesized',
    ])
    expect(extendedErrorName(49152)).toBe('Unknown Error 49152')
  })
})

describe('properties', () => {
  const types = [...Object.values(Type), 731, 65280]
  const octets = fc.uint8Array({ maxLength: 300 })

  it.each(types)('type %i: any octets give printable text', (type) => {
    fc.assert(
      fc.property(octets, (data) => {
        expect(rdataToText(type, data)).toMatch(PRINTABLE)
      }),
    )
  })

  it('octets in the shape of parameters give printable text', () => {
    const parameter = fc
      .tuple(fc.nat({ max: 10 }), octets)
      .map(([key, value]) => join(uint16(key), uint16(value.length), value))
    fc.assert(
      fc.property(fc.array(parameter, { maxLength: 4 }), (parameters) => {
        expect(rdataToText(Type.SVCB, join(hex('0001 00'), ...parameters))).toMatch(PRINTABLE)
      }),
    )
  })

  it('a record with any owner is one printable line', () => {
    const label = fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes) => String.fromCharCode(...bytes))
    fc.assert(
      fc.property(fc.array(label, { maxLength: 5 }), (name) => {
        expect(recordToText({ name, type: Type.NS, ttl: 1, data: nameToWire(name) })).toMatch(PRINTABLE)
      }),
    )
  })
})
