import type { Name } from '../dns/name.ts'
import { lowerName, nameToWire } from '../dns/name.ts'
import type { ResourceRecord } from '../dns/record.ts'

/** A DNSKEY record (RFC 4034 §2). */
export interface DnsKey {
  readonly flags: number
  readonly algorithm: number
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** See `keyTag`. */
  readonly tag: number
  /** RDATA as a whole: what a DS digest is over. */
  readonly data: Uint8Array
}

/** Bits of the flags (RFC 4034 §2.1.1, RFC 5011 §7). */
const ZONE_KEY = 0x0100
const REVOKED = 0x0080
/** RFC 4034 §2.1.2: no other value has a meaning. */
const PROTOCOL = 3
const FIXED_LENGTH = 4

/** RFC 4034 appendix B. That of RSAMD5 is another; nobody may use it (RFC 8624 §3.1). */
function keyTag(data: Uint8Array): number {
  let sum = 0
  for (let index = 0; index < data.length; index++)
    sum += (index & 1) === 0 ? data[index]! << 8 : data[index]!
  return ((sum & 0xffff) + (sum >>> 16)) & 0xffff
}

/** @returns undefined for RDATA that is no DNSKEY of DNSSEC */
export function readDnsKey({ data }: ResourceRecord): DnsKey | undefined {
  if (data.length <= FIXED_LENGTH || data[2] !== PROTOCOL) return undefined
  return {
    flags: (data[0]! << 8) | data[1]!,
    algorithm: data[3]!,
    publicKey: Uint8Array.from(data.subarray(FIXED_LENGTH)),
    tag: keyTag(data),
    data,
  }
}

/** Whether the key may sign a zone's records: RFC 4034 §2.1.1. */
export const isZoneKey = ({ flags }: DnsKey): boolean => (flags & ZONE_KEY) !== 0

/** Whether its owner has withdrawn the key (RFC 5011 §2.1). */
export const isRevoked = ({ flags }: DnsKey): boolean => (flags & REVOKED) !== 0

/** What a DS digest is over: the owner in canonical form and the RDATA (RFC 4034 §5.1.4). */
export function digestedKey(zone: Name, { data }: DnsKey): Uint8Array<ArrayBuffer> {
  const owner = nameToWire(lowerName(zone))
  const digested = new Uint8Array(owner.length + data.length)
  digested.set(owner)
  digested.set(data, owner.length)
  return digested
}
