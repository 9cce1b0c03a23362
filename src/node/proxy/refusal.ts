import { STATUS_CODES } from 'node:http'

/** Why a request was not passed on: the error types of RFC 9209 §2.3, which go into `Proxy-Status`. Stable. */
export type RefusalCode =
  | 'http_request_error' // it is no request to a proxy
  | 'http_request_denied' // it leads where this proxy does not go
  | 'dns_error' // no such name, no address, or nobody could say
  | 'destination_ip_prohibited' // all addresses are private, or this machine's
  | 'connection_refused' // no address accepts connections
  | 'connection_timeout' // no address answers
  | 'connection_terminated' // the site closed the connection before it answered
  | 'http_response_timeout' // the site keeps us waiting
  | 'http_protocol_error' // the site's answer is not HTTP

/** The status of each (RFC 9209 §2.3 recommends them). */
const STATUS: Readonly<Record<RefusalCode, number>> = {
  http_request_error: 400,
  http_request_denied: 403,
  dns_error: 502,
  destination_ip_prohibited: 502,
  connection_refused: 502,
  connection_timeout: 504,
  connection_terminated: 502,
  http_response_timeout: 504,
  http_protocol_error: 502,
}

/** A request that was not passed on. */
export interface Refusal {
  readonly kind: 'refusal'
  readonly code: RefusalCode
  readonly status: number
  /** One sentence for whoever reads the page. */
  readonly text: string
}

/** Makes a refusal. @param status where the code has several */
export const refusal = (code: RefusalCode, text: string, status = STATUS[code]): Refusal => ({
  kind: 'refusal',
  code,
  status,
  text,
})

/** The page that says it. */
export const refusalPage = ({ status, text }: Refusal): string =>
  `${status} ${STATUS_CODES[status]}\n\n${text}\n`

/** Its header fields. They come under the name of the site, so nobody may take them for more than text, or keep them. */
export const refusalFields = (refused: Refusal): Readonly<Record<string, string | number>> => ({
  'content-type': 'text/plain; charset=utf-8',
  'content-length': Buffer.byteLength(refusalPage(refused)),
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'proxy-status': `bitdoh; error=${refused.code}`,
})

/** All of it, for a connection that no HTTP server of Node's looks after any longer. */
export const refusalMessage = (refused: Refusal): string => {
  const fields = Object.entries(refusalFields(refused)).map(([name, value]) => `${name}: ${value}\r\n`)
  const line = `HTTP/1.1 ${refused.status} ${STATUS_CODES[refused.status]}\r\n`
  return `${line}${fields.join('')}connection: close\r\n\r\n${refusalPage(refused)}`
}
