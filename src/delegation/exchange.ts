/** Why there is no answer from a server. Stable: logs and tests use them. */
export type ExchangeErrorCode =
  | 'timeout' // the signal aborted first
  | 'refused' // nobody listens there
  | 'network' // no way there, reset, closed before the answer was whole
  | 'too-many-strangers' // datagrams kept coming that were not the reply: somebody guesses
  | 'overloaded' // too many exchanges under way

/** An exchange that failed. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError'
  readonly code: ExchangeErrorCode

  constructor(code: ExchangeErrorCode, options?: ErrorOptions) {
    super(code, options)
    this.code = code
  }
}

/** Carries one message to one server and brings its answer. Given by the runtime: `node/`, `cloudflare/`, tests. */
type Exchange = (
  address: string,
  port: number,
  message: Uint8Array,
  signal: AbortSignal,
  /** Whether a datagram is the reply. All others are passed over: whoever guesses must not end the waiting. */
  isReply?: (datagram: Uint8Array) => boolean,
) => Promise<Uint8Array>

/** One DNS message to a server and its answer (RFC 1035 §4.2). Rejects with an `ExchangeError`. */
export interface ServerExchange {
  /**
   * Over UDP, from a port of its own that nobody can guess (RFC 5452 §9.2), taking datagrams from this address and port
   * alone. Undefined where there is no UDP: Workers.
   */
  readonly udp?: Exchange
  readonly tcp: Exchange
}

/** Datagrams that are not the reply, from the server's own address and port, before its answer is fetched over TCP. */
export const MAX_STRANGERS = 16
