import type { Readable } from 'node:stream'
import { failed, type UpstreamFailed } from '../upstream/transport.ts'

export type { HttpResponse } from '../upstream/http.ts'

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

const FAILURE_CODES: Readonly<Record<TransportErrorCode, UpstreamFailed['code']>> = {
  timeout: 'timeout',
  aborted: 'timeout',
  network: 'network',
  tls: 'tls',
  'too-long': 'protocol',
  protocol: 'protocol',
}

/** An error as a value. Its message stays here, it may quote what an upstream wrote; the system's code says enough. */
export function failureOf(error: Error): UpstreamFailed {
  const code = error instanceof TransportError ? error.code : 'network'
  return failed(FAILURE_CODES[code], systemCode(error) ?? code)
}

/** `ECONNREFUSED`, `CERT_HAS_EXPIRED`: of the error or of what it was caused by. */
function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code } = error as NodeJS.ErrnoException
  return code !== undefined && /^[A-Z0-9_]+$/.test(code) ? code : systemCode(error.cause)
}
