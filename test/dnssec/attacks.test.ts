import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Message } from '../../src/dns/message.ts'
import { nameToWire } from '../../src/dns/name.ts'
import { Rcode, Type } from '../../src/dns/protocol.ts'
import type { ResourceRecord } from '../../src/dns/record.ts'
import {
  MAX_DIGESTS,
  MAX_HASH_ROUNDS,
  MAX_VERIFICATIONS,
  MAX_VERIFICATIONS_PER_RRSET,
} from '../../src/dnssec/effort.ts'
import { validateAnswer, validateReferral } from '../../src/dnssec/validate.ts'
import { authenticateKeys } from '../../src/dnssec/zone-keys.ts'
import { name } from '../dns/messages.ts'
import { join, uint16 } from '../dns/octets.ts'
import { dsOf, flipped, keysOf, NOW, question, RECORDINGS, recorded, ZONE } from './recordings.ts'
import {
  address,
  answerWith,
  bitMap,
  nsec,
  record,
  type SignatureParts,
  signer,
  TTL,
  tagOf,
  withColliding,
} from './signer.ts'

const own = await signer()
const other = await signer()
const ask = (text: string, message: Message, now = NOW) =>
  validateAnswer(question(text), message, own.keys, now)
const signed = async (...sets: readonly (readonly ResourceRecord[])[]) =>
  (await Promise.all(sets.map((set) => own.sign(set)))).flat()
const { A, CNAME, DNAME, DNSKEY, DS, MX, NS, NSEC, NSEC3, RRSIG, SOA } = Type
const NXNAME = 128

afterEach(() => {
  vi.restoreAllMocks()
})

describe('signatures (RFC 4035 §5.3.1)', () => {
  const www = address('www.example.bit')
  const answer = async (parts: SignatureParts, records = [www]) =>
    ask('www.example.bit A', answerWith({ answer: await own.sign(records, parts) }))

  test('one that is right', async () => {
    expect(await answer({})).toMatchObject({ kind: 'secure', authority: [] })
  })
  test('of another signer, though by the same key', async () => {
    for (const zone of ['bit', 'www.example.bit', 'example.bat'])
      expect(await answer({ signer: name(zone) }), zone).toMatchObject({ kind: 'bogus', code: 10 })
  })
  test('with more labels than the owner, or fewer than the zone', async () => {
    expect(await answer({ labels: 4 })).toMatchObject({ kind: 'bogus', code: 10 })
    expect(await answer({ labels: 1, owner: name('*.bit') })).toMatchObject({ kind: 'bogus', code: 10 })
  })
  test('of an algorithm that is not the key’s, or not known', async () => {
    expect(await answer({ algorithm: 14 })).toMatchObject({ kind: 'bogus', code: 9 })
    expect(await answer({ algorithm: 5 })).toMatchObject({ kind: 'bogus', code: 10 })
  })
  test('RFC 4034 §3.1.5: times are modulo 2^32', async () => {
    const after2106 = 2 ** 32 + 1_000
    const parts = { inception: after2106 - 2_000, expiration: after2106 + 2_000 }
    const message = answerWith({ answer: await own.sign([www], parts) })
    for (const now of [after2106, after2106 - 1_500, after2106 + 1_500])
      expect(await ask('www.example.bit A', message, now)).toMatchObject({ kind: 'secure' })
    expect(await ask('www.example.bit A', message, after2106 + 2_001)).toMatchObject({ code: 7 })
    expect(await ask('www.example.bit A', message, after2106 - 2_001)).toMatchObject({ code: 8 })
  })
  test('one that is expired or of another key does not spoil the one that is right', async () => {
    const [, right] = await own.sign([www])
    const [, expired] = await own.sign([www], { inception: 1, expiration: 2 })
    const [, foreign] = await other.sign([www])
    const message = answerWith({ answer: [expired!, foreign!, www, right!] })
    expect(await ask('www.example.bit A', message)).toMatchObject({ kind: 'secure', answer: [www, right] })
  })
  test('RFC 4034 §6.3: order and doubles of records do not matter, one too many does', async () => {
    const second = { ...www, data: Uint8Array.of(192, 0, 2, 0) }
    const [, , right] = await own.sign([www, second])
    expect(await ask('www.example.bit A', answerWith({ answer: [second, www, www, right!] }))).toMatchObject({
      kind: 'secure',
    })
    const third = { ...www, data: Uint8Array.of(192, 0, 2, 9) }
    for (const records of [[www], [www, second, third]])
      expect(await ask('www.example.bit A', answerWith({ answer: [...records, right!] }))).toMatchObject({
        kind: 'bogus',
        code: 6,
      })
  })
})

