import { type Name, nameKey } from '../dns/name.ts'

/**
 * The key of the Namecoin name that a zone is at or below: whose owner is to have no more than anybody else's.
 *
 * Attack: under a wildcard with nameservers every name asked for is a zone of its own, so that what is bounded for each
 * zone is not bounded at all.
 */
export const ownerKey = (zone: Name): string => nameKey(zone.slice(-2))
