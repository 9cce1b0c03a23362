import { describe, expect, test } from 'vitest'
import { messageRcode } from '../../src/dns/message.ts'
import { equalNames, nameToText } from '../../src/dns/name.ts'
import { Rcode, Type, typeName } from '../../src/dns/protocol.ts'
import { validateAnswer, validateReferral } from '../../src/dnssec/validate.ts'
import { authenticateKeys } from '../../src/dnssec/zone-keys.ts'
import { name } from '../dns/messages.ts'
import {
  changed,
  covered,
  dsOf,
  EXPIRATION,
  flipped,
  INCEPTION,
  ITERATIONS_500,
  keysOf,
  NOW,
  OPT_OUT,
  question,
  RECORDINGS,
  recorded,
  ZONE,
} from './recordings.ts'

/** The questions that the zone answers itself. */
const ANSWERED = Object.keys(RECORDINGS['ecdsap256-nsec']!.answers).filter(
  (text) =>
    !/^(?!ns)\S+\.?(un)?signed\.example\.bit A|far\.below\.example\.bit A|below\.example\.bit DS/.test(text),
)
const NEGATIVE = [
  'www.example.bit TXT',
  'chain.example.bit TXT',
  'dangling.example.bit A',
  'any.wild.example.bit AAAA',
  'host.wild.example.bit AAAA',
  'any.calias.example.bit TXT',
  'empty.example.bit A',
  'missing.example.bit A',
  'a.missing.example.bit A',
  'zzz.example.bit A',
  'nothing.dn.example.bit A',
  'below.example.bit A',
]
const EXPANDED = ['any.wild.example.bit A', 'a.b.wild.example.bit A', 'any.calias.example.bit A']

const validated = async (
  recording: (typeof RECORDINGS)[string],
  text: string,
  message = recorded(recording, text),
) => validateAnswer(question(text), message, await keysOf(recording), NOW)

/**
 * NSD 4.6 proves twice that there is no wildcard below the target of the DNAME, and not that there is no such name:
 * `nothing` comes behind `host`, where its NSEC record ends.
 */
const NSD_NSEC = ['rsasha512-nsec', 'ecdsap384-nsec']
const UNPROVEN = 'nothing.dn.example.bit A'

test.each(NSD_NSEC)('%s: a proof that is none, from a server that means well', async (which) => {
  expect(await validated(RECORDINGS[which]!, UNPROVEN)).toMatchObject({ kind: 'bogus', code: 12 })
})

