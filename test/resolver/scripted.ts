import { buildQuery } from '../../src/dns/build-query.ts'
import { encodeAnswer } from '../../src/dns/encode.ts'
import { nameFromText } from '../../src/dns/name.ts'
import { Rcode, Type, typeNumber } from '../../src/dns/protocol.ts'
import { queryName } from '../../src/dns/query.ts'
import type { ResourceRecord } from '../../src/dns/record.ts'
import { sharedFlights } from '../../src/flights.ts'
import { createExchange } from '../../src/http/exchange.ts'
import { lruAnswerCache } from '../../src/resolver/cache.ts'
import { type FailureCode, failureAnswer } from '../../src/resolver/failure.ts'
import { failureCache } from '../../src/resolver/failure-cache.ts'
import type { Answerer, Found, Question } from '../../src/resolver/question.ts'
import type { Background } from '../../src/resolver/renewal.ts'
import { createResolver } from '../../src/resolver/resolver.ts'
import { fakeClock } from '../namecoin/clock.ts'
import { type Read, readAnswer } from './world.ts'

/** The answer that stands at the end of the stages, as the test wants it. */
export const address =
  (last: number, { ttl = 60, usableFor }: { ttl?: number; usableFor?: number } = {}): Answerer =>
  async (question) => {
    const record = { name: question.name, type: Type.A, ttl, data: Uint8Array.of(192, 0, 2, last) }
    return {
      ...contents(question, Rcode.NOERROR, [record]),
      ...(usableFor === undefined ? {} : { usableFor }),
    }
  }

/** NXDOMAIN or NODATA that may be kept for 60 seconds. */
export const nothing =
  (rcode: number, usableFor?: number): Answerer =>
  async (question) => ({
    ...contents(question, rcode, []),
    ...(usableFor === undefined ? {} : { usableFor }),
  })

export const failing =
  (code: FailureCode): Answerer =>
  async (question) =>
    failureAnswer(question, code)

/** No answer until it is told. */
export function later(): { readonly answer: Answerer; readonly give: (answerer: Answerer) => void } {
  let give: (answerer: Answerer) => void = () => {}
  const given = new Promise<Answerer>((resolve) => {
    give = resolve
  })
  return { answer: async (question) => (await given)(question), give: (answerer) => give(answerer) }
}

const soa: ResourceRecord = {
  name: [],
  type: Type.SOA,
  ttl: 60,
  data: Uint8Array.of(0, 0, ...[1, 60, 60, 60, 60].flatMap((number) => [0, 0, 0, number])),
}

const contents = ({ query }: Question, rcode: number, answer: ResourceRecord[]): Found =>
  encodeAnswer({
    question: { name: queryName(query), type: query.type, class: query.class },
    rcode,
    authoritative: false,
    answer,
    authority: answer.length === 0 ? [soa] : [],
  })

/** An answer, and for how long HTTP caches may keep it. */
export type Heard = Read & { readonly cacheControl: string }

/** A resolver whose stages say what the test tells them to, with a clock that stands still. */
export function scripted(
  options: { staleFor?: number; entries?: number; background?: Background | undefined; epoch?: string } = {},
) {
  const clock = fakeClock()
  const { entries = 100, staleFor = 3_600 } = options
  const asked: string[] = []
  let answer: Answerer = address(1)
  let epoch = options.epoch ?? 'one'
  const resolver = createResolver({
    cache: lruAnswerCache({ entries, octets: 1_000_000 }, clock.now, staleFor),
    failures: failureCache(entries, clock.now),
    flights: sharedFlights(),
    tip: () => ({ epoch }),
    answer: (question) => {
      asked.push(question.name.join('.'))
      return answer(question)
    },
    now: clock.now,
    timer: clock.timer,
    timeout: () => new AbortController().signal,
    background: options.background,
    onStale: () => {},
    onError: (error) => {
      throw error
    },
  })
  const exchange = createExchange({ resolver, random: () => 0 })
  return {
    clock,
    resolver,
    /** The names that the stages were asked for, oldest first. */
    asked,
    /** From now on. */
    say: (answerer: Answerer) => {
      answer = answerer
    },
    newEpoch: (name: string) => {
      epoch = name
    },
    after: (seconds: number) => clock.advance(seconds * 1_000),
    async ask(name: string, type = 'A'): Promise<Heard> {
      const result = await exchange(
        buildQuery({
          name: nameFromText(name) ?? [],
          type: typeNumber(type) ?? 0,
          dnssecOk: false,
          checkingDisabled: false,
        }),
      )
      if (result.kind !== 'answer') throw new Error(result.reason)
      return { ...readAnswer(result.body), cacheControl: result.cacheControl }
    },
  }
}
