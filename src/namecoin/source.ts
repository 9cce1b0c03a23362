import type { NameProof } from './proof.ts'

/**
 * Where the values of Namecoin names come from: one interface, one file a source.
 */

/** What a source says about one name. Every kind means another answer to the client; see `resolver/bit.ts`. */
export type NameOutcome =
  /** The name's current value. */
  | FoundName
  /** The source knows that the name does not exist, or never did: NXDOMAIN. */
  | ({ readonly kind: 'absent' } & Reservation)
  /** The name existed, its registration has run out: NXDOMAIN, and the reason can be told. */
  | ({ readonly kind: 'expired' } & Reservation)
  /** The source could not be asked or does not know yet: SERVFAIL, never NXDOMAIN, never cached for long. */
  | { readonly kind: 'unreachable'; readonly code: UnreachableCode; readonly detail: string }
  /** The source answered, with something that is no value: SERVFAIL. */
  | { readonly kind: 'invalid'; readonly detail: string }

/** What a client should know of an outcome before relying on it for long. */
export interface Reservation {
  readonly caveat?: Caveat
  /** Seconds that an answer made of it may live at the most, where that is less than usual. */
  readonly maxTtl?: number
}

/** Stable: answers, `/proof` and tests use them. */
export type Caveat =
  | 'attested' // height and expiry are what two operators say; the headers that prove them are still on their way
  | 'one-operator' // that there is nothing, or nothing newer, is the word of one operator
  | 'newer-waits' // there is a newer update that has too few confirmations yet

export interface FoundName extends Reservation {
  readonly kind: 'found'
  /** The value's octets, as in the blockchain. */
  readonly value: Uint8Array
  /** Height of the block with the newest update; absent when the source has no chain. */
  readonly height?: number
  /** Blocks until the name expires, at least 1; absent when the source has no chain. */
  readonly expiresIn?: number
  /** Id of the transaction with the newest update, hex as Namecoin Core prints it. */
  readonly txid?: string
}

/** Why a source could not be asked. Stable: logs, `/readyz` and tests use them. */
export type UnreachableCode =
  | 'timeout' // no answer within the deadline
  | 'network' // refused, reset, name not found, TLS failure
  | 'credentials' // HTTP 401 or 403
  | 'overloaded' // too many requests under way, here or there
  | 'warming-up' // RPC error -28
  | 'syncing' // initial block download: it does not know the newest values yet
  | 'protocol' // an answer that is none: wrong type, wrong id, bad JSON, too long
  | 'stale-tip' // no new block for so long that the source has probably lost touch with the network
  | 'disagreement' // too few servers of different operators say the same
  | 'unconfirmed' // registered so lately that a reorganisation could undo it

/** How far the source's view of the chain is. */
export interface Tip {
  /** Changes whenever any value may have changed: a block hash, a file's version. Answers of another epoch are not used. */
  readonly epoch: string
  /** Height of the newest block; absent when the source has no chain. */
  readonly height?: number
  /** Time of the newest block, seconds since 1970. */
  readonly time?: number
  /** How far height and time are proven; absent where the source is believed anyway. */
  readonly assurance?: 'proven' | 'attested'
}

/** Whether a source can be used now, for `/readyz` and logs. */
export type SourceState =
  | { readonly kind: 'ready'; readonly tip: Tip }
  | { readonly kind: 'unready'; readonly code: UnreachableCode; readonly detail: string }

/** Where values come from. */
export interface NameSource {
  /** Its name in settings and logs: `names`, `core`. */
  readonly name: string
  /**
   * What its `absent` means when other sources follow: `every-name`, it knows the whole chain and the name does not
   * exist; `own-names`, it only speaks for the names it holds. Left out: `every-name`.
   */
  readonly covers?: 'every-name' | 'own-names'
  /**
   * The current value of one name, with its namespace, as text: `d/example`. Never rejects; gives up when the
   * signal aborts.
   */
  lookup(name: string, signal: AbortSignal): Promise<NameOutcome>
  /**
   * The same, asked afresh, with all that proves it. Left out where there is nothing to show but what `lookup` and `tip`
   * say: callers use `proveBy` of `proof.ts`, which knows both. Never rejects.
   */
  prove?(name: string, signal: AbortSignal): Promise<NameProof>
  /**
   * The tip that answers are valid for. At once (not a promise) while what is known is fresh, so that the hot
   * path never waits; otherwise after asking. When asking fails: the last tip known, undefined if none ever was.
   */
  tip(): Tip | undefined | Promise<Tip | undefined>
  /** Asks the source whether it can be used now. Never rejects. */
  state(signal: AbortSignal): Promise<SourceState>
  /** Stops timers and watchers. */
  close(): void
}
