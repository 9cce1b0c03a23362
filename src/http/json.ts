/**
 * DNS over HTTPS as JSON, in the two dialects that exist. The wire answer is the truth, JSON is made from it.
 *
 * `Comment` says when an answer is only attested: that is an Extended DNS Error, of the wire answer as well (RFC 8914).
 * Nothing says that one is proven. It is no error, which every client's log would then have for every name; and JSON alone
 * must not say it either: what it says of an answer that came out of a cache, through aliases or from another backend is
 * true only if the answer itself carries it. `/proof/NAME` says `proven`, and shows why.
 *
 * @see https://developers.google.com/speed/public-dns/docs/doh/json
 * @see https://developers.cloudflare.com/1.1.1.1/encryption/dns-over-https/make-api-requests/dns-json/
 */
import { nameFromUser } from '../dns/idn.ts'
import { type ExtendedErrorReport, extendedErrors, type Message, messageRcode } from '../dns/message.ts'
import { type Name, nameToText } from '../dns/name.ts'
import { extendedErrorName, rdataToText } from '../dns/presentation.ts'
import { DNS_MESSAGE, Flag, Type, typeNumber } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'

export const DNS_JSON = 'application/dns-json'

/**
 * A question asked in a URL.
 *
 * @property dnssecOk          the `do` parameter: whether to ask for DNSSEC records
 * @property checkingDisabled  the `cd` parameter
 * @property answerAs          the form the answer shall have
 */
export interface JsonQuery {
  readonly kind: 'query'
  readonly name: Name
  readonly type: number
  readonly dnssecOk: boolean
  readonly checkingDisabled: boolean
  readonly answerAs: 'json' | 'message'
}

/** Why a URL is no question: HTTP 400. `code` is stable, `message` is one line for people. */
export interface JsonProblem {
  readonly kind: 'problem'
  readonly code: 'missing-name' | 'invalid-name' | 'invalid-type' | 'invalid-do' | 'invalid-cd'
  readonly message: string
}

const PROBLEMS: Readonly<Record<JsonProblem['code'], string>> = {
  'missing-name': 'Parameter name is missing: it takes a domain name.',
  'invalid-name': 'Invalid name: it takes labels of 1 to 63 octets, 253 in all.',
  'invalid-type': 'Invalid type: it takes a record type such as AAAA or a number from 1 to 65535.',
  'invalid-do': 'Invalid do: it takes 0, false, 1 or true.',
  'invalid-cd': 'Invalid cd: it takes 0, false, 1 or true.',
}

const problem = (code: JsonProblem['code']): JsonProblem => ({
  kind: 'problem',
  code,
  message: PROBLEMS[code],
})

const BOOLEANS: Readonly<Record<string, boolean>> = {
  '': false,
  '0': false,
  false: false,
  '1': true,
  true: true,
}

/** A boolean parameter; absent and empty are false. */
const booleanFrom = (text: string | null): boolean | undefined =>
  Object.hasOwn(BOOLEANS, text ?? '') ? BOOLEANS[text ?? ''] : undefined

/**
 * The parameters both dialects have, and all that Cloudflare's has. Of duplicates the first counts; what is not named here is ignored.
 */
export function parseParameters(parameters: URLSearchParams): JsonQuery | JsonProblem {
  const nameText = parameters.get('name')
  if (nameText === null || nameText === '') return problem('missing-name')
  const name = nameFromUser(nameText)
  if (name === undefined) return problem('invalid-name')
  const type = typeNumber(parameters.get('type') || String(Type.A))
  if (type === undefined) return problem('invalid-type')
  const dnssecOk = booleanFrom(parameters.get('do'))
  if (dnssecOk === undefined) return problem('invalid-do')
  const checkingDisabled = booleanFrom(parameters.get('cd'))
  if (checkingDisabled === undefined) return problem('invalid-cd')
  return { kind: 'query', name, type, dnssecOk, checkingDisabled, answerAs: 'json' }
}

/**
 * The question of a `/resolve` URL. `ct=application/dns-message` asks for the wire form; `edns_client_subnet`
 * is ignored, because no one's address is passed on, and so is `random_padding`.
 */
export function parseGoogleParameters(parameters: URLSearchParams): JsonQuery | JsonProblem {
  const query = parseParameters(parameters)
  const wantsMessage = parameters.get('ct') === DNS_MESSAGE
  return query.kind === 'query' && wantsMessage ? { ...query, answerAs: 'message' } : query
}

/** One record in JSON: `data` is zone-file text. */
export interface JsonRecord {
  readonly name: string
  readonly type: number
  readonly TTL: number
  readonly data: string
}

