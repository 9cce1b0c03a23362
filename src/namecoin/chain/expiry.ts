import type { Network } from './network.ts'

/** When a name expires. Source: light-client.md §4; `CNameData::isExpired` (namecoin-core names/main.cpp). */

/**
 * Blocks until a name that was last updated at `updated` expires, seen from the tip: as `expires_in` of Core's
 * `name_show`. At 1 it still resolves, though the next block can no longer renew it; from 0 down it has expired.
 *
 * The height must be the tip of a chain with proof of work: a server that made it up could bring a name back to life.
 */
export function expiresIn(network: Network, updated: number, tip: number): number {
  return updated + network.expirationDepth(tip) - tip
}

/** Whether a name that was last updated at `updated` has expired at the tip. */
export function isExpired(network: Network, updated: number, tip: number): boolean {
  return expiresIn(network, updated, tip) <= 0
}
