import { encodeRefusal } from '../dns/encode.ts'
import type { PackedAnswer } from '../dns/packed.ts'
import { respond } from '../dns/patch.ts'
import { isFailure, rcodeName } from '../dns/protocol.ts'
import { notImplemented, parseQuery, type Query, type QueryError } from '../dns/query.ts'
import type { Random } from '../random.ts'
import { isUnderBit, type Resolver } from '../resolver/resolver.ts'

export { DNS_MESSAGE } from '../dns/protocol.ts'

/** What a DNS message sent over HTTP comes to, before it is an HTTP response of some server's kind. */
export type Exchange =
  | { readonly kind: 'answer'; readonly body: Uint8Array; readonly cacheControl: string }
  /** No DNS message can be made of the body: HTTP 400. */
  | { readonly kind: 'malformed'; readonly reason: string }

/** Cache-Control of what must be kept by nobody. */
const NOT_KEPT = 'no-store, max-age=0'

export interface ExchangeOptions {
  readonly resolver: Resolver
  readonly random: Random
  /** Puts the addresses of .bit names that are known to be dead behind the others; left out: all are alike. */
  readonly rank?: ((packed: PackedAnswer) => PackedAnswer) | undefined
}

/** Answers DNS messages. */
export interface ExchangeHandler {
  /** The answer, from wherever it comes; without a promise when it is at hand. */
  (message: Uint8Array): Exchange | Promise<Exchange>
  /** The answer if it is in the cache. Nothing is looked up, and what is no query is left for others to refuse. */
  atOnce(message: Uint8Array): Answered | undefined
}

type Answered = Extract<Exchange, { kind: 'answer' }>

/** What answers DNS messages, whatever server they came through. */
export function createExchange({ resolver, random, rank }: ExchangeOptions): ExchangeHandler {
  function finish(query: Query, found: PackedAnswer, age: number): Answered {
    const hasOrder = found.addressSets.length > 0
    const packed = rank !== undefined && hasOrder && isUnderBit(query.wireName) ? rank(found) : found
    return {
      kind: 'answer',
      body: respond(query, packed, age, random),
      cacheControl: cacheControl(packed, age),
    }
  }
  const fromCache = (query: Query): Answered | undefined => {
    const hit = resolver.cached(query)
    return hit === undefined ? undefined : finish(query, hit.packed, hit.age)
  }
  function exchange(message: Uint8Array): Exchange | Promise<Exchange> {
    const parsed = parseQuery(message)
    if (parsed.kind === 'malformed') return parsed
    if (parsed.kind === 'other-opcode') {
      return { kind: 'answer', body: notImplemented(message), cacheControl: NOT_KEPT }
    }
    if (parsed.kind === 'refused-rcode') return finish(parsed.query, refusal(parsed), 0)
    const { query } = parsed
    return fromCache(query) ?? resolver.resolve(query).then(({ packed, age }) => finish(query, packed, age))
  }
  exchange.atOnce = (message: Uint8Array): Answered | undefined => {
    const parsed = parseQuery(message)
    return parsed.kind === 'query' ? fromCache(parsed.query) : undefined
  }
  return exchange
}

const refusal = ({ query, rcode, extendedError, reason }: RefusedQuery): PackedAnswer =>
  encodeRefusal(query, rcode, [{ code: extendedError, text: `${rcodeName(rcode)}: ${reason}` }])

type RefusedQuery = Extract<QueryError, { kind: 'refused-rcode' }>

/**
 * How long HTTP caches may keep an answer (RFC 8484 §5.1): as long as its records live, and not at all when nothing
 * was found out. An answer in random order is `private`: a shared cache would give everybody the same order, and
 * so send all visitors to the same server.
 */
export function cacheControl(packed: PackedAnswer, age: number): string {
  if (isFailure(packed.rcode) || packed.lifetime === 0) return NOT_KEPT
  const seconds = Math.min(Math.max(0, packed.lifetime - age), packed.maxTtl ?? Number.POSITIVE_INFINITY)
  return packed.addressSets.length > 0 ? `private, max-age=${seconds}` : `max-age=${seconds}`
}
