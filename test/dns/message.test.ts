import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extendedErrors, MAX_EXPANDED_LENGTH, messageRcode, readMessage } from '../../src/dns/message.ts'
import { nameLength, nameToWire } from '../../src/dns/name.ts'
import { Class, Type } from '../../src/dns/protocol.ts'
import { hex, join, message, record, text, uint16, uint32, wireName } from './octets.ts'

const HEADER = 12
/** A pointer to an offset in the message (RFC 1035 §4.1.4). */
const pointer = (offset: number) => uint16(0xc000 | offset)
/** The name in the question, right behind the header. */
const QNAME = pointer(HEADER)

const question = (type: number, ...labels: string[]) =>
  join(wireName(...labels), uint16(type), uint16(Class.IN))
const opt = (options: Uint8Array, ttl = 0) => record(wireName(), Type.OPT, options, { ttl, class: 1232 })
const option = (code: number, data: Uint8Array) => join(uint16(code), uint16(data.length), data)

/** What an upstream says about www.example.com, with every kind of section and compressed names. */
const REAL = message(
  [1, 2, 1, 2],
  question(Type.A, 'www', 'example', 'com'),
  record(QNAME, Type.CNAME, join(hex('03 6e6577'), pointer(HEADER + 4))),
  record(join(hex('03 6e6577'), pointer(HEADER + 4)), Type.A, hex('c0 00 02 0a')),
  record(pointer(HEADER + 4), Type.NS, join(hex('02 6e73'), pointer(HEADER + 4)), { ttl: 86400 }),
  record(join(hex('02 6e73'), pointer(HEADER + 4)), Type.AAAA, hex('20010db8000000000000000000000001')),
  opt(option(15, join(uint16(3), hex('6f6c64')))),
)