describe('keys (RFC 4034 §2.1, RFC 5011)', () => {
  const authenticate = async (key: ResourceRecord, parts: SignatureParts = { tag: tagOf(key.data) }) =>
    authenticateKeys(ZONE, [await own.ds(key)], answerWith({ answer: await own.sign([key], parts) }), NOW)

  test('a zone key that signs itself', async () => {
    for (const flags of [0x0101, 0x0100])
      expect(await authenticate(own.dnskey(flags))).toMatchObject({ kind: 'secure', keys: { lifetime: TTL } })
  })
  test('one that is no zone key, or revoked: No Zone Key Bit Set', async () => {
    for (const flags of [0x0000, 0x0001, 0x0181, 0x0180])
      expect(await authenticate(own.dnskey(flags))).toMatchObject({ kind: 'bogus', code: 11 })
  })
  test('one of another protocol is none', async () => {
    expect(await authenticate(own.dnskey(0x0101, 2))).toMatchObject({ kind: 'bogus', code: 9 })
  })
  test('RFC 4035 §5.2: the key of the DS record itself must have signed', async () => {
    const anchor = own.dnskey(0x0100)
    const message = answerWith({ answer: await own.sign([anchor, other.dnskey()]) })
    const ds = await other.ds(other.dnskey())
    expect(await authenticateKeys(ZONE, [ds], message, NOW)).toMatchObject({ kind: 'bogus', code: 9 })
  })
  test('keys beside the one of the DS record: those that may not sign are left out', async () => {
    const [anchor, revoked, none] = [own.dnskey(), own.dnskey(0x0181), own.dnskey(0x0001)]
    const message = answerWith({ answer: await own.sign([anchor, revoked, none]) })
    const authentic = await authenticateKeys(ZONE, [await own.ds(anchor)], message, NOW)
    expect(authentic.kind === 'secure' && authentic.keys.keys.map(({ flags }) => flags)).toEqual([0x0101])
  })
})

