import { encodeAnswer } from '../dns/encode.ts'
import { type Message, readMessage } from '../dns/message.ts'
import { equalNames, type Name, nameKey, readName } from '../dns/name.ts'
import { type PackedAnswer, packAnswer } from '../dns/packed.ts'
import { Flag, Type } from '../dns/protocol.ts'
import { type Query, queryName } from '../dns/query.ts'
import type { ResourceRecord } from '../dns/record.ts'

const OPCODE_MASK = 0x7800

/**
 * The packed answer in an upstream's reply, if it is one to this query: a DNS message, a response, to the very
 * question asked, well-formed to its last record. Its octets stay as they came (`dns/packed.ts`).
 *
 * @param authenticated whether it came from the upstream itself beyond doubt: only then AD says anything, where
 *   anybody on the way could have set it, it is cleared (RFC 6840 §5.8: a security-aware path to the resolver)
 * @returns undefined for anything else
 */
export function readReply(
  query: Query,
  octets: Uint8Array,
  authenticated: boolean,
): PackedAnswer | undefined {
  const message = readMessage(octets)
  if (message === undefined || message.id !== 0) return undefined
  if ((message.flags & Flag.QR) === 0 || (message.flags & OPCODE_MASK) !== 0) return undefined
  const { question } = message
  if (question === undefined || question.type !== query.type || question.class !== query.class)
    return undefined
  if (!equalNames(question.name, queryName(query))) return undefined
  const packed = packAnswer(octets)
  if (packed === undefined) return undefined
  const ordered = aliasesComeFirst(message.answer)
    ? packed
    : { ...reordered(query, message), options: packed.options }
  return asResolver(ordered, authenticated)
}

/** AA off, because we are no authority for it, and RA on, because we do recurse, whatever the upstream says of itself. */
function asResolver(packed: PackedAnswer, authenticated: boolean): PackedAnswer {
  packed.bytes[2]! &= ~(Flag.AA >> 8)
  packed.bytes[3]! |= Flag.RA
  if (!authenticated) packed.bytes[3]! &= ~Flag.AD
  return packed
}

const isAlias = ({ type }: ResourceRecord): boolean => type === Type.CNAME || type === Type.DNAME

/** Whether no alias stands behind a record of another type (signatures aside). */
function aliasesComeFirst(answer: readonly ResourceRecord[]): boolean {
  const firstOther = answer.findIndex((record) => !isAlias(record) && record.type !== Type.RRSIG)
  return firstOther === -1 || !answer.slice(firstOther).some(isAlias)
}

/**
 * The answer with its aliases in front, in the order they are followed.
 *
 * Incident: on 2026-01-08 a public resolver put CNAMEs behind addresses; glibc and others, which read once from
 * front to back, found nothing. It is the one case in which an upstream's message is written anew.
 */
function reordered(query: Query, message: Message): PackedAnswer {
  const aliases = new Map(message.answer.filter(isAlias).map((record) => [nameKey(record.name), record]))
  const ordered = new Set<ResourceRecord>()
  let owner: Name | undefined = queryName(query)
  while (owner !== undefined) {
    const record = aliases.get(nameKey(owner))
    if (record === undefined || ordered.has(record)) break
    ordered.add(record)
    owner = record.type === Type.CNAME ? readName(record.data, 0)?.name : undefined
  }
  const others = message.answer.filter((record) => !ordered.has(record))
  const answer = [...ordered, ...others.filter(isAlias), ...others.filter((record) => !isAlias(record))]
  const { authority, additional } = message
  const question = { name: queryName(query), type: query.type, class: query.class }
  return encodeAnswer({
    question,
    rcode: ((message.edns?.extendedRcode ?? 0) << 4) | (message.flags & 0xf),
    authoritative: false,
    authentic: (message.flags & Flag.AD) !== 0,
    answer,
    authority,
    additional,
  })
}
