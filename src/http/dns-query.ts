import type { Context, Handler } from 'hono'
import { MAX_MESSAGE_LENGTH } from '../dns/protocol.ts'
import { decodeBase64url, MAX_PARAMETER_LENGTH } from './base64url.ts'
import { DNS_MESSAGE, type Exchange, type ExchangeHandler } from './exchange.ts'

/** The media type, parameters and case aside. */
export const DNS_MESSAGE_TYPE = /^\s*application\/dns-message\s*(?:;|$)/i

/** A request that holds no DNS message: the HTTP status and a line for whoever reads it. */
interface Refusal {
  readonly status: 400 | 413 | 414 | 415
  readonly reason: string
}

const refuse = (status: Refusal['status'], reason: string): Refusal => ({ status, reason })

/**
 * RFC 8484 §4.1, GET: the message in the parameter `dns`. Other parameters are ignored, of several the first counts.
 *
 * @returns 200 with a DNS message for every answer, NXDOMAIN and SERVFAIL included (§4.2.1); 400 without a
 * readable message; 414 for one longer than a DNS message can be
 */
export function getDnsQuery(exchange: ExchangeHandler): Handler {
  return function getDnsQuery(c) {
    const parameter = c.req.query('dns')
    if (parameter === undefined || parameter === '') {
      return refused(
        c,
        refuse(400, 'GET needs ?dns=… (RFC 8484) or, with accept: application/dns-json, ?name=…'),
      )
    }
    if (parameter.length > MAX_PARAMETER_LENGTH)
      return refused(c, refuse(414, 'longer than a DNS message can be'))
    const message = decodeBase64url(parameter)
    if (message === undefined) return refused(c, refuse(400, 'the parameter dns is not base64url'))
    const result = exchange(message)
    return result instanceof Promise ? result.then((found) => answered(c, found)) : answered(c, result)
  }
}

/**
 * RFC 8484 §4.1, POST: the message is the body.
 *
 * @returns as GET, and 415 for another media type, 413 for a body over 65,535 octets
 */
export function postDnsQuery(exchange: ExchangeHandler): Handler {
  return async function postDnsQuery(c) {
    if (!DNS_MESSAGE_TYPE.test(c.req.header('content-type') ?? '')) {
      return refused(c, refuse(415, `POST takes ${DNS_MESSAGE}`))
    }
    const message = await readBody(c.req.raw)
    if (message === undefined) return refused(c, refuse(413, 'longer than a DNS message can be'))
    return answered(c, await exchange(message))
  }
}

/** The body, or undefined when it is longer than a DNS message can be: reading stops there. */
async function readBody(request: Request): Promise<Uint8Array | undefined> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_MESSAGE_LENGTH) {
    await request.body?.cancel()
    return undefined
  }
  if (request.body === null) return new Uint8Array()
  const parts: Uint8Array[] = []
  let length = 0
  const reader = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > MAX_MESSAGE_LENGTH) {
      await reader.cancel()
      return undefined
    }
    parts.push(value)
  }
  return parts.length === 1 ? parts[0]! : new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer())
}

/** HTTP headers of every answer; the length is told because some clients want it. */
const answered = (c: Context, result: Exchange): Response =>
  result.kind === 'malformed'
    ? refused(c, refuse(400, `not a DNS query: ${result.reason}`))
    : c.body(result.body as Uint8Array<ArrayBuffer>, 200, {
        'content-type': DNS_MESSAGE,
        'content-length': String(result.body.length),
        'cache-control': result.cacheControl,
      })

/** An HTTP error carries no DNS message (RFC 8484 §4.2.1) and is kept by nobody. */
const refused = (c: Context, { status, reason }: Refusal): Response =>
  c.text(`${reason}\n`, status, {
    'cache-control': 'no-store',
    ...(status === 415 ? { 'accept-post': DNS_MESSAGE } : {}),
  })
