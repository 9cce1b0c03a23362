/** Work that must end in time. */

/** Rings once after so many milliseconds, unless the function it returns is called before. */
export type Timer = (milliseconds: number, ring: () => void) => () => void

/** The timer of the runtime: Node and Workers both have it. */
export const runtimeTimer: Timer = (milliseconds, ring) => {
  const timer = setTimeout(ring, milliseconds)
  return () => clearTimeout(timer)
}

/**
 * The work's result, or `'timeout'` when it takes longer or the signal aborts first. The work is told by its own
 * signal to stop, and is not waited for: a peer that never answers holds nobody.
 */
export function within<Result>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  timer: Timer,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | 'timeout'> {
  if (signal?.aborted) return Promise.resolve('timeout')
  return new Promise((resolve, reject) => {
    const controller = new AbortController()
    function release(): void {
      cancel()
      signal?.removeEventListener('abort', giveUp)
    }
    function giveUp(): void {
      release()
      resolve('timeout')
      controller.abort()
    }
    const cancel = timer(milliseconds, giveUp)
    signal?.addEventListener('abort', giveUp, { once: true })
    work(controller.signal).finally(release).then(resolve, reject)
  })
}
