/** How asking a server can go wrong, as values. */

/** Why there is no reply. Stable: logs, `/readyz` and tests use them. */
export type FailureCode =
  | 'timeout' // no reply within the caller's time, or a server that has gone silent
  | 'network' // refused, reset, name not found, closed by the server
  | 'certificate' // a TLS certificate that is not trusted
  | 'too-long' // a message longer than allowed
  | 'protocol' // a message that is none, or a reply of the wrong shape
  | 'ambiguous' // a proof that can be read in two ways: whoever made the transaction made it so
  | 'version' // a protocol version that was not offered
  | 'wrong-chain' // a server of another chain, or one that does not have all of it
  | 'budget' // asking would cost the server more than it gives one client
  | 'overused' // the server says that we ask too much of it (-101)
  | 'busy' // too many requests wait here already
  | 'unsupported' // this runtime cannot reach such an address
  | 'banned' // it lied before
  | 'closed' // we closed the connection

/** No reply, and why. `detail` is one line for logs and `/readyz`: never a name, never what a server wrote. */
export interface Failed {
  readonly kind: 'failed'
  readonly code: FailureCode
  readonly detail: string
}

/** The server answered that it will not. Its own words are left out: they repeat what was asked, hashes of names. */
export interface ServerError {
  readonly kind: 'error'
  /** The server's: see `ErrorCode`; others are possible. */
  readonly code: number
  /** What the code means. */
  readonly message: string
}

/** An answer that has been read. */
export interface Result<Value> {
  readonly kind: 'result'
  readonly result: Value
}

/** What comes back from asking for a `Value`: never an exception. */
export type Answer<Value> = Result<Value> | ServerError | Failed

/** The same before its shape has been checked. */
export type Reply = Answer<unknown>

export const failed = (code: FailureCode, detail: string): Failed => ({ kind: 'failed', code, detail })

export const result = <Value>(value: Value): Result<Value> => ({ kind: 'result', result: value })

/** Error codes of ElectrumX (server/session.py, aiorpcx/jsonrpc.py). */
export const ErrorCode = {
  badRequest: 1,
  daemonError: 2,
  historyTooLarge: 10_001,
  replyTooLarge: -32_600, // Also what is no request at all; ours are.
  unknownMethod: -32_601,
  badArguments: -32_602,
  excessiveUse: -101,
  busy: -102,
} as const

const MEANINGS: ReadonlyMap<number, string> = new Map([
  [ErrorCode.badRequest, 'bad request'],
  [ErrorCode.daemonError, 'its node answered with an error'],
  [ErrorCode.historyTooLarge, 'the history is too large'],
  [ErrorCode.replyTooLarge, 'the reply is too large'],
  [ErrorCode.unknownMethod, 'unknown method'],
  [ErrorCode.badArguments, 'bad arguments'],
  [ErrorCode.excessiveUse, 'excessive resource usage'],
  [ErrorCode.busy, 'the server is busy'],
])

export const serverError = (code: number): ServerError => ({
  kind: 'error',
  code,
  message: MEANINGS.get(code) ?? `error ${code}`,
})
