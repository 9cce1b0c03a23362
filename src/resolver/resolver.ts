import { lowerName } from '../dns/name.ts'
import type { PackedAnswer } from '../dns/packed.ts'
import { isFailure } from '../dns/protocol.ts'
import { cacheKey, type Query, queryName, queryOfKey } from '../dns/query.ts'
import { type Flights, waitFor } from '../flights.ts'
import type { Timer } from '../namecoin/deadline.ts'
import type { Tip } from '../namecoin/source.ts'
import type { AnswerCache, Hit } from './cache.ts'
import { failureAnswer, natureOf } from './failure.ts'
import type { FailureCache } from './failure-cache.ts'
import type { Answerer, Found, Question } from './question.ts'
import { type Background, POPULAR, renewal } from './renewal.ts'
import { CLIENT_RESPONSE_MS, isWorseThanStale, staleAnswer, usableFor } from './stale.ts'

/**
 * Milliseconds a client's question may take in all. Firefox gives up after 1.5 s in its mode 2 and 30 s in mode 3,
 * most stubs after 5 s: an answer that says why comes before that.
 */
export const QUERY_DEADLINE_MS = 4_500

/** Answers queries: from the cache at once, or through the stages. */
export interface Resolver {
  /** The answer in the cache; undefined when it has to be looked up, or when the chain's tip must be asked for first. */
  cached(query: Query): Hit | undefined
  /**
   * The answer, from wherever it comes. Never rejects.
   * @param signal the deadline of the question that this one is part of: then it is no longer waited for, and the
   *   failure is that question's alone. Such a question is given nothing stale, because it would keep it as fresh
   */
  resolve(query: Query, signal?: AbortSignal): Promise<Hit>
}

export interface ResolverOptions {
  readonly cache: AnswerCache
  readonly failures: FailureCache
  readonly flights: Flights
  readonly tip: () => Tip | undefined | Promise<Tip | undefined>
  readonly answer: Answerer
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  readonly timer: Timer
  /** A signal that aborts after so many milliseconds: `AbortSignal.timeout`. */
  readonly timeout: (milliseconds: number) => AbortSignal
  /** Left out: nothing is done that nobody waits for. */
  readonly background: Background | undefined
  /** Called when an answer is served beyond its time. */
  readonly onStale: () => void
  /** Called with what a stage threw, which none should. */
  readonly onError: (error: unknown) => void
}

/** Answers outside .bit do not depend on the chain: they are all of this epoch. */
const NO_EPOCH = ''
const NO_TIP = '?'

/**
 * The resolver: the caches in front of the stages, one flight for identical questions.
 *
 * An answer under .bit is kept with the epoch it was looked up in. A new block, or a changed names file, is a new
 * epoch, and answers of the old one are not used again, unless the source fails (`stale.ts`).
 */
