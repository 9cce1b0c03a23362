/**
 * What the program tells its operator.
 *
 * Never a client's address, never a name that was looked up, never a value with a password: a log outlives the
 * intention it was written with, and who asked for which name is what this gateway exists to keep private
 * (RFC 9076 §6, RFC 8932 §5.2).
 */
export interface Log {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** Details of an event; what is undefined is left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** A log that nobody reads, for tests and embedding. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} }
