import { describe, expect, test } from 'vitest'
import { startTrail } from '../../src/delegation/effort.ts'
import { delegations } from '../../src/delegation/follow.ts'
import { MAX_QUESTIONS_OF_NAME } from '../../src/delegation/limits.ts'
import { readMessage } from '../../src/dns/message.ts'
import { nameToText, nameToWire } from '../../src/dns/name.ts'
import { Type, typeName } from '../../src/dns/protocol.ts'
import type { ResourceRecord } from '../../src/dns/record.ts'
import { MAX_VERIFICATIONS } from '../../src/dnssec/effort.ts'
import { rrSetsOf } from '../../src/dnssec/rrset.ts'
import { name, octets, QUESTION_NAME, record, wire, word } from '../dns/messages.ts'
import { INCEPTION } from '../dnssec/recordings.ts'
import { nsec, signer } from '../dnssec/signer.ts'
import { fakeClock } from '../namecoin/clock.ts'
import {
  type Asked,
  authority,
  type Behaviour,
  delegation,
  follower,
  type Reply,
  rr,
  shown,
  toWire,
} from './nameservers.ts'

/** What somebody who has a name, or a zone below one, can do to everybody else's questions. */

const ONE = '9.0.0.1'
const TWO = '9.0.0.2'
const both = delegation('example.bit', [], [], { serverAddresses: [ONE, TWO] })
const www = rr('www.example.bit', 'A', '192.0.2.80')
const honest = authority('example.bit', www)
const answered = { rcode: 0, answer: ['www.example.bit. 300 A 192.0.2.80'], authority: [] }

test('under a wildcard each name is a zone of its own: the Namecoin name is what is bounded', async () => {
  const { ask } = follower({ servers: { [ONE]: () => 'silent' } })
  const codes = await Promise.all(
    Array.from({ length: MAX_QUESTIONS_OF_NAME + 10 }, async (_, index) => {
      const zone = `x${index}.example.bit`
      return shown(await ask(delegation(zone, [], [], { serverAddresses: [ONE] }), zone))
    }),
  )
  expect(codes.filter((code) => code === 'delegation-overloaded')).toHaveLength(10)
})

describe('a server is passed over for', () => {
  /** An answer by hand, for records that no encoder writes. */
  const raw =
    (rcode: number, counts: readonly [number, number], ...records: readonly Uint8Array[]): Behaviour =>
    ({ message }) => {
      const { name: asked, type } = message.question!
      const header = octets(word(message.id), 0x84, rcode, word(1), word(counts[0]), word(counts[1]), word(0))
      return octets(header, nameToWire(asked), word(type), word(1), ...records)
    }
  const numbers = new Uint8Array(20)
  const soa = (...data: readonly Uint8Array[]) => record(wire('example.bit'), Type.SOA, 60, octets(...data))
  const deep = Array.from({ length: 400 }, (_, index) =>
    index === 0
      ? record(wire(`${'a.'.repeat(117)}example.bit`), Type.TXT, 60, [0])
      : // Behind the header, QNAME, and its type and class: the first record's owner.
        record([0xc0, 12 + wire('www.example.bit').length + 4], Type.TXT, 60, [0]),
  )

  const forged = record(QUESTION_NAME, Type.A, 60, [6, 6, 6, 6])

  test.each<[string, Behaviour]>([
    ['a SOA of two octets', raw(3, [0, 1], soa(Uint8Array.of(0, 0)))],
    [
      'SOA of 19 octets behind its names',
      raw(3, [0, 1], soa(wire('a.bit'), wire('b.bit'), numbers.subarray(1))),
    ],
    ['a SOA of 21', raw(3, [0, 1], soa(wire('a.bit'), wire('b.bit'), numbers, Uint8Array.of(0)))],
    ['a CNAME of none', raw(0, [1, 0], record(QUESTION_NAME, Type.CNAME, 60, []))],
    ['an MX without a name', raw(0, [1, 0], record(QUESTION_NAME, Type.MX, 60, [0, 1]))],
    ['names of more labels than any honest ones', raw(0, [deep.length + 1, 0], ...deep, forged)],
  ])('%s', async (_what, behaviour) => {
    for (let run = 0; run < 4; run++) {
      const { ask } = follower({ servers: { [ONE]: behaviour, [TWO]: honest } })
      expect(shown(await ask(both, 'www.example.bit'))).toEqual(answered)
    }
    const { ask } = follower({ servers: { [ONE]: behaviour } })
    expect(shown(await ask(both, 'www.example.bit'))).toBe('delegation-lame')
  })

  test('half an answer over TCP, behind which nothing comes', async () => {
    const half: Behaviour = () => ({ isTruncated: true, answer: [www] })
    for (const withoutUdp of [false, true]) {
      expect(
        shown(await follower({ servers: { [ONE]: half }, withoutUdp }).ask(both, 'www.example.bit')),
      ).toBe('delegation-lame')
      const { ask } = follower({ servers: { [ONE]: half, [TWO]: honest }, withoutUdp })
      expect(shown(await ask(both, 'www.example.bit'))).toEqual(answered)
    }
  })
})

test('a name that is slow to look up keeps nobody from a server that is known', async () => {
  const { ask, clock } = follower({
    servers: { [ONE]: honest },
    addressesOf: (server) =>
      server[0] === 'ns1'
        ? Promise.resolve({ addresses: [rr('x', 'A', ONE).data], ttl: 300 })
        : new Promise(() => {}),
  })
  const since = clock.now()
  const outside = delegation('example.bit', ['ns1.host.test', 'ns2.host.test'])
  expect(shown(await ask(outside, 'www.example.bit'))).toEqual(answered)
  expect(clock.now() - since).toBeLessThan(1_000)
})

