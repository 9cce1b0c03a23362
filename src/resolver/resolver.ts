import { lowerName } from '../dns/name.ts'
import type { PackedAnswer } from '../dns/packed.ts'
import { cacheKey, type Query, queryName } from '../dns/query.ts'
import type { Flights } from '../flights.ts'
import type { Tip } from '../namecoin/source.ts'
import type { AnswerCache, Hit } from './cache.ts'
import { failureAnswer } from './failure.ts'
import type { Answerer, Question } from './question.ts'

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
   * @param signal the deadline of the question that this one is part of; a new one when left out
   */
  resolve(query: Query, signal?: AbortSignal): Promise<Hit>
}

export interface ResolverOptions {
  readonly cache: AnswerCache
  readonly flights: Flights
  readonly tip: () => Tip | undefined | Promise<Tip | undefined>
  readonly answer: Answerer
  /** A signal that aborts after so many milliseconds: `AbortSignal.timeout`. */
  readonly timeout: (milliseconds: number) => AbortSignal
  /** Called with what a stage threw, which none should. */
  readonly onError: (error: unknown) => void
}

/** Answers outside .bit do not depend on the chain: they are all of this epoch. */
const NO_EPOCH = ''
const NO_TIP = '?'

/**
 * The resolver: the cache in front of the stages, one flight for identical questions.
 *
 * An answer under .bit is kept with the epoch it was looked up in. A new block, or a changed names file, is a new
 * epoch, and answers of the old one are not used again.
 */
export function createResolver({ cache, flights, tip, answer, timeout, onError }: ResolverOptions): Resolver {
  const epochOf = (query: Query): string | Promise<string> => {
    if (!isUnderBit(query.wireName)) return NO_EPOCH
    const known = tip()
    return known instanceof Promise ? known.then((found) => found?.epoch ?? NO_TIP) : (known?.epoch ?? NO_TIP)
  }

  async function lookUp(query: Query, signal: AbortSignal): Promise<PackedAnswer> {
    const question: Question = {
      query,
      name: lowerName(queryName(query)),
      signal,
    }
    try {
      return await answer(question)
    } catch (error) {
      onError(error)
      return failureAnswer(question, 'internal')
    }
  }

  return {
    cached(query) {
      const epoch = epochOf(query)
      return epoch instanceof Promise ? undefined : cache.get(cacheKey(query), epoch)
    },
    async resolve(query, signal = timeout(QUERY_DEADLINE_MS)) {
      const epoch = await epochOf(query)
      const key = cacheKey(query)
      const hit = cache.get(key, epoch)
      if (hit !== undefined) return hit
      const packed = await flights(`answer ${epoch} ${key}`, async () => {
        const found = await lookUp(query, signal)
        cache.set(key, epoch, found)
        return found
      })
      return { packed, age: 0 }
    },
  }
}

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
