import { type Name, nameToWire } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import type { BitAnswer } from './answer.ts'
import { anyRecord, VALUE_TTL } from './records.ts'

/** The zone that Namecoin's names with the prefix `d/` stand under. */
export const BIT: Name = ['bit']

/** The nameserver of `bit.`: ncdns has it by this name, and no Namecoin name can stand for `x--nmc.bit`. */
const NAMESERVER: Name = ['this', 'x--nmc', 'bit']

/**
 * Seconds that the absence of a name or of records may be kept (RFC 2308 §5; namecoin-values §5.7: 60 to 600). It is
 * the SOA's MINIMUM and its TTL in one: a name registered now is seen within half a block.
 */
export const NEGATIVE_TTL = 300

/** Refresh, retry and expire of the SOA, in seconds, as ncdns has them. Nobody transfers the zone. */
const REFRESH = 600
const RETRY = 600
const EXPIRE = 7200

/**
 * The SOA of `bit.`, for answers that say no and for who asks for it. Its TTL is the negative TTL already.
 * @param serial the height of the newest block
 */
export function soaRecord(serial: number): ResourceRecord {
  const numbers = [serial, REFRESH, RETRY, EXPIRE, NEGATIVE_TTL]
  const names = [...nameToWire(NAMESERVER), ...nameToWire([])]
  const data = new Uint8Array(names.length + 4 * numbers.length)
  data.set(names)
  const view = new DataView(data.buffer)
  numbers.forEach((number, index) => {
    view.setUint32(names.length + 4 * index, number)
  })
  return { name: BIT, type: Type.SOA, ttl: NEGATIVE_TTL, data }
}

/** The answer for the name `bit` itself. It is not signed: there are no keys, and no DS. */
export function apexAnswer(type: number, serial: number): BitAnswer {
  switch (type) {
    case Type.SOA:
      return { kind: 'answer', records: [soaRecord(serial)] }
    case Type.NS:
      return { kind: 'answer', records: [{ name: BIT, type, ttl: VALUE_TTL, data: nameToWire(NAMESERVER) }] }
    case Type.ANY:
      return { kind: 'answer', records: [anyRecord(BIT)] }
    default:
      return { kind: 'nodata', records: [] }
  }
}
