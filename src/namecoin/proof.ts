import { toHex } from './hex.ts'
import type { Caveat, NameOutcome, NameSource, Tip, UnreachableCode } from './source.ts'

/**
 * What is known of a name, and why it is to be believed: `/proof/NAME` and `bitdoh resolve --json` print it as it is.
 *
 * Everything in it is JSON. Octets are lower-case hex; hashes are printed as Namecoin Core prints them, reversed.
 * A field that a source cannot know, or that no server would show, is left out.
 */
export interface NameProof {
  /** The name in the blockchain, with its namespace: `d/example`. */
  readonly key: string
  readonly outcome: ProofOutcome
  /** Why it is `unreachable` or `unconfirmed`: stable. */
  readonly code?: UnreachableCode
  /** The same for people; also with `invalid`. */
  readonly detail?: string
  /** What a client should know before it relies on this for long: stable. */
  readonly caveat?: Caveat
  /** The source that says so: `names`, `core`, `electrum`, `doh`. */
  readonly backend: string
  /** Left out when nothing is known. */
  readonly assurance?: ProofAssurance
  /** The name's current value: only with `found`. */
  readonly value?: ProofValue

  /**
   * The transaction with the update that the value is of, and the block it is in. With `expired` and `unconfirmed`: of
   * the newest update, if a server showed one.
   */
  readonly txid?: string
  readonly height?: number
  /** Blocks on the update, its own among them. */
  readonly confirmations?: number
  /** Blocks until the name expires; 0 or less for one that has expired. */
  readonly expiresIn?: number
  /** The newest block of the chain that `confirmations` and `expiresIn` are counted in. */
  readonly tip?: ProofTip

  /** The transaction as it is in the block: its hash without witnesses is `txid`, one of its outputs has name and value. */
  readonly transaction?: string
  /** Siblings on the way from the transaction to the block's Merkle root, deepest first. */
  readonly branch?: readonly string[]
  /** Place of the transaction in the block: its bits say on which side each sibling stands. */
  readonly position?: number
  /** Hash of the block: of the 80 octets of `header`. */
  readonly blockHash?: string
  /** The block's header, 80 octets: version, previous, Merkle root, time, bits, nonce. */
  readonly header?: string
  /**
   * The header with its AuxPoW: the block of another chain that was mined for it. Left out for a header without one,
   * whose own hash shows the work.
   */
  readonly auxPow?: string
  /** The header's place in the tree over all headers up to a checkpoint. */
  readonly headerBranch?: HeaderBranch

  /** What servers index the name by: SHA-256 of its index script. */
  readonly scripthash?: string
  /** Every server that was asked. */
  readonly servers?: readonly ProofServer[]
}

export type ProofOutcome = 'found' | 'absent' | 'expired' | 'unconfirmed' | 'unreachable' | 'invalid'

export type ProofAssurance =
  /** Every header from a checkpoint to the tip was checked: value, height and expiry are proven. */
  | 'proven'
  /** Some of it is the word of operators: height and expiry, or that there is nothing. */
  | 'attested'
  /** The source is believed. */
  | 'trusted'

export interface ProofValue {
  /** The value's octets. */
  readonly hex: string
  /** The same as text, where they are UTF-8. */
  readonly text?: string
}

export interface ProofTip {
  readonly height: number
  readonly hash?: string
  /** Seconds since 1970. */
  readonly time?: number
}

export interface HeaderBranch {
  /** Height of the last header in the tree. */
  readonly checkpoint: number
  /** Siblings on the way from the header's hash to the root, deepest first; the bits of `height` say on which side. */
  readonly branch: readonly string[]
  /** What the server says the root is. The branch leads there; compare it with another server's. */
  readonly root: string
}

export interface ProofServer {
  /** `tls://host:port` */
  readonly address: string
  /** Who runs it: servers of one operator count as one. */
  readonly operator: string
  /** `update at 194`, `nothing`, `expired`, `silent: timeout`, `lied: wrong-merkle-root` */
  readonly said: string
}

/**
 * Asks a source for a name, and for what proves it. A source that has no proofs is believed: then what it says is all
 * there is. Never rejects.
 */
export async function proveBy(source: NameSource, name: string, signal: AbortSignal): Promise<NameProof> {
  if (source.prove !== undefined) return source.prove(name, signal)
  const outcome = await source.lookup(name, signal)
  return trustedProof(source.name, name, outcome, await source.tip())
}

/** What a source that is believed says of a name. */
export function trustedProof(
  backend: string,
  key: string,
  outcome: NameOutcome,
  tip: Tip | undefined,
): NameProof {
  if (outcome.kind === 'unreachable') return unprovable(backend, key, outcome)
  const common = {
    key,
    outcome: outcome.kind,
    backend,
    assurance: 'trusted' as const,
    ...(tip?.height === undefined ? {} : { tip: tipOf(tip, tip.height) }),
  }
  switch (outcome.kind) {
    case 'absent':
    case 'expired':
      return common
    case 'invalid':
      return { ...common, detail: outcome.detail }
    case 'found': {
      const { value, height, expiresIn, txid } = outcome
      return {
        ...common,
        value: proofValue(value),
        ...(txid === undefined ? {} : { txid }),
        ...(height === undefined ? {} : { height }),
        // The tip may be one block older than the value.
        ...(height === undefined || tip?.height === undefined
          ? {}
          : { confirmations: Math.max(1, tip.height - height + 1) }),
        ...(expiresIn === undefined ? {} : { expiresIn }),
      }
    }
  }
}

const HASH = /^[0-9a-f]{64}$/

/** The epoch of a source with a chain is its newest block's hash. */
const tipOf = ({ epoch, time }: Tip, height: number): ProofTip => ({
  height,
  ...(HASH.test(epoch) ? { hash: epoch } : {}),
  ...(time === undefined ? {} : { time }),
})

/** Nothing is known of the name, and why. */
export const unprovable = (
  backend: string,
  key: string,
  { code, detail }: { readonly code: UnreachableCode; readonly detail: string },
): NameProof => ({
  key,
  outcome: code === 'unconfirmed' ? 'unconfirmed' : 'unreachable',
  code,
  detail,
  backend,
})

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A value in both its forms. */
export function proofValue(octets: Uint8Array): ProofValue {
  const hex = toHex(octets)
  try {
    return { hex, text: utf8.decode(octets) }
  } catch {
    return { hex }
  }
}
