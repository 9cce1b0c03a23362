import type { ResourceRecord } from '../dns/record.ts'

/**
 * The DNSSEC part of the Extended DNS Errors (RFC 8914 §4). Here and not beside the others because nothing else
 * may give them.
 */
export const DnssecError = {
  BOGUS: 6,
  SIGNATURE_EXPIRED: 7,
  SIGNATURE_NOT_YET_VALID: 8,
  DNSKEY_MISSING: 9,
  RRSIGS_MISSING: 10,
  NO_ZONE_KEY_BIT: 11,
  NSEC_MISSING: 12,
  UNSUPPORTED_NSEC3_ITERATIONS: 27, // RFC 9276 §3.2
} as const

/** The data contradicts the keys, or the proof of it is missing: to be answered with SERVFAIL (RFC 4035 §5.5). */
export interface Bogus {
  readonly kind: 'bogus'
  /** See `DnssecError`: 6 to 12, or 27. */
  readonly code: number
  /** For people. Says nothing of what was asked. */
  readonly detail: string
}

/** There is no chain of trust to the data, and that is proven, or it is of algorithms not known here (RFC 4035 §5.2). */
export interface Insecure {
  readonly kind: 'insecure'
}

/**
 * An answer of which every record is proven. No TTL exceeds what is left of the signatures, those of the proofs
 * included (RFC 4035 §5.3.3).
 *
 * @property answer     the way to the answer and the answer, as far as it lies in the zone, with their RRSIG records
 * @property authority  the SOA and the proofs that something does not exist, with their RRSIG records
 */
export interface SecureAnswer {
  readonly kind: 'secure'
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
}

/** What is known of the origin of data (RFC 4035 §4.3). */
export type Security = { readonly kind: 'secure' } | Insecure | Bogus

export const INSECURE: Insecure = { kind: 'insecure' }

export const bogus = (code: number, detail: string): Bogus => ({ kind: 'bogus', code, detail })
