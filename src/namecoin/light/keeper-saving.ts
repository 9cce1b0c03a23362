import type { Log } from '../../log.ts'
import type { Timer } from '../deadline.ts'

/** Milliseconds after which a save that failed is tried again; it doubles. */
export const FIRST_RETRY_MS = 5_000
/** And at most: a disk that is full is looked at again before the next block. */
export const LONGEST_RETRY_MS = 5 * 60_000

export interface SavingOptions {
  /** Writes all that there is when it is called. May reject. */
  readonly write: () => Promise<void>
  readonly timer: Timer
  readonly log: Log
}

/** Saves what has changed: one writing at a time, and again when it fails. */
export interface Saving {
  /** Counts blocks that are not saved yet, and saves once there are so many. */
  count(blocks: number, atMost: number): void
  /** Saves what is not saved yet, after whatever is being written. Never rejects. */
  now(): Promise<void>
  /** Resolves when nothing is being written. */
  settled(): Promise<void>
  /** Saves for the last time: also what could not be saved before, which is tried once more. */
  close(): Promise<void>
}

export function chainSaving({ write, timer, log }: SavingOptions): Saving {
  let unsaved = 0
  let failures = 0
  let writing: Promise<void> | undefined
  /** While a save that failed waits for its next turn, blocks that come in do not ask for another. */
  let cancelRetry: (() => void) | undefined
  let isClosed = false

  async function settled(): Promise<void> {
    while (writing !== undefined) await writing
  }

  async function now(): Promise<void> {
    // At once when it can be: `settled` waits for it from now on.
    if (writing !== undefined) await settled()
    // Of several who waited the first one writes, and the others wait for that, too.
    if (writing === undefined && unsaved > 0) writing = writeAll()
    await settled()
  }

  async function writeAll(): Promise<void> {
    cancelRetry?.()
    cancelRetry = undefined
    const blocks = unsaved
    unsaved = 0
    try {
      await write()
      failures = 0
    } catch (error) {
      unsaved += blocks
      failures += 1
      log.warn('headers-not-saved', { detail: String(error) })
      retryLater()
    } finally {
      writing = undefined
    }
  }

  function retryLater(): void {
    if (isClosed) return
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 30))
    cancelRetry = timer(wait, () => {
      cancelRetry = undefined
      void now()
    })
  }

  return {
    count(blocks, atMost) {
      unsaved += blocks
      if (unsaved >= atMost && cancelRetry === undefined) void now()
    },
    now,
    settled,
    async close() {
      isClosed = true
      let isRetried = false
      while (writing !== undefined || (unsaved > 0 && !isRetried)) {
        if (writing === undefined) isRetried = failures > 0
        await (writing === undefined ? now() : settled())
      }
      cancelRetry?.()
    },
  }
}
