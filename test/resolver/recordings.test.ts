import { describe, expect, test } from 'vitest'
import { readMessage } from '../../src/dns/message.ts'
import { nameToText } from '../../src/dns/name.ts'
import type { UpstreamTransport } from '../../src/upstream/transport.ts'
import { answer, octets, QUESTION_NAME, record, soaData, wire } from '../dns/messages.ts'
import { coreWorld } from './world.ts'

/** Knows two names of the ICANN root. */
const upstream: UpstreamTransport = {
  async exchange(_upstream, message) {
    const { name, type } = readMessage(message)!.question!
    const question = nameToText(name).slice(0, -1)
    const body =
      type === 1 && (question === 'www.example.com' || question.endsWith('example.org'))
        ? answer({ question, answer: [record(QUESTION_NAME, 1, 120, [203, 0, 113, 80])] })
        : answer({ question, type, authority: [record(wire('example.com'), 6, 900, soaData(60))] })
    return { kind: 'reply', message: octets(body) }
  },
}
const { ask } = coreWorld({ transport: upstream })
const sorted = async (name: string, type?: string) => (await ask(name, type)).answer.toSorted()

describe('the recorded chain, name by name', () => {
  test.each<[string, string, string[]]>([
    ['jordia65.bit', 'A', ['jordia65.bit. 600 A 192.0.2.10', 'jordia65.bit. 600 A 198.51.100.20']],
    ['ha-demo.bit', 'A', ['ha-demo.bit. 600 A 127.0.0.2', 'ha-demo.bit. 600 A 127.0.0.3']],
    ['single.bit', 'A', ['single.bit. 600 A 192.0.2.1']],
    [
      'dual.bit',
      'A',
      ['dual.bit. 600 A 192.0.2.1', 'dual.bit. 600 A 192.0.2.2', 'dual.bit. 600 A 192.0.2.3'],
    ],
    ['dual.bit', 'AAAA', ['dual.bit. 600 AAAA 2001:db8::1', 'dual.bit. 600 AAAA 2001:db8::2']],
    ['wild.bit', 'A', ['wild.bit. 600 A 192.0.2.5']],
    ['any.thing.wild.bit', 'A', ['any.thing.wild.bit. 600 A 192.0.2.6']],
    ['ftp.wild.bit', 'A', ['ftp.wild.bit. 600 A 192.0.2.7']],
    ['www.wild.bit', 'A', ['wild.bit. 600 A 192.0.2.5', 'www.wild.bit. 600 CNAME wild.bit.']],
    ['importer.bit', 'A', ['importer.bit. 600 A 203.0.113.1', 'importer.bit. 600 A 203.0.113.2']],
    ['importer.bit', 'TXT', ['importer.bit. 600 TXT "shared by dd/shared"']],
    [
      'www.importer.bit',
      'TXT',
      ['importer.bit. 600 TXT "shared by dd/shared"', 'www.importer.bit. 600 CNAME importer.bit.'],
    ],
    [
      '_smtp._tcp.mail.bit',
      'SRV',
      [
        '_smtp._tcp.mail.bit. 600 SRV 10 0 25 mx1._tcp.mail.bit.',
        '_smtp._tcp.mail.bit. 600 SRV 20 0 25 mx2._tcp.mail.bit.',
      ],
    ],
    ['mail.bit', 'MX', ['mail.bit. 600 MX 10 mx1._tcp.mail.bit.', 'mail.bit. 600 MX 20 mx2._tcp.mail.bit.']],
    [
      '_443._tcp.secure.bit',
      'TLSA',
      [
        '_443._tcp.secure.bit. 600 TLSA 3 1 1 123456789abcdef67890123456789abcdef67890123456789abcdef678901234',
      ],
    ],
    [
      '_tor.onion.bit',
      'TXT',
      ['_tor.onion.bit. 600 TXT "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd.onion"'],
    ],
    [
      'unicode.bit',
      'TXT',
      [
        'unicode.bit. 600 TXT "\\197\\190lu\\197\\165ou\\196\\141k\\195\\189 k\\197\\175\\197\\136 \\240\\159\\144\\142"',
      ],
    ],
    ['xn--bcher-kva.bit', 'A', ['xn--bcher-kva.bit. 600 A 192.0.2.77']],
    ['updated.bit', 'A', ['updated.bit. 600 A 192.0.2.107', 'updated.bit. 600 A 192.0.2.108']],
    ['reborn.bit', 'A', ['reborn.bit. 600 A 192.0.2.113']],
    ['offsite.bit', 'A', ['offsite.bit. 600 CNAME www.example.com.', 'www.example.com. 120 A 203.0.113.80']],
    [
      'www.translated.bit',
      'A',
      [
        'translated.bit. 600 DNAME example.org.',
        'www.example.org. 120 A 203.0.113.80',
        'www.translated.bit. 600 CNAME www.example.org.',
      ],
    ],
  ])('%s %s', async (name, type, expected) => {
    const read = await ask(name, type)
    expect(read).toMatchObject({ rcode: 'NOERROR', flags: ['AA'], errors: [] })
    expect(read.answer.toSorted()).toEqual(expected)
  })

  test('max520.bit: a value of the longest length wallets write', async () => {
    const [text] = await sorted('max520.bit', 'TXT')
    expect(text).toMatch(/^max520\.bit\. 600 TXT ("x+" ?)+$/)
  })

  test.each([
    ['jordia65.bit', 'AAAA'],
    ['emptyobj.bit', 'A'],
    ['empty.bit', 'A'],
    ['_tcp.mail.bit', 'A'],
    ['loop-a.bit', 'A'],
    ['onion.bit', 'TXT'],
    ['offsite.bit', 'AAAA'],
    ['translated.bit', 'A'],
  ])('%s %s: the name exists, the type does not: NODATA with a SOA', async (name, type) => {
    const read = await ask(name, type)
    expect(read.rcode).toBe('NOERROR')
    expect(read.answer.filter((found) => !/ (CNAME|DNAME) /.test(found))).toEqual([])
    expect(read.authority).toHaveLength(1)
    expect(read.authority[0]).toMatch(/ SOA /)
  })

  test.each([
    'nope.bit',
    'never-registered.bit',
    'a.never-registered.bit',
    'nothing.jordia65.bit',
    '123.bit',
    'foo_bar.bit',
    'a--b.bit',
    '-x.bit',
  ])('%s: NXDOMAIN with a SOA whose serial is the height', async (name) => {
    const read = await ask(name)
    expect(read).toMatchObject({ rcode: 'NXDOMAIN', flags: ['AA'], answer: [] })
    expect(read.authority).toEqual([expect.stringMatching(/^bit\. 300 SOA this\.x--nmc\.bit\. \. 207 /)])
  })

  test('expired.bit: NXDOMAIN that says why', async () => {
    expect(await ask('expired.bit')).toMatchObject({
      rcode: 'NXDOMAIN',
      errors: [{ text: "the name's registration has expired" }],
    })
  })

  test('UPPER.bit is upper.bit, which nobody registered: d/UPPER is no domain name', async () => {
    expect((await ask('UPPER.bit')).rcode).toBe('NXDOMAIN')
  })

  test('notjson.bit: SERVFAIL, Invalid Data', async () => {
    expect(await ask('notjson.bit')).toMatchObject({ rcode: 'SERVFAIL', answer: [], errors: [{ code: 24 }] })
  })

  test.each(['delegated.bit', 'www.delegated.bit', 'ns1.delegated.bit'])(
    '%s: servers at loopback addresses: SERVFAIL, nobody is contacted',
    async (name) => {
      expect(await ask(name)).toMatchObject({
        rcode: 'SERVFAIL',
        errors: [{ code: 22, text: expect.stringContaining('not contacted') }],
      })
    },
  )

  test('delegated.bit DS is on our side of the cut', async () => {
    expect(await sorted('delegated.bit', 'DS')).toEqual([
      expect.stringMatching(/^delegated\.bit\. 600 DS 12345 13 2 deadbeef/),
    ])
  })

  test('bit: SOA with the height as serial, NS', async () => {
    expect((await ask('bit', 'SOA')).answer).toEqual([
      expect.stringMatching(/ SOA this\.x--nmc\.bit\. \. 207 /),
    ])
    expect((await ask('bit', 'NS')).answer).toEqual([expect.stringMatching(/ NS this\.x--nmc\.bit\.$/)])
    expect(await ask('bit', 'DS')).toMatchObject({ rcode: 'NOERROR', answer: [] })
  })

  test('a name of another namespace is no domain', async () => {
    expect((await ask('alice.bit')).rcode).toBe('NXDOMAIN')
  })
})
