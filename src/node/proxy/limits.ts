/** What a client of the proxy may cost. Tests pass smaller ones. */
export interface ProxyLimits {
  /** Milliseconds for the header of a request (Slowloris, 2009), as the gateway has it. */
  readonly headersMs: number
  /** How often, in milliseconds, connections are held against that. */
  readonly checkMs: number
  /** Milliseconds that a client's connection stays with nothing asked for: nginx's `keepalive_timeout`. */
  readonly keepAliveMs: number
  /** Milliseconds without an octet from or to a site in the middle of an exchange: Firefox waits as long by itself. */
  readonly stalledMs: number
  /** The same for tunnels: tinyproxy's `Timeout`. WebSockets send pings more often. */
  readonly tunnelIdleMs: number
  /** The same for tunnels once one side has said all it had to say. */
  readonly halfOpenIdleMs: number
  /** Connections of clients at one listening address. Beyond them new ones are closed at once. */
  readonly maxClients: number
  /**
   * Requests of one connection that may wait for their turn. Browsers send one at a time; a client that sends more is
   * cut off, and by RFC 9112 §9.3.2 asks again for what it has no answer to.
   */
  readonly maxPipelined: number
}

/** The limits unless others are passed. */
export const DEFAULT_PROXY_LIMITS: ProxyLimits = {
  headersMs: 10_000,
  checkMs: 2_000,
  keepAliveMs: 75_000,
  stalledMs: 300_000,
  tunnelIdleMs: 600_000,
  halfOpenIdleMs: 60_000,
  maxClients: 1_000,
  maxPipelined: 64,
}

/** Octets of a request's or a response's header: Squid's `request_header_max_size`; sites set many cookies. */
export const MAX_HEADER_LENGTH = 65_536

/** Milliseconds that a connection to a site is kept for the same client's next request: most servers close theirs soon. */
export const SPARE_MS = 15_000

/** Milliseconds for a connection to one address: SYNs are sent again after 1, 3 and 7 seconds (RFC 6298). */
export const CONNECT_MS = 10_000

/** Milliseconds for all addresses of a name together. */
export const CONNECT_ALL_MS = 30_000

/** Milliseconds that an address gets before the next one is tried beside it (RFC 8305 §5 recommends 250). */
export const NEXT_ADDRESS_MS = 250

/**
 * Addresses tried at once. Attack: a name with a thousand addresses of other people's, each of whom would get a
 * connection for every visit.
 */
export const MAX_ATTEMPTS = 16
