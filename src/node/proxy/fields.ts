import type { IncomingMessage } from 'node:http'
import { type Refusal, refusal } from './refusal.ts'

/** Header fields as they came: names and values by turns, as in Node's `rawHeaders`. */
export type Fields = readonly string[]

/**
 * Fields that concern one connection (RFC 9110 §7.6.1), and `Proxy-*` for us (§11.7): credentials for a proxy are no
 * site's business, and no site may ask for them. What says how long a body is, we say ourselves; trailers are dropped
 * (§6.5.1), and so is what announces them.
 */
const NOT_FORWARDED = new Set([
  ...['connection', 'proxy-connection', 'keep-alive', 'te', 'transfer-encoding', 'upgrade', 'trailer'],
  ...['proxy-authorization', 'proxy-authenticate', 'proxy-authentication-info', 'content-length'],
])

/** RFC 9110 §7.6.3: by a pseudonym, for where the proxy stands is nobody's business. Nothing says for whom it asks. */
const VIA = ['Via', '1.1 bitdoh']

const pairs = (fields: Fields): (readonly [name: string, value: string])[] =>
  Array.from({ length: fields.length / 2 }, (_, index) => [fields[2 * index]!, fields[2 * index + 1]!])

const valuesOf = (fields: Fields, wanted: string): readonly string[] =>
  pairs(fields).flatMap(([name, value]) => (name.toLowerCase() === wanted ? [value] : []))

const forwarded = (fields: Fields, others: readonly string[]): string[] => {
  const named = valuesOf(fields, 'connection').flatMap((value) =>
    value.split(',').map((each) => each.trim().toLowerCase()),
  )
  const dropped = new Set([...NOT_FORWARDED, ...named, ...others])
  return pairs(fields)
    .filter(([name]) => !dropped.has(name.toLowerCase()))
    .flat()
}

/** How long a body is, in the words for the next hop; Node's parser has seen to it that there are no two opinions. */
function framing({ headers }: IncomingMessage): string[] | undefined {
  const { 'transfer-encoding': coding, 'content-length': length } = headers
  if (coding === undefined) return length === undefined ? [] : ['Content-Length', length]
  // RFC 9112 §6.1: whoever does not know a coding cannot pass on what it covers.
  return coding.trim().toLowerCase() === 'chunked' ? ['Transfer-Encoding', 'chunked'] : undefined
}

/** Methods for whose requests Node would not announce an empty body (RFC 9110 §8.6). */
const BODYLESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

/** The header fields of a request for its next hop, and whether a body follows them. */
export function requestFields(
  request: IncomingMessage,
  authority: string,
): { readonly kind: 'fields'; readonly fields: string[]; readonly hasBody: boolean } | Refusal {
  const { rawHeaders, method = '' } = request
  // RFC 9112 §3.2: two opinions on who is asked are an attack.
  if (valuesOf(rawHeaders, 'host').length > 1)
    return refusal('http_request_error', 'The request has several Host fields.')
  const length = framing(request)
  if (length === undefined)
    return refusal(
      'http_request_error',
      'The request has a transfer coding that this proxy does not know.',
      501,
    )
  const hasBody = length.length > 0
  const empty = hasBody || BODYLESS.has(method) ? [] : ['Content-Length', '0']
  // RFC 9112 §3.2.2: what the target says counts, whatever the client's Host says.
  const [hops] = method === 'OPTIONS' ? valuesOf(rawHeaders, 'max-forwards') : []
  const fewer =
    hops === undefined ? [] : ['Max-Forwards', String(Math.max(0, Number.parseInt(hops, 10) - 1) || 0)]
  const end = forwarded(rawHeaders, hops === undefined ? ['host'] : ['host', 'max-forwards'])
  const fields = ['Host', authority, ...end, ...length, ...empty, ...fewer, ...VIA]
  return { kind: 'fields', fields, hasBody }
}

/** The header fields of a response for the client; undefined when no client may be given it. */
export function responseFields(response: IncomingMessage): string[] | undefined {
  // Attack: a site that asks for the password of the proxy, in the browser's own dialogue.
  if (response.statusCode === 407) return undefined
  const length = framing(response)
  if (length === undefined) return undefined
  // Node chooses the coding for each client: HTTP/1.0 knows none.
  const known = length[0] === 'Content-Length' ? length : []
  return [...forwarded(response.rawHeaders, []), ...known, ...VIA]
}