describe.each(Object.entries(RECORDINGS))('what a server says of the zone %s', (which, recording) => {
  const isProven = (text: string) => !(NSD_NSEC.includes(which) && text === UNPROVEN)
  const answered = ANSWERED.filter(isProven)
  const negative = NEGATIVE.filter(isProven)

  test.each(answered)('%s is secure, and what is handed out is in the message', async (text) => {
    const message = recorded(recording, text)
    const secure = await validated(recording, text)
    expect(secure).toMatchObject({ kind: 'secure' })
    if (secure.kind !== 'secure') return
    for (const { name: owner, type, data } of [...secure.answer, ...secure.authority])
      expect(
        [...message.answer, ...message.authority].some(
          (record) =>
            equalNames(record.name, owner) && record.type === type && `${record.data}` === `${data}`,
        ),
        `${nameToText(owner)} ${typeName(type)}`,
      ).toBe(true)
  })
  test('what is secure here is what BIND’s delv has validated; it does not come to an end over YXDOMAIN', async () => {
    for (const text of answered) {
      const { delv } = recording.answers[text]!
      if (delv === 'no verdict') expect(messageRcode(recorded(recording, text))).toBe(Rcode.YXDOMAIN)
      else expect(delv, text).toContain('fully validated')
    }
  })
  test.each(answered)('%s: any record that is changed or gone is noticed', async (text) => {
    const message = recorded(recording, text)
    const proven = await validated(recording, text)
    if (proven.kind !== 'secure') throw new Error(proven.kind)
    const counting = [...proven.answer, ...proven.authority]
    for (const record of [...message.answer, ...message.authority]) {
      if (!counting.some(({ type, data }) => type === record.type && `${data}` === `${record.data}`)) continue
      const isMade = record.type === Type.CNAME && message.answer.some(({ type }) => type === Type.DNAME)
      const tampered = changed(message, (each) =>
        each === record
          ? { ...each, data: flipped(each.data, each.type === Type.RRSIG ? undefined : 1) }
          : each,
      )
      if (!isMade)
        expect(await validated(recording, text, tampered), typeName(record.type)).toMatchObject({
          kind: 'bogus',
        })
    }
  })
  test('without signatures: RRSIGs Missing', async () => {
    for (const text of ['www.example.bit A', 'missing.example.bit A', 'host.dn.example.bit A']) {
      const stripped = changed(recorded(recording, text), (record) =>
        record.type === Type.RRSIG ? undefined : record,
      )
      expect(await validated(recording, text, stripped), text).toMatchObject({ kind: 'bogus', code: 10 })
    }
  })
  test('signatures hold from inception to expiration, each included', async () => {
    const keys = await keysOf(recording)
    const at = (now: number, text = 'www.example.bit A') =>
      validateAnswer(question(text), recorded(recording, text), keys, now)
    expect(await at(INCEPTION - 1)).toMatchObject({ kind: 'bogus', code: 8 })
    expect(await at(INCEPTION)).toMatchObject({ kind: 'secure' })
    expect(await at(EXPIRATION)).toMatchObject({ kind: 'secure' })
    expect(await at(EXPIRATION + 1)).toMatchObject({ kind: 'bogus', code: 7 })
    expect(await at(EXPIRATION + 1, 'missing.example.bit A')).toMatchObject({ kind: 'bogus', code: 7 })
    const dnskey = recorded(recording, 'example.bit DNSKEY')
    expect(await authenticateKeys(ZONE, dsOf(recording), dnskey, EXPIRATION + 1)).toMatchObject({ code: 7 })
    expect(await authenticateKeys(ZONE, dsOf(recording), dnskey, INCEPTION - 1)).toMatchObject({ code: 8 })
  })
  test('no TTL exceeds what is left of a signature', async () => {
    const keys = await keysOf(recording)
    for (const text of answered) {
      const secure = await validateAnswer(question(text), recorded(recording, text), keys, EXPIRATION - 5)
      if (secure.kind !== 'secure') throw new Error(secure.kind)
      for (const { ttl } of [...secure.answer, ...secure.authority]) expect(ttl).toBeLessThanOrEqual(5)
    }
    const dnskey = recorded(recording, 'example.bit DNSKEY')
    expect(await authenticateKeys(ZONE, dsOf(recording), dnskey, EXPIRATION - 5)).toMatchObject({
      keys: { lifetime: 5 },
    })
  })
  test('TTLs that were raised come down to the original TTL', async () => {
    const text = 'www.example.bit A'
    const raised = changed(recorded(recording, text), (record) => ({ ...record, ttl: 0x7fff_ffff }))
    const secure = await validated(recording, text, raised)
    expect(secure.kind === 'secure' && secure.answer.map(({ ttl }) => ttl)).toEqual([3600, 3600, 3600])
  })
  test.each(negative)(
    '%s: without its NSEC records, or with those of other names, nothing is denied',
    async (text) => {
      const message = recorded(recording, text)
      const isProof = ({ type, data }: (typeof message.authority)[number]) =>
        [Type.NSEC, Type.NSEC3].some(
          (denying) => denying === (type === Type.RRSIG ? (data[0]! << 8) | data[1]! : type),
        )
      const bare = changed(message, (record) => (isProof(record) ? undefined : record))
      expect(await validated(recording, text, bare)).toMatchObject({ kind: 'bogus', code: 12 })
      // That of the apex, matching and covering next to nothing.
      const elsewhere = recorded(recording, 'example.bit MX').authority.filter(isProof)
      const replayed = { ...bare, authority: [...bare.authority, ...elsewhere] }
      expect(await validated(recording, text, replayed)).toMatchObject({ kind: 'bogus', code: 12 })
    },
  )
  test.each(negative)('%s: no name is not no data, nor the other way round', async (text) => {
    const message = recorded(recording, text)
    const other = messageRcode(message) === Rcode.NXDOMAIN ? Rcode.NOERROR : Rcode.NXDOMAIN
    const turned = { ...message, flags: (message.flags & ~0xf) | other }
    expect(await validated(recording, text, turned)).toMatchObject({ kind: 'bogus', code: 12 })
  })
  test.each(EXPANDED)('%s: a record from a wildcard needs the proof that nothing is closer', async (text) => {
    const message = recorded(recording, text)
    expect(await validated(recording, text, { ...message, authority: [] })).toMatchObject({
      kind: 'bogus',
      code: 12,
    })
  })
  test('a record from a wildcard is not taken for a name that exists', async () => {
    const message = recorded(recording, 'any.wild.example.bit A')
    const owner = name('host.wild.example.bit')
    const moved = changed(message, (record, section) =>
      section === 'answer' ? { ...record, name: owner } : record,
    )
    expect(await validated(recording, 'host.wild.example.bit A', moved)).toMatchObject({
      kind: 'bogus',
      code: 12,
    })
  })
  test('the proof of a name does not deny the name of another case or a type it has', async () => {
    const denied = recorded(recording, 'www.example.bit TXT')
    expect(await validated(recording, 'WWW.example.bit MX', denied)).toMatchObject({ kind: 'secure' })
    for (const type of ['A', 'AAAA', 'ANY'])
      expect(await validated(recording, `www.example.bit ${type}`, denied)).toMatchObject({
        kind: 'bogus',
        code: 12,
      })
  })
  test('an alias does not deny what it leads to', async () => {
    const denied = recorded(recording, 'alias.example.bit DS')
    expect(denied.answer.some(({ type }) => type === Type.CNAME)).toBe(true)
    const bare = { ...denied, answer: [] }
    expect(await validated(recording, 'alias.example.bit DS', bare)).toMatchObject({ kind: 'bogus' })
  })
  test('a CNAME made from a DNAME is made again, whatever the message says', async () => {
    const text = 'host.dn.example.bit A'
    const message = recorded(recording, text)
    const elsewhere = changed(message, (record) =>
      record.type === Type.CNAME ? { ...record, data: flipped(record.data, 1) } : record,
    )
    expect(await validated(recording, text, elsewhere)).toEqual(await validated(recording, text))
  })
  test('referrals', async () => {
    const keys = await keysOf(recording)
    const refer = (child: string, text: string, message = recorded(recording, text)) =>
      validateReferral(name(child), message, keys, NOW)
    const signed = 'signed.example.bit'
    for (const text of ['signed.example.bit DS', 'www.signed.example.bit A']) {
      expect(await refer(signed, text)).toMatchObject({ kind: 'secure', ds: [{ type: Type.DS, ttl: 3600 }] })
      const message = recorded(recording, text)
      const stripped = changed(message, (record) =>
        record.type === Type.DS || (record.type === Type.RRSIG && covered(record) === Type.DS)
          ? undefined
          : record,
      )
      expect(await refer(signed, text, stripped)).toMatchObject({ kind: 'bogus', code: 12 })
      // The attack: another name's proof that it is not signed.
      const unsigned = recorded(recording, 'www.unsigned.example.bit A')
      expect(await refer(signed, text, unsigned)).toMatchObject({ kind: 'bogus', code: 12 })
    }
    for (const [child, text] of [
      ['unsigned.example.bit', 'unsigned.example.bit DS'],
      ['unsigned.example.bit', 'www.unsigned.example.bit A'],
      ['far.below.example.bit', 'far.below.example.bit DS'],
      ['far.below.example.bit', 'www.far.below.example.bit A'],
    ] as const) {
      expect(await refer(child, text), text).toEqual({ kind: 'insecure', lifetime: 600 })
      expect(await refer(child, text, { ...recorded(recording, text), authority: [] })).toMatchObject({
        code: 12,
      })
    }
    for (const uncut of ['www', 'missing', 'empty', 'alias', 'below'])
      expect(await refer(`${uncut}.example.bit`, `${uncut}.example.bit DS`), uncut).toEqual({ kind: 'uncut' })
    expect(await refer('example.bit', 'example.bit SOA')).toMatchObject({ kind: 'bogus' })
    expect(await refer('other.bit', 'signed.example.bit DS')).toMatchObject({ kind: 'bogus' })
  })
  test('what lies below a cut is not denied by the zone above', async () => {
    for (const text of [
      'www.signed.example.bit A',
      'www.unsigned.example.bit A',
      'www.far.below.example.bit A',
    ]) {
      expect(await validated(recording, text), text).toMatchObject({ kind: 'bogus', code: 12 })
      const denied = { ...recorded(recording, text), flags: 0x8403 }
      expect(await validated(recording, text, denied), text).toMatchObject({ kind: 'bogus', code: 12 })
    }
    const ds = recorded(recording, 'unsigned.example.bit DS')
    expect(await validated(recording, 'unsigned.example.bit A', ds)).toMatchObject({
      kind: 'bogus',
      code: 12,
    })
    expect(await validated(recording, 'unsigned.example.bit DS', ds)).toMatchObject({ kind: 'secure' })
  })
  test('the apex does not deny its own DS records', async () => {
    const apex = recorded(recording, 'example.bit MX')
    expect(await validated(recording, 'example.bit DS', apex)).toMatchObject({ kind: 'bogus', code: 12 })
  })
})

