import { type Name, nameLength, readName } from '../dns/name.ts'
import type { ResourceRecord } from '../dns/record.ts'

/** An RRSIG record (RFC 4034 §3). */
export interface Signature {
  readonly record: ResourceRecord
  readonly typeCovered: number
  readonly algorithm: number
  /** Labels of the owner that was signed, without the root and a wildcard's asterisk. */
  readonly labels: number
  readonly originalTtl: number
  /** Seconds since 1970, modulo 2^32. */
  readonly expiration: number
  readonly inception: number
  readonly tag: number
  readonly signer: Name
  readonly octets: Uint8Array<ArrayBuffer>
  /** RDATA up to the signer's name. */
  readonly fixed: Uint8Array
}

/** RDATA before the signer's name. */
const FIXED_LENGTH = 18

/** @returns undefined for RDATA that is no RRSIG; a compressed name in it was never allowed (RFC 4034 §3.1.7) */
export function readSignature(record: ResourceRecord): Signature | undefined {
  const { data } = record
  const read = data.length > FIXED_LENGTH ? readName(data, FIXED_LENGTH) : undefined
  if (read === undefined || read.end - FIXED_LENGTH !== nameLength(read.name)) return undefined
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  return {
    record,
    typeCovered: view.getUint16(0),
    algorithm: view.getUint8(2),
    labels: view.getUint8(3),
    originalTtl: view.getUint32(4),
    expiration: view.getUint32(8),
    inception: view.getUint32(12),
    tag: view.getUint16(16),
    signer: read.name,
    octets: Uint8Array.from(data.subarray(read.end)),
    fixed: data.subarray(0, FIXED_LENGTH),
  }
}

/** Seconds from one time to another, each modulo 2^32: less than 68 years apart (RFC 4034 §3.1.5, RFC 1982). */
const secondsFrom = (earlier: number, later: number): number => (later - earlier) | 0

/** Seconds until the signature expires; negative when it has. */
export const remaining = ({ expiration }: Signature, now: number): number => secondsFrom(now, expiration)

/** Seconds since the signature is valid; negative when it is not yet. Signers date it back for clocks that are slow. */
export const validSince = ({ inception }: Signature, now: number): number => secondsFrom(inception, now)
