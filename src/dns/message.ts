/**
 * Reads a whole DNS message into values. For following aliases into an upstream's answer, for JSON and for the
 * command line; the hot path patches octets in place and never comes here.
 */
import { standaloneRdata } from './compressible.ts'
import { type Name, nameLength, readName } from './name.ts'
import { Class, HEADER_LENGTH, Option, Type } from './protocol.ts'
import type { ResourceRecord } from './record.ts'

/** The entry of a message's question section. */
export interface Question {
  readonly name: Name
  readonly type: number
  readonly class: number
}

/** One option of an OPT record (RFC 6891 §6.1.2). */
export interface EdnsOption {
  readonly code: number
  readonly data: Uint8Array
}

/**
 * What an OPT record says (RFC 6891 §6.1.3).
 *
 * @property extendedRcode  the upper 8 bits of the response code; see `messageRcode` for all 12
 */
export interface Edns {
  readonly version: number
  readonly extendedRcode: number
  readonly dnssecOk: boolean
  readonly options: readonly EdnsOption[]
}

/**
 * A DNS message.
 *
 * @property flags       the second header word: opcode, response code and the bits of `Flag`
 * @property additional  without the OPT record, which is `edns`
 */
export interface Message {
  readonly id: number
  readonly flags: number
  readonly question: Question | undefined
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
  readonly edns?: Edns
}

/** One Extended DNS Error (RFC 8914 §2): its number and its EXTRA-TEXT, which may be empty. */
export interface ExtendedErrorReport {
  readonly code: number
  readonly text: string
}

/**
 * How many octets owner names and RDATA may come to once decompressed.
 *
 * Attack: 65,535 octets of records whose names are all pointers to one name of 255 octets come to over 2 MB.
 * An honest message stays below: full of addresses of one owner, it is above only when that owner has 250 octets.
 */
export const MAX_EXPANDED_LENGTH = 1024 * 1024

/** How much is read of a message. */
export interface ReadLimits {
  /** Octets of owner names and RDATA once decompressed. */
  readonly expandedLength: number
  /** Labels of all owner names together. */
  readonly labels: number
}

/** The longest message of names as long as they can be. */
const WIDEST: ReadLimits = { expandedLength: MAX_EXPANDED_LENGTH, labels: Number.POSITIVE_INFINITY }

/** TTLs have 31 bits; one with the top bit set counts as zero (RFC 2181 §8). */
const MAX_TTL = 0x7fff_ffff
/** DO, the top bit of the flags in OPT (RFC 3225 §3). */
const DNSSEC_OK = 0x8000
/** Type, class, TTL and RDLENGTH of a record (RFC 1035 §3.2.1). */
const RECORD_FIXED_LENGTH = 10

const uint16 = (bytes: Uint8Array, offset: number): number => (bytes[offset]! << 8) | bytes[offset + 1]!

const uint32 = (bytes: Uint8Array, offset: number): number =>
  uint16(bytes, offset) * 0x1_0000 + uint16(bytes, offset + 2)

/** A record of any class as it stands in the message, OPT included. */
interface AnyRecord extends ResourceRecord {
  readonly class: number
  readonly end: number
}

function readRecord(message: Uint8Array, start: number): AnyRecord | undefined {
  const owner = readName(message, start)
  if (owner === undefined) return undefined
  const offset = owner.end
  const rdata = offset + RECORD_FIXED_LENGTH
  if (rdata > message.length) return undefined
  const type = uint16(message, offset)
  const ttl = uint32(message, offset + 4)
  const end = rdata + uint16(message, offset + 8)
  if (end > message.length) return undefined
  const data = standaloneRdata(type, message.subarray(0, end), rdata)
  return data && { name: owner.name, type, class: uint16(message, offset + 2), ttl, data, end }
}

function readOptions(data: Uint8Array): readonly EdnsOption[] | undefined {
  const options: EdnsOption[] = []
  let offset = 0
  while (offset < data.length) {
    if (offset + 4 > data.length) return undefined
    const end = offset + 4 + uint16(data, offset + 2)
    if (end > data.length) return undefined
    options.push({ code: uint16(data, offset), data: data.subarray(offset + 4, end) })
    offset = end
  }
  return options
}

/** OPT keeps its version and flags where other records keep the TTL (RFC 6891 §6.1.3). */
function readEdns(opt: AnyRecord): Edns | undefined {
  const options = opt.name.length === 0 ? readOptions(opt.data) : undefined
  return (
    options && {
      version: (opt.ttl >>> 16) & 0xff,
      extendedRcode: opt.ttl >>> 24,
      dnssecOk: (opt.ttl & DNSSEC_OK) !== 0,
      options,
    }
  )
}