describe('NSEC (RFC 4035 §5.4, RFC 6840 §4)', () => {
  const missing = 'm.w.example.bit A'
  test('that of a wildcard denies nothing under a name the wildcard stands for', async () => {
    const wildcard = nsec('*.w.example.bit', 'z.example.bit', A, RRSIG, NSEC)
    const [moved, signature] = (await own.sign([wildcard])).map((each) => ({
      ...each,
      name: name('a.w.example.bit'),
    }))
    const authority = [moved!, signature!]
    expect(await ask('m.w.example.bit A', answerWith({ rcode: Rcode.NXDOMAIN, authority }))).toMatchObject({
      code: 12,
    })
    expect(await ask('a.w.example.bit MX', answerWith({ authority }))).toMatchObject({ code: 12 })
  })
  test('§4.1: that of a delegation or a DNAME denies nothing below it', async () => {
    for (const types of [[NS], [DNAME], [NS, DS]]) {
      const authority = await signed([nsec('w.example.bit', 'x.example.bit', ...types, RRSIG, NSEC)])
      expect(await ask(missing, answerWith({ rcode: Rcode.NXDOMAIN, authority }))).toMatchObject({ code: 12 })
      const child = await validateReferral(name('m.w.example.bit'), answerWith({ authority }), own.keys, NOW)
      expect(child).toMatchObject({ kind: 'bogus', code: 12 })
    }
    const authority = await signed([nsec('w.example.bit', 'x.example.bit', A, RRSIG, NSEC)])
    expect(await ask(missing, answerWith({ rcode: Rcode.NXDOMAIN, authority }))).toMatchObject({
      kind: 'secure',
    })
  })
  test('§4.3: a CNAME denies no type at its name', async () => {
    const authority = await signed([nsec('w.example.bit', 'x.example.bit', CNAME, RRSIG, NSEC)])
    expect(await ask('w.example.bit A', answerWith({ authority }))).toMatchObject({ kind: 'bogus', code: 12 })
  })
  test('a delegation whose DS record the child denies', async () => {
    const authority = await signed([nsec('w.example.bit', 'x.example.bit', NS, SOA, RRSIG, NSEC)])
    const refer = await validateReferral(name('w.example.bit'), answerWith({ authority }), own.keys, NOW)
    expect(refer).toMatchObject({ kind: 'bogus', code: 12 })
  })
  test('that of the last name leads back to the apex', async () => {
    const authority = await signed(
      [nsec('x.example.bit', 'example.bit', A, RRSIG, NSEC)],
      [nsec('example.bit', 'b.example.bit', NS, SOA, RRSIG, NSEC)],
    )
    expect(await ask('z.example.bit A', answerWith({ rcode: 3, authority }))).toMatchObject({
      kind: 'secure',
    })
    expect(await ask('c.example.bit A', answerWith({ rcode: 3, authority }))).toMatchObject({ code: 12 })
    const only = await signed([nsec('example.bit', 'example.bit', NS, SOA, RRSIG, NSEC)])
    expect(await ask('c.example.bit A', answerWith({ rcode: 3, authority: only }))).toMatchObject({
      kind: 'secure',
    })
  })
  test('no name without the proof that there is no wildcard', async () => {
    const authority = await signed([nsec('l.example.bit', 'x.example.bit', A, RRSIG, NSEC)])
    expect(await ask('m.example.bit A', answerWith({ rcode: 3, authority }))).toMatchObject({ code: 12 })
  })
  test('RFC 4592: a wildcard that is not the closest encloser’s', async () => {
    const expanded = { ...address('m.w.example.bit') }
    const answer = await own.sign([expanded], { labels: 2, owner: name('*.example.bit') })
    // There is something below w, so that only *.w can stand for m.w.
    const authority = await signed([nsec('l.w.example.bit', 'x.w.example.bit', A, RRSIG, NSEC)])
    expect(await ask(missing, answerWith({ answer, authority }))).toMatchObject({ kind: 'bogus', code: 12 })
    const wide = await signed([nsec('l.example.bit', 'x.example.bit', A, RRSIG, NSEC)])
    expect(await ask(missing, answerWith({ answer, authority: wide }))).toMatchObject({ kind: 'secure' })
  })
  test('RFC 9824: a name that is there for its proof alone', async () => {
    const authority = await signed([nsec('m.example.bit', '\\000.m.example.bit', RRSIG, NSEC, NXNAME)])
    for (const rcode of [Rcode.NOERROR, Rcode.NXDOMAIN])
      for (const type of ['A', 'ANY'])
        expect(await ask(`m.example.bit ${type}`, answerWith({ rcode, authority }))).toMatchObject({
          kind: 'secure',
        })
    const without = await signed([nsec('m.example.bit', '\\000.m.example.bit', RRSIG, NSEC)])
    expect(await ask('m.example.bit A', answerWith({ authority: without }))).toMatchObject({ kind: 'secure' })
    expect(await ask('m.example.bit A', answerWith({ rcode: 3, authority: without }))).toMatchObject({
      code: 12,
    })
    expect(await ask('n.example.bit A', answerWith({ rcode: 3, authority }))).toMatchObject({ code: 12 })
  })
})

describe('NSEC3 (RFC 5155 §8)', () => {
  const low = '0'.repeat(32)
  const high = 'v'.repeat(32)
  const nsec3 = (
    hash: string,
    next: number,
    { algorithm = 1, flags = 0, iterations = 0, types = [A] } = {},
  ) =>
    record(
      `${hash}.example.bit`,
      NSEC3,
      join(
        Uint8Array.of(algorithm, flags),
        uint16(iterations),
        Uint8Array.of(0, 20),
        new Uint8Array(20).fill(next),
        bitMap(...types),
      ),
    )
  test('§8.1, §8.2: hashes and flags of the future, and records of another place, prove nothing', async () => {
    for (const odd of [nsec3(low, 255, { algorithm: 2 }), nsec3(low, 255, { flags: 2 })]) {
      const message = answerWith({ authority: await signed([odd]) })
      expect(await validateReferral(name('w.example.bit'), message, own.keys, NOW)).toMatchObject({
        code: 12,
      })
    }
    const below = { ...nsec3(low, 255), name: name(`${low}.w.example.bit`) }
    const message = answerWith({ rcode: 3, authority: await signed([below]) })
    expect(await ask('m.example.bit A', message)).toMatchObject({ kind: 'bogus', code: 12 })
  })
  test('covering alone is no proof: the closest encloser has to be shown', async () => {
    const authority = await signed([nsec3(low, 255)], [nsec3(high, 0)])
    for (const rcode of [0, 3])
      expect(await ask('m.example.bit A', answerWith({ rcode, authority }))).toMatchObject({ code: 12 })
  })
  test('CVE-2023-50868: a name of many labels is not hashed for ever', async () => {
    const digest = vi.spyOn(crypto.subtle, 'digest')
    const authority = await signed([nsec3(low, 255, { iterations: 50 })])
    const long = `${'a.'.repeat(110)}example.bit`
    expect(await ask(`${long} A`, answerWith({ rcode: 3, authority }))).toMatchObject({
      kind: 'bogus',
      code: 27,
    })
    expect(digest.mock.calls.length).toBeLessThanOrEqual(MAX_HASH_ROUNDS)
  })
})

