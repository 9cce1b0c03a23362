/** How an upstream is spoken to: RFC 8484, RFC 7858, RFC 7766, RFC 1035. */
export type Scheme = 'https' | 'tls' | 'tcp' | 'udp'

/** Where an upstream is. */
export interface UpstreamAddress {
  readonly scheme: Scheme
  /** A name or an address, lower case; IPv6 without brackets. What a certificate is held against. */
  readonly host: string
  readonly port: number
  /** The URL without bootstrap addresses: what `https` posts to, and what a log says. */
  readonly url: string
  /** Addresses of the host, in the order they are tried; none: the system's resolver is asked for them. */
  readonly bootstrap: readonly string[]
}

const DEFAULT_PORTS: Readonly<Record<Scheme, number>> = { https: 443, tls: 853, tcp: 53, udp: 53 }

/**
 * Reads what the setting `upstream` took: `tls://dns.example:853#192.0.2.1,2001:db8::1`. The fragment is never sent.
 * @throws TypeError for what is no URL, which the setting does not take
 */
export function readUpstream(text: string): UpstreamAddress {
  const { protocol, hostname, port, hash, href } = new URL(text)
  const scheme = protocol.slice(0, -1)
  if (!Object.hasOwn(DEFAULT_PORTS, scheme)) throw new TypeError(`${protocol}// is no way to ask an upstream`)
  return {
    scheme: scheme as Scheme,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || DEFAULT_PORTS[scheme as Scheme]),
    url: href.slice(0, href.length - hash.length),
    bootstrap: hash === '' ? [] : hash.slice(1).split(','),
  }
}

/**
 * Whether the server is known by its certificate and nobody on the way can write answers or read queries. It does not
 * matter where it is: a `udp` upstream on loopback is not, any process of the machine may answer in its place.
 */
export const isAuthenticated = ({ scheme }: UpstreamAddress): boolean =>
  scheme === 'https' || scheme === 'tls'
