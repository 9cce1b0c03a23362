/** Looking answers up again before they are missed. */

/** What a runtime allows for work that nobody waits for. */
export interface Background {
  /** Lets work go on after its response has been sent. */
  readonly keep: (work: Promise<unknown>) => void
  /** Popular answers that are looked up again when a new block has made all of them old. */
  readonly renewedPerBlock: number
}

/** Times an answer was asked for within one block, after which it is looked up again with the next block. */
export const POPULAR = 3
/** Lookups under way ahead of time. More would come before those that somebody waits for. */
const MAX_UNDER_WAY = 8
/** Of those, the ones for a new block: a light client's servers ration what they answer. */
const NEW_BLOCK_UNDER_WAY = 2

/** Renews answers in the background, few at a time and each one once. */
export interface Renewal {
  /** Looks one answer up again; does nothing when that is under way, or when there is too much of it. */
  one(key: string): void
  /** Looks these up again, one after the other, until one fails: a source in trouble is not asked for what nobody wants. */
  all(keys: readonly string[]): void
}

/**
 * @param lookUp looks up the answer to the query that a key stands for and keeps it; false when it fails
 * @param patience milliseconds after which a lookup is over, however it ends: a runtime may stop it without a word
 * @param now milliseconds on a clock that never goes back
 */
export function renewal(
  lookUp: (key: string) => Promise<boolean>,
  { background, patience, now }: { background: Background | undefined; patience: number; now: () => number },
): Renewal {
  if (background === undefined) return { one: () => {}, all: () => {} }
  const underWay = new Map<string, number>()

  function start(key: string): Promise<boolean> | undefined {
    for (const [other, since] of underWay) if (now() - since > patience) underWay.delete(other)
    if (underWay.has(key) || underWay.size >= MAX_UNDER_WAY) return undefined
    underWay.set(key, now())
    return lookUp(key).finally(() => underWay.delete(key))
  }

  return {
    one(key) {
      const work = start(key)
      if (work !== undefined) background.keep(work)
    },
    all(keys) {
      const waiting = keys.slice(0, background.renewedPerBlock)
      async function work(): Promise<void> {
        for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
          if ((await start(key)) === false) waiting.length = 0
        }
      }
      background.keep(Promise.all(Array.from({ length: NEW_BLOCK_UNDER_WAY }, work)))
    },
  }
}
