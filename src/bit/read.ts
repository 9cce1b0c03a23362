import { type DomainObject, toDomainObject } from './domain.ts'
import { parseValue } from './value.ts'

/** What the caller found for one Namecoin name. */
export type FetchedValue =
  | { readonly kind: 'value'; readonly value: Uint8Array }
  /** It never existed, or has expired. */
  | { readonly kind: 'absent' }
  /** There is something that cannot be had as a value. */
  | { readonly kind: 'invalid'; readonly detail?: string }
  /** It could not be asked for. */
  | { readonly kind: 'unreachable' }

/** Gets the value of one Namecoin name, given as text with its namespace: `d/example`, `dd/shared`. */
export type FetchValue = (name: string) => Promise<FetchedValue>

/** A Namecoin name as far as it is of use here. */
export type ReadValue =
  | { readonly kind: 'object'; readonly object: DomainObject }
  | { readonly kind: 'absent' }
  | { readonly kind: 'invalid'; readonly detail: string }
  | { readonly kind: 'unreachable' }

/** Distinct names fetched for one query (namecoin-values §3): further imports fail, the query does not. */
export const MAX_FETCHES = 16

/**
 * Imports followed for one query, counting those of names already at hand.
 *
 * Attack: `{"map":{"a":{"import":"d/x"},…}}` in d/x itself costs ncdns millions of lookups; selectors that lead back
 * into their own value multiply likewise without a single further fetch (namecoin-values §6).
 */
export const MAX_IMPORTS = 64

/** What one query has cost so far. One is shared by all lookups of a query, a chain of aliases included. */
export interface Effort {
  /** Every name fetched, with what came of it. */
  readonly values: Map<string, Promise<ReadValue>>
  /** Imports followed. */
  imports: number
}

/** The effort of a query that has cost nothing yet. */
export const startEffort = (): Effort => ({ values: new Map(), imports: 0 })

/** Reads names through `fetch`, each one once. */
export type Reader = (name: string) => Promise<ReadValue>

/** A reader that remembers in `effort` what it has read. */
export const readThrough =
  (fetch: FetchValue, { values }: Effort): Reader =>
  (name) => {
    const known = values.get(name)
    if (known !== undefined) return known
    const reading = readOne(name, fetch)
    values.set(name, reading)
    return reading
  }

async function readOne(name: string, fetch: FetchValue): Promise<ReadValue> {
  const fetched = await askFor(name, fetch)
  if (fetched.kind === 'invalid') return { kind: 'invalid', detail: fetched.detail ?? 'no value' }
  if (fetched.kind !== 'value') return fetched
  const parsed = parseValue(fetched.value)
  return parsed.kind === 'object' ? { kind: 'object', object: toDomainObject(parsed.object) } : parsed
}

async function askFor(name: string, fetch: FetchValue): Promise<FetchedValue> {
  try {
    return await fetch(name)
  } catch {
    return { kind: 'unreachable' }
  }
}