/** What both dialects have in common. Sections without records are left out. */
interface JsonAnswer {
  /** Response code, all 12 bits. */
  readonly Status: number
  readonly TC: boolean
  readonly RD: boolean
  readonly RA: boolean
  readonly AD: boolean
  readonly CD: boolean
  readonly Question: readonly { readonly name: string; readonly type: number }[]
  readonly Answer?: readonly JsonRecord[]
  readonly Authority?: readonly JsonRecord[]
  readonly Additional?: readonly JsonRecord[]
}

/** Google's dialect: owner names end with a dot, `Comment` is one text. */
export interface GoogleJson extends JsonAnswer {
  readonly Comment?: string
  readonly extended_dns_errors?: readonly { readonly info_code: number; readonly extra_text: string }[]
}

/** Cloudflare's dialect: owner names end without a dot, `Comment` is a list. */
export interface CloudflareJson extends JsonAnswer {
  readonly Comment?: readonly string[]
}

type NameToText = (name: Name) => string

const nameWithoutDot: NameToText = (name) => (name.length === 0 ? '.' : nameToText(name).slice(0, -1))

const jsonRecord =
  (toText: NameToText) =>
  ({ name, type, ttl, data }: ResourceRecord): JsonRecord => ({
    name: toText(name),
    type,
    TTL: ttl,
    data: rdataToText(type, data),
  })

function jsonAnswer(message: Message, toText: NameToText): JsonAnswer {
  const { flags, question, answer, authority, additional } = message
  const toRecord = jsonRecord(toText)
  return {
    Status: messageRcode(message),
    TC: (flags & Flag.TC) !== 0,
    RD: (flags & Flag.RD) !== 0,
    RA: (flags & Flag.RA) !== 0,
    AD: (flags & Flag.AD) !== 0,
    CD: (flags & Flag.CD) !== 0,
    Question: question === undefined ? [] : [{ name: toText(question.name), type: question.type }],
    ...(answer.length > 0 && { Answer: answer.map(toRecord) }),
    ...(authority.length > 0 && { Authority: authority.map(toRecord) }),
    ...(additional.length > 0 && { Additional: additional.map(toRecord) }),
  }
}

/** `No Reachable Authority (all upstreams timed out)`, without the brackets when there is no text. */
const describeError = ({ code, text }: ExtendedErrorReport): string =>
  text === '' ? extendedErrorName(code) : `${extendedErrorName(code)} (${text})`

/** The message in Google's dialect. */
export function googleJson(message: Message): GoogleJson {
  const errors = extendedErrors(message)
  return {
    ...jsonAnswer(message, nameToText),
    ...(errors.length > 0 && {
      Comment: errors.map(describeError).join('; '),
      extended_dns_errors: errors.map(({ code, text }) => ({ info_code: code, extra_text: text })),
    }),
  }
}

/** The message in Cloudflare's dialect. */
export function cloudflareJson(message: Message): CloudflareJson {
  const errors = extendedErrors(message)
  return {
    ...jsonAnswer(message, nameWithoutDot),
    ...(errors.length > 0 && {
      Comment: errors.map((error) => `EDE(${error.code}): ${describeError(error)}`),
    }),
  }
}

const JSON_TYPES: ReadonlySet<string> = new Set([
  DNS_JSON,
  'application/json',
  'application/x-javascript', // how Google's `ct` calls JSON
])

/** The media type without parameters, lower case. */
const mediaType = (text: string): string => text.split(';', 1)[0]!.trim().toLowerCase()

/** The weight of a media range (RFC 9110 §12.4.2): 1 without `q`, 0 for a `q` that is no weight. */
function weight(range: string): number {
  const q = /;\s*q=([^;]*)/i.exec(range)?.[1]?.trim()
  if (q === undefined) return 1
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q) : 0
}

const highestWeight = (ranges: readonly string[], matches: (type: string) => boolean): number =>
  Math.max(0, ...ranges.filter((range) => matches(mediaType(range))).map(weight))

/**
 * Whether the client asks for JSON by name. Wildcards do not: the wire form is what DoH is about (RFC 8484 §4.1).
 *
 * @param accept the Accept header
 * @param ct     the `ct` parameter, which both dialects let win over the header; unknown types are ignored
 */
export function prefersJson(accept: string | undefined, ct: string | undefined): boolean {
  const wanted = mediaType(ct ?? '')
  if (JSON_TYPES.has(wanted)) return true
  if (wanted === DNS_MESSAGE) return false
  const ranges = (accept ?? '').split(',')
  const json = highestWeight(ranges, (type) => JSON_TYPES.has(type))
  return json > 0 && json >= highestWeight(ranges, (type) => type === DNS_MESSAGE)
}
