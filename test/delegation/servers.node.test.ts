import { createSocket, type Socket } from 'node:dgram'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type AddressBlock, addressBlock } from '../../src/addresses.ts'
import type { ServerExchange } from '../../src/delegation/exchange.ts'
import { buildQuery } from '../../src/dns/build-query.ts'
import { encodeAnswer } from '../../src/dns/encode.ts'
import { readMessage } from '../../src/dns/message.ts'
import { nameToText } from '../../src/dns/name.ts'
import { Rcode, Type, typeNumber } from '../../src/dns/protocol.ts'
import { sharedFlights } from '../../src/flights.ts'
import { createGateway } from '../../src/gateway.ts'
import { silentLog } from '../../src/log.ts'
import { coreSource } from '../../src/namecoin/core.ts'
import { namesSource, parseNames } from '../../src/namecoin/names.ts'
import { boundedSlots } from '../../src/namecoin/slots.ts'
import type { NameSource } from '../../src/namecoin/source.ts'
import { nodeExchange } from '../../src/node/dns-exchange.ts'
import { nodeRuntime } from '../../src/node/runtime.ts'
import type { UpstreamTransport } from '../../src/upstream/transport.ts'
import { name } from '../dns/messages.ts'
import { readAnswer } from '../resolver/world.ts'
import { coreRecordings, replayFetch } from '../servers/core-replay.ts'
import { type DsItem, signWithLdns, startKnot, startNsd, zoneText } from '../servers/nameservers.ts'
import { rr } from './nameservers.ts'

/** Delegations followed to NSD and Knot DNS, over real sockets. */

const PROGRAMS = ['/usr/sbin/nsd', '/usr/sbin/knotd', '/usr/bin/ldns-signzone']
const missing = PROGRAMS.filter((path) => !existsSync(path))

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

/** Addresses on the Internet that lead to servers on this machine. */
const NSD = '9.9.1.1'
const KNOT = '9.9.1.2'
const DEAD = '9.9.1.3'
const CLOSED = '9.9.1.4'
const LAME = '9.9.1.5'

const ports = new Map<string, number>()
const real = nodeExchange()
const exchange: ServerExchange = {
  udp: (address, _port, ...rest) => real.udp!('127.0.0.1', ports.get(address)!, ...rest),
  tcp: (address, _port, ...rest) => real.tcp('127.0.0.1', ports.get(address)!, ...rest),
}

/** Knows one name outside .bit, and the address of one nameserver there. */
const upstream: UpstreamTransport = {
  async exchange(_upstream, message) {
    const { question } = readMessage(message)!
    const asked = nameToText(question!.name)
    const known = new Map([
      ['www.example.com.', '203.0.113.80'],
      ['ns.host.example.', NSD],
    ]).get(asked)
    const answer = known !== undefined && question!.type === Type.A ? [rr(asked, 'A', known)] : []
    const authority = answer.length === 0 ? [rr('example', 'SOA', '60')] : []
    const { bytes } = encodeAnswer({
      question: question!,
      rcode: Rcode.NOERROR,
      authoritative: false,
      answer,
      authority,
    })
    return { kind: 'reply', message: bytes }
  },
}

function gateway(source: NameSource, allowPrivate: readonly AddressBlock[] = []) {
  const { exchange: answer } = createGateway(
    {
      allowPrivate,
      upstream: ['https://upstream.test/dns-query'],
      privateAnswers: 'allow',
      cacheEntries: 1_000,
    },
    source,
    { ...nodeRuntime(silentLog, upstream), exchange },
  )
  return async (
    asked: string,
    type = 'A',
    { dnssecOk = false, checkingDisabled = false } = {},
  ): Promise<ReturnType<typeof readAnswer>> => {
    const query = buildQuery({ name: name(asked), type: typeNumber(type)!, dnssecOk, checkingDisabled })
    const result = await answer(query)
    if (result.kind !== 'answer') throw new Error(result.reason)
    return readAnswer(result.body)
  }
}

const named = (names: object) => {
  const parsed = parseNames(JSON.stringify(names))
  if (parsed.kind !== 'names') throw new Error(parsed.detail)
  return gateway(namesSource(parsed))
}

let ask: ReturnType<typeof gateway>
let black: Socket
/** How often somebody who never answers was asked. */
let unanswered = 0

const NS = { ns: ['ns1'], map: { ns1: { ip: NSD } } }

