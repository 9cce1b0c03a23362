import type { Message } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { isSupportedAlgorithm } from './algorithms.ts'
import { type DnsKey, digestedKey, isRevoked, isZoneKey, readDnsKey } from './dnskey.ts'
import { type Ds, isSupportedDigest, readDs, strongest } from './ds.ts'
import { type Effort, MAX_DIGESTS, newEffort } from './effort.ts'
import { rrSetsOf } from './rrset.ts'
import { type Bogus, bogus, DnssecError, INSECURE, type Insecure } from './verdict.ts'
import { verifySet } from './verify.ts'

/** The keys that sign a zone, known to be its own. */
export interface ZoneKeys {
  readonly zone: Name
  readonly keys: readonly DnsKey[]
  /** Seconds they may be kept: what is left of their TTL and of their signature. */
  readonly lifetime: number
}

/**
 * The keys of a zone, by the digests its parent or its Namecoin value has of them (RFC 4035 §5.2).
 *
 * @param ds            the DS records for the zone, known to be genuine; insecure when it is empty
 * @param dnskeyAnswer  the zone's answer to a question for its DNSKEY records with DO
 * @param now           seconds since 1970
 * @param effort        what is left of the client's question
 */
export async function authenticateKeys(
  zone: Name,
  ds: readonly ResourceRecord[],
  dnskeyAnswer: Message,
  now: number,
  effort: Effort = newEffort(),
): Promise<{ readonly kind: 'secure'; readonly keys: ZoneKeys } | Insecure | Bogus> {
  const digests = ds.map(readDs).filter((digest) => digest !== undefined)
  const usable = digests.filter(
    ({ algorithm, digestType }) => isSupportedAlgorithm(algorithm) && isSupportedDigest(digestType),
  )
  // RFC 4035 §5.2, RFC 6840 §5.2: a zone signed in ways not known here counts as one that is not signed.
  if (usable.length === 0) return INSECURE

  const set = rrSetsOf(dnskeyAnswer.answer).find(zone, Type.DNSKEY)
  if (set === undefined)
    return bogus(DnssecError.DNSKEY_MISSING, 'the zone has DS records and shows no DNSKEY')
  const keys = set.records.map(readDnsKey).filter((key) => key !== undefined)
  const anchored = await keysWithDigest(zone, keys, strongest(usable))
  if (anchored.length === 0)
    return bogus(DnssecError.DNSKEY_MISSING, 'no DNSKEY of the zone is that of a DS record')
  const entry = anchored.filter((key) => isZoneKey(key) && !isRevoked(key))
  if (entry.length === 0)
    return bogus(DnssecError.NO_ZONE_KEY_BIT, 'the DNSKEY of the DS record may not sign a zone')

  const verified = await verifySet(set, { zone, keys: entry }, now, effort)
  if (verified.kind === 'bogus') return verified
  const trusted = keys.filter(
    (key) => isZoneKey(key) && !isRevoked(key) && isSupportedAlgorithm(key.algorithm),
  )
  return { kind: 'secure', keys: { zone, keys: trusted, lifetime: verified.lifetime } }
}

/** The keys that have their digest in one of the DS records; of an accumulation of both not all are compared. */
async function keysWithDigest(
  zone: Name,
  keys: readonly DnsKey[],
  digests: readonly Ds[],
): Promise<readonly DnsKey[]> {
  const pairs = digests.flatMap((ds) =>
    keys
      .filter(({ tag, algorithm }) => tag === ds.tag && algorithm === ds.algorithm)
      .slice(0, MAX_DIGESTS)
      .map((key) => ({ ds, key })),
  )
  const found = new Set<DnsKey>()
  for (const { ds, key } of pairs.slice(0, MAX_DIGESTS))
    if (await ds.isOf(digestedKey(zone, key))) found.add(key)
  return [...found]
}
