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
  /** It was not asked for: the query has fetched as many names as it may. */
  | { readonly kind: 'exhausted' }

/** Distinct names fetched for one query (namecoin-values §3), aliases included. */
export const MAX_FETCHES = 16

/**
 * Imports followed for one query, counting those of names already at hand.
 *
 * Attack: `{"map":{"a":{"import":"d/x"},…}}` in d/x itself costs ncdns millions of lookups; selectors that lead back
 * into their own value multiply likewise without a single further fetch (namecoin-values §6).
 */
export const MAX_IMPORTS = 64

/**
 * Steps from layer to layer for one query: each look at a layer, at the end of some layers, or at an import.
 *
 * Attack: names that import each other under maps and selectors make many thousands of them from 17 values of a few
 * hundred octets. That took 15 ms each time, as random labels under a wildcard are in no cache: 40 such queries
 * stopped everybody else's for half a second. A step takes one to three microseconds. The values of the demo and of our
 * regtest chain take 70 at most; the most elaborate honest ones we could think of, with seven names, some 370.
 */
export const MAX_STEPS = 1000

/** What one query has cost so far. One is shared by all lookups of a query, a chain of aliases included. */
export interface Effort {
  /** Every name fetched, with what came of it. */
  readonly values: Map<string, Promise<ReadValue>>
  /** Imports followed. */
  imports: number
  /** Steps made. */
  steps: number
  /** Imports not followed because of a limit: whatever is missing then may not be missing. */
  refused: number
}

/** The effort of a query that has cost nothing yet. */
export const startEffort = (): Effort => ({ values: new Map(), imports: 0, steps: 0, refused: 0 })

/** Ends a walk through the values from anywhere in it. */
export class StoppedWalk extends Error {}

/** The query has made as many steps as it may. */
export class OutOfSteps extends StoppedWalk {}

/** Accounts for steps about to be made. @throws OutOfSteps */
export function spendSteps(effort: Effort, steps: number): void {
  effort.steps += steps
  if (effort.steps > MAX_STEPS) throw new OutOfSteps(`more than ${MAX_STEPS} steps`)
}

/** Reads names through `fetch`, each one once. */
export type Reader = (name: string) => Promise<ReadValue>

/** A reader that remembers in `effort` what it has read, and reads no more than `MAX_FETCHES` names. */
export const readThrough =
  (fetch: FetchValue, { values }: Effort): Reader =>
  (name) => {
    const known = values.get(name)
    if (known !== undefined) return known
    if (values.size >= MAX_FETCHES) return Promise.resolve({ kind: 'exhausted' })
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
