import { type Sha256, sameOctets } from './hash.ts'
import { HEADER_OCTETS, type Header, type HeaderCode, parseHeader, parsePureHeader } from './header.ts'
import { type ChainCode, type HeaderChain, MAX_FUTURE_SECONDS } from './header-chain.ts'
import { type Branch, type BranchCode, headerRoot, transactionRoot } from './merkle.ts'
import { isIndexedAlike, type NameCode, nameOperation } from './name-script.ts'
import type { Network } from './network.ts'
import { proofOfWorkFault } from './proof-of-work.ts'
import { type Refused, refused } from './refused.ts'
import type { Update } from './selection.ts'
import { RETARGET_INTERVAL, targetOfBits } from './target.ts'
import { parseTransaction, type TransactionCode, txidOf } from './transaction.ts'
import { versionFault } from './version.ts'

/**
 * Whether what a server sent proves that a name was given a value in a block. Nothing in it is believed before.
 * Source: light-client.md §7, §10 and, for the lies, §11.
 */

/** What a server claims: at this height, this transaction updated this name. */
export interface Evidence {
  readonly name: Uint8Array
  readonly height: number
  /** The transaction, with its witnesses if it has any. */
  readonly transaction: Uint8Array
  /** From the transaction to the block's Merkle root, deepest first, hashes as hashed (not as printed). */
  readonly branch: Branch
  /** Place of the transaction in the block. */
  readonly position: number
  /** The block's header: 80 octets, or with its AuxPoW. */
  readonly header?: Uint8Array
  /** From the header to the root of all headers up to a checkpoint. */
  readonly headerBranch?: Branch
}

/** What holds it up. */
export type Foundation = 'chain' | 'root' | 'window'

export interface Proven {
  readonly kind: 'proven'
  readonly update: Update
  /** With `window`, the height, and with it the expiry, is only what the server says. */
  readonly foundation: Foundation
  readonly block: { readonly height: number; readonly hash: Uint8Array; readonly time: number }
}

export type ProofCode =
  | TransactionCode
  | NameCode
  | BranchCode
  | HeaderCode
  | ChainCode
  | 'colliding-name' // in the block, but an update of a name that servers cannot tell from this one
  | 'transaction-like-a-node' // 64 octets: it could be an inner node of the tree
  | 'wrong-merkle-root' // the branch does not lead to the block's Merkle root
  | 'height-out-of-reach' // above our tip or checkpoint, or below what we know
  | 'foreign-header' // not the block of our chain at that height
  | 'header-missing'
  | 'wrong-checkpoint-root' // the header is not among those below our checkpoint, at that height
  | 'short-window'
  | 'too-easy' // a window mined with a fraction of the network's work
  | 'stale-tip'

/** Headers in a floating window, that of the update first: what it costs to forge one in blocks. */
export const WINDOW_HEADERS = 12
/** How much easier than the checkpoint's a window's target may be: a retarget allows a factor of four. */
export const MAX_TARGET_FACTOR = 4n
/** Seconds without a block after which a tip counts as stale: in 200,885 blocks no gap was longer (light-client.md §10). */
export const STALE_TIP_SECONDS = 3 * 60 * 60

type Outcome = Proven | Refused<ProofCode>

/** Proof against our own headers: the block at that height of the chain with the most work has the transaction. */
export function proveByChain(sha256: Sha256, chain: HeaderChain, evidence: Evidence): Outcome {
  const block = chain.at(evidence.height)
  if (block === undefined) {
    return refused('height-out-of-reach', `${evidence.height}, known: ${chain.lowest} to ${chain.tip.height}`)
  }
  const { height, merkleRoot, time } = block
  const hash = block.hash.slice()
  if (evidence.header !== undefined) {
    const header = headerOf(sha256, evidence.header)
    if (header.kind === 'refused') return header
    if (!sameOctets(header.hash, hash)) return refused('foreign-header', `another block is at ${height}`)
  }
  return proven(sha256, evidence, merkleRoot, 'chain', { height, hash, time })
}

/** A root over the hashes of all headers up to a height, computed by ourselves: see `peaks.ts`. */
export interface CheckpointRoot {
  readonly height: number
  readonly root: Uint8Array
  /** The first height whose hash we appended ourselves: below, the root proves nothing. */
  readonly lowest: number
}

