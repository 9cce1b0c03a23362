import type { Timer } from '../deadline.ts'

/** Milliseconds after which the next one is asked as well. */
export const SLOW_MS = 1_000

/**
 * Asks several in their order until so many have spoken: as many at once, another one when one is silent or slow.
 * Resolves with what was said by then, in the order in which it came, at the latest when the signal aborts.
 */
export function canvass<Asked, Said>(
  everyone: readonly Asked[],
  needed: number,
  ask: (one: Asked, signal: AbortSignal) => Promise<Said>,
  isSpoken: (said: Said) => boolean,
  { timer, signal }: { timer: Timer; signal: AbortSignal },
): Promise<readonly Said[]> {
  return new Promise((resolve) => {
    const said: Said[] = []
    const waiting = [...everyone]
    const controller = new AbortController()
    const cancels: (() => void)[] = []
    let underWay = 0

    if (signal.aborted) return resolve(said)
    signal.addEventListener('abort', settle, { once: true })
    askMore()

    function settle(): void {
      signal.removeEventListener('abort', settle)
      for (const cancel of cancels) cancel()
      controller.abort()
      resolve([...said])
    }

    function askMore(): void {
      const spoken = said.filter(isSpoken).length
      while (spoken + underWay < needed && waiting.length > 0) askNext()
      if (spoken >= needed || underWay === 0) settle()
    }

    function askNext(): void {
      const one = waiting.shift()
      if (one === undefined) return
      underWay++
      let isHeard = false
      cancels.push(timer(SLOW_MS, () => void (isHeard || askNext())))
      void ask(one, controller.signal).then((what) => {
        isHeard = true
        underWay--
        said.push(what)
        askMore()
      })
    }
  })
}
