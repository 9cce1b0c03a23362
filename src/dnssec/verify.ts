import { equalNames, isAtOrBelow, type Name } from '../dns/name.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { isSupportedAlgorithm, verify } from './algorithms.ts'
import { canonicalSet, signedData } from './canonical.ts'
import type { DnsKey } from './dnskey.ts'
import { type Effort, MAX_VERIFICATIONS_PER_RRSET } from './effort.ts'
import type { RrSet } from './rrset.ts'
import { remaining, type Signature, validSince } from './signature.ts'
import { type Bogus, bogus, DnssecError } from './verdict.ts'

/** An RRset that a key of the zone has signed. */
export interface VerifiedSet {
  readonly kind: 'secure'
  readonly owner: Name
  readonly type: number
  /** The records and the signature, none with a TTL beyond `lifetime`. */
  readonly records: readonly ResourceRecord[]
  /** Seconds: the least of the TTLs, the original TTL and what is left of the signature (RFC 4035 §5.3.3). */
  readonly lifetime: number
  /** The wildcard that the records come from, when they do (RFC 4035 §5.3.4): they prove no more than half then. */
  readonly wildcard: Name | undefined
}

/** The keys a signature may be made with, and the zone they belong to. */
export interface Signers {
  readonly zone: Name
  readonly keys: readonly DnsKey[]
}

const WILDCARD_LABEL = '*'

/** RFC 4034 §3.1.3: without the root and the asterisk of a wildcard. */
const countedLabels = (owner: Name): number => (owner[0] === WILDCARD_LABEL ? owner.length - 1 : owner.length)

/** Whether the zone can have made the signature for such an owner at all (RFC 4035 §5.3.1). */
const isOf =
  ({ owner }: RrSet, zone: Name) =>
  ({ signer, labels }: Signature): boolean =>
    equalNames(signer, zone) &&
    isAtOrBelow(owner, zone) &&
    labels <= countedLabels(owner) &&
    // A wildcard above the zone would be one of another zone.
    labels >= zone.length

/** The owner that was signed: its wildcard for a signature with fewer labels (RFC 4035 §5.3.2). */
const signedOwner = (owner: Name, { labels }: Signature): Name =>
  labels < countedLabels(owner) ? [WILDCARD_LABEL, ...owner.slice(owner.length - labels)] : owner

/** Verifies an RRset by any one of its signatures (RFC 4035 §5.3, RFC 6840 §5.11). */
export async function verifySet(
  set: RrSet,
  { zone, keys }: Signers,
  now: number,
  effort: Effort,
): Promise<VerifiedSet | Bogus> {
  if (set.signatures.length === 0) return bogus(DnssecError.RRSIGS_MISSING, 'an RRset has no signature')
  const own = set.signatures.filter(isOf(set, zone))
  if (own.length === 0) return bogus(DnssecError.RRSIGS_MISSING, 'an RRset has no signature of its zone')
  const known = own.filter(({ algorithm }) => isSupportedAlgorithm(algorithm))
  if (known.length === 0)
    return bogus(DnssecError.RRSIGS_MISSING, 'an RRset has no signature of a supported algorithm')
  const current = known.filter(
    (signature) => remaining(signature, now) >= 0 && validSince(signature, now) >= 0,
  )
  if (current.length === 0)
    return known.some((signature) => remaining(signature, now) < 0)
      ? bogus(DnssecError.SIGNATURE_EXPIRED, 'the signature of an RRset has expired')
      : bogus(DnssecError.SIGNATURE_NOT_YET_VALID, 'the signature of an RRset is not valid yet')

  let tries = 0
  let canonical: readonly Uint8Array[] | undefined
  for (const signature of current) {
    const owner = signedOwner(set.owner, signature)
    let data: Uint8Array<ArrayBuffer> | undefined
    for (const key of keys) {
      if (key.tag !== signature.tag || key.algorithm !== signature.algorithm) continue
      if (tries++ >= MAX_VERIFICATIONS_PER_RRSET || effort.verifications-- <= 0)
        return bogus(DnssecError.BOGUS, 'more signatures and keys than are tried')
      canonical ??= canonicalSet(set.records)
      data ??= signedData(signature.fixed, zone, owner, signature.originalTtl, set.type, canonical)
      if (await verify(key, signature.octets, data)) return verifiedSet(set, signature, owner, now)
    }
  }
  return tries === 0
    ? bogus(DnssecError.DNSKEY_MISSING, 'no key of the zone has signed an RRset')
    : bogus(DnssecError.BOGUS, 'the signature of an RRset is wrong')
}

function verifiedSet(set: RrSet, signature: Signature, signed: Name, now: number): VerifiedSet {
  const { owner, type } = set
  const records = [...set.records, signature.record]
  const lifetime = Math.min(
    signature.originalTtl,
    remaining(signature, now),
    ...records.map(({ ttl }) => ttl),
  )
  return {
    kind: 'secure',
    owner,
    type,
    records: records.map((record) => ({ ...record, ttl: lifetime })),
    lifetime,
    wildcard: equalNames(signed, owner) ? undefined : signed,
  }
}
