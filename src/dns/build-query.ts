import { OPT_LENGTH, writeOpt } from './edns.ts'
import { type Name, nameLength, writeName } from './name.ts'
import { Class, Flag, HEADER_LENGTH } from './protocol.ts'

/** A question to put on the wire. */
export interface QueryContents {
  readonly name: Name
  readonly type: number
  readonly dnssecOk: boolean
  readonly checkingDisabled: boolean
}

const NO_OPTIONS = new Uint8Array()

/** A query with RD and an OPT record, id 0 (RFC 8484 §4.1): for those who ask without a DNS message of their own. */
export function buildQuery({ name, type, dnssecOk, checkingDisabled }: QueryContents): Uint8Array {
  const message = new Uint8Array(HEADER_LENGTH + nameLength(name) + 4 + OPT_LENGTH)
  const flags = Flag.RD | Flag.AD | (checkingDisabled ? Flag.CD : 0)
  message.set([0, 0, flags >> 8, flags & 0xff, 0, 1, 0, 0, 0, 0, 0, 1])
  const end = writeName(name, message, HEADER_LENGTH)
  message.set([type >> 8, type & 0xff, 0, Class.IN], end)
  writeOpt(message, end + 4, { rcode: 0, dnssecOk, options: NO_OPTIONS, padding: undefined })
  return message
}
