/**
 * One flight for identical questions: while the work for a key is under way, everybody who asks for the same key
 * waits for that one result. So its deadline is its own, and no asker's: who has less time left stops waiting (`waitFor`).
 *
 * Attack: without it, many identical questions at once become as many outgoing ones, which also multiplies a
 * spoofer's chances (the birthday attack of RFC 5452 §5).
 */
export type Flights = <Result>(key: string, start: () => Promise<Result>) => Promise<Result>

/** Shares flights in this process. For runtimes where one request may wait for another's work: Node. */
export function sharedFlights(): Flights {
  const underWay = new Map<string, Promise<unknown>>()
  return function join<Result>(key: string, start: () => Promise<Result>): Promise<Result> {
    const existing = underWay.get(key) as Promise<Result> | undefined
    if (existing !== undefined) return existing
    const flight = start().finally(() => underWay.delete(key))
    underWay.set(key, flight)
    return flight
  }
}

/**
 * Shares nothing. For Workers: a promise of one request must not be awaited by another, whose answer would die
 * with the first one's connection.
 */
export const ownFlights: Flights = (_key, start) => start()

/** What comes of a flight, for one who may have less time than others in it; undefined once the signal aborts. */
export function waitFor<Result>(flight: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(undefined)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    flight.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
