import { type AddressBlock, addressBlock } from '../addresses.ts'
import { readGatewayUrl, readNamedGatewayUrl } from '../gateway-url.ts'

/**
 * What a setting may take: how its text is read, and how that is said to a person. A kind is a value; the schema
 * puts kinds together, so that the parser and the help can never disagree.
 */
export interface Kind<Value> {
  /** What it takes, for the help and for errors: `on or off`. */
  readonly takes: string
  /** The value of a text, undefined when it is none. */
  readonly read: (text: string) => Value | undefined
}

/** A host and a port, as in `127.0.0.1:8443` or `[::1]:8443`. */
export interface Address {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  /** 0 lets the system choose one. */
  readonly port: number
}

/** RFC 6335 §6: ports are 16 bits. */
const MAX_PORT = 65_535

/** Any text but none at all. */
export const text = (takes: string): Kind<string> => ({
  takes,
  read: (given) => (given === '' ? undefined : given),
})

/** One of some words. */
export const oneOf = <const Word extends string>(...words: readonly Word[]): Kind<Word> => ({
  takes: words.length === 1 ? words[0]! : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`,
  read: (given) => words.find((word) => word === given),
})

/** A whole number within bounds, both included. */
export const wholeNumber = (smallest: number, largest: number): Kind<number> => ({
  takes: `a whole number from ${smallest} to ${largest}`,
  read: (given) => {
    const number = /^[0-9]{1,15}$/.test(given) ? Number(given) : Number.NaN
    return number >= smallest && number <= largest ? number : undefined
  },
})

/** `HOST:PORT`. */
export const address: Kind<Address> = {
  takes: 'HOST:PORT, an IPv6 address in brackets',
  read: (given) => {
    const match = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([\w.-]+)):([0-9]{1,5})$/.exec(given)
    const [, ipv6, host, digits] = match ?? []
    const port = Number(digits)
    if (match === null || port > MAX_PORT) return undefined
    // `[1.2]:80` passes the characters above but is no address; the URL parser knows what is.
    if (ipv6 !== undefined && !URL.canParse(`http://[${ipv6.replace(/%.*$/, '')}]`)) return undefined
    return { host: (ipv6 ?? host)!, port }
  },
}

const readUrl = (given: string, schemes: readonly string[]): URL | undefined => {
  if (!URL.canParse(given)) return undefined
  const url = new URL(given)
  return schemes.includes(url.protocol) && url.hash === '' ? url : undefined
}

/** An `http://` or `https://` URL, with or without `user:password@`. */
export const webUrl: Kind<string> = {
  takes: 'an http:// or https:// URL',
  read: (given) => readUrl(given, ['http:', 'https:'])?.href,
}

/**
 * The URL of a DoH server. RFC 8484 §4.1.1 writes them as URI templates ending in `{?dns}`; queries go out with
 * POST, which uses the template without the variable.
 */
export const dohUrl: Kind<string> = {
  takes: 'an https:// URL',
  read: (given) => {
    const url = readUrl(given.replace(/\{\?dns\}$/, ''), ['https:'])
    return url?.username === '' && url.password === '' ? url.href : undefined
  },
}

/** Ports of servers that are not asked over HTTPS: RFC 7858 §3.1, RFC 1035 §4.2. */
const DNS_PORTS: Readonly<Record<string, number>> = { tls: 853, tcp: 53, udp: 53 }

/** `tls://HOST[:PORT]`, with the port filled in. */
function readDnsUrl(given: string): string | undefined {
  const [, scheme = '', host, digits] =
    /^(tls|tcp|udp):\/\/(\[[^\]]+\]|[^\s:/?#@[\]]+)(?::([0-9]{1,5}))?\/?$/.exec(given) ?? []
  const port = digits === undefined ? DNS_PORTS[scheme] : Number(digits)
  // What is a host, the URL parser knows; of schemes it does not know it takes any.
  if (port === undefined || port < 1 || port > MAX_PORT || !URL.canParse(`http://${host}`)) return undefined
  return `${scheme}://${new URL(`http://${host}`).hostname}:${port}`
}

const isIpAddress = (host: string): boolean =>
  host.includes(':')
    ? URL.canParse(`http://[${host}]`)
    : /^[0-9.]+$/.test(host) && URL.canParse(`http://${host}`) && new URL(`http://${host}`).hostname === host

/**
 * A resolver, and after `#` the addresses of its host (bootstrap addresses), for when nobody else can be asked for
 * them. An address needs none.
 */
export const upstreamUrl: Kind<string> = {
  takes: 'https://, tls://, tcp:// or udp://HOST[:PORT][/PATH][#ADDRESS,…]',
  read: (given) => {
    const [, plain = '', fragment] = /^([^#]*)(?:#(.*))?$/.exec(given) ?? []
    const url = dohUrl.read(plain) ?? readDnsUrl(plain)
    if (url === undefined || fragment === undefined) return url
    const addresses = fragment.split(',').map((address) => address.trim())
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
    return addresses.every(isIpAddress) && !isIpAddress(host) ? `${url}#${addresses.join(',')}` : undefined
  },
}

/** The DoH URL of a gateway, as clients are to be told it: with no query of its own. */
export const gatewayUrl: Kind<string> = {
  takes: 'an https:// URL without a query',
  read: readGatewayUrl,
}

/** The same where it must have a name: other resolvers are told of it, and of no address (RFC 9462 §4). */
export const ownDohUrl: Kind<string> = {
  takes: 'an https:// URL with a host name',
  read: readNamedGatewayUrl,
}

/** Another gateway to ask, and after `#` the addresses of its host. */
export const askedGateway: Kind<string> = {
  takes: 'an https:// URL, perhaps with #ADDRESS,… of its host',
  read: (given) => (given.startsWith('https:') ? upstreamUrl.read(given) : undefined),
}

/** What another kind takes, or the word `none`. */
export const orNone = <Value>(kind: Kind<Value>): Kind<Value | 'none'> => ({
  takes: `${kind.takes}, or none`,
  read: (given) => (given === 'none' ? given : kind.read(given)),
})

const MILLISECONDS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A span of time such as `90s`, `30m`, `8h` or `2d`, in milliseconds; or the word `off`. */
export const durationOrOff: Kind<number | 'off'> = {
  takes: 'a duration such as 90s, 30m, 8h or 2d, or off',
  read: (given) => {
    if (given === 'off') return given
    const match = /^([1-9][0-9]{0,5})([smhd])$/.exec(given)
    return match === null ? undefined : Number(match[1]) * MILLISECONDS[match[2] as keyof typeof MILLISECONDS]
  },
}

/** A block of addresses in CIDR notation, or one address. */
export const cidr: Kind<AddressBlock> = {
  takes: 'an address, or a block such as 10.0.0.0/8 or fd00::/8',
  read: addressBlock,
}

/** The address of an ElectrumX server; what exactly is right in one, the light client knows. */
export const electrumAddress: Kind<string> = {
  takes: 'tcp://, tls://, ws:// or wss://HOST:PORT[#sha256=HEX of its certificate]',
  read: (given) =>
    /^(?:tcp|tls|ws|wss):\/\/[^\s/@#]+:[0-9]{1,5}(?:\/[^\s#]*)?(?:#sha256=[0-9A-Fa-f]{64})?$/.test(given)
      ? given
      : undefined,
}
