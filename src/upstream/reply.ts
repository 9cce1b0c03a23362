import { encodeAnswer } from '../dns/encode.ts'
import { type Message, readMessage } from '../dns/message.ts'
import { equalNames, type Name, nameKey, readName } from '../dns/name.ts'
import { type PackedAnswer, packAnswer } from '../dns/packed.ts'
import { Flag, Type } from '../dns/protocol.ts'
import { type Query, queryName } from '../dns/query.ts'
import type { ResourceRecord } from '../dns/record.ts'
import type { UpstreamResponse } from './transport.ts'

const DNS_MESSAGE = /^application\/dns-message\s*(?:;|$)/i
const OPCODE_MASK = 0x7800

/**
 * The packed answer in an upstream's HTTP response, if it is one to this query: a DNS message, a response, to the
 * very question asked, well-formed to its last record. Its octets stay as they came (`dns/packed.ts`).
 *
 * @returns undefined for anything else
 */
export function readReply(query: Query, response: UpstreamResponse): PackedAnswer | undefined {
  if (response.status !== 200 || !DNS_MESSAGE.test(response.contentType)) return undefined
  const message = readMessage(response.body)
  if (message === undefined || message.id !== 0) return undefined
  if ((message.flags & Flag.QR) === 0 || (message.flags & OPCODE_MASK) !== 0) return undefined
  const { question } = message
  if (question === undefined || question.type !== query.type || question.class !== query.class)
    return undefined
  if (!equalNames(question.name, queryName(query))) return undefined
  const packed = packAnswer(response.body)
  if (packed === undefined) return undefined
  const ordered = aliasesComeFirst(message.answer)
    ? packed
    : { ...reordered(query, message), options: packed.options }
  return asResolver(ordered)
}

/** AA off, because we are no authority for it, and RA on, because we do recurse, whatever the upstream says of itself. */
function asResolver(packed: PackedAnswer): PackedAnswer {
  packed.bytes[2]! &= ~(Flag.AA >> 8)
  packed.bytes[3]! |= Flag.RA
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
