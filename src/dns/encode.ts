import { isWholeRdata } from './compressible.ts'
import { extendedError } from './edns.ts'
import { isValidName, type Name, nameKey, nameLength, readName } from './name.ts'
import { type PackedAnswer, packAnswer } from './packed.ts'
import { Class, Flag, HEADER_LENGTH, MAX_MESSAGE_LENGTH } from './protocol.ts'
import type { Query } from './query.ts'
import type { ResourceRecord } from './record.ts'

/** What an answer made here says. */
export interface AnswerContents {
  /** The question, as in the query. */
  readonly question: { readonly name: Name; readonly type: number; readonly class: number }
  readonly rcode: number
  /** AA: from the chain or a zone of our own. */
  readonly authoritative: boolean
  /** TC: there is more than this. */
  readonly truncated?: boolean
  /** AD: validated by whoever we asked. */
  readonly authentic?: boolean
  /** In the order they are to stand in: aliases first, then what they lead to. */
  readonly answer?: readonly ResourceRecord[]
  readonly authority?: readonly ResourceRecord[]
  readonly additional?: readonly ResourceRecord[]
  /** RFC 8914: why there is no better answer. */
  readonly extendedErrors?: readonly ExtendedErrorText[]
}

export interface ExtendedErrorText {
  /** See `ExtendedError`. */
  readonly code: number
  readonly text: string
}

/** A compression pointer has 14 bits (RFC 1035 §4.1.4). */
const MAX_POINTER = 0x3fff

/**
 * Builds and packs an answer. Owner names are compressed; RDATA is written as it is.
 *
 * Each record is checked by itself: one that is malformed is left out, so that no stranger's value spoils the message for
 * the others. So are records beyond the 65,535 octets a message can have, and then TC says so (RFC 2181 §9). What is not
 * whole is not authentic: AD is off.
 */
export function encodeAnswer(contents: AnswerContents): PackedAnswer {
  const { question } = contents
  const sections = [contents.answer ?? [], contents.authority ?? [], contents.additional ?? []]
  const room = sections
    .flat()
    .reduce((sum, record) => sum + nameLength(record.name) + 10 + record.data.length, 300)
  const writer = new Writer(Math.min(room, MAX_MESSAGE_LENGTH))
  writer.name(question.name)
  writer.word(question.type)
  writer.word(question.class)
  const written = sections.map((records) => records.map((record) => writer.record(record)))
  const counts = written.map((fates) => fates.filter((fate) => fate === 'written').length)
  const isWhole = written.flat().every((fate) => fate === 'written')
  // Nobody misses additional records.
  const isCutOff = written.slice(0, 2).flat().includes('no-room')
  const flags =
    Flag.QR |
    Flag.RA |
    (contents.authoritative ? Flag.AA : 0) |
    (contents.truncated === true || isCutOff ? Flag.TC : 0) |
    (contents.authentic === true && isWhole ? Flag.AD : 0) |
    (contents.rcode & 0xf)
  const bytes = writer.finish(flags, counts)
  const options = (contents.extendedErrors ?? []).map(({ code, text }) => extendedError(code, text))
  const packed = packAnswer(bytes, concatenate(options))
  if (packed === undefined) throw new Error('an answer made here cannot be read back')
  return { ...packed, rcode: contents.rcode, lifetime: contents.rcode > 0xf ? 0 : packed.lifetime }
}

/** The packed answer without records to a query that is refused with a response code. */
export function encodeRefusal(
  query: Query,
  rcode: number,
  extendedErrors: readonly ExtendedErrorText[],
): PackedAnswer {
  const name = readName(query.wireName, 0)?.name ?? []
  return encodeAnswer({
    question: { name, type: query.type, class: query.class },
    rcode,
    authoritative: false,
    extendedErrors,
  })
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** Writes a message front to back, remembering where each name stands to point to it again. */
class Writer {
  readonly #bytes: Uint8Array
  readonly #places = new Map<string, number>()
  #offset = HEADER_LENGTH

  constructor(room: number) {
    this.#bytes = new Uint8Array(room)
  }

  word(value: number): void {
    this.#bytes[this.#offset++] = value >> 8
    this.#bytes[this.#offset++] = value & 0xff
  }

  /** Writes a name, pointing to its longest part that is already there (RFC 1035 §4.1.4). */
  name(name: Name): void {
    for (let index = 0; index < name.length; index++) {
      const rest = nameKey(name.slice(index))
      const place = this.#places.get(rest)
      if (place !== undefined) {
        this.word(0xc000 | place)
        return
      }
      if (this.#offset <= MAX_POINTER) this.#places.set(rest, this.#offset)
      const label = name[index]!
      this.#bytes[this.#offset++] = label.length
      for (let octet = 0; octet < label.length; octet++) this.#bytes[this.#offset++] = label.charCodeAt(octet)
    }
    this.#bytes[this.#offset++] = 0
  }

  /** Writes a record, if it is one and there is room for it. */
  record({ name, type, ttl, data }: ResourceRecord): 'written' | 'malformed' | 'no-room' {
    const most = nameLength(name) + 10 + data.length
    if (!isValidName(name) || data.length > 0xffff || !isWholeRdata(type, data)) return 'malformed'
    if (this.#offset + most > this.#bytes.length) return 'no-room'
    this.name(name)
    this.word(type)
    this.word(Class.IN)
    this.word(ttl >>> 16)
    this.word(ttl & 0xffff)
    this.word(data.length)
    this.#bytes.set(data, this.#offset)
    this.#offset += data.length
    return 'written'
  }

  finish(flags: number, counts: readonly number[]): Uint8Array {
    const end = this.#offset
    this.#offset = 2
    this.word(flags)
    this.word(1)
    for (const count of counts) this.word(count)
    return this.#bytes.subarray(0, end)
  }
}