describe('keys', () => {
  const recording = RECORDINGS['ecdsap256-nsec']!
  const answer = recorded(recording, 'example.bit DNSKEY')

  test.each(Object.entries(RECORDINGS))('%s: each DS record alone leads to the keys', async (_, each) => {
    for (const ds of dsOf(each))
      expect(await authenticateKeys(ZONE, [ds], recorded(each, 'example.bit DNSKEY'), NOW)).toMatchObject({
        kind: 'secure',
        keys: { zone: ZONE, lifetime: 3600 },
      })
  })
  test('keys of another zone do not validate', async () => {
    const other = await keysOf(RECORDINGS['ecdsap256-nsec3']!)
    const text = 'www.example.bit A'
    expect(await validateAnswer(question(text), recorded(recording, text), other, NOW)).toMatchObject({
      kind: 'bogus',
      code: 9,
    })
    const foreign = { ...other, keys: other.keys.map((key) => ({ ...key, tag: covering(recording) })) }
    expect(await validateAnswer(question(text), recorded(recording, text), foreign, NOW)).toMatchObject({
      kind: 'bogus',
      code: 6,
    })
    const ds = dsOf(RECORDINGS['ecdsap256-nsec3']!)
    expect(await authenticateKeys(ZONE, ds, answer, NOW)).toMatchObject({ kind: 'bogus', code: 9 })
  })
  test('RFC 4509 §3: SHA-1 does not count beside a digest that is better', async () => {
    const [sha1, sha256] = dsOf(recording)
    const broken = { ...sha256!, data: flipped(sha256!.data) }
    expect(await authenticateKeys(ZONE, [sha1!, broken], answer, NOW)).toMatchObject({
      kind: 'bogus',
      code: 9,
    })
  })
  test('no answer, no signature', async () => {
    const ds = dsOf(recording)
    expect(await authenticateKeys(ZONE, ds, { ...answer, answer: [] }, NOW)).toMatchObject({ code: 9 })
    const stripped = changed(answer, (record) => (record.type === Type.RRSIG ? undefined : record))
    expect(await authenticateKeys(ZONE, ds, stripped, NOW)).toMatchObject({ kind: 'bogus', code: 10 })
  })
  test('RFC 4035 §5.2: of unknown algorithms and digests alone: insecure', async () => {
    const [ds] = dsOf(recording)
    const other = (octet: number, value: number) => ({ ...ds!, data: ds!.data.with(octet, value) })
    for (const algorithm of [1, 3, 5, 7, 12, 16, 253])
      expect(await authenticateKeys(ZONE, [other(2, algorithm)], answer, NOW)).toEqual({ kind: 'insecure' })
    expect(await authenticateKeys(ZONE, [other(3, 3)], answer, NOW)).toEqual({ kind: 'insecure' })
    expect(await authenticateKeys(ZONE, [], answer, NOW)).toEqual({ kind: 'insecure' })
    // One that is known is enough to insist on it.
    expect(await authenticateKeys(ZONE, [other(2, 5), ds!], answer, NOW)).toMatchObject({ kind: 'secure' })
    expect(await authenticateKeys(ZONE, [other(2, 8)], answer, NOW)).toMatchObject({ kind: 'bogus', code: 9 })
  })
})

