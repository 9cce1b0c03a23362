import { buildQuery } from '../dns/build-query.ts'
import { isWholeRdata } from '../dns/compressible.ts'
import { OPT_LENGTH } from '../dns/edns.ts'
import { type Message, messageRcode, readMessage } from '../dns/message.ts'
import { equalNames, type Name, nameLength, readName, writeName } from '../dns/name.ts'
import { Class, Flag, HEADER_LENGTH, Rcode } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import type { Random } from '../random.ts'
import { type Effort, spendQuery } from './effort.ts'
import { ExchangeError, type ExchangeErrorCode, type ServerExchange } from './exchange.ts'
import { MAX_RECORDS, REPLY_LIMITS } from './limits.ts'
import type { ServerStatistics } from './servers.ts'

/** What a server is asked. */
export interface ServerQuestion {
  readonly name: Name
  readonly type: number
  /** DO (RFC 3225): signatures, please. */
  readonly dnssecOk: boolean
}

/** What one server says, or why it says nothing. */
export type ServerReply =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'failed'; readonly code: AskFailureCode }

export type AskFailureCode =
  | ExchangeErrorCode
  | 'protocol' // an answer that is none, or not to this question
  | 'spent' // no more messages may be sent for this question of the client

export interface AskOptions {
  readonly exchange: ServerExchange
  /** 53, but in tests. */
  readonly port: number
  readonly random: Random
  readonly servers: ServerStatistics
}

const OPCODE_MASK = 0x7800
const RCODE_MASK = 0xf

/**
 * Asks one server one question: over UDP, over TCP when the answer does not fit or may be forged, without EDNS when the
 * server does not know it (RFC 6891 §7). Never rejects.
 *
 * Attack (RFC 5452): a forger has to guess the id, the port, and the case of each letter of the name (0x20).
 */
export async function askServer(
  address: string,
  question: ServerQuestion,
  effort: Effort,
  signal: AbortSignal,
  { exchange, port, random, servers }: AskOptions,
): Promise<ServerReply> {
  /** One exchange, of a message made for it. */
  async function once(transport: 'udp' | 'tcp', edns: boolean): Promise<Outcome> {
    const carry = exchange[transport] ?? exchange.tcp
    if (!spendQuery(effort)) return { kind: 'failed', code: 'spent' }
    const id = random(0x1_0000)
    // A connection cannot be forged into, and some servers do not give the case back.
    const name = transport === 'udp' ? mixCase(question.name, random) : question.name
    const query = serverQuery({ ...question, name }, id, edns)
    try {
      const reply = await carry(address, port, query, signal, (octets) => isReply(octets, id, question))
      if (!isReply(reply, id, question)) return { kind: 'failed', code: 'protocol' }
      return { kind: 'octets', octets: reply, name }
    } catch (error) {
      return { kind: 'failed', code: error instanceof ExchangeError ? error.code : 'network' }
    }
  }

  async function withEdns(edns: boolean): Promise<ServerReply> {
    let transport: 'udp' | 'tcp' = exchange.udp === undefined ? 'tcp' : 'udp'
    let outcome = await once(transport, edns)
    if (transport === 'udp' && wantsTcp(outcome)) {
      transport = 'tcp'
      outcome = await once(transport, edns)
    }
    if (outcome.kind === 'failed') return outcome
    // There is no other way left to have the rest, and half an RRset is none (RFC 2181 §9).
    if (transport === 'tcp' && isTruncated(outcome.octets)) return { kind: 'failed', code: 'protocol' }
    const message = readReply(outcome, question.name)
    if (message === undefined) return { kind: 'failed', code: 'protocol' }
    if (edns && message.edns === undefined && isUnfamiliarWithEdns(messageRcode(message))) {
      const reply = await withEdns(false)
      // That it understands nothing at all is no reason to ask for no signatures the next time.
      if (reply.kind === 'message' && !isUnfamiliarWithEdns(messageRcode(reply.message)))
        servers.hasNoEdns(address)
      return reply
    }
    return message.question === undefined
      ? { kind: 'failed', code: 'protocol' }
      : { kind: 'message', message }
  }

  // Signatures come with EDNS only.
  return withEdns(question.dnssecOk || servers.knowsEdns(address))
}

