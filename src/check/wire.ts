import { skipName } from '../dns/name.ts'
import { Class, HEADER_LENGTH, Type } from '../dns/protocol.ts'

const uint16 = (bytes: Uint8Array, offset: number): number => (bytes[offset]! << 8) | bytes[offset + 1]!

/** TYPE, CLASS, TTL and RDLENGTH of a record (RFC 1035 §4.1.3). */
const RECORD_FIXED_LENGTH = 10

/** What `readMessage` passes over, and some clients do not. */
export interface Layout {
  readonly questions: number
  /** Octets behind the last record. */
  readonly surplus: number
  /** Whether every record of the answer section is of class IN. */
  readonly isInternet: boolean
}

/** How a message is laid out; undefined when its records do not fit into it. */
export function layoutOf(message: Uint8Array): Layout | undefined {
  if (message.length < HEADER_LENGTH) return undefined
  const questions = uint16(message, 4)
  const answers = uint16(message, 6)
  const records = answers + uint16(message, 8) + uint16(message, 10)
  let offset = HEADER_LENGTH
  let isInternet = true
  for (let question = 0; question < questions; question++) {
    const end = skipName(message, offset)
    if (end === -1) return undefined
    offset = end + 4
  }
  for (let record = 0; record < records; record++) {
    const fixed = skipName(message, offset)
    if (fixed === -1 || fixed + RECORD_FIXED_LENGTH > message.length) return undefined
    if (record < answers && uint16(message, fixed) !== Type.OPT && uint16(message, fixed + 2) !== Class.IN)
      isInternet = false
    offset = fixed + RECORD_FIXED_LENGTH + uint16(message, fixed + 8)
  }
  const surplus = message.length - offset
  return surplus < 0 ? undefined : { questions, surplus, isInternet }
}

/** QNAME, octet for octet; undefined when there is none. */
export function questionOctets(message: Uint8Array): Uint8Array | undefined {
  const end = uint16(message, 4) === 0 ? -1 : skipName(message, HEADER_LENGTH)
  return end === -1 || end + 4 > message.length ? undefined : message.subarray(HEADER_LENGTH, end + 4)
}

export const equalOctets = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a !== undefined && b !== undefined && a.length === b.length && a.every((octet, index) => octet === b[index])

/** Whether two messages have the same question, letters aside (RFC 4343). */
export const asksTheSame = (a: Uint8Array, b: Uint8Array): boolean =>
  equalOctets(questionOctets(a)?.map(lower), questionOctets(b)?.map(lower))

const lower = (octet: number): number => (octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet)
