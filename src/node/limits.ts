/**
 * What a client may cost. The defaults hold for a gateway that anybody may ask; tests pass smaller ones.
 */
export interface Limits {
  /** Octets of the request target. RFC 9110 §4.1: support at least 8000; the longest real query has some 1000. */
  readonly maxTargetLength: number
  /** Octets of all header fields, names and values. Node's own default (`--max-http-header-size`). */
  readonly maxHeaderLength: number
  /** Octets of a request's body: a DNS message is at most 65,535 (RFC 8484 §6, RFC 1035 §4.2.2). */
  readonly maxBodyLength: number
  /** Octets of bodies being received at once, all clients together. Beyond them: 503. */
  readonly maxBodiesLength: number
  /** Milliseconds for the header of a request and for the TLS handshake (Slowloris, 2009). Node's default is 60 s. */
  readonly headersTimeoutMs: number
  /** Milliseconds for a whole request, header and body (R-U-Dead-Yet, 2010). Node's default is 300 s. */
  readonly requestTimeoutMs: number
  /** How often HTTP/1 connections are held against the two limits above. */
  readonly connectionsCheckingIntervalMs: number
  /** Milliseconds that an idle HTTP/1 connection stays. nginx's `keepalive_timeout`; beyond the 60 s for which proxies keep theirs, so that they close first. */
  readonly keepAliveTimeoutMs: number
  /** Milliseconds that an idle HTTP/2 connection stays; browsers keep theirs for minutes (nginx had 3 for it). */
  readonly sessionTimeoutMs: number
  /** Open streams of one HTTP/2 connection. RFC 9113 §6.5.2: no smaller than 100. */
  readonly maxConcurrentStreams: number
  /** Megabytes that nghttp2 and Node may hold for one HTTP/2 connection. Node's default is 10. */
  readonly maxSessionMemoryMb: number
  /** RST_STREAM frames a client may send at once, and a second after (rapid reset, CVE-2023-44487). Node's defaults. */
  readonly streamResetBurst: number
  readonly streamResetRate: number
  /** Streams refused, and frames that are invalid, before the session is closed (CVE-2019-9512 to 9518). Node's defaults. */
  readonly maxSessionRejectedStreams: number
  readonly maxSessionInvalidFrames: number
  /** Connections of one listening address. Beyond them new ones are closed at once. */
  readonly maxConnections: number
}

/** The limits unless others are passed. */
export const DEFAULT_LIMITS: Limits = {
  maxTargetLength: 8_192,
  maxHeaderLength: 16_384,
  maxBodyLength: 65_535,
  maxBodiesLength: 64 * 1024 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  connectionsCheckingIntervalMs: 2_000,
  keepAliveTimeoutMs: 75_000,
  sessionTimeoutMs: 180_000,
  maxConcurrentStreams: 100,
  maxSessionMemoryMb: 10,
  streamResetBurst: 1_000,
  streamResetRate: 33,
  maxSessionRejectedStreams: 100,
  maxSessionInvalidFrames: 1_000,
  maxConnections: 10_000,
}

/**
 * Octets of target and header together that are still read, so that what is too long gets the right status. What
 * is longer, Node's parser refuses over HTTP/1 and resets over HTTP/2, where nghttp2 takes no field above 65,536
 * octets in any case (NGHTTP2_HD_MAX_VALUE).
 */
export const MAX_READ_HEADER_LENGTH = 65_536

/** Milliseconds that a refused client has to read why, before its connection is cut. */
export const LINGER_MS = 1_000

/** Milliseconds a GOAWAY gets to reach an idle client before its connection is closed. */
export const GOODBYE_MS = 250