describe('KeyTrap (CVE-2023-50387)', () => {
  const wrong = async (records: ResourceRecord[], count: number) => {
    const made = await own.sign(records)
    const signature = made.at(-1)!
    return [
      ...records,
      ...Array.from({ length: count }, (_, index) => ({
        ...signature,
        data: flipped(signature.data, undefined, 1 + (index % 255)),
      })),
    ]
  }
  test('a hundred keys of one tag and a hundred signatures', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify')
    const answer = await wrong([address('www.example.bit')], 100)
    const keys = withColliding(own.keys, other, 100)
    expect(
      await validateAnswer(question('www.example.bit A'), answerWith({ answer }), keys, NOW),
    ).toMatchObject({
      kind: 'bogus',
      code: 6,
    })
    expect(verify).toHaveBeenCalledTimes(MAX_VERIFICATIONS_PER_RRSET)
  })
  test('and the same for each of a hundred records that deny', async () => {
    const verify = vi.spyOn(crypto.subtle, 'verify')
    const proofs = Array.from({ length: 100 }, (_, index) =>
      nsec(`n${index}.example.bit`, 'z.example.bit', A),
    )
    const authority = (await Promise.all(proofs.map((proof) => wrong([proof], 10)))).flat()
    const keys = withColliding(own.keys, other, 100)
    const message = answerWith({ rcode: 3, authority })
    expect(await validateAnswer(question('m.example.bit A'), message, keys, NOW)).toMatchObject({
      kind: 'bogus',
    })
    expect(verify).toHaveBeenCalledTimes(MAX_VERIFICATIONS)
  })
  test('DS records and keys of one tag', async () => {
    const digest = vi.spyOn(crypto.subtle, 'digest')
    const verify = vi.spyOn(crypto.subtle, 'verify')
    // Octets that change places two by two leave the tag as it is.
    const key = own.dnskey()
    const keys = Array.from({ length: 32 }, (_, place) => {
      const data = Uint8Array.from(key.data)
      const [a, b] = [4 + place, 4 + ((place + 2) % 64)]
      data.set([key.data[b]!], a)
      data.set([key.data[a]!], b)
      return { ...key, data }
    })
    expect(new Set(keys.map(({ data }) => tagOf(data))).size).toBe(1)
    const ds = await own.ds(key)
    digest.mockClear()
    const none = Array.from({ length: 100 }, (_, index) => ({
      ...ds,
      data: flipped(ds.data, 10, 1 + (index % 255)),
    }))
    const message = answerWith({ answer: await wrong(keys, 100) })
    expect(await authenticateKeys(ZONE, none, message, NOW)).toMatchObject({ kind: 'bogus', code: 9 })
    expect(digest.mock.calls.length).toBeLessThanOrEqual(MAX_DIGESTS)
    expect(verify).not.toHaveBeenCalled()
  })
  test('two keys of one tag are no attack', async () => {
    const message = answerWith({ answer: await own.sign([address('www.example.bit')]) })
    const keys = withColliding(own.keys, other, 1)
    expect(await validateAnswer(question('www.example.bit A'), message, keys, NOW)).toMatchObject({
      kind: 'secure',
    })
  })
})

