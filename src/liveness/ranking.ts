import type { PackedAnswer } from '../dns/packed.ts'
import { withBehind } from '../dns/rank.ts'
import { type Host, type ProbeCounts, type WatchOptions, watch } from './watch.ts'

/** Seconds that an answer may be kept while one of its hosts is dead: until about the next probe. */
export const DEAD_TTL = 30

/** Answers whose hosts are remembered. Of others they are read again each time, a microsecond an address. */
const MAX_ANSWERS = 1_024

/** Says which addresses of an answer come first. */
export interface Ranking {
  /** The answer as it is to be sent: those of its addresses that are known to be dead behind the others. */
  rank(packed: PackedAnswer): PackedAnswer
  readonly counts: ProbeCounts
}

export interface RankingOptions extends WatchOptions {
  /** The text of an address that may be contacted; undefined for one that must not be. */
  readonly contactable: (address: Uint8Array) => string | undefined
}

interface Known {
  /** For each address set, the hosts' addresses as text. */
  readonly addresses: readonly (readonly (string | undefined)[])[]
  turn: number
  ranked: PackedAnswer
}

/**
 * Live addresses first, for clients that never try a second one: Firefox on Linux waits 90 seconds for a host that has
 * vanished and goes no further.
 *
 * Every address stays in the answer, because we may be wrong. Where all of them look dead, nothing is changed: it is as
 * likely that the fault is ours, or that the name is not there for the web.
 */
export function ranking({ contactable, ...options }: RankingOptions): Ranking {
  const watched = watch(options)
  const answers = new Map<PackedAnswer, Known>()

  function read(packed: PackedAnswer): Known {
    const { bytes, addressSets } = packed
    const addresses = addressSets.map(({ length, offsets }) =>
      Array.from(offsets, (offset) => contactable(bytes.subarray(offset, offset + length))),
    )
    const known = { addresses, turn: -1, ranked: packed }
    if (answers.size >= MAX_ANSWERS) answers.delete(answers.keys().next().value!)
    answers.set(packed, known)
    return known
  }

  return {
    rank(packed) {
      const known = answers.get(packed) ?? read(packed)
      const turn = watched.turn()
      if (known.turn === turn) return known.ranked
      known.turn = turn
      const hosts = known.addresses.map((set) =>
        set.map((address) => (address === undefined ? undefined : watched.asked(address))),
      )
      const isDead = (host: Host | undefined): boolean => host?.verdict === 'dead'
      known.ranked = hosts.flat().some(isDead)
        ? withBehind(packed, (set, address) => isDead(hosts[set]![address]), DEAD_TTL)
        : packed
      return known.ranked
    },
    counts: watched.counts,
  }
}
