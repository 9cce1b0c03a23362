/**
 * What validation may cost for one question of a client, whatever messages it takes.
 *
 * Attack: KeyTrap (CVE-2023-50387). Hundreds of keys with one key tag times hundreds of signatures of one RRset keep
 * a validator busy for hours. An honest zone needs one verification an RRset, and seldom two: some eight for its keys, an
 * answer and its proofs. Each server may begin anew, but with what the others have left.
 */
export const MAX_VERIFICATIONS = 64

/** The same for a single RRset, so that one that is hopeless leaves something for the others (Unbound: 8). */
export const MAX_VERIFICATIONS_PER_RRSET = 8

/** DS digests computed for the keys of a zone: a DS record matches one key, but for accidents. */
export const MAX_DIGESTS = 16

/**
 * SHA-1 runs for the NSEC3 proofs of one question (PowerDNS: 600 for a message).
 *
 * Attack: CVE-2023-50868. A name of a hundred labels, each hashed hundreds of times.
 */
export const MAX_HASH_ROUNDS = 1_200

/**
 * Iterations beyond which NSEC3 proofs are not followed: BIND's and Knot Resolver's limit since CVE-2023-50868.
 * RFC 9276 §3.1 wants none at all.
 */
export const MAX_NSEC3_ITERATIONS = 50

/** CNAME and DNAME records followed in one message. */
export const MAX_ALIASES = 16

/** What is left to spend on a question. Counted down by those who do the work. */
export interface Effort {
  verifications: number
  hashRounds: number
}

export const newEffort = (): Effort => ({ verifications: MAX_VERIFICATIONS, hashRounds: MAX_HASH_ROUNDS })