describe('aliases', () => {
  const alias = (owner: string, target: string, type: number = CNAME) =>
    record(owner, type, nameToWire(name(target)))
  test('that lead in a circle, or on and on, prove nothing', async () => {
    const circle = await signed(
      [alias('a.example.bit', 'b.example.bit')],
      [alias('b.example.bit', 'a.example.bit')],
    )
    expect(await ask('a.example.bit A', answerWith({ answer: circle }))).toMatchObject({
      kind: 'bogus',
      code: 6,
    })
  })
  test('two at one name prove nothing', async () => {
    const two = await own.sign([alias('a.example.bit', 'b.bit'), alias('a.example.bit', 'c.bit')])
    expect(await ask('a.example.bit A', answerWith({ answer: two }))).toMatchObject({ kind: 'bogus' })
  })
  test('what follows behind the zone’s border is not handed out', async () => {
    const answer = [...(await signed([alias('a.example.bit', 'www.other.bit')])), address('www.other.bit')]
    const secure = await ask('a.example.bit A', answerWith({ answer, rcode: Rcode.NXDOMAIN }))
    expect(secure).toEqual({ kind: 'secure', answer: answer.slice(0, 2), authority: [] })
  })
  test('a DNAME made from a wildcard redirects nothing', async () => {
    const answer = await own.sign([alias('d.example.bit', 'other.bit', DNAME)], {
      labels: 2,
      owner: name('*.example.bit'),
    })
    const authority = await signed([nsec('example.bit', 'x.example.bit', SOA)])
    expect(await ask('a.d.example.bit A', answerWith({ answer, authority }))).toMatchObject({
      kind: 'bogus',
      code: 12,
    })
  })
  test('a chain through the zone, told by one link alone', async () => {
    const answer = [
      ...(await signed([alias('a.example.bit', 'b.sub.example.bit')])),
      address('b.sub.example.bit'),
    ]
    expect(await ask('a.example.bit A', answerWith({ answer }))).toMatchObject({ kind: 'bogus', code: 10 })
    expect(await ask('a.example.bit CNAME', answerWith({ answer }))).toMatchObject({ kind: 'secure' })
  })
})

test('a SOA that is not the zone’s spoils the answer', async () => {
  const authority = await signed([nsec('m.example.bit', 'x.example.bit', MX)])
  const soa = record('example.bit', SOA, join(new Uint8Array(2), new Uint8Array(20)))
  expect(await ask('m.example.bit A', answerWith({ authority }))).toMatchObject({ kind: 'secure' })
  expect(await ask('m.example.bit A', answerWith({ authority: [...authority, soa] }))).toMatchObject({
    code: 10,
  })
})

test('RRSIG records are not signed, and other response codes are no answers', async () => {
  const answer = await signed([address('www.example.bit')])
  expect(await ask('www.example.bit RRSIG', answerWith({ answer }))).toEqual({ kind: 'insecure' })
  for (const rcode of [1, 2, 3, 5, 6])
    expect(await ask('www.example.bit A', answerWith({ answer, rcode }))).toMatchObject({
      kind: 'bogus',
      code: 6,
    })
  expect(await ask('www.other.bit A', answerWith({ answer }))).toMatchObject({ kind: 'bogus' })
})

describe('whatever the octets', () => {
  const recordings = Object.values(RECORDINGS)
  const texts = Object.keys(recordings[0]!.answers)
  test('cut short, changed or mixed up, records never throw, and are secure only where nothing counts (property)', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...recordings),
        fc.constantFrom(...texts),
        fc.nat(),
        fc.oneof(
          fc.record({ cut: fc.nat(80) }),
          fc.record({ at: fc.nat(80), value: fc.nat(255) }),
          fc.record({ octets: fc.uint8Array({ maxLength: 60 }) }),
          fc.record({ type: fc.constantFrom(DNSKEY, DS, RRSIG, NSEC, NSEC3, CNAME, DNAME, SOA) }),
        ),
        async (recording, text, place, change) => {
          const message = recorded(recording, text)
          const keys = await keysOf(recording)
          const all = [...message.answer, ...message.authority]
          const chosen = all[place % all.length]
          const apply = (each: ResourceRecord): ResourceRecord => {
            if (each !== chosen) return each
            if ('cut' in change) return { ...each, data: each.data.subarray(0, change.cut) }
            if ('octets' in change) return { ...each, data: change.octets }
            if ('type' in change) return { ...each, type: change.type }
            return {
              ...each,
              data: each.data.map((octet, index) => (index === change.at ? change.value : octet)),
            }
          }
          const mutated = {
            ...message,
            answer: message.answer.map(apply),
            authority: message.authority.map(apply),
          }
          const { name: owner, type } = question(text)
          const before = await validateAnswer({ name: owner, type }, message, keys, NOW)
          const after = await validateAnswer({ name: owner, type }, mutated, keys, NOW)
          await validateReferral(owner, mutated, keys, NOW)
          await authenticateKeys(ZONE, dsOf(recording), mutated, NOW)
          await authenticateKeys(ZONE, mutated.answer, recorded(recording, 'example.bit DNSKEY'), NOW)
          if (after.kind !== 'secure') return
          expect(before.kind).toBe('secure')
          // What is handed out was signed: it is a part of what the untouched message held.
          const known = [...message.answer, ...message.authority].map(({ type, data }) => `${type} ${data}`)
          for (const { type, data } of after.answer.filter(({ type }) => type !== CNAME))
            expect(known).toContain(`${type} ${data}`)
        },
      ),
      { numRuns: 100 },
    )
  })
})
