/**
 * Values as a real Namecoin chain holds them: those of the recordings from regtest, with what they must answer.
 */
import { describe, expect, test } from 'vitest'
import type { Type } from '../../src/dns/protocol.ts'
import { ask, recordTexts, short } from './ask.ts'

const VALUES = {
  'd/jordia65': '{"ip":["192.0.2.10","198.51.100.20"]}',
  'd/ha-demo': '{"ip":["127.0.0.2","127.0.0.3"]}',
  'd/single': '{"ip":"192.0.2.1"}',
  'd/dual': '{"ip":["192.0.2.1","192.0.2.2","192.0.2.3"],"ip6":["2001:db8::1","2001:db8::2"]}',
  'd/wild': '{"ip":"192.0.2.5","map":{"*":{"ip":"192.0.2.6"},"www":{"alias":"@"},"ftp":"192.0.2.7"}}',
  'd/importer': '{"import":"dd/shared","map":{"www":{"alias":"@"}}}',
  'dd/shared': '{"ip":["203.0.113.1","203.0.113.2"],"txt":"shared by dd/shared"}',
  'd/delegated':
    '{"ns":["ns1","ns2.delegated.bit."],"map":{"ns1":{"ip":"127.0.0.53"},"ns2":{"ip":"127.0.0.54"}},"ds":[[12345,13,2,"3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+796tvu8="]]}',
  'd/mail':
    '{"map":{"_tcp":{"map":{"_smtp":{"srv":[[10,0,25,"mx1"],[20,0,25,"mx2"]]}}},"mx1":{"ip":"192.0.2.25"},"mx2":{"ip":"192.0.2.26"}}}',
  'd/secure':
    '{"ip":"192.0.2.44","map":{"_tcp":{"map":{"_443":{"tls":[[3,1,1,"EjRWeJq83vZ4kBI0VniavN72eJASNFZ4mrze9niQEjQ="]]}}}}}',
  'd/offsite': '{"alias":"www.example.com."}',
  'd/translated': '{"translate":"example.org."}',
  'd/onion': '{"map":{"_tor":{"txt":"vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd.onion"}}}',
  'd/unicode': '{"txt":"žluťoučký kůň 🐎"}',
  'd/notjson': 'hello, not json',
  'd/empty': '',
  'd/emptyobj': '{}',
  'd/xn--bcher-kva': '{"ip":"192.0.2.77"}',
  'd/UPPER': '{"ip":"192.0.2.66"}',
  'd/123': '{"ip":"192.0.2.123"}',
  'd/max520': `{"txt":"${'x'.repeat(510)}"}`,
  'd/loop-a': '{"import":"d/loop-b"}',
  'd/loop-b': '{"import":"d/loop-a"}',
  'id/alice': '{"email":"alice@example.bit"}',
}

const cases: [name: string, type: keyof typeof Type, answer: string | string[]][] = [
  ['jordia65.bit', 'A', ['192.0.2.10', '198.51.100.20']],
  ['jordia65.bit', 'AAAA', 'nodata'],
  ['www.jordia65.bit', 'A', 'nxdomain'],
  ['ha-demo.bit', 'A', ['127.0.0.2', '127.0.0.3']],
  ['single.bit', 'A', ['192.0.2.1']],
  ['dual.bit', 'A', ['192.0.2.1', '192.0.2.2', '192.0.2.3']],
  ['dual.bit', 'AAAA', ['2001:db8::1', '2001:db8::2']],
  ['wild.bit', 'A', ['192.0.2.5']],
  ['anything.wild.bit', 'A', ['192.0.2.6']],
  ['any.thing.wild.bit', 'A', ['192.0.2.6']],
  ['www.wild.bit', 'A', 'alias www.wild.bit. CNAME wild.bit.'],
  ['ftp.wild.bit', 'A', ['192.0.2.7']],
  ['importer.bit', 'A', ['203.0.113.1', '203.0.113.2']],
  ['importer.bit', 'TXT', ['"shared by dd/shared"']],
  ['www.importer.bit', 'A', 'alias www.importer.bit. CNAME importer.bit.'],
  ['delegated.bit', 'A', 'delegation delegated.bit.'],
  ['ns1.delegated.bit', 'A', 'delegation delegated.bit.'],
  ['delegated.bit', 'DS', [`12345 13 2 ${'deadbeef'.repeat(8)}`]],
  // The targets are relative to the parent object: the owner should have written mx1.@ (namecoin-values §3).
  ['mail.bit', 'MX', ['10 mx1._tcp.mail.bit.', '20 mx2._tcp.mail.bit.']],
  ['_smtp._tcp.mail.bit', 'SRV', ['10 0 25 mx1._tcp.mail.bit.', '20 0 25 mx2._tcp.mail.bit.']],
  ['mx1.mail.bit', 'A', ['192.0.2.25']],
  [
    '_443._tcp.secure.bit',
    'TLSA',
    ['3 1 1 123456789abcdef67890123456789abcdef67890123456789abcdef678901234'],
  ],
  ['_tcp.secure.bit', 'TLSA', 'nodata'],
  ['offsite.bit', 'A', 'alias offsite.bit. CNAME www.example.com.'],
  ['translated.bit', 'A', 'nodata'],
  [
    'www.translated.bit',
    'A',
    'alias translated.bit. DNAME example.org., www.translated.bit. CNAME www.example.org.',
  ],
  ['_tor.onion.bit', 'TXT', ['"vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd.onion"']],
  ['onion.bit', 'A', 'nodata'],
  ['notjson.bit', 'A', 'invalid'],
  ['empty.bit', 'A', 'nodata'],
  ['emptyobj.bit', 'A', 'nodata'],
  ['xn--bcher-kva.bit', 'A', ['192.0.2.77']],
  ['UPPER.bit', 'A', 'nxdomain'],
  ['123.bit', 'A', 'nxdomain'],
  ['loop-a.bit', 'A', 'nodata'],
  ['alice.bit', 'A', 'nxdomain'],
  ['nope.bit', 'A', 'nxdomain'],
]

describe('the names of the regtest chain', () => {
  test.each(cases)('%s %s', async (name, type, expected) =>
    expect(short((await ask(VALUES, name, type)).answer)).toEqual(expected),
  )
  test('UTF-8 and long text come through octet by octet', async () => {
    const { answer: unicode } = await ask(VALUES, 'unicode.bit', 'TXT')
    const [record] = unicode.kind === 'answer' ? unicode.records : []
    expect(new TextDecoder().decode(record?.data.subarray(1))).toBe('žluťoučký kůň 🐎')
    const { answer: long } = await ask(VALUES, 'max520.bit', 'TXT')
    expect(long.kind === 'answer' && long.records.map(({ data }) => data.length)).toEqual([512])
  })
  test('the delegation has glue for both servers', async () => {
    const { answer } = await ask(VALUES, 'www.delegated.bit')
    expect(answer.kind === 'delegation' && recordTexts(answer.glue)).toEqual([
      'ns1.delegated.bit. A 127.0.0.53',
      'ns2.delegated.bit. A 127.0.0.54',
    ])
  })
})