async function startAll(): Promise<void> {
  const plain = zoneText(
    'plain.bit',
    'ns1',
    'ns1 A 9.9.1.1',
    '@ A 192.0.2.1',
    'www A 192.0.2.80',
    'near CNAME www',
    'tobit CNAME www.value.bit.',
    'toweb CNAME www.example.com.',
    'tosigned CNAME www.signed.bit.',
    `large TXT ${Array.from({ length: 30 }, () => `"${'x'.repeat(200)}"`).join(' ')}`,
  )
  const open = zoneText('open.signed.bit', 'ns1.signed.bit.', 'www A 192.0.2.91')
  const below = await signWithLdns({
    name: 'below.signed.bit',
    text: zoneText('below.signed.bit', 'ns1.signed.bit.', 'www A 192.0.2.92', 'x TXT "y"'),
  })
  const signedLines = [
    'ns1 A 9.9.1.1',
    'www A 192.0.2.81',
    '*.wild A 192.0.2.82',
    'near CNAME www',
    'chain CNAME www.below',
    'toplain CNAME www.plain.bit.',
    'open NS ns1',
    'below NS ns1',
    below.dsText,
    'far NS ns.far',
    'ns.far A 9.9.1.2',
  ]
  const knot = await startKnot([
    {
      name: 'hashed.bit',
      text: zoneText('hashed.bit', 'ns1', 'ns1 A 9.9.1.2', 'www A 192.0.2.83', '*.wild A 192.0.2.84'),
    },
    { name: 'far.signed.bit', text: zoneText('far.signed.bit', 'ns', 'ns A 9.9.1.2', 'www A 192.0.2.93') },
  ])
  const farDs = await knot.ds('far.signed.bit')
  const lines = [
    ...signedLines,
    ...farDs.map(
      ([tag, algorithm, type, digest]) =>
        `far DS ${tag} ${algorithm} ${type} ${Buffer.from(digest, 'base64').toString('hex')}`,
    ),
  ]
  const signed = await signWithLdns({ name: 'signed.bit', text: zoneText('signed.bit', 'ns1', ...lines) })
  const tampered = {
    name: 'tampered.bit',
    text: zoneText('tampered.bit', 'ns1', 'ns1 A 9.9.1.1', 'www A 192.0.2.85'),
  }
  const forged = await signWithLdns(tampered)
  const old = { name: 'old.bit', text: zoneText('old.bit', 'ns1', 'ns1 A 9.9.1.1', 'www A 192.0.2.86') }
  const expired = await signWithLdns(old, '-i', '20200101', '-e', '20200201')
  const unsigned = {
    name: 'stripped.bit',
    text: zoneText('stripped.bit', 'ns1', 'ns1 A 9.9.1.1', 'www A 6.6.6.6'),
  }
  const stripped = await signWithLdns(unsigned)
  const nsd = await startNsd([
    { name: 'plain.bit', text: plain },
    signed,
    below,
    { name: 'open.signed.bit', text: open },
    { ...forged, text: forged.text.replaceAll('192.0.2.85', '6.6.6.6') },
    expired,
    unsigned,
    { name: 'delegated.bit', text: zoneText('delegated.bit', 'ns1', 'ns1 A 127.0.0.53', 'www A 192.0.2.87') },
  ])
  const lame = await startNsd([{ name: 'nothing.example', text: zoneText('nothing.example', 'ns') }])
  black = createSocket('udp4')
  black.on('message', () => {
    unanswered++
  })
  await new Promise<void>((resolve) => black.bind(0, '127.0.0.1', resolve))
  const closed = createSocket('udp4')
  await new Promise<void>((resolve) => closed.bind(0, '127.0.0.1', resolve))
  ports.set(NSD, nsd.port)
  ports.set(KNOT, knot.port)
  ports.set(DEAD, black.address().port)
  ports.set(CLOSED, closed.address().port)
  ports.set(LAME, lame.port)
  ports.set('127.0.0.53', nsd.port)
  ports.set('127.0.0.54', black.address().port)
  await new Promise<void>((resolve) => closed.close(resolve))

  const signedNs = (ds: readonly DsItem[]) => ({ ...NS, ds })
  const hashedDs = await knot.ds('hashed.bit')
  ask = named({
    'd/plain': NS,
    'd/value': { map: { www: { ip: '192.0.2.7' } } },
    'd/byname': { ns: ['ns.servers.bit.'] },
    'd/servers': { map: { ns: { ip: NSD } } },
    'd/signed': signedNs([signed.ds]),
    'd/tampered': signedNs([forged.ds]),
    'd/old': signedNs([expired.ds]),
    'd/stripped': signedNs([stripped.ds]),
    'd/hashed': { ns: ['ns1'], map: { ns1: { ip: KNOT } }, ds: hashedDs },
    'd/alias': { alias: 'www.signed.bit.' },
    'd/alias2': { alias: 'near.plain.bit.' },
  })
}

afterAll(() => black?.close())

