import dnsPacket from 'dns-packet'
import { skipName } from './name.ts'
import { rdataToText } from './presentation.ts'
import { Type, typeName } from './protocol.ts'
import {
  base64Rest,
  type Cursor,
  characterStrings,
  type Field,
  hexRest,
  ipv4,
  name,
  uint8,
  uint16,
  uint32,
} from './rdata-fields.ts'

/** What dns-packet offers for each record type; its own typings leave the codecs out. */
interface Codec {
  encode(value: unknown): Uint8Array
  decode(data: Uint8Array, offset: number): unknown
}
const codecs = dnsPacket as unknown as { record(type: string): Codec }

/** The types dns-packet 5.6 has a codec for; for any other name it hands out the one for opaque octets. */
const KNOWN_TYPES = new Set(
  'A PTR CNAME DNAME TXT AAAA SRV HINFO CAA NS SOA MX DNSKEY RRSIG RP NSEC NSEC3 SSHFP DS NAPTR TLSA'.split(
    ' ',
  ),
)

/** RDATA in the shape dns-packet gives it, for instance `{ priority, weight, port, target }` of an SRV. */
export type RdataValue = string | object | readonly unknown[]

/**
 * RDATA to wire, by dns-packet's codec for the type. Names in it are written uncompressed, which is right
 * for every type and needed for those after RFC 1035 (RFC 3597 §4).
 *
 * dns-packet writes a name of text labels only; a name that may hold any octet goes through `nameToWire`.
 */
export function encodeRdata(type: number, value: RdataValue): Uint8Array {
  const withLength = codecs.record(typeName(type)).encode(value)
  return Uint8Array.from(withLength.subarray(2))
}

/**
 * RDATA from wire, by dns-packet's codec.
 * @param data RDATA with uncompressed names
 * @returns undefined for a type without a codec and for RDATA that its codec cannot read
 */
export function decodeRdata(type: number, data: Uint8Array): RdataValue | undefined {
  if (!KNOWN_TYPES.has(typeName(type))) return undefined
  const withLength = new Uint8Array(data.length + 2)
  withLength.set([data.length >> 8, data.length & 0xff])
  withLength.set(data, 2)
  try {
    return codecs.record(typeName(type)).decode(Buffer.from(withLength.buffer), 0) as RdataValue
  } catch {
    return undefined
  }
}

/** Types that `presentation.ts` reads: only RDATA that is well-formed has a text of its own there. */
const READ_AS_TEXT: ReadonlySet<number> = new Set([
  Type.A,
  Type.NS,
  Type.CNAME,
  Type.SOA,
  Type.PTR,
  Type.HINFO,
  Type.MX,
  Type.TXT,
  Type.RP,
  Type.AFSDB,
  Type.AAAA,
  Type.LOC,
  Type.SRV,
  Type.NAPTR,
  Type.DNAME,
  Type.DS,
  Type.SSHFP,
  Type.RRSIG,
  Type.NSEC,
  Type.DNSKEY,
  Type.NSEC3,
  Type.NSEC3PARAM,
  Type.TLSA,
  Type.CDS,
  Type.CDNSKEY,
  Type.SVCB,
  Type.HTTPS,
  Type.SPF,
  Type.URI,
  Type.CAA,
  Type.RESINFO,
])

/** The fields of further types, by number as we have no other use for them (IANA, DNS parameters). */
const FURTHER_LAYOUTS: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [7, [name]], // MB (RFC 1035)
  [8, [name]], // MG
  [9, [name]], // MR
  [10, [hexRest]], // NULL
  [14, [name, name]], // MINFO
  [21, [uint16, name]], // RT (RFC 1183)
  [26, [uint16, name, name]], // PX (RFC 2163)
  [36, [uint16, name]], // KX (RFC 2230)
  [37, [uint16, uint16, uint8, base64Rest]], // CERT (RFC 4398)
  [49, [hexRest]], // DHCID (RFC 4701)
  [53, [uint8, uint8, uint8, hexRest]], // SMIMEA (RFC 8162)
  [61, [base64Rest]], // OPENPGPKEY (RFC 7929)
  [104, [uint16, uint32, uint32]], // NID (RFC 6742)
  [105, [uint16, ipv4]], // L32
  [106, [uint16, uint32, uint32]], // L64
  [107, [uint16, name]], // LP
  [108, [uint16, uint32]], // EUI48 (RFC 7043)
  [109, [uint32, uint32]], // EUI64
  [258, [characterStrings]], // AVC
  [262, [characterStrings]], // WALLET
])

