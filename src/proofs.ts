import { domainKey, isNamecoinName } from './bit/name.ts'
import { nameFromUser } from './dns/idn.ts'
import { lowerName } from './dns/name.ts'
import type { Flights } from './flights.ts'
import { type NameProof, proveBy } from './namecoin/proof.ts'
import type { NameSource } from './namecoin/source.ts'

/** A proof, with the name as it was asked for. */
export interface NamedProof extends NameProof {
  readonly name: string
}

/** What asking for a proof comes to; `http/proof.ts` has the HTTP side of it. */
export type ProofAnswer =
  | { readonly kind: 'proof'; readonly proof: NamedProof }
  | { readonly kind: 'bad-name'; readonly detail: string }
  | { readonly kind: 'busy' }

/** Milliseconds a proof may take: it waits for slow servers longer than a DNS client would. */
export const PROOF_TIMEOUT_MS = 10_000

/** Proofs under way at once: each asks several servers, and none is answered from a cache. */
export const MAX_PROOFS = 16

/** What proofs need of the runtime. */
export interface ProofTools {
  readonly now: () => number
  readonly timeout: (milliseconds: number) => AbortSignal
  readonly flights: Flights
}

/** Proves names, so many at a time. A name that is being proven already is proven once. */
export function proofsOf(
  source: NameSource,
  { now, timeout, flights }: ProofTools,
): (name: string) => Promise<ProofAnswer> {
  // When each began. On Workers a request whose client goes away just stops, and would keep its place for ever.
  const underWay = new Set<{ readonly since: number }>()

  const hasRoom = (): boolean => {
    for (const one of underWay) if (now() - one.since >= 2 * PROOF_TIMEOUT_MS) underWay.delete(one)
    return underWay.size < MAX_PROOFS
  }

  async function proofOfKey(key: string): Promise<NameProof | undefined> {
    if (!hasRoom()) return undefined
    const own = { since: now() }
    underWay.add(own)
    try {
      return await proveBy(source, key, timeout(PROOF_TIMEOUT_MS))
    } finally {
      underWay.delete(own)
    }
  }

  return async function prove(name) {
    const key = keyOf(name)
    if (key === undefined) return { kind: 'bad-name', detail: BAD_NAME }
    const proof = await flights(`proof ${key}`, () => proofOfKey(key))
    return proof === undefined ? { kind: 'busy' } : { kind: 'proof', proof: { name, ...proof } }
  }
}

const BAD_NAME = 'Invalid name: it takes a name under .bit, or one of the blockchain such as d/example.'

/**
 * The name in the blockchain that a text means: `www.example.bit` is in the value of `d/example`; with a slash it is
 * the blockchain's own. Undefined when there can be none.
 */
export function keyOf(text: string): string | undefined {
  if (text.includes('/')) return isNamecoinName(text) ? text : undefined
  const labels = nameFromUser(text)
  if (labels === undefined) return undefined
  const [domain, top] = lowerName(labels).slice(-2)
  return top === 'bit' && domain !== undefined ? domainKey(domain) : undefined
}