describe.skipIf(missing.length > 0)(
  `real nameservers (needs nsd, knot, ldnsutils${missing.length > 0 ? `; without ${missing.join(' ')}` : ''})`,
  () => {
    beforeAll(startAll)

    test('with glue', async () => {
      expect(await ask('www.plain.bit')).toEqual({
        rcode: 'NOERROR',
        flags: [],
        answer: ['www.plain.bit. 300 A 192.0.2.80'],
        authority: [],
        errors: [],
      })
    })

    test('without glue: through another .bit name, through the upstream, and as an address', async () => {
      const zone = { ns: ['ns.servers.bit.'] }
      const here = { 'd/servers': { map: { ns: { ip: NSD } } } }
      for (const names of [
        { 'd/plain': zone, ...here },
        { 'd/plain': { ns: 'ns.host.example.' } },
        { 'd/plain': { ns: 'ns.host.example' } },
        { 'd/plain': { ns: NSD } },
        // The server's name is itself below a delegation.
        { 'd/plain': { ns: 'ns1.signed.bit.' }, 'd/signed': NS },
      ])
        expect((await named(names)('www.plain.bit')).answer).toEqual(['www.plain.bit. 300 A 192.0.2.80'])
    })

    test('aliases in the zone, to .bit and to outside', async () => {
      expect((await ask('near.plain.bit')).answer).toEqual([
        'near.plain.bit. 300 CNAME www.plain.bit.',
        'www.plain.bit. 300 A 192.0.2.80',
      ])
      expect(await ask('tobit.plain.bit')).toMatchObject({
        flags: [],
        answer: ['tobit.plain.bit. 300 CNAME www.value.bit.', 'www.value.bit. 600 A 192.0.2.7'],
      })
      expect(await ask('toweb.plain.bit')).toMatchObject({
        flags: [],
        answer: ['toweb.plain.bit. 300 CNAME www.example.com.', 'www.example.com. 300 A 203.0.113.80'],
      })
      expect((await ask('alias2.bit')).answer).toEqual([
        'alias2.bit. 600 CNAME near.plain.bit.',
        'near.plain.bit. 300 CNAME www.plain.bit.',
        'www.plain.bit. 300 A 192.0.2.80',
      ])
    })

    test('more than fits into UDP comes over TCP', async () => {
      const { answer, rcode } = await ask('large.plain.bit', 'TXT')
      expect(rcode).toBe('NOERROR')
      expect(answer[0]!.length).toBeGreaterThan(6_000)
    })

    test.each([
      ['dead', DEAD],
      ['not there', CLOSED],
      ['lame', LAME],
    ])('one of two servers is %s: the other one answers', async (_how, other) => {
      for (let run = 0; run < 4; run++) {
        const both = named({ 'd/plain': { ns: ['a', 'b'], map: { a: { ip: other }, b: { ip: NSD } } } })
        expect((await both('www.plain.bit')).answer).toEqual(['www.plain.bit. 300 A 192.0.2.80'])
      }
    })

    test.each([
      ['dead', DEAD, 'did not answer in time'],
      ['not there', CLOSED, 'can be reached'],
      ['lame', LAME, 'do not answer for it'],
    ])('all servers are %s: SERVFAIL that says so', async (_how, other, text) => {
      const none = named({ 'd/plain': { ns: other } })
      expect(await none('www.plain.bit')).toMatchObject({
        rcode: 'SERVFAIL',
        errors: [{ code: 22, text: expect.stringContaining(text) }],
      })
    })

    test('a dead server is asked a few times and no more', async () => {
      unanswered = 0
      await named({ 'd/plain': { ns: DEAD } })('www.plain.bit')
      expect(unanswered).toBeGreaterThan(0)
      expect(unanswered).toBeLessThanOrEqual(2)
    })

    test.each([
      ['NSEC', 'signed.bit', '192.0.2.81', '192.0.2.82', 'NSEC'],
      ['NSEC3', 'hashed.bit', '192.0.2.83', '192.0.2.84', 'NSEC3'],
    ])(
      'signed, with %s: AD for records, wildcards, NXDOMAIN and NODATA',
      async (_kind, zone, www, wild, proof) => {
        expect(await ask(`www.${zone}`)).toMatchObject({
          rcode: 'NOERROR',
          flags: ['AD'],
          answer: [`www.${zone}. 300 A ${www}`],
        })
        expect(await ask(`any.wild.${zone}`)).toMatchObject({
          flags: ['AD'],
          // The proof that there is nothing closer lives as long as the SOA says (RFC 4035 §5.3.3).
          answer: [`any.wild.${zone}. 60 A ${wild}`],
          authority: [],
        })
        const soa = expect.stringMatching(new RegExp(`^${zone}\\. 60 SOA `))
        expect(await ask(`no.${zone}`)).toMatchObject({ rcode: 'NXDOMAIN', flags: ['AD'], authority: [soa] })
        expect(await ask(`www.${zone}`, 'AAAA')).toMatchObject({
          rcode: 'NOERROR',
          flags: ['AD'],
          answer: [],
          authority: [soa],
        })
        const withProof = await ask(`no.${zone}`, 'A', { dnssecOk: true })
        expect(withProof.authority.some((line) => line.includes(` ${proof} `))).toBe(true)
        expect(withProof.authority.some((line) => line.includes(' RRSIG '))).toBe(true)
        const signed = await ask(`www.${zone}`, 'A', { dnssecOk: true })
        expect(signed.answer).toEqual([
          `www.${zone}. 300 A ${www}`,
          expect.stringMatching(new RegExp(`^www\\.${zone}\\. 300 RRSIG A 13 `)),
        ])
      },
    )

    test('signed all the way down, referred to another server', async () => {
      expect(await ask('www.far.signed.bit')).toMatchObject({
        flags: ['AD'],
        answer: ['www.far.signed.bit. 300 A 192.0.2.93'],
      })
    })

    test('signed and unsigned zones below, on the same server, which does not refer to itself', async () => {
      expect(await ask('www.below.signed.bit')).toMatchObject({
        flags: ['AD'],
        answer: ['www.below.signed.bit. 300 A 192.0.2.92'],
      })
      expect(await ask('www.open.signed.bit')).toMatchObject({
        rcode: 'NOERROR',
        flags: [],
        answer: ['www.open.signed.bit. 300 A 192.0.2.91'],
      })
      expect(await ask('no.open.signed.bit')).toMatchObject({ rcode: 'NXDOMAIN', flags: [] })
      expect(await ask('chain.signed.bit')).toMatchObject({
        flags: ['AD'],
        answer: [
          'chain.signed.bit. 300 CNAME www.below.signed.bit.',
          'www.below.signed.bit. 300 A 192.0.2.92',
        ],
      })
    })

    test('AD stands for the whole chain: an alias in a value is not signed, nor is a zone without DS', async () => {
      expect((await ask('near.signed.bit')).flags).toEqual(['AD'])
      expect(await ask('alias.bit')).toMatchObject({
        flags: [],
        answer: ['alias.bit. 600 CNAME www.signed.bit.', 'www.signed.bit. 300 A 192.0.2.81'],
      })
      expect((await ask('toplain.signed.bit')).flags).toEqual([])
      expect((await ask('tosigned.plain.bit')).flags).toEqual([])
    })

    test.each([
      ['tampered with', 'tampered.bit', 6],
      ['whose signatures have expired', 'old.bit', 7],
      ['whose signatures were taken away', 'stripped.bit', 9],
    ])('a zone %s: SERVFAIL, with CD what there is', async (_how, zone, code) => {
      expect(await ask(`www.${zone}`)).toMatchObject({ rcode: 'SERVFAIL', answer: [], errors: [{ code }] })
      expect(await ask(`www.${zone}`, 'A', { checkingDisabled: true })).toMatchObject({
        rcode: 'NOERROR',
        flags: ['CD'],
        answer: [expect.stringMatching(/ A /)],
      })
    })

    test('the recorded d/delegated: at the loopback addresses it names, with a DS that no key has', async () => {
      const { timer } = nodeRuntime(silentLog, upstream)
      const core = () =>
        coreSource({
          url: new URL('http://core.test/'),
          network: 'regtest',
          fetch: replayFetch(coreRecordings, {}),
          now: Date.now,
          flights: sharedFlights(),
          slots: boundedSlots(),
          timer,
        })
      expect(await gateway(core())('www.delegated.bit')).toMatchObject({
        rcode: 'SERVFAIL',
        errors: [{ code: 22, text: expect.stringContaining('not contacted') }],
      })
      const allowed = gateway(core(), [addressBlock('127.0.0.48/28')!])
      expect(await allowed('www.delegated.bit')).toMatchObject({ rcode: 'SERVFAIL', errors: [{ code: 9 }] })
      expect(await allowed('www.delegated.bit', 'A', { checkingDisabled: true })).toMatchObject({
        rcode: 'NOERROR',
        answer: ['www.delegated.bit. 300 A 192.0.2.87'],
      })
    })

    test('the DS at the cut is the value’s', async () => {
      expect((await ask('signed.bit', 'DS')).answer).toEqual([
        expect.stringMatching(/^signed\.bit\. 600 DS /),
      ])
    })
  },
)
