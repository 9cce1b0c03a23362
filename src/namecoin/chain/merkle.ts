import { HASH_OCTETS, type Sha256, sameOctets, sha256d } from './hash.ts'
import { type Refused, refused } from './refused.ts'
import { parseTransaction } from './transaction.ts'

/** Merkle branches: proofs that a leaf is in a tree of hashes whose root is known. Source: light-client.md §7. */

/** Siblings from the deepest level up, 32 octets each. */
export type Branch = readonly Uint8Array[]

export type BranchCode =
  | 'bad-branch' // items of another length than 32, too many or too few of them, a position outside the tree
  | 'inner-node-is-transaction' // CVE-2017-12842: a node passed off as a transaction
  | 'duplicated-sibling' // CVE-2012-2459: a position that only exists because odd levels repeat their last hash

/** Deepest tree of transactions: more than 2^30 of them fit in no block (namecoin-core `src/auxpow.cpp` has 30, too). */
export const MAX_BRANCH = 30

const NODE_OCTETS = 2 * HASH_OCTETS

/** The root of the tree in which `leaf` is at `index` with these siblings. Items must have 32 octets. */
export function fold(sha256: Sha256, leaf: Uint8Array, branch: Branch, index: number): Uint8Array {
  const node = new Uint8Array(NODE_OCTETS)
  let hash = leaf
  for (const sibling of branch) {
    const right = (index & 1) === 1
    node.set(hash, right ? HASH_OCTETS : 0)
    node.set(sibling, right ? 0 : HASH_OCTETS)
    hash = sha256d(sha256, node)
    index >>= 1
  }
  return hash
}

/** Hash of an inner node. */
export function joined(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  const node = new Uint8Array(NODE_OCTETS)
  node.set(left)
  node.set(right, HASH_OCTETS)
  return sha256d(sha256, node)
}

/**
 * The root of the block's transactions, if the transaction with this id is at `position`.
 *
 * Leaves and inner nodes are hashed alike. So a 64-octet transaction could be an inner node in disguise, and below it
 * any transaction could be "proven"; and the last hash of an odd level stands at two positions. Both are refused.
 */
export function transactionRoot(
  sha256: Sha256,
  txid: Uint8Array,
  branch: Branch,
  position: number,
): Uint8Array | Refused<BranchCode> {
  const fault = branchFault(branch, position)
  if (fault !== undefined) return fault
  const node = new Uint8Array(NODE_OCTETS)
  let hash = txid
  for (const [level, sibling] of branch.entries()) {
    const right = ((position >> level) & 1) === 1
    if (right && sameOctets(sibling, hash)) return refused('duplicated-sibling', `at level ${level}`)
    node.set(hash, right ? HASH_OCTETS : 0)
    node.set(sibling, right ? 0 : HASH_OCTETS)
    if (parseTransaction(node).kind === 'transaction') {
      return refused('inner-node-is-transaction', `at level ${level}`)
    }
    hash = sha256d(sha256, node)
  }
  return hash
}

/** Levels of a tree with so many leaves. */
export function treeDepth(leaves: number): number {
  return leaves <= 1 ? 0 : 32 - Math.clz32(leaves - 1)
}

/**
 * The root over the hashes of all headers from 0 to `checkpoint`, if the block with this hash is at `height`. The
 * length is fixed by `checkpoint` and the directions by `height`, so that the proof binds both hash and height.
 */
export function headerRoot(
  sha256: Sha256,
  hash: Uint8Array,
  branch: Branch,
  height: number,
  checkpoint: number,
): Uint8Array | Refused<BranchCode> {
  const depth = treeDepth(checkpoint + 1)
  if (branch.length !== depth) return refused('bad-branch', `${branch.length} levels instead of ${depth}`)
  return branchFault(branch, height) ?? fold(sha256, hash, branch, height)
}

/** What is wrong with the shape of a branch: positions have no more bits than there are levels. */
function branchFault(branch: Branch, index: number): Refused<BranchCode> | undefined {
  if (branch.length > MAX_BRANCH) return refused('bad-branch', `more than ${MAX_BRANCH} levels`)
  if (branch.some((sibling) => sibling.length !== HASH_OCTETS)) return refused('bad-branch', 'no hashes')
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** branch.length) {
    return refused('bad-branch', `position ${index} in a tree of ${branch.length} levels`)
  }
  return undefined
}
