import { encodeAnswer } from '../dns/encode.ts'
import { Rcode, Type } from '../dns/protocol.ts'
import { type Query, queryName } from '../dns/query.ts'
import { encodeRdata } from '../dns/rdata.ts'
import type { Forwarded } from '../upstream/forward.ts'
import { failureAnswer } from './failure.ts'
import type { Answerer } from './question.ts'

/** RFC 8482 §4.2: what ANY gets instead of everything. No upstream is asked: the answer would be for amplifiers. */
export const ANY_DATA = encodeRdata(Type.HINFO, { cpu: 'RFC8482', os: '' })
const ANY_TTL = 3_600

/**
 * Answers everything outside .bit through the upstreams; without any, refuses.
 *
 * @param forward undefined when this gateway has no upstream
 */
export function outsideAnswerer(
  forward: ((query: Query, signal: AbortSignal) => Promise<Forwarded>) | undefined,
): Answerer {
  return async function outside(question) {
    if (forward === undefined) return failureAnswer(question, 'upstream-none')
    const { query } = question
    if (query.type === Type.ANY) {
      return encodeAnswer({
        question: { name: queryName(query), type: query.type, class: query.class },
        rcode: Rcode.NOERROR,
        authoritative: false,
        answer: [{ name: question.name, type: Type.HINFO, ttl: ANY_TTL, data: ANY_DATA }],
      })
    }
    const forwarded = await forward(query, question.signal)
    return forwarded.kind === 'answer'
      ? forwarded.packed
      : failureAnswer(question, `upstream-${forwarded.code}`)
  }
}
