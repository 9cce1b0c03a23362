import { HASH_OCTETS, type Sha256, sameOctets } from './hash.ts'
import { type Branch, headerRoot, joined } from './merkle.ts'
import { type Refused, refused } from './refused.ts'

/**
 * The root over all header hashes from genesis, kept without them: some twenty hashes. Source: light-client.md §7.
 *
 * The tree is ElectrumX's (odd levels repeat their last hash). Whoever holds the roots of its perfect subtrees, the
 * peaks, can append leaves and compute the root at any height. Peaks may come from a server that nobody trusts: they
 * must reach up to a leaf of our own chain, and a proof for a leaf that we appended ourselves can then hold nothing
 * but that leaf, whatever the peaks are. False peaks only make true proofs fail.
 */
export interface Peaks {
  /** Leaves below the peaks: heights 0 to `leaves - 1`. */
  readonly leaves: number
  /** By level: the root of a perfect tree of 2^level leaves where that bit of `leaves` is 1. */
  readonly peaks: readonly (Uint8Array | undefined)[]
}

export type PeaksCode = 'bad-peaks'

/** More leaves than blocks will ever be (2^32 of them take 80,000 years). */
const MAX_LEVELS = 32

/** No leaves yet. */
export const NO_PEAKS: Peaks = { leaves: 0, peaks: [] }

/** The peaks with one more leaf. */
export function withLeaf(sha256: Sha256, { leaves, peaks }: Peaks, leaf: Uint8Array): Peaks {
  const next = [...peaks]
  let hash = leaf
  let level = 0
  for (let rest = leaves; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    hash = joined(sha256, next[level]!, hash)
    next[level] = undefined
    level += 1
  }
  next[level] = hash.slice()
  return { leaves: leaves + 1, peaks: next }
}

/** The root over all leaves; undefined when there are none. The height it is for is `leaves - 1`. */
export function rootOf(sha256: Sha256, { peaks }: Peaks): Uint8Array | undefined {
  const lowest = peaks.findIndex((peak) => peak !== undefined)
  if (lowest < 0) return undefined
  let root = peaks[lowest]!
  let risen = lowest
  for (let level = lowest + 1; level < peaks.length; level++) {
    const peak = peaks[level]
    if (peak === undefined) continue
    for (; risen < level; risen++) root = joined(sha256, root, root)
    root = joined(sha256, peak, root)
    risen += 1
  }
  return root
}

/**
 * The peaks below `height`, out of the proof that the header with this hash is the last leaf: the reply to
 * `blockchain.block.header(height, height)`. Siblings on the left are the peaks. When `hash` is of our own chain, the
 * root may be the server's.
 */
export function peaksOfProof(
  sha256: Sha256,
  hash: Uint8Array,
  branch: Branch,
  height: number,
  root: Uint8Array,
): { readonly kind: 'peaks'; readonly peaks: Peaks } | Refused<PeaksCode> {
  const computed = headerRoot(sha256, hash, branch, height, height)
  if (!(computed instanceof Uint8Array)) return refused('bad-peaks', computed.detail)
  if (!sameOctets(computed, root)) return refused('bad-peaks', 'the branch leads to another root')
  const peaks = branch.map((sibling, level) => (((height >> level) & 1) === 1 ? sibling.slice() : undefined))
  return { kind: 'peaks', peaks: { leaves: height, peaks } }
}

/** Peaks as octets: u32 leaves, little-endian, and the peaks from the lowest up. */
export function peaksToOctets({ leaves, peaks }: Peaks): Uint8Array {
  const present = peaks.filter((peak) => peak !== undefined)
  const octets = new Uint8Array(4 + present.length * HASH_OCTETS)
  new DataView(octets.buffer).setUint32(0, leaves, true)
  for (const [index, peak] of present.entries()) octets.set(peak, 4 + index * HASH_OCTETS)
  return octets
}

export function peaksFromOctets(octets: Uint8Array): Peaks | undefined {
  if (octets.length < 4) return undefined
  const leaves = new DataView(octets.buffer, octets.byteOffset).getUint32(0, true)
  const peaks: (Uint8Array | undefined)[] = []
  let offset = 4
  for (let level = 0; level < MAX_LEVELS && leaves >>> level > 0; level++) {
    const present = ((leaves >>> level) & 1) === 1
    peaks.push(present ? octets.slice(offset, offset + HASH_OCTETS) : undefined)
    if (present) offset += HASH_OCTETS
  }
  return offset === octets.length ? { leaves, peaks } : undefined
}