/** Types of data that IANA has assigned, first and last: what readers may know and be strict about. */
const ASSIGNED: readonly (readonly [number, number])[] = [
  [1, 53],
  [55, 68],
  [99, 109],
  [256, 264],
  [32768, 32769],
]

const isAssigned = (type: number): boolean => ASSIGNED.some(([first, last]) => type >= first && type <= last)

const hasLayout = (layout: readonly Field[], data: Uint8Array): boolean => {
  const cursor: Cursor = { data, offset: 0 }
  return layout.every((field) => field(cursor) !== undefined) && cursor.offset === data.length
}

/** What `rdataToText` begins with for RDATA that it cannot read (RFC 3597 §5). */
const GENERIC_TEXT = '\\# '

/**
 * Whether RDATA is sure to be well-formed for its type, its names uncompressed.
 *
 * Attack: readers refuse a whole message over one record that is not, and follow a compression pointer in one that
 * came from elsewhere. So of the types that readers may know we let pass only what we can check, all of it. Types
 * that nobody knows are opaque to everyone (RFC 3597 §3) and always pass.
 */
export function isWellFormedRdata(type: number, data: Uint8Array): boolean {
  if (READ_AS_TEXT.has(type))
    return !rdataToText(type, data).startsWith(GENERIC_TEXT) && (FURTHER_RULES.get(type)?.(data) ?? true)
  const layout = FURTHER_LAYOUTS.get(type)
  return layout === undefined ? !isAssigned(type) : hasLayout(layout, data)
}

/** What readers demand beyond the layout. */
const FURTHER_RULES: ReadonlyMap<number, (data: Uint8Array) => boolean> = new Map([
  [Type.NAPTR, hasNoExpression],
  [Type.SSHFP, hasFingerprintOfItsType],
  [Type.SVCB, isConsistentService],
  [Type.HTTPS, isConsistentService],
])

/** Readers check the grammar of the regular expression in NAPTR, which we do not: it must be empty. */
function hasNoExpression(data: Uint8Array): boolean {
  const flags = 4
  const services = flags + 1 + data[flags]!
  const expression = services + 1 + data[services]!
  return data[expression] === 0
}

/** Octets of a fingerprint by its type, which readers check: SHA-1 (RFC 4255 §3.1.2), SHA-256 (RFC 6594 §4.1.2). */
const FINGERPRINT_LENGTHS: ReadonlyMap<number | undefined, number> = new Map([
  [1, 20],
  [2, 32],
])

function hasFingerprintOfItsType([, type, ...fingerprint]: Uint8Array): boolean {
  return fingerprint.length === (FINGERPRINT_LENGTHS.get(type) ?? fingerprint.length)
}

/** Keys of SvcParams (RFC 9460 §14.3.2, RFC 9461 §5). */
const Parameter = { MANDATORY: 0, ALPN: 1, NO_DEFAULT_ALPN: 2, DOH_PATH: 7, INVALID: 65535 } as const

/**
 * Whether the SvcParams go together: none in AliasMode (RFC 9460 §2.4.2), all there that are mandatory (§8), an ALPN
 * where there is no default one (§7.1.1), and a DoH path that is one (RFC 9461 §5).
 */
function isConsistentService(data: Uint8Array): boolean {
  const parameters = serviceParametersOf(data)
  const [high, low] = data
  if (high === 0 && low === 0) return parameters.size === 0
  const mandatory = parameters.get(Parameter.MANDATORY) ?? new Uint8Array()
  for (let offset = 0; offset < mandatory.length; offset += 2)
    if (!parameters.has(uint16At(mandatory, offset))) return false
  if (parameters.has(Parameter.INVALID)) return false
  if (parameters.has(Parameter.NO_DEFAULT_ALPN) && !parameters.has(Parameter.ALPN)) return false
  const path = parameters.get(Parameter.DOH_PATH)
  return path === undefined || isDohPath(path)
}

function serviceParametersOf(data: Uint8Array): Map<number, Uint8Array> {
  const parameters = new Map<number, Uint8Array>()
  const priorityLength = 2
  for (let offset = skipName(data, priorityLength); offset < data.length; ) {
    const start = offset + 4
    const end = start + uint16At(data, offset + 2)
    parameters.set(uint16At(data, offset), data.subarray(start, end))
    offset = end
  }
  return parameters
}

/** A path and the variable `dns`: of URI templates in general readers make different things. */
const DOH_PATH = /^\/[!-z]*\{\?dns\}$/

const isDohPath = (octets: Uint8Array): boolean => DOH_PATH.test(String.fromCharCode(...octets))

const uint16At = (data: Uint8Array, offset: number): number => (data[offset]! << 8) | data[offset + 1]!
