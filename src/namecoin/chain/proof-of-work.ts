import { type Sha256, sameOctets } from './hash.ts'
import { AUXPOW_BIT, type AuxPow, type Header } from './header.ts'
import { fold } from './merkle.ts'
import type { Network } from './network.ts'
import { type Refused, refused } from './refused.ts'
import { hashAsNumber, targetOfBits } from './target.ts'

/**
 * Whether a header shows the work its bits claim, by itself or by a block of another chain. The checks and their order
 * are those of Core's `CheckProofOfWork(header)` (validation.cpp) and `CAuxPow::check` (auxpow.cpp); light-client.md §6.
 */

export type ProofOfWorkCode =
  | 'wrong-chain-id' // the version names another merge-mined chain
  | 'parent-is-merge-mined'
  | 'parent-has-our-chain-id'
  | 'wrong-parent-merkle-root' // the coinbase is not in the parent block
  | 'coinbase-without-input'
  | 'chain-root-missing' // the coinbase does not commit to this header
  | 'several-merge-mining-headers'
  | 'merge-mining-header-misplaced'
  | 'chain-root-too-late'
  | 'size-and-nonce-missing'
  | 'wrong-chain-size'
  | 'wrong-chain-index' // the same work could count twice
  | 'bad-bits' // bits that stand for no target, or one above the network's limit
  | 'high-hash' // not enough work

/** Stands in front of the chain root: `fa be 'm' 'm'` (`pchMergedMiningHeader`). */
const MERGE_MINING_HEADER = Uint8Array.of(0xfa, 0xbe, 0x6d, 0x6d)
/** Without that mark the root must begin within so many octets: an early root leaves no room for a second one. */
const LATEST_UNMARKED_ROOT = 20
/** Size of the chains' tree and nonce, behind the root. */
const SIZE_AND_NONCE_OCTETS = 8

/** The first rule that the header breaks; undefined when it shows its work. Costs at most some 1,000 hashes. */
export function proofOfWorkFault(
  sha256: Sha256,
  network: Network,
  header: Header,
): Refused<ProofOfWorkCode> | undefined {
  const { version, auxPow } = header
  if (version !== 1 && network.strictChainId && chainIdOf(version) !== network.chainId) {
    return refused('wrong-chain-id', `${chainIdOf(version)}`)
  }
  if (auxPow === undefined) return workFault(network, header.bits, header.hash)
  if ((auxPow.parent.version & AUXPOW_BIT) !== 0) return refused('parent-is-merge-mined', 'AuxPoW of AuxPoW')
  return auxPowFault(sha256, network, header, auxPow) ?? workFault(network, header.bits, auxPow.parent.hash)
}

function auxPowFault(
  sha256: Sha256,
  network: Network,
  header: Header,
  auxPow: AuxPow,
): Refused<ProofOfWorkCode> | undefined {
  const { coinbase, coinbaseBranch, chainBranch, chainIndex, parent } = auxPow
  const chainId = chainIdOf(header.version)
  if (network.strictChainId && chainIdOf(parent.version) === chainId) {
    return refused('parent-has-our-chain-id', `${chainId}`)
  }
  const chainRoot = fold(sha256, header.hash, chainBranch, chainIndex)
  if (!sameOctets(fold(sha256, coinbase.txid, coinbaseBranch, 0), parent.merkleRoot)) {
    return refused('wrong-parent-merkle-root', 'the coinbase is not in the parent block')
  }
  const { script } = coinbase
  if (script === undefined) return refused('coinbase-without-input', 'nothing commits to this header')
  const rootAt = find(script, Uint8Array.from(chainRoot).reverse())
  if (rootAt < 0) return refused('chain-root-missing', 'the coinbase does not commit to this header')
  return (
    placeFault(script, rootAt) ??
    slotFault(script, rootAt + chainRoot.length, chainBranch, chainIndex, chainId)
  )
}

/** A coinbase must have one place for a root only: with two, one parent block could vouch for two of our blocks. */
function placeFault(script: Uint8Array, rootAt: number): Refused<ProofOfWorkCode> | undefined {
  const markAt = find(script, MERGE_MINING_HEADER)
  if (markAt < 0) {
    if (rootAt <= LATEST_UNMARKED_ROOT) return undefined
    return refused('chain-root-too-late', `at ${rootAt}, without merge-mining header`)
  }
  if (find(script, MERGE_MINING_HEADER, markAt + 1) >= 0) {
    return refused('several-merge-mining-headers', `the first at ${markAt}`)
  }
  if (markAt + MERGE_MINING_HEADER.length !== rootAt) {
    return refused('merge-mining-header-misplaced', `at ${markAt}, the root at ${rootAt}`)
  }
  return undefined
}

/** Each chain has one slot in the tree of chains: else one tree could hold two headers of ours. */
function slotFault(
  script: Uint8Array,
  at: number,
  chainBranch: AuxPow['chainBranch'],
  chainIndex: number,
  chainId: number,
): Refused<ProofOfWorkCode> | undefined {
  if (script.length - at < SIZE_AND_NONCE_OCTETS) return refused('size-and-nonce-missing', `at ${at}`)
  const view = new DataView(script.buffer, script.byteOffset + at, SIZE_AND_NONCE_OCTETS)
  const size = view.getUint32(0, true)
  if (size !== 2 ** chainBranch.length) {
    return refused('wrong-chain-size', `${size} with ${chainBranch.length} levels`)
  }
  const slot = expectedChainIndex(view.getUint32(4, true), chainId, chainBranch.length)
  if (chainIndex !== slot) return refused('wrong-chain-index', `${chainIndex} instead of ${slot}`)
  return undefined
}

/** The slot of a chain in a tree with `levels` levels and this nonce (`CAuxPow::getExpectedIndex`). */
export function expectedChainIndex(nonce: number, chainId: number, levels: number): number {
  const mixed = Math.imul(nonce, 1_103_515_245) + 12_345 + chainId
  return ((Math.imul(mixed, 1_103_515_245) + 12_345) & (2 ** levels - 1)) >>> 0
}

/** `CheckProofOfWork(hash, bits)` */
function workFault(network: Network, bits: number, hash: Uint8Array): Refused<ProofOfWorkCode> | undefined {
  const target = targetOfBits(bits)
  if (target === undefined || target > network.targetLimit) return refused('bad-bits', bits.toString(16))
  return hashAsNumber(hash) > target ? refused('high-hash', 'not enough work for its bits') : undefined
}

/** Which merge-mined chain a version is of: its upper half (`GetChainId`). */
export function chainIdOf(version: number): number {
  return version >> 16
}

/** Where a pattern first occurs at or after `from`; -1 when it does not. */
function find(octets: Uint8Array, pattern: Uint8Array, from = 0): number {
  const last = octets.length - pattern.length
  for (let at = from; at <= last; at++) {
    let matching = 0
    while (matching < pattern.length && octets[at + matching] === pattern[matching]) matching += 1
    if (matching === pattern.length) return at
  }
  return -1
}
