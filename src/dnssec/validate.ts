import { type Message, messageRcode } from '../dns/message.ts'
import { equalNames, isAtOrBelow, type Name } from '../dns/name.ts'
import { Rcode, Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { type Denial, NOT_PROVEN } from './denial.ts'
import { type Effort, newEffort } from './effort.ts'
import { type Path, pathOf } from './path.ts'
import { verifyProofs } from './proofs.ts'
import { rrSetsOf } from './rrset.ts'
import { type Bogus, bogus, DnssecError, type Insecure, type SecureAnswer, type Security } from './verdict.ts'
import { type VerifiedSet, verifySet } from './verify.ts'
import type { ZoneKeys } from './zone-keys.ts'

const SECURE: Security = { kind: 'secure' }

/** The codes that go with what an answer section ends in; any other makes the two contradict each other. */
const RCODES: { readonly [End in Path['end']['kind']]: readonly number[] } = {
  found: [Rcode.NOERROR],
  missing: [Rcode.NOERROR, Rcode.NXDOMAIN],
  outside: [Rcode.NOERROR, Rcode.NXDOMAIN], // said of the target, which is for another zone to say
  overlong: [Rcode.YXDOMAIN],
  broken: [],
}

/**
 * Validates a final answer of a zone (RFC 4035 §5): what was asked for, aliases within the zone, records made from
 * wildcards, or the proof that there is none. Never rejects.
 *
 * An answer to ANY is proven as far as it goes; that it is all there is cannot be. RRSIG records are not signed
 * (RFC 4035 §2.2), so an answer to a question for them is insecure.
 *
 * @param question  a name at or below the apex, and a type; of DS at the apex it is not the zone that knows
 * @param message   an answer that belongs to the question, not a referral
 * @param keys      those of the zone that answers: see `authenticateKeys`
 * @param now       seconds since 1970
 * @param effort    what is left of the client's question
 */
export async function validateAnswer(
  question: { readonly name: Name; readonly type: number },
  message: Message,
  keys: ZoneKeys,
  now: number,
  effort: Effort = newEffort(),
): Promise<SecureAnswer | Insecure | Bogus> {
  if (question.type === Type.RRSIG) return { kind: 'insecure' }
  const path = pathOf(question, rrSetsOf(message.answer), keys.zone)
  const rcode = messageRcode(message)
  if (!RCODES[path.end.kind].includes(rcode))
    return bogus(DnssecError.BOGUS, 'the response code is not that of the answer')

  const answer: VerifiedSet[] = []
  const records: ResourceRecord[] = []
  for (const { set, alias } of path.links) {
    const verified = await verifySet(set, keys, now, effort)
    if (verified.kind === 'bogus') return verified
    // A DNAME redirects what is below it, and below the owner of a record made from a wildcard there is nothing.
    if (verified.wildcard !== undefined && set.type === Type.DNAME && question.type !== Type.DNAME)
      return NOT_PROVEN
    answer.push(verified)
    records.push(...verified.records)
    if (alias !== undefined)
      records.push({ name: alias.owner, type: Type.CNAME, ttl: verified.lifetime, data: alias.target })
  }
  const expanded = answer.filter(({ wildcard }) => wildcard !== undefined)
  if (path.end.kind !== 'missing' && expanded.length === 0)
    return { kind: 'secure', answer: records, authority: [] }

  const authority = rrSetsOf(message.authority)
  const proofs = await verifyProofs(authority, keys, now, effort)
  const security = await proveMissing(proofs.denial, expanded, path, question.type, rcode)
  if (security.kind !== 'secure') return security === NOT_PROVEN ? proofs.otherwise : security

  const soa = path.end.kind === 'missing' ? authority.find(keys.zone, Type.SOA) : undefined
  const verifiedSoa = soa && (await verifySet(soa, keys, now, effort))
  if (verifiedSoa?.kind === 'bogus') return verifiedSoa
  const proof = verifiedSoa === undefined ? proofs.sets : [verifiedSoa, ...proofs.sets]
  const lifetime = Math.min(...proof.map((set) => set.lifetime))
  return {
    kind: 'secure',
    answer: limitTtls(records, lifetime),
    authority: limitTtls(
      proof.flatMap((set) => set.records),
      lifetime,
    ),
  }
}

/** Proves what an answer says is not there: what comes closer than a wildcard did, and what was asked for. */
async function proveMissing(
  denial: Denial,
  expanded: readonly VerifiedSet[],
  { end }: Path,
  type: number,
  rcode: number,
): Promise<Security> {
  const securities: Security[] = []
  for (const { owner, wildcard } of expanded) securities.push(await denial.noCloserName(owner, wildcard!))
  if (end.kind === 'missing')
    securities.push(
      rcode === Rcode.NXDOMAIN ? await denial.noName(end.name) : await denial.noData(end.name, type),
    )
  return worst(securities)
}

/** A chain is as strong as its weakest link. */
const worst = (securities: readonly Security[]): Security =>
  securities.find(({ kind }) => kind === 'bogus') ??
  securities.find(({ kind }) => kind === 'insecure') ??
  SECURE

/** The answer lasts no longer than the proof that it is the right one. */
const limitTtls = (records: readonly ResourceRecord[], lifetime: number): ResourceRecord[] =>
  records.map((record) => ({ ...record, ttl: Math.min(record.ttl, lifetime) }))

/**
 * What a zone says of a name below its apex as a zone of its own.
 * @property lifetime seconds that it may be kept: the least of the TTLs and of what is left of the signatures
 */
export type Referral =
  /** It is one, and these are the DS records for it: see `authenticateKeys`. */
  | { readonly kind: 'secure'; readonly ds: readonly ResourceRecord[]; readonly lifetime: number }
  /** It is one without a chain of trust. */
  | (Insecure & { readonly lifetime: number })
  /**
   * It is none: what there is at the name, if anything, belongs to the zone itself. Only an answer to a question for
   * DS can rightly say so.
   */
  | { readonly kind: 'uncut' }
  | Bogus

/**
 * Validates what a zone says of a delegation (RFC 4035 §5.2, RFC 5155 §8.6, §8.9), in a referral to it or in an
 * answer to a question for its DS records. Never rejects.
 *
 * @param child  the name delegated, below the apex
 * @param keys   those of the delegating zone
 * @param now    seconds since 1970
 * @param effort what is left of the client's question
 */
export async function validateReferral(
  child: Name,
  message: Message,
  keys: ZoneKeys,
  now: number,
  effort: Effort = newEffort(),
): Promise<Referral> {
  if (child.length <= keys.zone.length || !isAtOrBelow(child, keys.zone))
    return bogus(DnssecError.BOGUS, 'the delegation is not of this zone')
  const answer = rrSetsOf(message.answer)
  const authority = rrSetsOf(message.authority)
  const set = answer.find(child, Type.DS) ?? authority.find(child, Type.DS)
  if (set !== undefined) {
    const verified = await verifySet(set, keys, now, effort)
    if (verified.kind === 'bogus') return verified
    if (verified.wildcard !== undefined) return NOT_PROVEN
    const { records, lifetime } = verified
    return { kind: 'secure', ds: records.filter(({ type }) => type === Type.DS), lifetime }
  }
  const alias = answer.find(child, Type.CNAME)
  if (alias !== undefined) {
    const verified = await verifySet(alias, keys, now, effort)
    if (verified.kind === 'bogus') return verified
    if (verified.wildcard === undefined) return { kind: 'uncut' }
  }
  const { sets, denial, otherwise } = await verifyProofs(authority, keys, now, effort)
  const proven = await denial.noDs(child)
  if (proven.kind === 'insecure') return { ...proven, lifetime: Math.min(...sets.map((one) => one.lifetime)) }
  return proven === NOT_PROVEN ? otherwise : proven
}

/**
 * Whether the zone claims what a message begins with as its own: the first RRset on the way to the answer, or without any
 * the word that there is none. What an alias leads on to may be of another zone that the same servers have.
 */
export function isClaimedBy(
  zone: Name,
  question: { readonly name: Name; readonly type: number },
  message: Message,
): boolean {
  const first = pathOf(question, rrSetsOf(message.answer), zone).links[0]?.set
  const signed = first === undefined ? rrSetsOf(message.authority).all : [first]
  return signed.some(({ signatures }) => signatures.some(({ signer }) => equalNames(signer, zone)))
}
