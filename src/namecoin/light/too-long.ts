import type { Budget } from '../electrum/budget.ts'

/**
 * What a server could not tell of a name because it was too long, or told at too high a price: lookups of the name go
 * another way for a while. Attack: a name with hundreds of updates, looked up until no server has anything left for us.
 */
export interface TooLong {
  /** @param key scripthash or txid */
  note(what: Long, key: string, checkpoint: number): void
  has(what: Long, key: string, checkpoint: number): boolean
}

export type Long =
  | 'proof' // a value proof that was too long
  | 'dear' // one that was read, with many more updates than are looked at
  | 'history'
  | 'transaction'

/** What is remembered of one server. Nobody can make it forget without having paid for hundreds of long names. */
const MAX_REMEMBERED = 512

/** Blocks after which one tries again: what was younger than the checkpoint then is at or below it now. */
const REMEMBERED_BLOCKS = 12

const kept = new WeakMap<Budget, TooLong>()

/** What is remembered of the server of an account: on Workers that outlives the connections. */
export function tooLongAt(budget: Budget): TooLong {
  const known = kept.get(budget) ?? remember()
  kept.set(budget, known)
  return known
}

function remember(): TooLong {
  const checkpoints = new Map<string, number>()
  return {
    note(what, key, checkpoint) {
      const entry = `${what} ${key}`
      checkpoints.delete(entry)
      checkpoints.set(entry, checkpoint)
      const [oldest] = checkpoints.keys()
      if (checkpoints.size > MAX_REMEMBERED) checkpoints.delete(oldest!)
    },
    has(what, key, checkpoint) {
      const noted = checkpoints.get(`${what} ${key}`)
      return noted !== undefined && checkpoint < noted + REMEMBERED_BLOCKS
    },
  }
}
