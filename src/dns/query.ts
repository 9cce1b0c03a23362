import { extendedError, OPT_LENGTH, writeOpt } from './edns.ts'
import { readMessage } from './message.ts'
import { MAX_NAME_LENGTH, type Name, readName, skipName } from './name.ts'
import { Class, ExtendedError, Flag, HEADER_LENGTH, Option, Rcode, Type } from './protocol.ts'

/** A question that was understood, with all that its answer depends on. */
export interface Query {
  readonly id: number
  /** RD, AD and CD as sent: see `Flag`. */
  readonly flags: number
  /** QNAME as sent, on the wire: echoed octet for octet, 0x20 case included. A view into the request. */
  readonly wireName: Uint8Array
  readonly type: number
  readonly class: number
  /** The client's OPT record (RFC 6891); undefined when it sent none, and then none goes back. */
  readonly edns: ClientEdns | undefined
}

/** What the client's OPT record says that matters here. Its UDP size does not (RFC 8484 §6). */
export interface ClientEdns {
  readonly version: number
  /** DO: the client wants DNSSEC records (RFC 4035 §3.2.1). */
  readonly dnssecOk: boolean
  /** The client padded its query, so the answer is padded too (RFC 7830 §4). */
  readonly padded: boolean
}

/**
 * A message that is no answerable query.
 *
 * - `malformed`: not even a header and one readable question can be made of it: HTTP 400, no DNS message.
 * - `other-opcode`: not a query at all; see `notImplemented`.
 * - `refused-rcode`: a DNS message goes back with this response code; `query` holds what could be read.
 */
export type QueryError =
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'other-opcode' }
  | {
      readonly kind: 'refused-rcode'
      readonly rcode: number
      /** RFC 8914. */
      readonly extendedError: number
      readonly reason: string
      readonly query: Query
    }

export type ParsedQuery = { readonly kind: 'query'; readonly query: Query } | QueryError

/**
 * NOTIMP to another opcode: id, opcode and RD as sent (RFC 1035 §4.1.1), no question; to an OPT record, where one can be
 * read, another one (RFC 6891 §6.1.1) with an Extended DNS Error.
 */
export function notImplemented(message: Uint8Array): Uint8Array {
  const flags =
    Flag.QR | Flag.RA | ((((message[2]! << 8) | message[3]!) & (OPCODE_MASK | Flag.RD)) | Rcode.NOTIMP)
  const edns = readMessage(message)?.edns
  const options = extendedError(ExtendedError.NOT_SUPPORTED, 'NOTIMP: opcode')
  const reply = new Uint8Array(HEADER_LENGTH + (edns === undefined ? 0 : OPT_LENGTH + options.length))
  reply.set([message[0]!, message[1]!, flags >> 8, flags & 0xff])
  if (edns !== undefined) {
    reply[11] = 1
    writeOpt(reply, HEADER_LENGTH, {
      rcode: Rcode.NOTIMP,
      dnssecOk: edns.dnssecOk,
      options,
      padding: undefined,
    })
  }
  return reply
}

const OPCODE_MASK = 0x7800
/** Fixed part of a record after its owner: TYPE, CLASS, TTL, RDLENGTH (RFC 1035 §4.1.3). */
const RECORD_FIXED_LENGTH = 10

const malformed = (reason: string): QueryError => ({ kind: 'malformed', reason })

/**
 * Parses a DNS query by hand: the hot path of every request, so no intermediate objects.
 *
 * Answers each malformed message as `doh-clients.md` §2a has it (C5, C8, C27): what cannot be read at all, a
 * response, and a message without a question are `malformed`; several questions, two OPT records and an OPT that
 * is not well-formed are FORMERR; another opcode is NOTIMP; another EDNS version is BADVERS (RFC 6891 §6.1.3);
 * zone transfers and other classes are REFUSED, and types that cannot be asked for are FORMERR or NOTIMP.
 */
