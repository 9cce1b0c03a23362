import { fromHex, toHex } from '../namecoin/hex.ts'
import type { NameProof } from '../namecoin/proof.ts'
import type { NameOutcome, SourceState, Tip } from '../namecoin/source.ts'

/**
 * What a Worker and its light client's Durable Object say to each other: a POST with JSON, so that no name stands in a
 * URL. Both are of one deployment and trust each other.
 */

/** Only the binding leads there; the host does not matter. */
export const OBJECT_URL = 'https://light-client.invalid/'

export type ObjectQuestion =
  | { readonly ask: 'lookup' | 'prove'; readonly name: string }
  | { readonly ask: 'tip' | 'state' }

export interface ObjectAnswers {
  readonly lookup: NameOutcome
  readonly prove: NameProof
  /** Null while there is none. */
  readonly tip: Tip | null
  readonly state: SourceState
}

/** JSON has no octets: a value goes as hex. */
export const packOutcome = (outcome: NameOutcome): object =>
  outcome.kind === 'found' ? { ...outcome, value: toHex(outcome.value) } : outcome

export function unpackOutcome(packed: NameOutcome | { readonly value: string }): NameOutcome {
  if (!('value' in packed)) return packed
  return { ...packed, kind: 'found', value: fromHex(packed.value as string)! }
}
