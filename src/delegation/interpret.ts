import { type Message, messageRcode } from '../dns/message.ts'
import {
  equalNames,
  isAtOrBelow,
  isValidName,
  type Name,
  nameKey,
  nameToWire,
  readName,
} from '../dns/name.ts'
import { Flag, Rcode, Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { MAX_ALIASES, MAX_SERVERS_OF_CUT } from './limits.ts'

/** What a nameserver's message means, asked about a name in a zone. */
export type Meaning =
  /** The records, or that there are none: the end of the question. The way there stands in front. */
  | Final
  /** A CNAME or DNAME leads to a name of which the message does not say enough, or nothing that may be believed. */
  | Alias
  /** The name is in a zone below, with other servers. */
  | CutBelow
  /** An alias leads back to where it came from. */
  | { readonly kind: 'loop' }
  /** Of no use: another server may do better. */
  | { readonly kind: 'lame' }

export interface Final {
  readonly kind: 'final'
  readonly rcode: number
  readonly answer: readonly ResourceRecord[]
  /** The SOA of a negative answer, and proofs with their signatures. */
  readonly authority: readonly ResourceRecord[]
}

export interface Alias {
  readonly kind: 'alias'
  readonly records: readonly ResourceRecord[]
  readonly target: Name
}

export interface CutBelow {
  readonly kind: 'cut'
  readonly zone: Name
  readonly servers: readonly Name[]
  /** Addresses of those servers that the zone asked may speak for. */
  readonly glue: readonly ResourceRecord[]
  /** Seconds. */
  readonly ttl: number
}

const LAME: Meaning = { kind: 'lame' }

/**
 * The message without what the zone has no business to say: records of other zones (the bailiwick rule).
 * Attack: a server for example.bit adds addresses for bank.bit.
 */
export function withinZone(message: Message, zone: Name): Message {
  const inZone = (records: readonly ResourceRecord[]) => records.filter(({ name }) => isAtOrBelow(name, zone))
  return {
    ...message,
    answer: inZone(message.answer),
    authority: inZone(message.authority),
    additional: inZone(message.additional),
  }
}

/**
 * What a message says about a name and type.
 * @param message of the zone's records only: see `withinZone`
 * @param zone the zone whose servers were asked; the name is at or below it
 */
export function interpret(message: Message, zone: Name, name: Name, type: number): Meaning {
  const rcode = messageRcode(message)
  if (rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN && rcode !== Rcode.YXDOMAIN) return LAME
  const cut = rcode === Rcode.NOERROR ? cutBelow(message, zone, name, type) : undefined
  if (cut !== undefined) return cut
  // Without AA the server only repeats what it has heard (RFC 1034 §6.2): it is lame for this zone.
  if ((message.flags & Flag.AA) === 0) return LAME

  const way = followAliases(message.answer, zone, name, type)
  if (way === 'loop') return { kind: 'loop' }
  const { records, end } = way
  const found = ofOwner(message.answer, end, type)
  const proofs = message.authority.filter(isProof)
  if (rcode === Rcode.YXDOMAIN)
    return records.length > 0 ? { kind: 'final', rcode, answer: records, authority: proofs } : LAME
  if (found.some((record) => record.type === type || record.type !== Type.RRSIG))
    return { kind: 'final', rcode: Rcode.NOERROR, answer: [...records, ...found], authority: proofs }

  const soa = message.authority.filter(
    (record) => coveredType(record) === Type.SOA && isAtOrBelow(end, record.name),
  )
  // RFC 2308 §2.2: without a SOA it may be a referral to above or the word of a broken server, which is no denial.
  if (isAtOrBelow(end, zone) && soa.some((record) => record.type === Type.SOA))
    return { kind: 'final', rcode, answer: records, authority: [...soa, ...proofs] }
  return records.length > 0 ? { kind: 'alias', records, target: end } : LAME
}

/** The referral in a message, if it leads strictly down from the zone, on the way to the name. */
function cutBelow(message: Message, zone: Name, name: Name, type: number): CutBelow | undefined {
  if (message.answer.length > 0) return undefined
  const child = message.authority.find((record) => record.type === Type.NS)?.name
  // Upward, sideways or to itself: whoever asks on goes in a circle.
  if (child === undefined || child.length <= zone.length || !isAtOrBelow(name, child)) return undefined
  // The DS of a zone is with its parent, which is asked already (RFC 4035 §3.1.4.1).
  if (type === Type.DS && name.length === child.length) return undefined
  const records = message.authority.filter((record) => typeIs(record, Type.NS, child))
  const servers = records
    .slice(0, MAX_SERVERS_OF_CUT)
    .map(({ data }) => readName(data, 0)?.name)
    .filter((server) => server !== undefined)
  const keys = new Set(servers.map(nameKey))
  const glue = message.additional.filter(
    (record) => (record.type === Type.A || record.type === Type.AAAA) && keys.has(nameKey(record.name)),
  )
  return { kind: 'cut', zone: child, servers, glue, ttl: Math.min(...records.map(({ ttl }) => ttl)) }
}

/** The aliases from a name on, as far as they stay in the zone, and the name they end at. */
function followAliases(
  answer: readonly ResourceRecord[],
  zone: Name,
  name: Name,
  type: number,
): { readonly records: readonly ResourceRecord[]; readonly end: Name } | 'loop' {
  const records: ResourceRecord[] = []
  const seen = new Set<string>()
  let end = name
  while (isAtOrBelow(end, zone) && seen.size < MAX_ALIASES) {
    if (seen.has(nameKey(end))) return 'loop'
    seen.add(nameKey(end))
    const dname = answer.find((record) => record.type === Type.DNAME && isBelow(end, record.name))
    if (dname !== undefined) records.push(...withSignatures(answer, dname))
    // The CNAME made from a DNAME is an answer to who asks for CNAME (RFC 6672 §3.2).
    if (type === Type.CNAME) break
    const cname =
      dname === undefined ? answer.find((record) => typeIs(record, Type.CNAME, end)) : madeFrom(dname, end)
    if (cname === undefined) break
    records.push(...(dname === undefined ? withSignatures(answer, cname) : [cname]))
    const target = readName(cname.data, 0)?.name
    if (target === undefined) break
    end = target
  }
  return { records, end }
}

/** The CNAME that a DNAME makes for a name (RFC 6672 §2.2); undefined where it would be too long. */
function madeFrom(dname: ResourceRecord, name: Name): ResourceRecord | undefined {
  const target = readName(dname.data, 0)?.name
  const renamed = target && [...name.slice(0, name.length - dname.name.length), ...target]
  return renamed !== undefined && isValidName(renamed)
    ? { name, type: Type.CNAME, ttl: dname.ttl, data: nameToWire(renamed) }
    : undefined
}

const isBelow = (name: Name, ancestor: Name): boolean =>
  name.length > ancestor.length && isAtOrBelow(name, ancestor)

const typeIs = (record: ResourceRecord, type: number, owner: Name): boolean =>
  record.type === type && equalNames(record.name, owner)

/** A record's type; that of a signature is the one it covers (RFC 4034 §3.1.1). */
export const coveredType = ({ type, data }: ResourceRecord): number =>
  type === Type.RRSIG && data.length >= 2 ? (data[0]! << 8) | data[1]! : type

/** One alias and the signatures over it. There is one alias at a name: of several the first (RFC 1034 §3.6.2). */
const withSignatures = (
  records: readonly ResourceRecord[],
  alias: ResourceRecord,
): readonly ResourceRecord[] => [
  alias,
  ...records.filter((record) => typeIs(record, Type.RRSIG, alias.name) && coveredType(record) === alias.type),
]

/** The records of a name that answer a type, signatures over them among them. */
const ofOwner = (records: readonly ResourceRecord[], owner: Name, type: number): readonly ResourceRecord[] =>
  records.filter(
    (record) =>
      equalNames(record.name, owner) &&
      (type === Type.ANY || record.type === type || coveredType(record) === type),
  )

/** Proofs of nonexistence, with their signatures: they come with wildcards and with negative answers. */
const isProof = (record: ResourceRecord): boolean =>
  coveredType(record) === Type.NSEC || coveredType(record) === Type.NSEC3