describe('readMessage', () => {
  it('RFC 1035 §4: all sections, names decompressed, OPT apart', () => {
    expect(readMessage(REAL)).toEqual({
      id: 0x1234,
      flags: 0x8180,
      question: { name: ['www', 'example', 'com'], type: Type.A, class: Class.IN },
      answer: [
        {
          name: ['www', 'example', 'com'],
          type: Type.CNAME,
          ttl: 300,
          data: wireName('new', 'example', 'com'),
        },
        { name: ['new', 'example', 'com'], type: Type.A, ttl: 300, data: hex('c000020a') },
      ],
      authority: [
        { name: ['example', 'com'], type: Type.NS, ttl: 86400, data: wireName('ns', 'example', 'com') },
      ],
      additional: [
        {
          name: ['ns', 'example', 'com'],
          type: Type.AAAA,
          ttl: 300,
          data: hex('20010db8000000000000000000000001'),
        },
      ],
      edns: {
        version: 0,
        extendedRcode: 0,
        dnssecOk: false,
        options: [{ code: 15, data: hex('0003 6f6c64') }],
      },
    })
  })

  it('RFC 1035 §4.1.1: a header alone is a message', () => {
    expect(readMessage(message([0, 0, 0, 0]))).toEqual({
      id: 0x1234,
      flags: 0x8180,
      question: undefined,
      answer: [],
      authority: [],
      additional: [],
    })
  })

  it('data does not change with the message it came from', () => {
    for (const bytes of [REAL.slice(), Buffer.from(REAL)]) {
      const read = readMessage(bytes)!
      bytes.fill(0xff)
      expect(read).toEqual(readMessage(REAL))
    }
  })

  const expanded = wireName('example', 'bit')
  const COMPRESSIBLE: [name: string, type: number, before: Uint8Array, names: number, after: Uint8Array][] = [
    ['NS', Type.NS, hex(''), 1, hex('')],
    ['MD', 3, hex(''), 1, hex('')],
    ['MF', 4, hex(''), 1, hex('')],
    ['CNAME', Type.CNAME, hex(''), 1, hex('')],
    ['SOA', Type.SOA, hex(''), 2, join(...[1, 2, 3, 4, 5].map(uint32))],
    ['MB', 7, hex(''), 1, hex('')],
    ['MG', 8, hex(''), 1, hex('')],
    ['MR', 9, hex(''), 1, hex('')],
    ['PTR', Type.PTR, hex(''), 1, hex('')],
    ['MINFO', 14, hex(''), 2, hex('')],
    ['MX', Type.MX, uint16(10), 1, hex('')],
    ['RP', Type.RP, hex(''), 2, hex('')],
    ['AFSDB', Type.AFSDB, uint16(1), 1, hex('')],
    ['RT', 21, uint16(1), 1, hex('')],
    ['SIG', Type.SIG, new Uint8Array(18), 1, hex('00c0')],
    ['PX', 26, uint16(1), 2, hex('')],
    ['NXT', 30, hex(''), 1, hex('40')],
    ['SRV', Type.SRV, new Uint8Array(6), 1, hex('')],
    ['NAPTR', Type.NAPTR, join(uint16(1), uint16(2), text('u', 'E2U+sip', '!^.*$!x!')), 1, hex('')],
    ['KX', 36, uint16(1), 1, hex('')],
    ['DNAME', Type.DNAME, hex(''), 1, hex('')],
  ]
  it.each(COMPRESSIBLE)('RFC 3597 §4: names in %s are written out', (_name, type, before, names, after) => {
    const rdata = (name: Uint8Array) => join(before, ...Array.from({ length: names }, () => name), after)
    const bytes = message([1, 1, 0, 0], question(type, 'example', 'bit'), record(QNAME, type, rdata(QNAME)))
    expect(readMessage(bytes)?.answer[0]?.data).toEqual(rdata(expanded))
    const plain = message(
      [1, 1, 0, 0],
      question(type, 'example', 'bit'),
      record(QNAME, type, rdata(expanded)),
    )
    expect(readMessage(plain)).toEqual(readMessage(bytes))
  })

  it.each([Type.RRSIG, Type.NSEC, Type.SVCB, Type.TXT, 731])(
    'RFC 3597 §4: RDATA of type %i is verbatim',
    (type) => {
      const bytes = message(
        [1, 1, 0, 0],
        question(type, 'example', 'bit'),
        record(QNAME, type, hex('c00cc00c')),
      )
      expect(readMessage(bytes)?.answer[0]?.data).toEqual(hex('c00cc00c'))
    },
  )

  it('RFC 2136 §2.4: empty RDATA is no error', () => {
    const bytes = message([1, 1, 0, 0], question(Type.MX, 'a'), record(QNAME, Type.MX, hex('')))
    expect(readMessage(bytes)?.answer[0]?.data).toEqual(hex(''))
  })

  it('RFC 2181 §8: a TTL with the top bit set is zero', () => {
    const ttl = (value: number) =>
      readMessage(message([0, 1, 0, 0], record(wireName('a'), Type.A, hex('00'), { ttl: value })))?.answer[0]
        ?.ttl
    expect(ttl(0x8000_0000)).toBe(0)
    expect(ttl(0xffff_ffff)).toBe(0)
    expect(ttl(0x7fff_ffff)).toBe(0x7fff_ffff)
  })

  it('leaves out records of classes other than IN', () => {
    const bytes = message(
      [0, 3, 0, 0],
      record(wireName('a'), Type.TXT, text('chaos'), { class: Class.CH }),
      record(wireName('a'), Type.A, hex('c0000201')),
      record(wireName('a'), Type.TSIG, hex(''), { class: Class.ANY }),
    )
    expect(readMessage(bytes)?.answer.map(({ type }) => type)).toEqual([Type.A])
  })

  it('ignores octets behind the last record', () => {
    expect(readMessage(join(REAL, hex('deadbeef')))).toEqual(readMessage(REAL))
  })

  it('every shorter message is malformed', () => {
    for (let length = 0; length < REAL.length; length++)
      expect(readMessage(REAL.subarray(0, length)), `${length} octets`).toBeUndefined()
  })

  it.each([
    ['RFC 9619: two questions', message([2, 0, 0, 0], question(1, 'a'), question(1, 'a'))],
    ['a count beyond the octets', message([0, 0xffff, 0xffff, 0xffff])],
    ['a name that points to itself', message([1, 0, 0, 0], QNAME, uint16(1), uint16(1))],
    [
      'a name that points forward',
      message([1, 0, 0, 0], pointer(HEADER + 2), wireName('a'), uint16(1), uint16(1)),
    ],
    ['a label type that does not exist', message([1, 0, 0, 0], hex('40 61 00 0001 0001'))],
    ['RDATA longer than the message', message([0, 1, 0, 0], hex('00 0001 0001 00000000 0005 c0000201'))],
    [
      'a name that runs out of its RDATA',
      message([0, 2, 0, 0], record(wireName(), Type.NS, hex('01 61')), record(wireName(), 1, hex(''))),
    ],
    ['a looping name in RDATA', message([0, 1, 0, 0], record(wireName(), Type.NS, pointer(HEADER + 11)))],
    ['MX without a name', message([0, 1, 0, 0], record(wireName(), Type.MX, hex('00 0a')))],
    [
      'NAPTR cut short in a string',
      message([0, 1, 0, 0], record(wireName(), Type.NAPTR, hex('0001 0001 05 61'))),
    ],
  ])('%s is malformed', (_what, bytes) => expect(readMessage(bytes)).toBeUndefined())
})