const covering = (recording: (typeof RECORDINGS)[string]): number => {
  const { data } = recorded(recording, 'www.example.bit A').answer.find(({ type }) => type === Type.RRSIG)!
  return (data[16]! << 8) | data[17]!
}

describe('opt-out (RFC 5155 §9.2)', () => {
  test('what is signed is secure, what may be an unsigned delegation is not', async () => {
    const keys = await keysOf(OPT_OUT)
    const ask = (text: string) => validateAnswer(question(text), recorded(OPT_OUT, text), keys, NOW)
    for (const secure of [
      'www.example.bit A',
      'www.example.bit TXT',
      'host.dn.example.bit A',
      'host.wild.example.bit AAAA',
    ])
      expect(await ask(secure), secure).toMatchObject({ kind: 'secure' })
    for (const insecure of [
      'missing.example.bit A',
      'any.wild.example.bit A',
      'any.wild.example.bit AAAA',
      'below.example.bit A',
    ])
      expect(await ask(insecure), insecure).toEqual({ kind: 'insecure' })
  })
  test('what delv takes for unsigned is not secure here', async () => {
    const unsigned = Object.keys(OPT_OUT.answers).filter(
      (text) => OPT_OUT.answers[text]!.delv === 'unsigned answer',
    )
    expect(unsigned).toHaveLength(4)
    for (const text of unsigned) expect(await validated(OPT_OUT, text), text).toEqual({ kind: 'insecure' })
  })
  test('referrals', async () => {
    const keys = await keysOf(OPT_OUT)
    const refer = (child: string, text: string) =>
      validateReferral(name(child), recorded(OPT_OUT, text), keys, NOW)
    expect(await refer('signed.example.bit', 'www.signed.example.bit A')).toMatchObject({ kind: 'secure' })
    expect(await refer('unsigned.example.bit', 'www.unsigned.example.bit A')).toEqual({
      kind: 'insecure',
      lifetime: 600,
    })
    expect(await refer('far.below.example.bit', 'www.far.below.example.bit A')).toEqual({
      kind: 'insecure',
      lifetime: 600,
    })
    expect(await refer('signed.example.bit', 'www.unsigned.example.bit A')).toMatchObject({
      kind: 'bogus',
      code: 12,
    })
  })
})

test('RFC 9276 §3.2: 500 iterations are not followed, and nothing is denied by them', async () => {
  const keys = await keysOf(ITERATIONS_500)
  const ask = (text: string) => validateAnswer(question(text), recorded(ITERATIONS_500, text), keys, NOW)
  expect(await ask('www.example.bit A')).toMatchObject({ kind: 'secure' })
  for (const text of NEGATIVE) expect(await ask(text), text).toMatchObject({ kind: 'bogus', code: 27 })
  const stripped = changed(recorded(ITERATIONS_500, 'missing.example.bit A'), (record) =>
    record.type === Type.RRSIG && covered(record) === Type.NSEC3 ? undefined : record,
  )
  // The number counts only when it is signed.
  expect(await validateAnswer(question('missing.example.bit A'), stripped, keys, NOW)).toMatchObject({
    code: 10,
  })
})
