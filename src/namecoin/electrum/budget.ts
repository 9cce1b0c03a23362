/**
 * What asking costs a server. ElectrumX adds up costs per IP address, forgets 1 unit a second, slows replies down
 * from 1,000 units on and cuts the connection at 10,000 (server/session.py, `COST_HARD_LIMIT`). We keep the same
 * account and stop long before: Electrum-NMC 4.0.6, which does not, cannot synchronise (its issue #375).
 */

/** Units that a server may be asked for at once, by us: the 4,000, of the 10,000 that it bears. */
export const MAX_COST = 4_000

/** Units a second that come back: what the server forgets. So its own account never exceeds `MAX_COST`. */
const REGAINED_PER_SECOND = 1

/** Units that only lookups may use, so that they go on while headers are fetched: some 500 lookups. */
const KEPT_FOR_LOOKUPS = 1_000

/** Octets, sent or received, for one unit (`BANDWIDTH_UNIT_COST`). */
const OCTETS_PER_UNIT = 5_000

/** What is asked for: headers by the hundred can wait, somebody waits for a lookup. */
export type Use = 'lookup' | 'bulk'

export interface Budget {
  /** Whether so many units may be spent now. */
  allows(units: number, use: Use): boolean
  /** Spends. What was received has to be paid for, even beyond what there is. */
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

/** Units for so many octets. */
export const bandwidthCost = (octets: number): number => octets / OCTETS_PER_UNIT

/** Units for a call, its octets left out; what servers of any version charge at most. */
export function callCost(method: string, params: readonly unknown[]): number {
  if (method !== 'blockchain.block.headers') return CALL_COSTS[method] ?? 1
  const [, count] = params
  return 1 + (typeof count === 'number' ? count / 50 : 0)
}

const CALL_COSTS: Readonly<Record<string, number>> = {
  'server.version': 0.5,
  'server.ping': 0.1,
  'blockchain.headers.subscribe': 0.25,
  'blockchain.block.header': 1.25,
  'blockchain.transaction.get_merkle': 1.25,
  'blockchain.name.get_value_proof': 4, // a transaction, a branch and a header for the newest update
}