export function createResolver(options: ResolverOptions): Resolver {
  const { cache, failures, flights, tip, answer, now, timer, timeout, background, onStale, onError } = options
  let newest = NO_TIP

  const epochOf = (query: Query): string | Promise<string> => {
    if (!isUnderBit(query.wireName)) return NO_EPOCH
    const known = tip()
    return known instanceof Promise ? known.then(epochIn) : epochIn(known)
  }

  function epochIn(known: Tip | undefined): string {
    const epoch = known?.epoch ?? NO_TIP
    if (epoch !== newest) newEpoch(epoch)
    return epoch
  }

  function newEpoch(epoch: string): void {
    const isFirst = newest === NO_TIP
    newest = epoch
    if (isFirst || epoch === NO_TIP) return
    const popular = cache.outdated(epoch, POPULAR).filter((key) => isUnderBit(queryOfKey(key).wireName))
    renewals.all(popular)
  }

  async function answered(query: Query): Promise<Found> {
    const question = questionOf(query, timeout(QUERY_DEADLINE_MS))
    try {
      return await answer(question)
    } catch (error) {
      onError(error)
      return failureAnswer(question, 'internal')
    }
  }

  /**
   * Looks the answer up, and keeps it or the failure. Attack: what it comes to is everybody's, so it has the whole time,
   * however little is left to who asked first: else an alias at the end of a slow way fails a stranger's name for all.
   */
  const lookUp = (query: Query, key: string, epoch: string): Promise<Found> =>
    flights(`answer ${epoch} ${key}`, async () => {
      const found = await answered(query)
      if (isFailure(found.rcode)) {
        failures.add(key, epoch, found)
        if (!isWorseThanStale(found)) cache.neverStale(key)
      } else {
        failures.answered(key)
        cache.set(key, epoch, found, usableFor(found, isUnderBit(query.wireName)))
      }
      return found
    })

  const renewals = renewal(
    async (key) => {
      const query = queryOfKey(key)
      const epoch = await epochOf(query)
      if (failures.get(key, epoch, true) !== undefined) return false
      const found = await lookUp(query, key, epoch)
      return !isFailure(found.rcode) || natureOf(found) === 'finding'
    },
    { background, patience: QUERY_DEADLINE_MS, now },
  )

  function fresh(key: string, epoch: string): Hit | undefined {
    const hit = cache.get(key, epoch)
    if (hit?.isEnding === true) renewals.one(key)
    return hit
  }

  function inNeed(stale: PackedAnswer): PackedAnswer {
    onStale()
    return staleAnswer(stale)
  }

  /** What is looked up, unless that fails or takes longer than a client waits: then what is stale (RFC 8767 §5). */
  async function lookUpOrStale(
    lookup: Promise<Found>,
    stale: PackedAnswer,
    since: number,
  ): Promise<PackedAnswer> {
    let stop = (): void => {}
    const patience = new Promise<undefined>((resolve) => {
      stop = timer(Math.max(0, CLIENT_RESPONSE_MS - (now() - since)), () => resolve(undefined))
    })
    const found = await Promise.race([lookup, patience])
    stop()
    if (found === undefined) background?.keep(lookup)
    else if (!isFailure(found.rcode) || !isWorseThanStale(found)) return found
    return inNeed(stale)
  }

  /** What is looked up, for a question that is part of another one, and waits no longer than that. */
  async function lookUpWithin(signal: AbortSignal, query: Query, key: string, epoch: string): Promise<Found> {
    if (!signal.aborted) {
      const lookup = lookUp(query, key, epoch)
      const found = await waitFor(lookup, signal)
      if (found !== undefined) return found
      background?.keep(lookup)
    }
    return failureAnswer(questionOf(query, signal), 'upstream-timeout')
  }

  return {
    cached(query) {
      const epoch = epochOf(query)
      return epoch instanceof Promise ? undefined : fresh(cacheKey(query), epoch)
    },
    async resolve(query, signal) {
      const since = now()
      const epoch = await epochOf(query)
      const key = cacheKey(query)
      const hit = fresh(key, epoch)
      if (hit !== undefined) return hit
      const isPart = signal !== undefined
      const stale = isPart ? undefined : cache.stale(key, epoch)
      const failure = failures.get(key, epoch, stale !== undefined)
      if (failure !== undefined) {
        const packed = stale !== undefined && isWorseThanStale(failure) ? inNeed(stale) : failure
        return { packed, age: 0 }
      }
      if (isPart) return { packed: await lookUpWithin(signal, query, key, epoch), age: 0 }
      const lookup = lookUp(query, key, epoch)
      return { packed: await (stale === undefined ? lookup : lookUpOrStale(lookup, stale, since)), age: 0 }
    },
  }
}

const questionOf = (query: Query, signal: AbortSignal): Question => ({
  query,
  name: lowerName(queryName(query)),
  signal,
})

/** Whether QNAME is `bit` or ends in `.bit`, from its octets: the cheap question on the way to every answer. */
export function isUnderBit(wireName: Uint8Array): boolean {
  const last = wireName.length - 5
  if (last < 0 || wireName[last] !== 3) return false
  const is = (offset: number, letter: number) => (wireName[last + offset]! | 0x20) === letter
  if (!is(1, 0x62) || !is(2, 0x69) || !is(3, 0x74)) return false
  // These octets may also be the end of a longer label, as in "x\003bit": only a label that begins here counts.
  let label = 0
  while (label < last) label += wireName[label]! + 1
  return label === last
}
