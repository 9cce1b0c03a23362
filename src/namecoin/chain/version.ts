import type { Header } from './header.ts'
import type { Network } from './network.ts'
import { type Refused, refused } from './refused.ts'

/** Which versions a block may have at its height: `ContextualCheckBlockHeader` (namecoin-core validation.cpp). */

export type VersionCode =
  | 'late-legacy-block' // version 1, which shows no chain id, after merge mining began
  | 'bad-version' // older rules than the network has had since this height

/** What is wrong with the version of a block at `height`; undefined when it may be there. */
export function versionFault(
  network: Network,
  header: Header,
  height: number,
): Refused<VersionCode> | undefined {
  if (header.version === 1 && height >= network.legacyBefore) {
    return refused('late-legacy-block', `version 1 at ${height}`)
  }
  const base = header.version & 0xff
  for (const { from, least } of network.versions) {
    if (height >= from && base < least) return refused('bad-version', `${base} at ${height}, below ${least}`)
  }
  return undefined
}
