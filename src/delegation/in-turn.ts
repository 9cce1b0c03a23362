import type { Timer } from '../namecoin/deadline.ts'

/** What it takes to wait. */
export interface Waiting {
  readonly timer: Timer
  /** Attempts under way at once. */
  readonly parallel: number
  /** Milliseconds after which the next candidate is tried beside this one. */
  readonly patience: (candidate: string) => number
}

/**
 * Tries candidates one after another until one attempt brings a result. The next one is begun when an attempt fails, or
 * when the latest has kept us waiting longer than it should; the earlier ones go on, and may still be first.
 *
 * Candidates are asked for only when one is needed, so that their giver may learn from what has failed. The attempts that
 * come too late are aborted.
 *
 * @returns undefined when all have failed, or the signal aborts
 */
export async function inTurn<Result>(
  candidates: AsyncIterator<string>,
  attempt: (candidate: string, signal: AbortSignal) => Promise<Result | undefined>,
  signal: AbortSignal,
  { timer, parallel, patience }: Waiting,
): Promise<Result | undefined> {
  const over = new AbortController()
  const underWay = new Set<Promise<void>>()
  let result: Result | undefined
  const isOver = () => result !== undefined || signal.aborted
  let stopWaiting = (): void => {}
  const ended = new Promise<undefined>((resolve) => {
    stopWaiting = () => resolve(undefined)
    signal.addEventListener('abort', stopWaiting, { once: true })
  })

  /** Waits for the first of these, and no longer than so many milliseconds. */
  async function patiently(milliseconds: number, awaited: readonly Promise<unknown>[]): Promise<void> {
    let cancel: (() => void) | undefined
    const elapsed = new Promise<void>((resolve) => {
      cancel = timer(milliseconds, resolve)
    })
    await Promise.race([...awaited, elapsed])
    cancel?.()
  }

  function begin(candidate: string): void {
    const trying = attempt(candidate, over.signal).then((found) => {
      underWay.delete(trying)
      result ??= found
    })
    underWay.add(trying)
  }

  try {
    let next: Promise<IteratorResult<string>> | undefined = candidates.next()
    while (!isOver() && (next !== undefined || underWay.size > 0)) {
      const step = await Promise.race([...(next === undefined ? [] : [next]), ...underWay, ended])
      if (step === undefined) continue
      next = undefined
      if (step.done === true || isOver()) continue
      begin(step.value)
      await patiently(patience(step.value), [...underWay, ended])
      while (!isOver() && underWay.size >= parallel) await Promise.race([...underWay, ended])
      if (!isOver()) next = candidates.next()
    }
    return result
  } finally {
    signal.removeEventListener('abort', stopWaiting)
    over.abort()
    void candidates.return?.()
  }
}