describe('RFC 6891: OPT', () => {
  const withOpts = (...opts: Uint8Array[]) => readMessage(message([0, 0, 0, opts.length], ...opts))

  it('§6.1.3 version, DO and the upper bits of the response code', () => {
    expect(withOpts(opt(hex(''), 0x01_05_8000))?.edns).toEqual({
      version: 5,
      extendedRcode: 1,
      dnssecOk: true,
      options: [],
    })
    expect(withOpts(opt(hex(''), 0xff_00_7fff))?.edns).toMatchObject({ extendedRcode: 255, dnssecOk: false })
  })

  it('§6.1.3 the whole response code', () => {
    const bytes = message([0, 0, 0, 1], opt(hex(''), 0x01_00_0000))
    expect(messageRcode(readMessage(bytes)!)).toBe(16)
    expect(messageRcode({ ...readMessage(message([0, 0, 0, 0]))!, flags: 0x8183 })).toBe(3)
  })

  it.each([
    ['§6.1.1 two of them', message([0, 0, 0, 2], opt(hex('')), opt(hex('')))],
    ['§6.1.1 in the answer section', message([0, 1, 0, 0], opt(hex('')))],
    ['§6.1.1 in the authority section', message([0, 0, 1, 0], opt(hex('')))],
    ['§6.1.2 with a name', message([0, 0, 0, 1], record(wireName('a'), Type.OPT, hex('')))],
    ['§6.1.2 half an option', message([0, 0, 0, 1], opt(hex('000f')))],
    ['§6.1.2 an option cut short', message([0, 0, 0, 1], opt(hex('000f 0003 0016')))],
  ])('%s is malformed', (_what, bytes) => expect(readMessage(bytes)).toBeUndefined())
})

