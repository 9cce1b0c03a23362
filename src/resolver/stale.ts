/** Serving answers beyond their time: RFC 8767. */
import { extendedError } from '../dns/edns.ts'
import { type PackedAnswer, withTtl } from '../dns/packed.ts'
import { ExtendedError, Rcode } from '../dns/protocol.ts'
import { natureOf } from './failure.ts'
import type { Found } from './question.ts'

/** Seconds that a stale answer may be kept by others (RFC 8767 §4). */
const STALE_TTL = 30

/** Milliseconds after which a client gets a stale answer while the lookup goes on (RFC 8767 §5, client response timer). */
export const CLIENT_RESPONSE_MS = 1_800

/** The answer as it is served in need: with a short TTL, and said to be stale to those who can hear it. */
export function staleAnswer(packed: PackedAnswer): PackedAnswer {
  const code =
    packed.rcode === Rcode.NXDOMAIN ? ExtendedError.STALE_NXDOMAIN_ANSWER : ExtendedError.STALE_ANSWER
  return withTtl(packed, STALE_TTL, extendedError(code, 'no newer answer could be had in time'))
}

/** Whether a stale answer is better than this failure: not when the failure says something about the data itself. */
export const isWorseThanStale = (failure: Found): boolean => natureOf(failure) !== 'finding'

/**
 * Seconds that an answer may be used from now on, in need even beyond its TTLs.
 *
 * Under .bit never beyond the expiry of a name, and never NXDOMAIN: a name registered since would be denied. What
 * does not come from a chain has no expiry to go by, and needs none: a names file can always be asked.
 */
export function usableFor(found: Found, isUnderBit: boolean): number {
  if (!isUnderBit) return Number.POSITIVE_INFINITY
  return found.rcode === Rcode.NOERROR ? (found.usableFor ?? 0) : 0
}