type Outcome =
  | { readonly kind: 'octets'; readonly octets: Uint8Array; readonly name: Name }
  | { readonly kind: 'failed'; readonly code: AskFailureCode }

const isUnfamiliarWithEdns = (rcode: number): boolean => rcode === Rcode.FORMERR || rcode === Rcode.NOTIMP

/** Whether the answer is to be had over TCP: it was cut off, somebody guesses, or the case came back changed. */
function wantsTcp(outcome: Outcome): boolean {
  if (outcome.kind === 'failed') return outcome.code === 'too-many-strangers'
  const { question } = readBeginning(outcome.octets)!
  return isTruncated(outcome.octets) || (question !== undefined && !isSameOctets(question.name, outcome.name))
}

const isTruncated = (octets: Uint8Array): boolean => (readBeginning(octets)!.flags & Flag.TC) !== 0

const isSameOctets = (a: Name, b: Name): boolean =>
  a.length === b.length && a.every((label, index) => label === b[index])

/** A query to a nameserver: no RD, for it is asked what it knows itself (RFC 1035 §4.1.1). */
function serverQuery(question: ServerQuestion, id: number, edns: boolean): Uint8Array {
  const query = buildQuery({ ...question, checkingDisabled: false })
  query.set([id >> 8, id & 0xff, 0, 0])
  if (edns) return query
  query[11] = 0
  return query.subarray(0, query.length - OPT_LENGTH)
}

/** What comes before the records of a message. */
interface Beginning {
  readonly id: number
  readonly flags: number
  /** Records in all sections, as far as the header is to be believed. */
  readonly records: number
  readonly question: { readonly name: Name; readonly type: number; readonly class: number } | undefined
}

/** The beginning of a message; undefined when it is cut short, or has more than one question (RFC 9619). */
function readBeginning(octets: Uint8Array): Beginning | undefined {
  if (octets.length < HEADER_LENGTH) return undefined
  const word = (offset: number): number => (octets[offset]! << 8) | octets[offset + 1]!
  const header = { id: word(0), flags: word(2), records: word(6) + word(8) + word(10) }
  if (word(4) === 0) return { ...header, question: undefined }
  const read = word(4) === 1 ? readName(octets, HEADER_LENGTH) : undefined
  if (read === undefined || read.end + 4 > octets.length) return undefined
  return { ...header, question: { name: read.name, type: word(read.end), class: word(read.end + 2) } }
}

/**
 * Whether a message answers this query: a response with its id and its question, in whatever case. A server that could
 * not read the query may leave the question out.
 */
function isReply(octets: Uint8Array, id: number, { name, type }: ServerQuestion): boolean {
  const beginning = readBeginning(octets)
  if (beginning === undefined || beginning.id !== id) return false
  const { flags, question } = beginning
  if ((flags & Flag.QR) === 0 || (flags & OPCODE_MASK) !== 0) return false
  if (question === undefined) return isUnfamiliarWithEdns(flags & RCODE_MASK)
  return question.type === type && question.class === Class.IN && equalNames(question.name, name)
}

/** The whole message; undefined when it or one of its records is malformed, or it is longer than is read. */
function readReply({ octets }: { octets: Uint8Array }, name: Name): Message | undefined {
  if (readBeginning(octets)!.records > MAX_RECORDS) return undefined
  const message = readMessage(withQuestionName(octets, name), REPLY_LIMITS)
  const isWhole = ({ type, data }: ResourceRecord): boolean => isWholeRdata(type, data)
  return message !== undefined &&
    [message.answer, message.authority, message.additional].flat().every(isWhole)
    ? message
    : undefined
}

/**
 * The message with the name in its question in the case that it was to be asked in. Other names in it are pointers to
 * this one, and would carry the case thrown to the client.
 */
function withQuestionName(octets: Uint8Array, name: Name): Uint8Array {
  if (readName(octets, HEADER_LENGTH)?.end !== HEADER_LENGTH + nameLength(name)) return octets
  const copy = Uint8Array.from(octets)
  writeName(name, copy, HEADER_LENGTH)
  return copy
}

/** The name with the case of each letter thrown anew (draft-vixie-dnsext-dns0x20). */
const mixCase = (name: Name, random: Random): Name =>
  name.map((label) =>
    label.replace(/[A-Za-z]/g, (letter) => (random(2) === 0 ? letter.toLowerCase() : letter.toUpperCase())),
  )
