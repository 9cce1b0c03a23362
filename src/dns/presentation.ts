/**
 * Records as zone-file text (RFC 1035 §5.1), for people, for JSON and for the command line. Whatever the octets,
 * the text is printable ASCII and reads back as the same record.
 */
import { location } from './location.ts'
import { nameToText } from './name.ts'
import { Type, typeName } from './protocol.ts'
import {
  base64Rest,
  type Cursor,
  characterString,
  characterStrings,
  type Field,
  hash,
  hexRest,
  ipv4,
  ipv6,
  name,
  quotedNonemptyRest,
  quotedRest,
  recordType,
  salt,
  tag,
  time,
  toHex,
  typeBitMap,
  uint8,
  uint16,
  uint32,
} from './rdata-fields.ts'
import type { ResourceRecord } from './record.ts'
import { serviceParameters } from './service-parameters.ts'

const delegationSigner = [uint16, uint8, uint8, hexRest]
const publicKey = [uint16, uint8, uint8, base64Rest]
const signature = [recordType, uint8, uint8, uint32, time, time, uint16, name, base64Rest]
const serviceBinding = [uint16, name, serviceParameters]

/** The fields of each type's RDATA in their order; the types' RFCs stand beside `Type`. */
const LAYOUTS: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [Type.A, [ipv4]],
  [Type.NS, [name]],
  [Type.CNAME, [name]],
  [Type.SOA, [name, name, uint32, uint32, uint32, uint32, uint32]],
  [Type.PTR, [name]],
  [Type.HINFO, [characterString, characterString]],
  [Type.MX, [uint16, name]],
  [Type.TXT, [characterStrings]],
  [Type.RP, [name, name]],
  [Type.AFSDB, [uint16, name]],
  [Type.AAAA, [ipv6]],
  [Type.LOC, [location]],
  [Type.SRV, [uint16, uint16, uint16, name]],
  [Type.NAPTR, [uint16, uint16, characterString, characterString, characterString, name]],
  [Type.DNAME, [name]],
  [Type.DS, delegationSigner],
  [Type.SSHFP, [uint8, uint8, hexRest]],
  [Type.RRSIG, signature],
  [Type.NSEC, [name, typeBitMap]],
  [Type.DNSKEY, publicKey],
  [Type.NSEC3, [uint8, uint8, uint16, salt, hash, typeBitMap]],
  [Type.NSEC3PARAM, [uint8, uint8, uint16, salt]],
  [Type.TLSA, [uint8, uint8, uint8, hexRest]],
  [Type.CDS, delegationSigner],
  [Type.CDNSKEY, publicKey],
  [Type.SVCB, serviceBinding],
  [Type.HTTPS, serviceBinding],
  [Type.SPF, [characterStrings]],
  [Type.URI, [uint16, uint16, quotedNonemptyRest]],
  [Type.CAA, [uint8, tag, quotedRest]],
  [Type.RESINFO, [characterStrings]],
])

/** RDATA of a type that is unknown, or that is not what its type says (RFC 3597 §5). */
const genericText = (data: Uint8Array): string =>
  data.length === 0 ? '\\# 0' : `\\# ${data.length} ${toHex(data)}`

/** The fields' text, or undefined when one is malformed or octets are left over. */
function fieldsToText(fields: readonly Field[], data: Uint8Array): string | undefined {
  const cursor: Cursor = { data, offset: 0 }
  const texts: string[] = []
  for (const field of fields) {
    const text = field(cursor)
    if (text === undefined) return undefined
    // An empty bit map or parameter list is no field at all in text.
    if (text !== '') texts.push(text)
  }
  return cursor.offset === data.length ? texts.join(' ') : undefined
}

/**
 * RDATA as zone-file text. Never throws; the text is printable ASCII whatever the octets.
 *
 * @param type see `Type`
 * @param data RDATA with uncompressed names, as `readMessage` gives it
 * @returns for a type without a layout here, and for octets that are not well-formed for their type, the
 *   generic form of RFC 3597 §5: `\# 4 0a000001`
 */
export function rdataToText(type: number, data: Uint8Array): string {
  const layout = LAYOUTS.get(type)
  return (layout && fieldsToText(layout, data)) ?? genericText(data)
}

/** The record as one zone-file line without its end: owner, TTL, class, type and RDATA with tabs between. */
export const recordToText = ({ name: owner, type, ttl, data }: ResourceRecord): string =>
  [nameToText(owner), ttl, 'IN', typeName(type), rdataToText(type, data)].join('\t')

/** The purposes of the Extended DNS Errors by number (RFC 8914 §5.2 and the IANA registry it set up). */
const EXTENDED_ERROR_NAMES: readonly string[] = [
  'Other Error',
  'Unsupported DNSKEY Algorithm',
  'Unsupported DS Digest Type',
  'Stale Answer',
  'Forged Answer',
  'DNSSEC Indeterminate',
  'DNSSEC Bogus',
  'Signature Expired',
  'Signature Not Yet Valid',
  'DNSKEY Missing',
  'RRSIGs Missing',
  'No Zone Key Bit Set',
  'NSEC Missing',
  'Cached Error',
  'Not Ready',
  'Blocked',
  'Censored',
  'Filtered',
  'Prohibited',
  'Stale NXDOMAIN Answer',
  'Not Authoritative',
  'Not Supported',
  'No Reachable Authority',
  'Network Error',
  'Invalid Data',
  'Signature Expired before Valid',
  'Too Early',
  'Unsupported NSEC3 Iterations Value',
  'Unable to conform to policy',
  'Synthesized',
  'Invalid Query Type',
]

/** What an Extended DNS Error stands for, or `Unknown Error 49152` for a number that is not registered. */
export const extendedErrorName = (code: number): string =>
  EXTENDED_ERROR_NAMES[code] ?? `Unknown Error ${code}`