describe('RFC 8914: extendedErrors', () => {
  const errors = (...options: Uint8Array[]) =>
    extendedErrors(readMessage(message([0, 0, 0, 1], opt(join(...options))))!)
  const ede = (code: number, extra: string) => option(15, join(uint16(code), new TextEncoder().encode(extra)))

  it('§2 number and text of each, other options apart', () => {
    expect(errors(ede(22, 'no node'), option(12, hex('0000')), ede(3, ''), ede(4, 'über'))).toEqual([
      { code: 22, text: 'no node' },
      { code: 3, text: '' },
      { code: 4, text: 'über' },
    ])
  })

  it('§2 a text may end with a zero octet', () => {
    expect(errors(ede(0, 'x\0'))).toEqual([{ code: 0, text: 'x' }])
  })

  it('§2 an option without a number is none', () => expect(errors(option(15, hex('00')))).toEqual([]))

  it('nothing that moves a cursor or turns text around gets through', () => {
    const [error] = errors(ede(0, 'a\x1b[2J\x07\x9b31m\u202e\u2028\nb'))
    expect(error?.text).toBe('a\ufffd[2J\ufffd\ufffd31m\ufffd\ufffd\ufffdb')
    expect(errors(option(15, hex('0000 ff fe')))).toEqual([{ code: 0, text: '\ufffd\ufffd' }])
  })

  it('a message without OPT has none', () => {
    expect(extendedErrors(readMessage(message([0, 0, 0, 0]))!)).toEqual([])
  })
})

describe('attacks', () => {
  const MINFO = 14
  const longest = Array.from({ length: 4 }, (_, index) => 'x'.repeat(index < 3 ? 63 : 61))

  /** As many records as fit, each owner a pointer to one long name. */
  const filled = (type: number, data: Uint8Array, name = longest) => {
    const owner = pointer(HEADER)
    const size = 12 + data.length
    const count = Math.floor((65_535 - HEADER - 259) / size)
    return message(
      [1, count, 0, 0],
      question(1, ...name),
      ...Array.from({ length: count }, () => record(owner, type, data)),
    )
  }

  it('the name used here is as long as a name may be', () => expect(nameLength(longest)).toBe(255))

  it('decompression bomb: refused beyond the bound', () => {
    const bomb = filled(MINFO, join(QNAME, QNAME))
    expect(bomb.length).toBeGreaterThan(65_000)
    expect(readMessage(bomb)).toBeUndefined()
  })

  it('an honest message full of addresses fits', () => {
    const addresses = filled(Type.A, hex('c0000201'), longest.slice(1))
    const read = readMessage(addresses)!
    const expandedLength = read.answer.reduce(
      (sum, { name, data }) => sum + nameLength(name) + data.length,
      0,
    )
    expect(read.answer.length).toBeGreaterThan(4000)
    expect(expandedLength).toBeLessThanOrEqual(MAX_EXPANDED_LENGTH)
  })

  it('counts of 65,535 over a full message of the smallest records end with the message', () => {
    const smallest = record(wireName(), 731, hex(''))
    const bytes = message([0, 0xffff, 0xffff, 0xffff], ...Array.from({ length: 5950 }, () => smallest))
    expect(readMessage(bytes)).toBeUndefined()
  })
})

describe('properties', () => {
  /** What must hold for anything that comes out: it can be written to the wire again. */
  const check = (bytes: Uint8Array) => {
    const read = readMessage(bytes)
    if (read === undefined) return
    extendedErrors(read)
    for (const { name, ttl, data } of [...read.answer, ...read.authority, ...read.additional]) {
      expect(nameToWire(name).length).toBeLessThanOrEqual(255)
      expect(ttl).toBeGreaterThanOrEqual(0)
      expect(data).toBeInstanceOf(Uint8Array)
    }
  }

  it('any octets: never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), check), { numRuns: 2000 })
  })

  it('any octets behind a plausible header: never throws', () => {
    const counts = fc.tuple(fc.nat(1), fc.nat(3), fc.nat(3), fc.nat(3))
    fc.assert(
      fc.property(counts, fc.uint8Array({ maxLength: 200 }), (sections, body) =>
        check(message(sections, body)),
      ),
      { numRuns: 2000 },
    )
  })

  it('a real message with octets changed: never throws', () => {
    const changes = fc.array(fc.tuple(fc.nat(REAL.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(changes, (edits) => {
        const bytes = REAL.slice()
        for (const [offset, octet] of edits) bytes[offset] = octet
        check(bytes)
      }),
      { numRuns: 2000 },
    )
  })
})