function readQuestion(message: Uint8Array): { question: Question; end: number } | undefined {
  const read = readName(message, HEADER_LENGTH)
  if (read === undefined || read.end + 4 > message.length) return undefined
  const question = {
    name: read.name,
    type: uint16(message, read.end),
    class: uint16(message, read.end + 2),
  }
  return { question, end: read.end + 4 }
}

/** The records of each section, OPT among them. */
interface Sections {
  readonly answer: readonly AnyRecord[]
  readonly authority: readonly AnyRecord[]
  readonly additional: readonly AnyRecord[]
}

/** All records from `start`, or undefined when one is malformed or they expand too far. */
function readSections(message: Uint8Array, start: number, limits: ReadLimits): Sections | undefined {
  let offset = start
  let expanded = 0
  let labels = 0
  // Attack: a count of 65,535 over a few octets. A record takes at least 11, so each loop ends with the message.
  const readSection = (count: number): readonly AnyRecord[] | undefined => {
    const section: AnyRecord[] = []
    for (; count > 0; count--) {
      const record = readRecord(message, offset)
      if (record === undefined) return undefined
      expanded += nameLength(record.name) + record.data.length
      labels += record.name.length
      if (expanded > limits.expandedLength || labels > limits.labels) return undefined
      section.push(record)
      offset = record.end
    }
    return section
  }
  const answer = readSection(uint16(message, 6))
  const authority = answer && readSection(uint16(message, 8))
  const additional = authority && readSection(uint16(message, 10))
  return additional && { answer, authority, additional }
}

const isOpt = (record: AnyRecord): boolean => record.type === Type.OPT

/** ResourceRecord is of class IN: records of other classes (CHAOS, the ANY of TSIG and SIG(0)) are left out. */
const internetRecords = (section: readonly AnyRecord[]): readonly ResourceRecord[] =>
  section
    .filter((record) => !isOpt(record) && record.class === Class.IN)
    .map(({ name, type, ttl, data }) => ({ name, type, ttl: ttl > MAX_TTL ? 0 : ttl, data }))

/**
 * Reads a DNS message (RFC 1035 §4, RFC 6891). Never throws.
 *
 * Names in the RDATA of the compressible types are written out, so that each record's `data` stands alone;
 * RDATA of every other type is verbatim. Records of a class other than IN are left out. Octets behind the last
 * record are ignored.
 *
 * @returns undefined for a message that is malformed: cut short, a name that loops, more than one question
 *   (RFC 9619) or OPT record, an OPT record outside the additional section or with a name, more than the limits
 *   allow once decompressed.
 */
export function readMessage(bytes: Uint8Array, limits: ReadLimits = WIDEST): Message | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined
  const questionCount = uint16(bytes, 4)
  if (questionCount > 1) return undefined
  const asked = questionCount === 1 ? readQuestion(bytes) : { question: undefined, end: HEADER_LENGTH }
  const sections = asked && readSections(bytes, asked.end, limits)
  if (asked === undefined || sections === undefined) return undefined
  const { answer, authority, additional } = sections
  const opts = additional.filter(isOpt)
  if (opts.length > 1 || answer.some(isOpt) || authority.some(isOpt)) return undefined
  const edns = opts[0] && readEdns(opts[0])
  if (opts.length === 1 && edns === undefined) return undefined
  return {
    id: uint16(bytes, 0),
    flags: uint16(bytes, 2),
    question: asked.question,
    answer: internetRecords(answer),
    authority: internetRecords(authority),
    additional: internetRecords(additional),
    ...(edns && { edns }),
  }
}

/** The response code, all 12 bits of it when the message has an OPT record (RFC 6891 §6.1.3). */
export const messageRcode = (message: Message): number =>
  ((message.edns?.extendedRcode ?? 0) << 4) | (message.flags & 0xf)

/**
 * Characters that have no business in a one-line diagnosis.
 * Attack: EXTRA-TEXT is a stranger's; escape sequences (C0, DEL, C1) and bidirectional controls would repaint the
 * terminal it is printed to.
 */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu

/** EXTRA-TEXT is UTF-8 that may or may not end with a zero octet (RFC 8914 §2). */
const extraText = (data: Uint8Array): string =>
  new TextDecoder().decode(data).replace(/\0$/, '').replace(UNPRINTABLE, '\ufffd')

/** The Extended DNS Errors of a message in its order (RFC 8914); those too short for their number are left out. */
export const extendedErrors = (message: Message): readonly ExtendedErrorReport[] =>
  (message.edns?.options ?? [])
    .filter((option) => option.code === Option.EDE && option.data.length >= 2)
    .map(({ data }) => ({ code: uint16(data, 0), text: extraText(data.subarray(2)) }))
