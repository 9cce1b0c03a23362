import type { Name } from '../dns/name.ts'
import type { ResourceRecord } from '../dns/record.ts'

/** What to ask: a name in any case, and a record type (see `Type`) or ANY. */
export interface BitQuestion {
  readonly name: Name
  readonly type: number
}

/** What the chain says to a question. Owners of records are in lower case. */
export type BitAnswer =
  /** The RRset of the type asked for; ANY gets a CNAME or HINFO. */
  | { readonly kind: 'answer'; readonly records: readonly ResourceRecord[] }
  /** A CNAME, or a DNAME and the CNAME made from it. The answer to the question is that for `target`. */
  | { readonly kind: 'alias'; readonly records: readonly ResourceRecord[]; readonly target: Name }
  /** The name exists and has no records of the type. */
  | { readonly kind: 'nodata'; readonly records: readonly ResourceRecord[] }
  | { readonly kind: 'nxdomain'; readonly reason: MissingReason }
  /** The DNAME would make a name of more than 255 octets (RFC 6672 §2.2). Its record is in the answer. */
  | { readonly kind: 'yxdomain'; readonly records: readonly ResourceRecord[] }
  | Delegation
  /** The value is no domain object: SERVFAIL with EDE 24. */
  | { readonly kind: 'invalid'; readonly detail: string }
  /** A value that decides the answer could not be asked for: SERVFAIL. */
  | { readonly kind: 'unreachable'; readonly namecoinName: string }
  /**
   * What there is was not found, and the search ended at a limit (see `Effort`), so that it may be there all the same:
   * SERVFAIL. What is found before a limit, or in spite of one, is answered.
   */
  | { readonly kind: 'exhausted' }

/** Why a name does not exist. */
export type MissingReason =
  | 'invalid-name' // no Namecoin name can stand for it; nothing was fetched
  | 'absent' // the Namecoin name never existed, or has expired
  | 'no-such-label' // the value has no such subdomain

/** The answer is with the name's own nameservers. */
export interface Delegation {
  readonly kind: 'delegation'
  /** The owner of the NS records: the question is at or below it. */
  readonly zone: Name
  readonly servers: readonly Name[]
  /** IP literals in `ns`, which the 1.0 specification had: servers to ask, never RDATA. */
  readonly serverAddresses: readonly string[]
  /**
   * What else the servers may be called, when no server inside the domain has a place in its value: values after the
   * 1.0 and 2.0 specifications hold absolute names without the final dot. Empty otherwise. Only for following.
   */
  readonly undottedServers: readonly Name[]
  /**
   * Undefined when it could not be found out whether there are any, or what they say: who follows must not take the zone
   * for an unsigned one then.
   */
  readonly ds: readonly ResourceRecord[] | undefined
  /** A and AAAA of the servers in the zone, as far as they could be had: a hint, the zone itself knows better. */
  readonly glue: readonly ResourceRecord[]
}

/** A part of a value that was left out, and why. */
export interface Diagnostic {
  /** The item: `ip`, `import`, … */
  readonly item: string
  /** The place in the domain, where it is known. */
  readonly owner?: Name
  readonly reason: string
}

export type Report = (diagnostic: Diagnostic) => void
