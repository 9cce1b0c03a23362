import { anyRecord } from '../bit/records.ts'
import { encodeAnswer } from '../dns/encode.ts'
import { isAtOrBelow, type Name, nameToWire } from '../dns/name.ts'
import { ExtendedError, Rcode, Type } from '../dns/protocol.ts'
import { queryName } from '../dns/query.ts'
import { encodeRdata } from '../dns/rdata.ts'
import type { ResourceRecord } from '../dns/record.ts'
import type { Stage } from './question.ts'

/** Seconds for what is answered here: it never changes, but a person who tries things out should not wait a day. */
export const LOCAL_TTL = 3_600

const name = (text: string): Name => text.split('.')

/** A zone that is answered here, and why no question about it may leave. */
interface LocalZone {
  readonly apex: Name
  readonly why: string
}

const zone = (text: string, why: string): LocalZone => ({ apex: name(text), why })

/** Zones that hold nothing: NODATA at the apex, NXDOMAIN below it. */
const EMPTY_ZONES: readonly LocalZone[] = [
  zone('invalid', 'RFC 6761 §6.4'),
  zone('test', 'RFC 6761 §6.2'),
  zone('local', 'RFC 6762 §22: multicast DNS'),
  zone('onion', 'RFC 7686 §2: Tor; a leaked name tells what was visited'),
  zone('alt', 'RFC 9476: not DNS'),
  zone('internal', 'reserved by ICANN in 2024 for private use'),
  zone('home.arpa', 'RFC 8375 §4: homes'),
  zone('eap.arpa', 'RFC 9965: no name to be looked up'),
  zone('eap-noob.arpa', 'RFC 9140 §5.4: no name to be looked up'),
  zone('6tisch.arpa', 'RFC 9031: no name to be looked up'),
  zone('service.arpa', 'RFC 9665: service registration'),
  zone('resolver.arpa', 'RFC 9462 §6.4: an upstream that answers would take our clients over'),
  // RFC 6303 §4.2 to §4.6 and RFC 6761 §6.1: reverse zones of addresses that are private to somebody.
  ...[
    '10.in-addr.arpa',
    ...Array.from({ length: 16 }, (_, index) => `${16 + index}.172.in-addr.arpa`),
    '168.192.in-addr.arpa',
    '254.169.in-addr.arpa',
    '0.in-addr.arpa',
    '127.in-addr.arpa',
    '255.255.255.255.in-addr.arpa',
    '2.0.192.in-addr.arpa',
    '100.51.198.in-addr.arpa',
    '113.0.203.in-addr.arpa',
    // RFC 7793: shared address space, 100.64.0.0/10
    ...Array.from({ length: 64 }, (_, index) => `${64 + index}.100.in-addr.arpa`),
    `${'0.'.repeat(32)}ip6.arpa`,
    `1.${'0.'.repeat(31)}ip6.arpa`,
    'd.f.ip6.arpa',
    'c.f.ip6.arpa',
    '8.e.f.ip6.arpa',
    '9.e.f.ip6.arpa',
    'a.e.f.ip6.arpa',
    'b.e.f.ip6.arpa',
    '8.b.d.0.1.0.0.2.ip6.arpa',
  ].map((text) => zone(text, 'RFC 6303: private reverse zone')),
]

/**
 * Firefox asks its system's resolver for this name before it turns its own DoH on. NXDOMAIN tells it to go on asking
 * that resolver, through which, when it forwards to us, .bit names work.
 */
const CANARY = zone('use-application-dns.net', 'the canary of browsers')

const LOCALHOST = zone('localhost', 'RFC 6761 §6.3: loopback for every name at and below it')
const LOCALHOST_DATA = new Map<number, Uint8Array>([
  [Type.A, Uint8Array.of(127, 0, 0, 1)],
  [Type.AAAA, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
])

/** The zone a name is answered from, found by its ending: the most labels any apex has are 34. */
const zonesByApex = new Map(EMPTY_ZONES.map((found) => [found.apex.join('.'), found]))
function localZoneOf(asked: Name): LocalZone | undefined {
  for (let count = 1; count <= Math.min(asked.length, 34); count++) {
    const found = zonesByApex.get(asked.slice(-count).join('.'))
    if (found !== undefined) return found
  }
  return undefined
}

/** RFC 6303 §3: the SOA of an empty zone, so that its negative answers can be kept. */
export const emptyZoneSoa = (apex: Name): ResourceRecord => ({
  name: apex,
  type: Type.SOA,
  ttl: LOCAL_TTL,
  data: encodeRdata(Type.SOA, {
    mname: apex.join('.'),
    rname: 'nobody.invalid',
    serial: 1,
    refresh: 3_600,
    retry: 1_200,
    expire: 604_800,
    minimum: LOCAL_TTL,
  }),
})

/** Answers the names that must not leave this gateway. */
export const localNames: Stage = async function localNames(question, next) {
  const asked = question.name
  const { type } = question.query
  const answerWith = (rcode: number, answer: ResourceRecord[], { apex, why }: LocalZone) =>
    encodeAnswer({
      question: { name: queryName(question.query), type, class: question.query.class },
      rcode,
      authoritative: true,
      answer,
      authority: answer.length > 0 ? [] : [emptyZoneSoa(apex)],
      extendedErrors:
        answer.length > 0 ? [] : [{ code: ExtendedError.SYNTHESIZED, text: `not asked for: ${why}` }],
    })

  const recordOfAny = type === Type.ANY ? { ...anyRecord(asked), ttl: LOCAL_TTL } : undefined

  if (isAtOrBelow(asked, LOCALHOST.apex)) {
    const data = LOCALHOST_DATA.get(type)
    const record = data === undefined ? recordOfAny : { name: asked, type, ttl: LOCAL_TTL, data }
    return answerWith(Rcode.NOERROR, record === undefined ? [] : [record], LOCALHOST)
  }
  if (isAtOrBelow(asked, CANARY.apex)) return answerWith(Rcode.NXDOMAIN, [], CANARY)
  const found = localZoneOf(asked)
  if (found === undefined) return next(question)
  if (asked.length > found.apex.length) return answerWith(Rcode.NXDOMAIN, [], found)
  const record = APEX_RECORDS.get(type)?.(found.apex) ?? recordOfAny
  return answerWith(Rcode.NOERROR, record === undefined ? [] : [record], found)
}

/** What every zone has at its apex (RFC 6303 §3). */
const APEX_RECORDS = new Map<number, (apex: Name) => ResourceRecord>([
  [Type.SOA, emptyZoneSoa],
  [Type.NS, (apex) => ({ name: apex, type: Type.NS, ttl: LOCAL_TTL, data: nameToWire(apex) })],
])
