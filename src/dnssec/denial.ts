import type { Name } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import { hasType, typesIn } from './type-bit-map.ts'
import { type Bogus, bogus, DnssecError, type Security } from './verdict.ts'

/** What the NSEC or the NSEC3 records of a message prove about names of the zone. Names are at or below its apex. */
export interface Denial {
  /** There is nothing of the type at the name, though the name or a wildcard for it exists. */
  noData(name: Name, type: number): Promise<Security>
  /** There is no such name, and no wildcard for it. */
  noName(name: Name): Promise<Security>
  /** Nothing comes closer to the name than the wildcard (RFC 4035 §5.3.4). */
  noCloserName(name: Name, wildcard: Name): Promise<Security>
  /** The name is a zone of its own without a DS record: insecure. Or it is no zone of its own: uncut. */
  noDs(name: Name): Promise<{ readonly kind: 'insecure' } | { readonly kind: 'uncut' } | Bogus>
}

/** Nothing in the message proves what it says. */
export const NOT_PROVEN: Bogus = bogus(DnssecError.NSEC_MISSING, 'no proof that there is no such record')

/** The pseudo-type that says "this name does not exist" in a compact denial (RFC 9824 §2). */
const NXNAME = 128

/** Types that a name has only because it denies others. */
const OF_DENIAL: ReadonlySet<number> = new Set([Type.RRSIG, Type.NSEC, NXNAME])

/** Whether a name with these types is a delegation, seen from the parent's side (RFC 6840 §4.1). */
export const isDelegation = (types: Uint8Array): boolean =>
  hasType(types, Type.NS) && !hasType(types, Type.SOA)

/** Whether nothing of this zone can be below a name with these types, so that its record must not deny any (RFC 6840 §4.1). */
export const endsZone = (types: Uint8Array): boolean => isDelegation(types) || hasType(types, Type.DNAME)

/** RFC 9824 §3: the name exists for its proof alone. */
export const isNonexistent = (types: Uint8Array): boolean => hasType(types, NXNAME)

/**
 * Whether a name with these types has nothing of the type asked for (RFC 4035 §5.4, RFC 5155 §8.5, RFC 6840 §4.3).
 * Of a zone cut the parent may deny DS alone, and the child all but DS: what the other says is no proof.
 */
export function deniesType(types: Uint8Array, type: number): boolean {
  if (hasType(types, Type.CNAME) || hasType(types, type)) return false
  if (type === Type.DS ? hasType(types, Type.SOA) : isDelegation(types)) return false
  if (type !== Type.ANY) return true
  for (const present of typesIn(types)) if (!OF_DENIAL.has(present)) return false
  return true
}
