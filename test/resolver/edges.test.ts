import { describe, expect, test } from 'vitest'
import { readMessage } from '../../src/dns/message.ts'
import { nameFromText, nameToWire } from '../../src/dns/name.ts'
import { Type } from '../../src/dns/protocol.ts'
import { FAILURES, type FailureCode, failureAnswer } from '../../src/resolver/failure.ts'
import { opt, query } from '../dns/messages.ts'
import { failing, scripted } from './scripted.ts'
import { namesWorld, readAnswer } from './world.ts'

const OPT = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]

/** A query with an OPT record, of any class and type. */
const asked = (name: string, type: number, qclass = 1): Uint8Array =>
  Uint8Array.of(
    ...[0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1],
    ...nameToWire(nameFromText(name)!),
    type >> 8,
    type & 0xff,
    qclass >> 8,
    qclass & 0xff,
    ...OPT,
  )

const names = { 'd/a': { ip: '192.0.2.1', map: { www: { ip: '192.0.2.2' } } } }
const { askWire, ask } = namesWorld(names, { upstream: [] })
const read = async (name: string, type: number, qclass = 1) =>
  readAnswer(await askWire(asked(name, type, qclass)))

describe('RFC 8914: whoever gets no answer is told why', () => {
  test.each(Object.keys(FAILURES) as FailureCode[])('%s', async (code) => {
    const { ask, say } = scripted()
    say(failing(code))
    const { errors, rcode, answer } = await ask('www.example')
    expect([rcode, answer]).toEqual([FAILURES[code].rcode === 5 ? 'REFUSED' : 'SERVFAIL', []])
    expect(errors).toEqual([{ code: FAILURES[code].extendedError, text: FAILURES[code].text }])
    expect(FAILURES[code].text).not.toBe('')
  })

  test.each([
    'localhost MX',
    'x.localhost TXT',
    'use-application-dns.net A',
    'x.invalid A',
    'x.test A',
    'x.local A',
    'x.onion A',
    'onion A',
    'x.alt A',
    'x.internal A',
    'x.home.arpa A',
    'x.eap.arpa A',
    'x.eap-noob.arpa A',
    'x.6tisch.arpa A',
    'x.service.arpa A',
    '_dns.resolver.arpa SVCB',
    '1.0.0.10.in-addr.arpa PTR',
    '1.0.0.127.in-addr.arpa PTR',
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa PTR',
  ])('%s', async (line) => {
    const [name = '', type] = line.split(' ')
    const { rcode, answer, errors } = await ask(name, type)
    expect(['NXDOMAIN', 'NOERROR']).toContain(rcode)
    expect(answer).toEqual([])
    expect(errors).toEqual([{ code: 29, text: expect.stringMatching(/^not asked for: \w/) }])
  })

  test('in the JSON forms, too', async () => {
    const { gateway } = namesWorld(names, { upstream: [] })
    const response = await gateway.app.request('/resolve?name=x.onion')
    expect(await response.json()).toMatchObject({ Status: 3, extended_dns_errors: [{ info_code: 29 }] })
  })
})

describe('questions that are none', () => {
  test.each([
    ['0', 0, 'FORMERR'],
    ['OPT', Type.OPT, 'FORMERR'],
    ['NXNAME', Type.NXNAME, 'FORMERR'],
    ['TSIG', Type.TSIG, 'NOTIMP'],
    ['TKEY', Type.TKEY, 'NOTIMP'],
    ['MAILA', Type.MAILA, 'NOTIMP'],
    ['MAILB', Type.MAILB, 'NOTIMP'],
  ])('type %s (%i): %s, Invalid Query Type', async (_name, type, rcode) => {
    for (const name of ['a.bit', 'example.com', 'x.onion'])
      expect(await read(name, type)).toMatchObject({ rcode, answer: [], errors: [{ code: 30 }] })
  })

  test.each([
    ['AXFR', Type.AXFR],
    ['IXFR', Type.IXFR],
  ])('zone transfer %s: REFUSED', async (_name, type) => {
    for (const name of ['bit', 'a.bit', 'example.com'])
      expect(await read(name, type)).toMatchObject({ rcode: 'REFUSED', errors: [{ code: 21 }] })
  })

  test.each([
    ['version.bind', 'CH', 3],
    ['id.server', 'CH', 3],
    ['a.bit', 'HS', 4],
    ['a.bit', 'NONE', 254],
    ['a.bit', 'ANY', 255],
    ['a.bit', '0', 0],
  ])('%s of class %s: REFUSED, and nothing is told', async (name, _class, qclass) => {
    expect(await read(name, Type.TXT, qclass)).toMatchObject({
      rcode: 'REFUSED',
      answer: [],
      authority: [],
      errors: [{ code: 21 }],
    })
    const message = readMessage(await askWire(asked(name, Type.TXT, qclass)))
    expect(message?.question).toMatchObject({ type: Type.TXT, class: qclass })
  })
})

describe('questions that few ask', () => {
  test.each(['a.bit', 'www.a.bit', 'localhost', 'home.arpa'])(
    'RFC 8482: ANY for %s is one record',
    async (name) => {
      expect((await read(name, Type.ANY)).answer).toEqual([expect.stringMatching(/ HINFO "?RFC8482"? "?"?$/)])
    },
  )
  test('ANY for a name that does not exist is NXDOMAIN', async () => {
    for (const name of ['nobody.bit', 'x.onion'])
      expect(await read(name, Type.ANY)).toMatchObject({ rcode: 'NXDOMAIN', answer: [] })
  })

  test.each([Type.RRSIG, Type.NSEC, Type.NSEC3, Type.DNSKEY, Type.RESINFO, 200, 731, 65_280, 65_535])(
    'type %i for a name of .bit: NODATA with a SOA',
    async (type) => {
      expect(await read('a.bit', type)).toMatchObject({
        rcode: 'NOERROR',
        flags: ['AA'],
        answer: [],
        authority: [expect.stringMatching(/^bit\. .* SOA /)],
      })
    },
  )

  test('the root is a name outside .bit', async () => {
    expect(await read('.', Type.NS)).toMatchObject({ rcode: 'REFUSED', errors: [{ code: 18 }] })
  })

  test('another opcode: NOTIMP, without the sections that would mean something else', async () => {
    const body = await askWire(query({ flags: 0x2800 }))
    expect([...body.subarray(2)]).toEqual([0xa8, 0x84, 0, 0, 0, 0, 0, 0, 0, 0])
  })

  test('RFC 6891 §6.1.1: with an OPT record, that gets one, and is told why', async () => {
    const body = await askWire(query({ flags: 0x2800, additional: [opt({ flags: 0x8000 })] }))
    expect(readMessage(body)).toMatchObject({ flags: 0xa884, question: undefined, edns: { dnssecOk: true } })
    expect(readAnswer(body).errors).toEqual([{ code: 21, text: 'NOTIMP: opcode' }])
    // Sections that say something else to that opcode, or nothing: the header alone.
    const broken = await askWire(query({ flags: 0x2800, additional: [opt({}).subarray(0, 9)] }))
    expect(broken).toHaveLength(12)
  })
})

test('a failure keeps its code beside its octets', () => {
  const wireName = Uint8Array.of(1, 97, 0)
  const question = {
    query: { id: 0, flags: 0, wireName, type: 1, class: 1, edns: undefined },
    name: ['a'],
    signal: new AbortController().signal,
  }
  expect(failureAnswer(question, 'internal')).toMatchObject({ failure: 'internal', rcode: 2 })
})
