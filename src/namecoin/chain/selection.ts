import { expiresIn, isExpired } from './expiry.ts'
import { sameOctets } from './hash.ts'
import type { Network } from './network.ts'

/** Which of a name's verified updates is served. Source: light-client.md §10. */

/** An update of a name that is proven to be in a block. */
export interface Update {
  readonly operation: 'first-update' | 'update'
  readonly value: Uint8Array
  readonly height: number
  /** Place of its transaction in the block: a name can be updated more than once in one. */
  readonly position: number
  readonly txid: Uint8Array
  /** Which output of the transaction it is: the next update spends it. */
  readonly output: number
  /** What the transaction spends. */
  readonly spends: readonly { readonly txid: Uint8Array; readonly output: number }[]
}

/** What the updates mean at a tip. */
export type Selection =
  | {
      readonly kind: 'found'
      readonly update: Update
      /** Blocks that vouch for it, its own among them. */
      readonly confirmations: number
      /** Blocks until it expires, at least 1. */
      readonly expiresIn: number
      /** Newer updates that wait for confirmations: answers should not be kept for long. */
      readonly waiting: number
    }
  /** There was a registration; `update` is the last of it. */
  | { readonly kind: 'expired'; readonly update: Update }
  /** There are updates, none with enough confirmations, and no older one holds: not yet. */
  | { readonly kind: 'unconfirmed'; readonly update: Update; readonly confirmations: number }
  | { readonly kind: 'absent' }

/** Core's rule for registrations, and what makes a privately mined branch too dear: light-client.md §10. */
export const LEAST_CONFIRMATIONS = 12

/**
 * The newest update with enough confirmations. While a newer one is still too young, the one before it holds unless it
 * has expired; a registration after an expiry has none before it. Updates above the tip are not believed.
 *
 * @param updates - in any order, repeated or not: whatever servers sent and proofs held
 * @param tip - height of the chain with the most work
 */
export function selectUpdate(
  network: Network,
  updates: readonly Update[],
  tip: number,
  leastConfirmations = LEAST_CONFIRMATIONS,
): Selection {
  const newestFirst = distinct(updates.filter(({ height }) => height <= tip).sort(byAge))
  const newest = newestFirst[0]
  if (newest === undefined) return { kind: 'absent' }
  if (isExpired(network, newest.height, tip)) return { kind: 'expired', update: newest }
  const mature = newestFirst.findIndex(({ height }) => tip - height + 1 >= leastConfirmations)
  const index = mature < 0 ? -1 : holding(network, newestFirst, mature, tip)
  const update = newestFirst[index]
  const confirmations = tip - (update ?? newest).height + 1
  if (update === undefined) return { kind: 'unconfirmed', update: newest, confirmations }
  return {
    kind: 'found',
    update,
    confirmations,
    expiresIn: expiresIn(network, update.height, tip),
    waiting: index,
  }
}

/**
 * The mature update, or when that has expired meanwhile the young one that renewed it in time: nobody but its owner
 * could spend it. -1 when there is neither, as after a new registration.
 */
function holding(network: Network, newestFirst: readonly Update[], mature: number, tip: number): number {
  const older = newestFirst[mature]!
  if (!isExpired(network, older.height, tip)) return mature
  const renewal = newestFirst[mature - 1]
  return renewal?.operation === 'update' && spends(renewal, older) ? mature - 1 : -1
}

function spends(update: Update, older: Update): boolean {
  return update.spends.some(({ txid, output }) => output === older.output && sameOctets(txid, older.txid))
}

function byAge(one: Update, other: Update): number {
  return other.height - one.height || other.position - one.position
}

function distinct(sorted: readonly Update[]): readonly Update[] {
  return sorted.filter((update, index) => index === 0 || byAge(update, sorted[index - 1]!) !== 0)
}
