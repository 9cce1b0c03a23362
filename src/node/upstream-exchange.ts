import type { Readable } from 'node:stream'

export type { UpstreamResponse } from '../upstream/transport.ts'

/** Why there is no response. Stable: logs and tests use them. */
export type TransportErrorCode =
  | 'timeout' // no whole response in time
  | 'aborted' // the caller no longer waits
  | 'network' // no such host, refused, reset, closed mid-way
  | 'tls' // no handshake: certificate, name, version
  | 'too-long' // more than a DNS message can be
  | 'protocol' // no HTTP

/** An exchange that failed. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly code: TransportErrorCode

  constructor(code: TransportErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A connection that ended before an answer began: the same may be asked again on another. */
export class UnansweredError extends TransportError {}

export const isUnanswered = (error: unknown): boolean => error instanceof UnansweredError

/** One message on its way. */
export interface UpstreamExchange {
  readonly url: URL
  readonly message: Uint8Array
  readonly deadline: {
    /** Aborts with a TransportError, at the deadline or when the caller gives up. */
    readonly signal: AbortSignal
    /** Forgets the timer. */
    release(): void
  }
}

export { DNS_MESSAGE } from '../dns/protocol.ts'

/** A DNS message is at most this long (RFC 1035 §4.2.2). An upstream that sends more is cut off. */
export const MAX_RESPONSE_LENGTH = 65_535

/** Collects a response's body. */
export interface BodyCollector {
  /** The octets so far, as one. */
  body(): Uint8Array
}

/**
 * Collects what a stream brings and calls back once when it is more than a DNS message can be.
 *
 * @param declared the content-length, if any: a lie is not waited for
 */
export function collectBody(
  stream: Readable,
  declared: string | undefined,
  onTooLong: (error: TransportError) => void,
): BodyCollector {
  const chunks: Uint8Array[] = []
  let length = 0
  const tooLong = (): void =>
    onTooLong(new TransportError('too-long', `a response of more than ${MAX_RESPONSE_LENGTH} octets`))
  if (Number(declared) > MAX_RESPONSE_LENGTH) tooLong()
  else {
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length > MAX_RESPONSE_LENGTH) tooLong()
      else chunks.push(chunk)
    })
  }
  return { body: () => Buffer.concat(chunks) }
}

/** A system's error as ours; happy eyeballs' aggregate has a code and no message. */
export const toTransportError = (code: TransportErrorCode, error: NodeJS.ErrnoException): TransportError =>
  error instanceof TransportError
    ? error
    : new TransportError(code, error.message || error.code || 'unknown error', { cause: error })
