import { addressOctets } from '../../addresses.ts'
import { BIT } from '../../bit/apex.ts'
import { isAtOrBelow, type Name, nameFromText } from '../../dns/name.ts'
import { type Refusal, refusal } from './refusal.ts'

/** Where a request wants to go. */
export interface Destination {
  readonly kind: 'destination'
  /** Host and port as the client wrote them: what the site sees in `Host`. */
  readonly authority: string
  readonly host:
    | { readonly kind: 'name'; readonly name: Name }
    | { readonly kind: 'address'; readonly octets: Uint8Array }
  readonly port: number
}

/** A destination, and what is wanted there in origin-form (RFC 9112 §3.2.1). */
export interface Target {
  readonly kind: 'target'
  readonly destination: Destination
  readonly path: string
}

const HTTP_PORT = 80
const MAX_PORT = 65_535

/** Reads the target of CONNECT: `example.bit:443` (RFC 9112 §3.2.3). */
export const readAuthority = (text: string): Destination | Refusal => readHostPort(text, undefined)

/**
 * Reads the target of any other method: `http://example.bit/page` (RFC 9112 §3.2.2). The path stays as it was written,
 * for the URL parser would change some.
 */
export function readTarget(text: string, method: string): Target | Refusal {
  const [, scheme = '', authority = '', path = ''] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)$/i.exec(text) ?? []
  if (scheme.toLowerCase() !== 'http') {
    const why =
      scheme === '' ? 'no absolute http:// URI' : `a URI of ${scheme}://, for which proxies take CONNECT`
    return refusal('http_request_error', `The request's target is ${why}.`)
  }
  const destination = readHostPort(authority, HTTP_PORT)
  if (destination.kind === 'refusal') return destination
  // RFC 9112 §3.2.4: asked about the server as a whole, the last proxy says so.
  if (path === '') return { kind: 'target', destination, path: method === 'OPTIONS' ? '*' : '/' }
  return { kind: 'target', destination, path: path.startsWith('/') ? path : `/${path}` }
}

/**
 * Host and port. Only what a host is made of: user information (RFC 9110 §4.2.4), escapes and whitespace are how one
 * host is made to look like another.
 */
function readHostPort(authority: string, defaultPort: number | undefined): Destination | Refusal {
  const [, ipv6, other = '', digits] =
    /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::([0-9]{1,5}))?$/i.exec(authority) ?? []
  const port = digits === undefined ? defaultPort : Number(digits)
  const octets = addressOctets(ipv6 ?? other)
  const name = ipv6 === undefined && octets === undefined ? nameFromText(other) : undefined
  if (port === undefined || port < 1 || port > MAX_PORT || (octets ?? name) === undefined) {
    return refusal('http_request_error', "The request's target is not a host and a port.")
  }
  const host =
    octets === undefined ? ({ kind: 'name', name: name! } as const) : ({ kind: 'address', octets } as const)
  return { kind: 'destination', authority, host, port }
}

/** Which hosts beside .bit names the proxy goes to. */
export type Others = 'on' | 'off'

/** Ports below 1024 where the web is. */
const WEB_PORTS: readonly number[] = [80, 443]
const FIRST_UNPRIVILEGED_PORT = 1024

/** Why the proxy does not go there; undefined when it does. */
export function denied({ host, port }: Destination, others: Others): Refusal | undefined {
  // Attack: mail servers and other line protocols skip what they do not understand, so a request whose body is SMTP,
  // sent to port 25 of somebody's, is mail from our address. Such services have ports below 1024; sites have others, too.
  if (port < FIRST_UNPRIVILEGED_PORT && !WEB_PORTS.includes(port)) {
    return refusal(
      'http_request_denied',
      `This proxy does not go to port ${port}: to 80, 443 and from 1024 on.`,
    )
  }
  if (
    others === 'on' ||
    (host.kind === 'name' && host.name.length > BIT.length && isAtOrBelow(host.name, BIT))
  )
    return undefined
  return refusal(
    'http_request_denied',
    'This proxy goes to names under .bit alone. A PAC file sends it those and nothing else.',
  )
}