export function parseQuery(message: Uint8Array): ParsedQuery {
  if (message.length < HEADER_LENGTH) return malformed('shorter than a DNS header')
  const id = (message[0]! << 8) | message[1]!
  const flags = (message[2]! << 8) | message[3]!
  if ((flags & Flag.QR) !== 0) return malformed('a response, not a query')

  const questions = (message[4]! << 8) | message[5]!
  if ((flags & OPCODE_MASK) !== 0) {
    // The sections of another opcode mean other things (RFC 2136 §2): none is read.
    return { kind: 'other-opcode' }
  }
  if (questions === 0) return malformed('no question')

  const nameEnd = endOfQuestionName(message)
  if (nameEnd === -1) return malformed('the name in the question')
  let offset = nameEnd + 4
  if (offset > message.length) return malformed('ends within the question')
  const type = (message[nameEnd]! << 8) | message[nameEnd + 1]!
  const qclass = (message[nameEnd + 2]! << 8) | message[nameEnd + 3]!
  const wireName = message.subarray(HEADER_LENGTH, nameEnd)
  let edns: ClientEdns | undefined
  const refuse = (
    rcode: number,
    reason: string,
    extendedError: number = ExtendedError.NOT_SUPPORTED,
  ): QueryError => ({
    kind: 'refused-rcode',
    rcode,
    extendedError,
    reason,
    query: { id, flags, wireName, type, class: qclass, edns },
  })
  // RFC 9619: a query has one question.
  if (questions > 1) return refuse(Rcode.FORMERR, 'more than one question')

  const before = ((message[6]! << 8) | message[7]!) + ((message[8]! << 8) | message[9]!)
  const total = before + ((message[10]! << 8) | message[11]!)
  for (let record = 0; record < total; record++) {
    const owner = offset
    const fixed = skipName(message, owner)
    if (fixed === -1 || fixed + RECORD_FIXED_LENGTH > message.length) return malformed('ends within a record')
    const end = fixed + RECORD_FIXED_LENGTH + ((message[fixed + 8]! << 8) | message[fixed + 9]!)
    if (end > message.length) return malformed('a record longer than the message')
    if (((message[fixed]! << 8) | message[fixed + 1]!) === Type.OPT) {
      // RFC 6891 §6.1.1: one OPT, in the additional section, owned by the root.
      if (edns !== undefined) return refuse(Rcode.FORMERR, 'more than one OPT record')
      if (record < before || message[owner] !== 0) return refuse(Rcode.FORMERR, 'a misplaced OPT record')
      const padded = hasPadding(message, fixed + RECORD_FIXED_LENGTH, end)
      if (padded === undefined) return refuse(Rcode.FORMERR, 'an OPT record with broken options')
      edns = { version: message[fixed + 5]!, dnssecOk: (message[fixed + 6]! & 0x80) !== 0, padded }
    }
    offset = end
  }
  if (offset !== message.length) return malformed('octets behind the last record')

  if (edns !== undefined && edns.version !== 0) return refuse(Rcode.BADVERS, 'EDNS version')
  if (type === Type.AXFR || type === Type.IXFR) return refuse(Rcode.REFUSED, 'zone transfer')
  const refusedType = TYPES_REFUSED.get(type)
  if (refusedType !== undefined)
    return refuse(refusedType, 'a type that cannot be asked for', ExtendedError.INVALID_QUERY_TYPE)
  if (qclass !== Class.IN) return refuse(Rcode.REFUSED, 'class')
  return { kind: 'query', query: { id, flags, wireName, type, class: qclass, edns } }
}

/**
 * Types that are no question: those that belong into a message's other sections or into an NSEC record (RFC 9824 §3.2),
 * and the queries for mail that nobody has implemented for decades (RFC 1035 §3.2.3).
 */
const TYPES_REFUSED: ReadonlyMap<number, number> = new Map([
  [0, Rcode.FORMERR],
  [Type.OPT, Rcode.FORMERR],
  [Type.NXNAME, Rcode.FORMERR],
  [Type.TSIG, Rcode.NOTIMP],
  [Type.TKEY, Rcode.NOTIMP],
  [Type.MAILA, Rcode.NOTIMP],
  [Type.MAILB, Rcode.NOTIMP],
])

/** The offset behind QNAME, or -1. Nothing stands before it to point to, so a pointer there is a loop. */
function endOfQuestionName(message: Uint8Array): number {
  let offset = HEADER_LENGTH
  for (;;) {
    const length = message[offset]
    if (length === undefined || length > 63) return -1
    offset += length + 1
    if (offset - HEADER_LENGTH > 255 || offset > message.length) return -1
    if (length === 0) return offset
  }
}

/** Whether an OPT's options hold PADDING; undefined when they do not fill its RDATA exactly (RFC 6891 §6.1.2). */
function hasPadding(message: Uint8Array, start: number, end: number): boolean | undefined {
  let padded = false
  let offset = start
  while (offset < end) {
    if (offset + 4 > end) return undefined
    if (((message[offset]! << 8) | message[offset + 1]!) === Option.PADDING) padded = true
    offset += 4 + ((message[offset + 2]! << 8) | message[offset + 3]!)
  }
  return offset === end ? padded : undefined
}

/** QNAME as labels, in the case it was sent in. */
export const queryName = (query: Query): Name => readName(query.wireName, 0)!.name

/**
 * What two queries must share to share an answer: the name without regard to case, the type, DO and CD
 * (RFC 4035 §3.2). The id, the padding and the client's other wishes are patched into a copy.
 */
export function cacheKey(query: Query): string {
  const { wireName, type, flags, edns } = query
  const { length } = wireName
  for (let index = 0; index < length; index++) {
    const octet = wireName[index]!
    KEY[index] = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet
  }
  KEY[length] = type >> 8
  KEY[length + 1] = type & 0xff
  KEY[length + 2] = (edns?.dnssecOk === true ? 1 : 0) | ((flags & Flag.CD) !== 0 ? 2 : 0)
  return KEY.toString('latin1', 0, length + 3)
}

/** The query that a key stands for: what anybody asks who shares its answer. */
export function queryOfKey(key: string): Query {
  const octets = Uint8Array.from(Buffer.from(key, 'latin1'))
  const end = octets.length - 3
  const wishes = octets[end + 2]!
  return {
    id: 0,
    flags: Flag.RD | ((wishes & 2) !== 0 ? Flag.CD : 0),
    wireName: octets.subarray(0, end),
    type: (octets[end]! << 8) | octets[end + 1]!,
    class: Class.IN,
    edns: { version: 0, dnssecOk: (wishes & 1) !== 0, padded: false },
  }
}

/** Room for the longest key, used again each time: a string of one octet a character is cut out of it at once. */
const KEY = Buffer.alloc(MAX_NAME_LENGTH + 3)
