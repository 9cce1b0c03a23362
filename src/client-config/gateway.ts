import { addressOctets } from '../addresses.ts'
import { readGatewayUrl } from '../gateway-url.ts'

/** A gateway as clients are told of it. */
export interface Gateway {
  /** Its DoH URL, in the form of `readGatewayUrl`. */
  readonly url: string
  /** Addresses of its host, for clients that can ask nobody for them; may be none. */
  readonly addresses: readonly string[]
}

/** One gateway or more, in the order in which they are preferred. */
export type Gateways = readonly [Gateway, ...Gateway[]]

/** What `readGateway` reads. */
export const GATEWAY_FORM = 'https://HOST[:PORT]/PATH, with or without #ADDRESS,… of the host'

/** A gateway from `https://gateway.example/dns-query#192.0.2.1,2001:db8::1`, or undefined. */
export function readGateway(text: string): Gateway | undefined {
  const [plain = '', list, ...more] = text.split('#')
  const url = readGatewayUrl(plain)
  const addresses = list === undefined ? [] : list.split(',')
  if (url === undefined || more.length > 0) return undefined
  return addresses.every((address) => addressOctets(address) !== undefined) ? { url, addresses } : undefined
}

/** Settings of a client: a file, or lines to type. */
export interface ClientConfig {
  /** The file's usual name. */
  readonly fileName: string
  readonly text: string
  /** Where it goes and what it cannot do, in sentences for people. */
  readonly notes: readonly string[]
}

/** What to tell those who have several gateways and a client that takes one. */
export const onlyTheFirst = (client: string, [first, ...others]: Gateways): readonly string[] =>
  others.length === 0
    ? []
    : [
        `${client} takes one URL: only ${first.url} is in here. To have it use the others, too, give all gateways one ` +
          'host name that has the addresses of all.',
      ]
