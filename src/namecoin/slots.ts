/**
 * How many requests may be under way to one server. Namecoin Core queues calls (`-rpcworkqueue`, by default 16, in newer
 * releases 64); beyond that it answers 503 to everybody, its operator's own tools among them.
 */

/** Does the work when there is room: `'full'` when too many wait already, `'gave-up'` when the signal aborts first. */
export type Slots = <Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
) => Promise<Result | 'full' | 'gave-up'>

/** Requests under way at once: what the smallest default work queue of Namecoin Core takes. */
export const MAX_UNDER_WAY = 16

/** Callers that wait for room: each still has its deadline, so more would only time out, and take memory meanwhile. */
export const MAX_WAITING = 256

/** Room for so many at once, the others wait in order of arrival. For runtimes with one event loop: Node. */
export function boundedSlots(maxUnderWay = MAX_UNDER_WAY, maxWaiting = MAX_WAITING): Slots {
  let underWay = 0
  const waiting = new Set<() => void>()

  /** Resolves to whether there is room now. */
  function turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      function start(): void {
        signal.removeEventListener('abort', leave)
        resolve(true)
      }
      function leave(): void {
        waiting.delete(start)
        resolve(false)
      }
      waiting.add(start)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  /** Hands the room over to whoever has waited longest. */
  function release(): void {
    const [next] = waiting
    if (next === undefined) {
      underWay -= 1
      return
    }
    waiting.delete(next)
    next()
  }

  return async function takeSlot(signal, work) {
    if (signal.aborted) return 'gave-up'
    if (underWay < maxUnderWay) underWay += 1
    else if (waiting.size >= maxWaiting) return 'full'
    else if (!(await turn(signal))) return 'gave-up'
    try {
      return await work()
    } finally {
      release()
    }
  }
}

/**
 * No bound. For Workers: the runtime bounds connections itself, one request must not wait for another, and a request
 * whose client went away never reaches its `finally`: counted slots would leak until none is left.
 */
export const unboundedSlots: Slots = (_signal, work) => work()
