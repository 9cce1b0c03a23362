import { isRecord } from '../json-rpc.ts'
import type { Reply } from './failure.ts'

/**
 * What asking costs a server. ElectrumX adds up costs per IP address, forgets 1 unit a second, slows replies down
 * from 1,000 units on and cuts the connection at 10,000 (server/session.py, `COST_HARD_LIMIT`). We keep the same
 * account and stop long before: Electrum-NMC 4.0.6, which does not, cannot synchronise (its issue #375).
 */

/** Units that a server may be asked for at once, by us, of the 10,000 that it bears. */
export const MAX_COST = 4_000

/** Units a second that come back: what the server forgets. So its own account never exceeds `MAX_COST`. */
const REGAINED_PER_SECOND = 1

/** Units that only lookups may use, so that they go on while headers are fetched: some 250 of names that exist, 1,500 of others. */
const KEPT_FOR_LOOKUPS = 1_000

/** Octets, sent or received, for one unit (`BANDWIDTH_UNIT_COST`). */
const OCTETS_PER_UNIT = 5_000

/** What is asked for: headers by the hundred can wait, somebody waits for a lookup. */
export type Use = 'lookup' | 'bulk'

export interface Budget {
  /** Whether so many units may be spent now. */
  allows(units: number, use: Use): boolean
  /** Spends, or with less than 0 gives back. What was received has to be paid for, even beyond what there is. */
  spend(units: number): void
  /** Units that are left; negative when a server sent more than was asked for. */
  left(): number
}

/** @param now milliseconds, of a clock that never goes back */
export function costBudget(now: () => number): Budget {
  let units = MAX_COST
  let at = now()
  function left(): number {
    const time = now()
    units = Math.min(MAX_COST, units + ((time - at) / 1000) * REGAINED_PER_SECOND)
    at = time
    return units
  }
  return {
    allows: (wanted, use) => left() - (use === 'bulk' ? KEPT_FOR_LOOKUPS : 0) >= wanted,
    spend(spent) {
      units = left() - spent
    },
    left,
  }
}

/** Whether what is left is kept for lookups: servers that have more are asked first. */
export const isLow = (budget: Budget): boolean => budget.left() < KEPT_FOR_LOOKUPS

/** Units for so many octets. */
export const bandwidthCost = (octets: number): number => octets / OCTETS_PER_UNIT

// Units for calls, their octets left out, as of ElectrumX 1.16 to 2.0 (server/session.py, `bump_cost`).

/** A connection, before anything is said. */
export const CONNECTION_COST = 5

/** A history (0.1 from the server's cache, otherwise 0.2, and what waits for a block 0.25), and each update in it. */
const HISTORY_COST = 0.45
const HISTORY_ENTRY_COST = 0.001

const TRANSACTION_COST = 1

/** The hashes of a block's transactions, and each of them: read and hashed. */
const BRANCH_COST = 0.25
const BRANCH_ENTRY_COST = 0.0005

/** A header with its branch to a checkpoint's root. */
const HEADER_PROOF_COST = 1.25

/** The branch in a block of 2,000 transactions: more than Namecoin's have. */
const MAX_BRANCH_COST = 1.25

/** Octets of one update in a value proof (light-client.md §9), to tell by the length how many there were. */
const UPDATE_OCTETS = 1_250

/** What a call may cost: reserved while it is under way. What settles it is `settledCost`. */
export function callCost(method: string, params: readonly unknown[]): number {
  if (method !== 'blockchain.block.headers') return CALL_COSTS[method] ?? 1
  const [, count] = params
  return 1 + (typeof count === 'number' ? count / 50 : 0)
}

const CALL_COSTS: Readonly<Record<string, number>> = {
  'server.version': 0.5,
  'server.features': 0.2,
  'server.ping': 0.1,
  'blockchain.headers.subscribe': 0.25,
  'blockchain.block.header': HEADER_PROOF_COST,
  'blockchain.transaction.get': TRANSACTION_COST,
  'blockchain.transaction.get_merkle': MAX_BRANCH_COST,
  // The newest update with its header; most names have no younger one.
  'blockchain.name.get_value_proof': HISTORY_COST + TRANSACTION_COST + MAX_BRANCH_COST + HEADER_PROOF_COST,
}

/**
 * What a call has cost, by its reply: a name that does not exist costs a seventh of one that does. Attack: a flood of
 * made-up names that uses up what real lookups need. Errors cost what was reserved: how far the server got, it does
 * not say.
 *
 * @param octets of the reply
 */
export function settledCost(
  method: string,
  params: readonly unknown[],
  reply: Reply,
  octets: number,
): number {
  const reserved = callCost(method, params)
  const isSkipped = reply.kind === 'failed' && reply.code === 'too-long'
  if (method === 'blockchain.name.get_value_proof') {
    if (isSkipped) return HISTORY_COST + (octets / UPDATE_OCTETS) * (TRANSACTION_COST + BRANCH_COST)
    if (reply.kind !== 'result' || !isRecord(reply.result)) return reserved
    const updates = reply.result[String(params[0])]
    return Array.isArray(updates) ? HISTORY_COST + sum(updates.map(updateCost)) : reserved
  }
  if (reply.kind !== 'result') return reserved
  if (method === 'blockchain.scripthash.get_history' && Array.isArray(reply.result)) {
    return HISTORY_COST + HISTORY_ENTRY_COST * reply.result.length
  }
  if (method === 'blockchain.transaction.get_merkle') return branchCost(reply.result)
  return reserved
}

const updateCost = (update: unknown): number =>
  isRecord(update)
    ? TRANSACTION_COST +
      branchCost(update['tx_merkle']) +
      (update['header'] === undefined ? 0 : HEADER_PROOF_COST)
    : 0

/** A branch of so many levels belongs to a block of at most so many transactions. */
function branchCost(proof: unknown): number {
  const branch = isRecord(proof) ? proof['merkle'] : undefined
  if (!Array.isArray(branch)) return MAX_BRANCH_COST
  return Math.min(MAX_BRANCH_COST, BRANCH_COST + BRANCH_ENTRY_COST * 2 ** branch.length)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
