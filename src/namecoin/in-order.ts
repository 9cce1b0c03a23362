import { type NameProof, proveBy } from './proof.ts'
import type { NameOutcome, NameSource, SourceState, Tip } from './source.ts'
import type { Unreachable } from './unreachable.ts'

/** What stands in the common epoch for a source whose tip was never known. */
const NO_EPOCH = '-'

/**
 * Several sources as one, asked in order until one of them knows.
 *
 * - `found`, `expired` and `invalid` end the search; `absent` does when the source covers every name.
 * - A source that covers its own names alone lays them over those that follow, and is silent about others.
 * - `unreachable` goes on to the next; when none of those knows either, it is the answer: no false NXDOMAIN.
 * - The epoch is everybody's: a change anywhere makes old values unusable. Height, time and assurance are the first
 *   one's that has a chain.
 * - Ready means that `.bit` names at large can be looked up: some source that covers every name is ready. Names of
 *   one's own that can still be answered while the chain is unreachable do not count. Where no source covers every
 *   name, they are all there is, and count.
 */
export function inOrder(sources: readonly NameSource[]): NameSource {
  const [only] = sources
  if (only !== undefined && sources.length === 1) return only

  let lastTips: readonly (Tip | undefined)[] = []
  let lastCommon: Tip | undefined

  /** Remembers: the tips are the same objects from query to query, until one changes. */
  function common(tips: readonly (Tip | undefined)[]): Tip | undefined {
    if (tips.length !== lastTips.length || tips.some((tip, index) => tip !== lastTips[index])) {
      lastTips = tips
      lastCommon = commonTip(tips)
    }
    return lastCommon
  }

  return {
    name: sources.map((source) => source.name).join(','),
    covers: sources.some(coversEveryName) ? 'every-name' : 'own-names',

    async lookup(name: string, signal: AbortSignal): Promise<NameOutcome> {
      let failure: Unreachable | undefined
      for (const source of sources) {
        const outcome = await source.lookup(name, signal)
        if (outcome.kind === 'unreachable') failure ??= outcome
        else if (outcome.kind !== 'absent' || coversEveryName(source)) return outcome
      }
      return failure ?? { kind: 'absent' }
    },

    /** Of the source that `lookup` would believe. */
    async prove(name: string, signal: AbortSignal): Promise<NameProof> {
      let failure: NameProof | undefined
      let last: NameProof | undefined
      for (const source of sources) {
        last = await proveBy(source, name, signal)
        if (last.outcome === 'unreachable' || last.outcome === 'unconfirmed') failure ??= last
        else if (last.outcome !== 'absent' || coversEveryName(source)) return last
      }
      return failure ?? last ?? { key: name, outcome: 'absent', backend: 'none', assurance: 'trusted' }
    },

    tip(): Tip | undefined | Promise<Tip | undefined> {
      const tips = sources.map((source) => source.tip())
      return tips.some(isPromise) ? Promise.all(tips).then(common) : common(tips as (Tip | undefined)[])
    },

    async state(signal: AbortSignal): Promise<SourceState> {
      const states = await Promise.all(sources.map((source) => source.state(signal)))
      const everyName = states.filter((_, index) => coversEveryName(sources[index]!))
      const counting = everyName.length > 0 ? everyName : states
      const unready = counting.find((state) => state.kind === 'unready')
      const tip = commonTip(states.map((state) => (state.kind === 'ready' ? state.tip : undefined)))
      if (tip !== undefined && counting.some((state) => state.kind === 'ready')) return { kind: 'ready', tip }
      return unready ?? { kind: 'unready', code: 'network', detail: 'no source' }
    },

    close(): void {
      for (const source of sources) source.close()
    },
  }
}

function commonTip(tips: readonly (Tip | undefined)[]): Tip | undefined {
  if (tips.every((tip) => tip === undefined)) return undefined
  const chain = tips.find((tip) => tip?.height !== undefined)
  return {
    epoch: tips.map((tip) => tip?.epoch ?? NO_EPOCH).join(' '),
    ...(chain?.height === undefined ? {} : { height: chain.height }),
    ...(chain?.time === undefined ? {} : { time: chain.time }),
    ...(chain?.assurance === undefined ? {} : { assurance: chain.assurance }),
  }
}

function coversEveryName(source: NameSource): boolean {
  return source.covers !== 'own-names'
}

function isPromise<Value>(value: Value | Promise<Value>): value is Promise<Value> {
  return value instanceof Promise
}
