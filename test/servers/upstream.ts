import { isAtOrBelow, nameToText, readName } from '../../src/dns/name.ts'
import {
  type AnswerParts,
  answer,
  long,
  octets,
  opt,
  option,
  QUESTION_NAME,
  record,
  soaData,
  wire,
  word,
} from '../dns/messages.ts'

/**
 * An upstream DoH server as a function of the query: every name has its answer, or its misbehaviour. Pure, so that it
 * runs in workerd and in a configuration file too. `upstream-server.ts` puts it behind a socket.
 */

/** What an upstream sends back over HTTP. */
export interface UpstreamReply {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
}

/** A question as the upstream reads it. */
export interface Asked {
  /** In the case it was sent in, with a final dot. */
  readonly name: string
  readonly type: number
  readonly dnssecOk: boolean
  readonly checkingDisabled: boolean
}

const A = 1
const NS = 2
const CNAME = 5
const SOA = 6
const TXT = 16
const AAAA = 28
const RRSIG = 46
const HTTPS = 65

const REFUSED = 5
const SERVFAIL = 2
const NXDOMAIN = 3

/** QR, RD and RA. */
const FLAGS = 0x8180
const TC = 0x0200
const AD = 0x0020

/** RFC 8914: DNSKEY Missing. */
export const DNSKEY_MISSING = 9

/** A ServiceMode HTTPS record (RFC 9460): alpn=h2, and ech with octets that must arrive as they are. */
export const HTTPS_DATA = octets(
  word(1),
  0,
  word(1),
  word(3),
  2,
  'h2',
  word(5),
  word(6),
  0,
  4,
  0xfe,
  0x0d,
  0,
  0,
)

/** A type that nobody knows (RFC 3597). */
export const UNKNOWN_TYPE = 65_280
export const UNKNOWN_DATA = octets(0xc0, 0x0c, 0, 0xff, 'opaque')

/** RFC 4034 §3.1: type covered, algorithm, labels, TTL, two dates, key tag, signer, signature. */
const RRSIG_DATA = octets(
  ...[word(A), 13, 2, long(300), long(2_000_000_000), long(1_700_000_000), word(12_345)],
  wire('example'),
  new Uint8Array(64).fill(1),
)

const address = (last: number) => [203, 0, 113, last]
const address6 = (last: number) => octets(0x20, 0x01, 0x0d, 0xb8, ...Array<number>(11).fill(0), last)
const text = (length: number) => octets(length, 'x'.repeat(length))
const soa = record(wire('example'), SOA, 3_600, soaData(60))

type Section = Pick<AnswerParts, 'answer' | 'authority' | 'additional'> & { readonly flags?: number }
type Owner = readonly number[]
type Answerer = (question: Asked, owner: Owner) => Section

const nodata: Section = { authority: [soa] }

/** The records where the type asked for has some, NODATA where not. */
const having =
  (...types: readonly [type: number, records: (owner: Owner) => Uint8Array[]][]): Answerer =>
  ({ type }, owner) => {
    const found = types.find(([has]) => has === type)
    return found === undefined ? nodata : { answer: found[1](owner) }
  }

const addresses =
  (count: number, ttl = 300) =>
  (owner: Owner): Uint8Array[] =>
    Array.from({ length: count }, (_, index) => record(owner, A, ttl, address(index + 1)))

const texts =
  (...lengths: readonly number[]) =>
  (owner: Owner): Uint8Array[] =>
    lengths.map((length) => record(owner, TXT, 300, text(length)))

/** `chain.example` to `second.example` to `third.example`, which has two addresses. */
const chain = (owner: Owner): Uint8Array[] => [
  record(owner, CNAME, 300, wire('second.example')),
  record(wire('second.example'), CNAME, 300, wire('third.example')),
  record(wire('third.example'), A, 300, address(1)),
  record(wire('third.example'), A, 300, address(2)),
]

