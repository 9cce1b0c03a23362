import type { Name } from '../dns/name.ts'
import type { Finding } from './finding.ts'
import type { DohServer } from './server.ts'

/**
 * How binding a clause is: the words of RFC 2119, or CLIENT for what no RFC demands and some client breaks without.
 * Only a MUST that fails makes the whole check fail.
 */
export type Level = 'MUST' | 'SHOULD' | 'MAY' | 'CLIENT'

/** The names that a server is asked for. */
export interface CheckNames {
  /** Has addresses, best several. */
  readonly name: Name
  /** Does not exist. */
  readonly nxdomain: Name
  /** An alias (CNAME) of a name with addresses. */
  readonly alias: Name
  /** Its lookup fails: SERVFAIL from a server that validates. */
  readonly servfail: Name
  /** Has an answer of more than 512 octets. */
  readonly long: { readonly name: Name; readonly type: number }
  /** A .bit name with addresses, where the server is asked for those at all. */
  readonly bit?: Name
}

/** What a clause is checked on. */
export interface Subject {
  readonly server: DohServer
  /** Path and query of the server's URL: `/dns-query`. */
  readonly target: string
  readonly names: CheckNames
  /** Whether to do what only an operator should do to a server: thousands of requests at once. */
  readonly robust: boolean
  /** Lets seconds go by. */
  readonly wait: (seconds: number) => Promise<void>
  /** A label that nobody has ever asked for. */
  readonly freshLabel: () => string
}

/** One thing that a DoH server must or should do. */
export interface Clause {
  /** Stable: scripts rely on it. `C1` to `C32` are the clauses of RFC 8484, the rest is named after who needs it. */
  readonly id: string
  readonly title: string
  readonly level: Level
  /** Where that is written. */
  readonly source: string
  readonly run: (subject: Subject) => Promise<Finding>
}