describe('in a signed zone', () => {
  type Says = (name: string, type: string, address: string) => Reply

  /** A zone with a key, whose servers say this, and show the key. */
  async function signedZone(says: (sign: Awaited<ReturnType<typeof signer>>['sign']) => Promise<Says>) {
    const zone = await signer()
    const key = zone.dnskey()
    const keys = await zone.sign([key])
    const answer = await says(zone.sign)
    const clock = fakeClock((INCEPTION + 1_000) * 1_000)
    const log: string[] = []
    const { follow } = delegations({
      exchange: {
        async tcp(address, _port, query) {
          const message = readMessage(query)!
          const [asked, type] = [nameToText(message.question!.name), typeName(message.question!.type)]
          log.push(`${address} ${asked} ${type}`)
          const reply =
            asked === 'example.bit.' && type === 'DNSKEY' ? { answer: keys } : answer(asked, type, address)
          return toWire({ message } as Asked, reply)
        },
      },
      addressesOf: async () => ({ addresses: [], ttl: 0 }),
      contact: { allowed: [], own: () => [] },
      now: clock.now,
      wallClock: clock.now,
      timer: clock.timer,
      random: (bound) => bound - 1,
    })
    const top = delegation('example.bit', [], [], { serverAddresses: [ONE], ds: [await zone.ds(key)] })
    const ask = (asked: string, trail = startTrail()) =>
      follow(
        top,
        { name: name(asked), type: Type.A, dnssecOk: false, checkingDisabled: false },
        trail,
        new AbortController().signal,
      )
    return { ask, clock, log }
  }

  test('a DS record is believed no longer than its TTL and its signature say', async () => {
    const ds = { ...rr('sub.example.bit', 'TXT', ''), type: Type.DS, ttl: 5 }
    const unknown = { ...ds, data: Uint8Array.of(0, 1, 200, 2, ...new Uint8Array(32)) }
    const { ask, clock, log } = await signedZone(async (sign) => {
      const signed = await sign([unknown])
      return (asked, _type, address) =>
        address === TWO
          ? { answer: [rr(asked, 'A', '192.0.2.9')] }
          : {
              isAuthoritative: false,
              authority: [rr('sub.example.bit', 'NS', 'ns.sub.example.bit', 86_400), ...signed],
              additional: [rr('ns.sub.example.bit', 'A', TWO, 86_400)],
            }
    })
    const referral = `${ONE} www.sub.example.bit. A`
    await ask('www.sub.example.bit')
    expect(log.splice(0)).toContain(referral)
    clock.advance(4_000)
    expect(await ask('www.sub.example.bit')).toMatchObject({ kind: 'answer', isSecure: false })
    expect(log.splice(0)).not.toContain(referral)
    clock.advance(2_000)
    await ask('www.sub.example.bit')
    expect(log).toContain(referral)
  })

  test('the proof that there is no DS record lasts no longer either', async () => {
    const { ask, clock, log } = await signedZone(async (sign) => {
      const proof = await sign([{ ...nsec('sub.example.bit', 'z.example.bit', Type.NS), ttl: 5 }])
      return (asked, _type, address) =>
        address === TWO
          ? { answer: [rr(asked, 'A', '192.0.2.9')] }
          : {
              isAuthoritative: false,
              authority: [rr('sub.example.bit', 'NS', 'ns.sub.example.bit', 86_400), ...proof],
              additional: [rr('ns.sub.example.bit', 'A', TWO, 86_400)],
            }
    })
    await ask('www.sub.example.bit')
    clock.advance(6_000)
    log.splice(0)
    await ask('www.sub.example.bit')
    expect(log).toContain(`${ONE} www.sub.example.bit. A`)
  })

  test('an alias of an unsigned zone on the same servers, with its signed target behind it, is not bogus', async () => {
    const { ask } = await signedZone(async (sign) => {
      const target = await sign([www])
      const proof = await sign([nsec('sub.example.bit', 'z.example.bit', Type.NS, Type.NSEC, Type.RRSIG)])
      const soa = await sign([rr('example.bit', 'SOA', '60')])
      return (asked, type) =>
        type === 'DS'
          ? { authority: [...soa, ...proof] }
          : {
              answer:
                asked === 'www.example.bit.' ? target : [rr(asked, 'CNAME', 'www.example.bit'), ...target],
            }
    })
    const followed = await ask('x.sub.example.bit')
    expect(followed).toMatchObject({ kind: 'answer', isSecure: false })
    expect(shown(followed)).toMatchObject({
      answer: [
        'x.sub.example.bit. 300 CNAME www.example.bit.',
        expect.stringMatching(/ A 192\.0\.2\.80$/),
        expect.stringContaining(' RRSIG A '),
      ],
    })
  })

  test('all messages of a question have one purse for what validation costs', async () => {
    const { ask } = await signedZone(async (sign) => {
      const answer = await sign([www])
      return () => ({ answer })
    })
    const trail = startTrail()
    expect(await ask('www.example.bit', trail)).toMatchObject({ kind: 'answer', isSecure: true })
    // The keys and the answer.
    expect(trail.effort.validation.verifications).toBe(MAX_VERIFICATIONS - 2)
    const spent = startTrail()
    spent.effort.validation.verifications = 0
    expect(await ask('www.example.bit', spent)).toMatchObject({ kind: 'bogus' })
  })
})

test('the RRsets of a section are made once', () => {
  const section: readonly ResourceRecord[] = [www]
  expect(rrSetsOf(section)).toBe(rrSetsOf(section))
})
