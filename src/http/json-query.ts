import type { Context, Handler } from 'hono'
import { buildQuery } from '../dns/build-query.ts'
import { type Message, readMessage } from '../dns/message.ts'
import { DNS_MESSAGE, type ExchangeHandler } from './exchange.ts'
import {
  cloudflareJson,
  DNS_JSON,
  googleJson,
  type JsonProblem,
  type JsonQuery,
  parseGoogleParameters,
  parseParameters,
} from './json.ts'

/** One of the two JSON forms of DNS over HTTPS: how it is asked, and what its answers look like. */
interface Dialect {
  readonly parse: (parameters: URLSearchParams) => JsonQuery | JsonProblem
  readonly print: (message: Message) => object
  readonly contentType: string
}

/** Google's: `/resolve?name=…`. */
export const GOOGLE: Dialect = {
  parse: parseGoogleParameters,
  print: googleJson,
  contentType: 'application/json; charset=UTF-8',
}

/** Cloudflare's: `/dns-query?name=…` with `accept: application/dns-json`. */
export const CLOUDFLARE: Dialect = {
  parse: parseParameters,
  print: cloudflareJson,
  contentType: DNS_JSON,
}

/**
 * Answers a question asked in the URL. The wire answer is made first and JSON from it, so both say the same
 * (RFC 8484 §5.4).
 *
 * @returns 200 with JSON for every DNS answer, or with the DNS message where the dialect lets one ask for it; 400
 * for parameters that are no question
 */
export function jsonQuery(exchange: ExchangeHandler, dialect: Dialect): Handler {
  return async function jsonQuery(c) {
    const query = dialect.parse(new URL(c.req.url).searchParams)
    if (query.kind === 'problem') return problem(c, query.message)
    const result = await exchange(buildQuery(query))
    if (result.kind === 'malformed') return problem(c, result.reason)
    const headers = { 'cache-control': result.cacheControl }
    if (query.answerAs === 'message') {
      return c.body(result.body as Uint8Array<ArrayBuffer>, 200, { ...headers, 'content-type': DNS_MESSAGE })
    }
    const message = readMessage(result.body)
    if (message === undefined) return problem(c, 'the upstream answer cannot be read')
    return c.body(JSON.stringify(dialect.print(message)), 200, {
      ...headers,
      'content-type': dialect.contentType,
    })
  }
}

const problem = (c: Context, message: string): Response =>
  c.json({ error: message }, 400, { 'cache-control': 'no-store' })
