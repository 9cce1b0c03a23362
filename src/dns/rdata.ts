import dnsPacket from 'dns-packet'
import { typeName } from './protocol.ts'

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

/**
 * Whether the RDATA is well-formed for its type, as far as we know the type: it reads, and writes back to the
 * same octets. Types without a codec are opaque (RFC 3597 §3) and always pass.
 */
export function isWellFormedRdata(type: number, data: Uint8Array): boolean {
  if (!KNOWN_TYPES.has(typeName(type))) return true
  const value = decodeRdata(type, data)
  if (value === undefined) return false
  try {
    const again = encodeRdata(type, value)
    return again.length === data.length && again.every((octet, index) => octet === data[index])
  } catch {
    return false
  }
}