/** What each name answers, and every name below it. Others have one address, for 300 seconds. */
const ANSWERS: Readonly<Record<string, Answerer>> = {
  'ttl.example.': (_question, owner) => ({
    answer: [
      record(owner, CNAME, 30, wire('second.example')),
      record(wire('second.example'), CNAME, 600, wire('third.example')),
      record(wire('third.example'), A, 300, address(1)),
    ],
  }),
  // dnscrypt-proxy asks for random names below it, which must not exist.
  'test.dnscrypt.': () => ({ flags: NXDOMAIN, authority: [soa] }),
  'nodata.example.': () => nodata,
  'nosoa.example.': () => ({}),
  // NODATA at the end of an alias, without the SOA that would say for how long.
  'alias-nosoa.example.': (_question, owner) => ({
    answer: [record(owner, CNAME, 300, wire('second.example'))],
  }),
  'nx.example.': () => ({ flags: NXDOMAIN, authority: [soa] }),
  'servfail.example.': () => ({ flags: SERVFAIL }),
  'refused.example.': () => ({ flags: REFUSED }),
  'ede.example.': () => ({
    flags: SERVFAIL,
    additional: [opt({}, option(15, octets(word(DNSKEY_MISSING), 'no key')))],
  }),
  'zero.example.': having([A, addresses(1, 0)]),
  'three.example.': having([A, addresses(3)]),
  'dual.example.': having(
    [A, addresses(2)],
    [AAAA, (owner) => [1, 2].map((last) => record(owner, AAAA, 300, address6(last)))],
  ),
  'long.example.': having([TXT, texts(200, 200, 200)]),
  // 2,704 octets: room up to 2,808, the last multiple of 468 that every client reads.
  'padded-to-2808.example.': having([TXT, texts(...Array<number>(12).fill(209))]),
  // 2,845 octets: padding would make it 3,276.
  'beyond-2808.example.': having([TXT, texts(...Array<number>(12).fill(221))]),
  'many.example.': having([A, addresses(250)]),
  'tc.example.': (_question, owner) => ({ flags: TC, answer: addresses(1)(owner) }),
  'chain.example.': having([A, chain]),
  'cname-last.example.': having([A, (owner) => chain(owner).reverse()]),
  'unknown.example.': having([UNKNOWN_TYPE, (owner) => [record(owner, UNKNOWN_TYPE, 300, UNKNOWN_DATA)]]),
  'https.example.': having([HTTPS, (owner) => [record(owner, HTTPS, 300, HTTPS_DATA)]]),
  // Signed, and the upstream has checked it.
  'signed.example.': ({ dnssecOk }, owner) => ({
    flags: AD,
    answer: [record(owner, A, 300, address(1)), ...(dnssecOk ? [record(owner, RRSIG, 300, RRSIG_DATA)] : [])],
  }),
  // Signed wrongly: only who wants no checking gets it (RFC 4035 §3.2.2).
  'bogus.example.': ({ checkingDisabled }, owner) =>
    checkingDisabled ? { answer: addresses(1)(owner) } : { flags: SERVFAIL },
  'opt-middle.example.': (_question, owner) => ({
    answer: [record(owner, NS, 300, wire('ns.example'))],
    additional: [
      record(wire('ns.example'), A, 300, address(53)),
      opt({ size: 1_232 }, option(12, [0, 0, 0, 0])),
      record(wire('ns.example'), AAAA, 300, address6(53)),
    ],
  }),
  'ttl31.example.': having([A, addresses(1, 0x8000_0001)]),
}

/** What an upstream may do instead of answering. */
const MISBEHAVIOURS: Readonly<Record<string, (honest: UpstreamReply) => UpstreamReply | 'hangs'>> = {
  'wrong-id.example.': (honest) => ({ ...honest, body: withOctets(honest.body, 0, 0xbe, 0xef) }),
  'wrong-question.example.': (honest) => ({ ...honest, body: withOctets(honest.body, 13, 0x78) }),
  'wrong-type.example.': (honest) => ({
    ...honest,
    body: answer({ question: 'wrong-type.example', type: TXT }),
  }),
  'query.example.': (honest) => ({ ...honest, body: withOctets(honest.body, 2, 0x01) }),
  'http-500.example.': (honest) => ({ ...honest, status: 500 }),
  'text-html.example.': (honest) => ({ ...honest, contentType: 'text/html' }),
  'truncated.example.': (honest) => ({ ...honest, body: honest.body.subarray(0, -3) }),
  'garbage.example.': (honest) => ({
    ...honest,
    body: Uint8Array.from({ length: 300 }, (_, index) => (index * 89) & 0xff),
  }),
  'empty.example.': (honest) => ({ ...honest, body: new Uint8Array() }),
  'hang.example.': () => 'hangs',
}

/** The names of misbehaviour that come to an answer at all, without their final dot. */
export const MISBEHAVING = Object.keys(MISBEHAVIOURS)
  .filter((name) => name !== 'hang.example.')
  .map((name) => name.slice(0, -1))

/** What the upstream says to a query. */
export function answerUpstream(query: Uint8Array): UpstreamReply | 'hangs' {
  const asked = readAsked(query)
  const name = asked.name.toLowerCase().split('.').slice(-3).join('.')
  const { flags = 0, ...sections } = (ANSWERS[name] ?? having([A, addresses(1)]))(asked, QUESTION_NAME)
  const honest = {
    status: 200,
    contentType: 'application/dns-message',
    body: answer({ ...sections, question: asked.name, type: asked.type, flags: FLAGS | flags }),
  }
  return MISBEHAVIOURS[name]?.(honest) ?? honest
}

/** What a query asks for. */
export function readAsked(query: Uint8Array): Asked {
  const { name, end } = readName(query, 12)!
  const isOpt = query[end + 4] === 0 && query[end + 5] === 0 && query[end + 6] === 41
  return {
    name: nameToText(name),
    type: (query[end]! << 8) | query[end + 1]!,
    dnssecOk: isOpt && (query[end + 11]! & 0x80) !== 0,
    checkingDisabled: (query[3]! & 0x10) !== 0,
  }
}

/** Whether a query is for a name under .bit, which no upstream may ever see. */
export const isForBit = (query: Uint8Array): boolean =>
  isAtOrBelow(
    readName(query, 12)!.name.map((label) => label.toLowerCase()),
    ['bit'],
  )

/** An upstream that remembers what it was asked, to be handed in as `fetch`. */
export interface FakeUpstream {
  /** Every query, as it came, oldest first. */
  readonly asked: readonly Uint8Array[]
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}

export function fakeUpstream(): FakeUpstream {
  const asked: Uint8Array[] = []
  return {
    asked,
    async fetch(_url, init) {
      const query = new Uint8Array(await new Response(init.body ?? null).arrayBuffer())
      asked.push(query)
      const reply = answerUpstream(query)
      if (reply === 'hangs') return untilAborted(init.signal)
      const { status, contentType, body } = reply
      return new Response(Uint8Array.from(body), { status, headers: { 'content-type': contentType } })
    },
  }
}

const untilAborted = (signal: AbortSignal | null | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

function withOctets(message: Uint8Array, offset: number, ...changed: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(message)
  copy.set(changed, offset)
  return copy
}
