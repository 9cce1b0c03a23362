import type { Followed } from '../delegation/follow.ts'
import { MAX_TTL } from '../delegation/limits.ts'
import { encodeAnswer } from '../dns/encode.ts'
import { ExtendedError, Rcode, Type } from '../dns/protocol.ts'
import { queryName } from '../dns/query.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { leadsToPrivate } from './private-addresses.ts'
import type { Found, Question } from './question.ts'

/** Types that are passed on only to those who ask for them, by DO or by name (RFC 4035 §3.2.1). */
const DNSSEC_TYPES = new Set<number>([Type.RRSIG, Type.NSEC, Type.NSEC3])

/** What of a section a client gets. */
export function forClient(question: Question, records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  const { edns, type } = question.query
  return edns?.dnssecOk === true
    ? records
    : records.filter((record) => !DNSSEC_TYPES.has(record.type) || record.type === type)
}

/** What nameservers say is kept until about the next block at the most: it may bring another delegation. */
export const shortLived = (
  records: readonly ResourceRecord[],
  secondsLeft = MAX_TTL,
): readonly ResourceRecord[] =>
  records.map((record) => ({ ...record, ttl: Math.min(record.ttl, MAX_TTL, secondsLeft) }))

/** What goes with an answer from the name's own nameservers. */
export interface DelegatedContext {
  /** The aliases that led to it. */
  readonly chain: readonly ResourceRecord[]
  /** Whether each of them is signed; those in values are not. */
  readonly isSecure: boolean
  /** Seconds until one of the names on the way expires. */
  readonly secondsLeft: number
  readonly usableFor: number
  readonly isStripped: boolean
  /** For an answer of which nothing is left. */
  readonly soa: ResourceRecord
}

/**
 * The answer of the name's own nameservers. AA is off, for we only pass it on; AD is on when all of it is validated
 * (RFC 4035 §3.2.3).
 */
export function delegatedAnswer(
  question: Question,
  followed: Extract<Followed, { kind: 'answer' }>,
  { chain, isSecure, secondsLeft, usableFor, isStripped, soa }: DelegatedContext,
): Found {
  const own = forClient(question, followed.answer)
  const kept = isStripped ? withoutPrivate(own) : own
  const isEmptied = kept.length < own.length && kept.length === 0
  const packed = encodeAnswer({
    question: { name: queryName(question.query), type: question.query.type, class: question.query.class },
    rcode: followed.rcode,
    authoritative: false,
    authentic: isSecure && followed.isSecure && kept.length === own.length,
    answer: shortLived([...chain, ...kept], secondsLeft),
    authority: shortLived(isEmptied ? [soa] : forClient(question, followed.authority), secondsLeft),
    extendedErrors:
      kept.length < own.length
        ? [{ code: ExtendedError.FILTERED, text: 'private addresses are left out here' }]
        : [],
  })
  return { ...packed, usableFor }
}

/** The records but those that lead to private addresses; then signatures fit no longer, and go as well. */
function withoutPrivate(records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  return records.some(leadsToPrivate)
    ? records.filter((record) => !leadsToPrivate(record) && record.type !== Type.RRSIG)
    : records
}

/** The answer to a question whose records contradict the keys in the value (RFC 4035 §5.5). */
export function bogusAnswer(
  question: Question,
  { code, detail }: Extract<Followed, { kind: 'bogus' }>,
): Found {
  return encodeAnswer({
    question: { name: queryName(question.query), type: question.query.type, class: question.query.class },
    rcode: Rcode.SERVFAIL,
    authoritative: false,
    extendedErrors: [{ code, text: detail }],
  })
}
