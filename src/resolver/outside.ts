import { anyRecord } from '../bit/records.ts'
import { encodeAnswer } from '../dns/encode.ts'
import { Rcode, Type } from '../dns/protocol.ts'
import { type Query, queryName } from '../dns/query.ts'
import type { Forwarded } from '../upstream/forward.ts'
import { failureAnswer } from './failure.ts'
import type { Answerer } from './question.ts'

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
    // No upstream is asked for everything (RFC 8482 §4.2): the answer would be for amplifiers.
    if (query.type === Type.ANY) {
      return encodeAnswer({
        question: { name: queryName(query), type: query.type, class: query.class },
        rcode: Rcode.NOERROR,
        authoritative: false,
        answer: [{ ...anyRecord(question.name), ttl: ANY_TTL }],
      })
    }
    const forwarded = await forward(query, question.signal)
    return forwarded.kind === 'answer'
      ? forwarded.packed
      : failureAnswer(question, `upstream-${forwarded.code}`)
  }
}