/** Proof against our own root of all headers: needs no headers at hand. */
export function proveByRoot(sha256: Sha256, checkpoint: CheckpointRoot, evidence: Evidence): Outcome {
  const { height } = evidence
  if (!Number.isInteger(height) || height > checkpoint.height || height < checkpoint.lowest) {
    return refused('height-out-of-reach', `${height}, provable: ${checkpoint.lowest} to ${checkpoint.height}`)
  }
  if (evidence.header === undefined || evidence.headerBranch === undefined) {
    return refused('header-missing', 'no header with a branch')
  }
  const header = headerOf(sha256, evidence.header)
  if (header.kind === 'refused') return header
  const root = headerRoot(sha256, header.hash, evidence.headerBranch, height, checkpoint.height)
  if (!(root instanceof Uint8Array)) return root
  if (!sameOctets(root, checkpoint.root)) {
    return refused('wrong-checkpoint-root', `not the block at ${height}, or of another chain`)
  }
  return proven(sha256, evidence, header.merkleRoot, 'root', { height, hash: header.hash, time: header.time })
}

/** What a floating window is held against. */
export interface WindowTerms {
  /** The bits of a block that we trust, not long ago. */
  readonly bits: number
  /** Seconds since 1970. */
  readonly now: number
  /** The height of the server's newest block, by its own account: when the window ends there, it must be fresh. */
  readonly tip: number
}

/**
 * Proof without any chain: `headers` are the update's block and the eleven above it, in full. They cost twelve real
 * blocks of work to forge, but prove neither height nor best chain.
 */
export function proveByWindow(
  sha256: Sha256,
  network: Network,
  terms: WindowTerms,
  evidence: Evidence,
  headers: readonly Header[],
): Outcome {
  const first = headers[0]
  if (first === undefined || headers.length < WINDOW_HEADERS) {
    return refused('short-window', `${headers.length} headers`)
  }
  const window = headers.slice(0, WINDOW_HEADERS)
  for (const [index, header] of window.entries()) {
    const height = evidence.height + index
    const fault =
      linkFault(terms, window[index - 1], header, height) ??
      versionFault(network, header, height) ??
      proofOfWorkFault(sha256, network, header)
    if (fault !== undefined) return refused(fault.code, `header ${index} of the window: ${fault.detail}`)
  }
  const last = window.at(-1)!
  if (last.time > terms.now + MAX_FUTURE_SECONDS)
    return refused('time-too-new', `${last.time - terms.now} s ahead`)
  if (evidence.height + WINDOW_HEADERS - 1 >= terms.tip && terms.now - last.time > STALE_TIP_SECONDS) {
    return refused('stale-tip', `${terms.now - last.time} s old`)
  }
  const { hash, merkleRoot, time } = first
  return proven(sha256, evidence, merkleRoot, 'window', { height: evidence.height, hash, time })
}

/** What is wrong with a header of a window after the one before it; the first is held against the checkpoint alone. */
function linkFault(
  terms: WindowTerms,
  last: Header | undefined,
  header: Header,
  height: number,
): Refused<ProofCode> | undefined {
  const target = targetOfBits(header.bits) ?? 0n
  if (last !== undefined && !sameOctets(header.previous, last.hash))
    return refused('broken-link', `at ${height}`)
  if (last !== undefined && header.bits !== last.bits && height % RETARGET_INTERVAL !== 0) {
    return refused('bad-diffbits', `changed at ${height}`)
  }
  const limit = MAX_TARGET_FACTOR * (targetOfBits(terms.bits) ?? 0n)
  return target > limit ? refused('too-easy', `${header.bits.toString(16)} at ${height}`) : undefined
}

/** The rest, which is the same on every foundation: the transaction is in the block and has the name's value. */
function proven(
  sha256: Sha256,
  evidence: Evidence,
  merkleRoot: Uint8Array,
  foundation: Foundation,
  block: Proven['block'],
): Outcome {
  const transaction = parseTransaction(evidence.transaction)
  if (transaction.kind === 'refused') return transaction
  if (transaction.stripped.length === 64) return refused('transaction-like-a-node', '64 octets')
  const found = nameOperation(transaction, evidence.name)
  const isAlike =
    found.kind === 'refused' &&
    found.code === 'wrong-name' &&
    isIndexedAlike(sha256, transaction, evidence.name)
  if (found.kind === 'refused' && !isAlike) return found
  const txid = txidOf(sha256, transaction)
  const root = transactionRoot(sha256, txid, evidence.branch, evidence.position)
  if (!(root instanceof Uint8Array)) return root
  if (!sameOctets(root, merkleRoot))
    return refused('wrong-merkle-root', `not in the block at ${evidence.height}`)
  if (found.kind === 'refused') return refused('colliding-name', found.detail)
  const { operation, value } = found.operation
  const { height, position } = evidence
  const spends = transaction.inputs.map(({ txid, output }) => ({ txid: txid.slice(), output }))
  const update: Update = {
    operation,
    value: value.slice(),
    height,
    position,
    txid,
    output: found.output,
    spends,
  }
  return { kind: 'proven', update, foundation, block }
}

function headerOf(sha256: Sha256, octets: Uint8Array): Header | Refused<HeaderCode> {
  return octets.length === HEADER_OCTETS ? parsePureHeader(sha256, octets) : parseHeader(sha256, octets)
}
