import type { HeaderChain } from '../chain/header-chain.ts'
import { fetchLinked } from './checkpoint-completion.ts'
import type { HeaderServer } from './header-sync-servers.ts'
import type { Tools } from './header-sync-slice.ts'

/** The lowest block that a living name's newest update can be in; never the first block, which has none. */
export const lowestNeeded = (chain: HeaderChain): number =>
  Math.max(1, chain.tip.height - chain.network.expirationDepth(chain.tip.height) + 1)

/**
 * Fetches the headers below the anchor in which names may live, from the anchor down: each slice ends in a hash that we
 * know. Goes on until all are there or no server can be asked now.
 *
 * @returns whether all are there
 */
export async function backfill(
  chain: HeaderChain,
  servers: () => readonly HeaderServer[],
  tools: Tools,
  signal: AbortSignal,
  changed: () => void,
): Promise<boolean> {
  while (chain.lowest > lowestNeeded(chain)) {
    const top = chain.lowest - 1
    const expected = chain.hashAt(top)
    if (expected === undefined) return false
    const headers = await fetchLinked(expected, lowestNeeded(chain), top, servers, tools, signal)
    if (headers === undefined || signal.aborted) return false
    // A full window, which has lost what was fetched, holds all that is needed.
    if (chain.lowest !== top + 1 || chain.backfill(headers) !== undefined) return true
    changed()
    await tools.pause()
  }
  return true
}
