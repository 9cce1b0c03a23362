import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256d } from '../../../src/namecoin/chain/hash.ts'
import { headerRoot, joined, treeDepth } from '../../../src/namecoin/chain/merkle.ts'
import {
  NO_PEAKS,
  type Peaks,
  peaksFromOctets,
  peaksOfProof,
  peaksToOctets,
  rootOf,
  withLeaf,
} from '../../../src/namecoin/chain/peaks.ts'
import { sha256 } from './hashing.ts'

const leafOf = (seed: number, index: number) =>
  sha256d(sha256, Uint8Array.of(seed, seed >> 8, index & 0xff, index >> 8))
const leavesOf = (seed: number, count: number) =>
  Array.from({ length: count }, (_, index) => leafOf(seed, index))

/** The tree as ElectrumX builds it, level by level. */
function levels(leaves: readonly Uint8Array[]): Uint8Array[][] {
  const all = [[...leaves]]
  for (let level = all[0]!; level.length > 1; level = all.at(-1)!) {
    const even = level.length % 2 === 0 ? level : [...level, level.at(-1)!]
    all.push(
      Array.from({ length: even.length / 2 }, (_, at) => joined(sha256, even[2 * at]!, even[2 * at + 1]!)),
    )
  }
  return all
}

const rootAbove = (leaves: readonly Uint8Array[]) => levels(leaves).at(-1)![0]!

function branchOf(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  return levels(leaves)
    .slice(0, -1)
    .map((level, depth) => level[(index >> depth) ^ 1] ?? level.at(-1)!)
}

const grown = (peaks: Peaks, leaves: readonly Uint8Array[]) =>
  leaves.reduce((all, leaf) => withLeaf(sha256, all, leaf), peaks)

test('the rolling root is the tree’s at every count', () => {
  let peaks = NO_PEAKS
  expect(rootOf(sha256, peaks)).toBeUndefined()
  const leaves = leavesOf(1, 70)
  for (const [index, leaf] of leaves.entries()) {
    peaks = withLeaf(sha256, peaks, leaf)
    expect(rootOf(sha256, peaks)).toEqual(rootAbove(leaves.slice(0, index + 1)))
  }
})

test('random counts, proofs and restarts', () => {
  const cases = fc.tuple(fc.nat(0xffff), fc.integer({ min: 1, max: 90 }), fc.nat(), fc.nat())
  fc.assert(
    fc.property(cases, ([seed, count, at, from]) => {
      const leaves = leavesOf(seed, count)
      const index = at % count
      const branch = branchOf(leaves, index)
      expect(branch).toHaveLength(treeDepth(count))
      expect(headerRoot(sha256, leaves[index]!, branch, index, count - 1)).toEqual(rootAbove(leaves))
      // Peaks out of the proof of some earlier last leaf lead to the same root.
      const last = from % count
      const early = leaves.slice(0, last + 1)
      const found = peaksOfProof(sha256, early[last]!, branchOf(early, last), last, rootAbove(early))
      if (found.kind === 'refused') throw new Error(found.detail)
      const restored = peaksFromOctets(peaksToOctets(found.peaks))!
      expect(rootOf(sha256, grown(restored, leaves.slice(last)))).toEqual(rootAbove(leaves))
    }),
    { numRuns: 60 },
  )
})

test('whatever the peaks, a proof for a leaf of ours holds only that leaf', () => {
  const cases = fc.tuple(
    fc.nat(0xffff),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 20 }),
    fc.nat(),
  )
  fc.assert(
    fc.property(cases, ([seed, below, above, pick]) => {
      const false_ = leavesOf(seed, below) // what a lying server says was there
      const ours = leavesOf(seed + 1, above)
      const everything = [...false_, ...ours]
      const root = rootOf(sha256, grown(grown(NO_PEAKS, false_), ours))!
      const index = below + (pick % above)
      const branch = branchOf(everything, index)
      const checkpoint = everything.length - 1
      expect(headerRoot(sha256, everything[index]!, branch, index, checkpoint)).toEqual(root)
      const foreign = leafOf(seed + 2, index)
      expect(headerRoot(sha256, foreign, branch, index, checkpoint)).not.toEqual(root)
      // The liar's leaves at our heights: directions and length are ours.
      for (let height = below; height < everything.length; height++) {
        if (height === index) continue
        const moved = headerRoot(sha256, everything[index]!, branch, height, checkpoint)
        expect(moved).not.toEqual(root)
      }
      // The true chain below makes another root: honest proofs fail, nothing false is believed.
      const honest = [...leavesOf(seed + 3, below), ...ours]
      expect(headerRoot(sha256, honest[index]!, branchOf(honest, index), index, checkpoint)).not.toEqual(root)
    }),
    { numRuns: 40 },
  )
})

test('proofs of another length or place are refused', () => {
  const leaves = leavesOf(7, 13)
  const branch = branchOf(leaves, 5)
  const root = (changed: readonly Uint8Array[], height: number, checkpoint = 12) =>
    headerRoot(sha256, leaves[5]!, changed, height, checkpoint)
  expect(root(branch.slice(1), 5)).toMatchObject({ code: 'bad-branch' })
  expect(root([...branch, branch[0]!], 5)).toMatchObject({ code: 'bad-branch' })
  expect(root(branch, 5, 20)).toMatchObject({ code: 'bad-branch' })
  expect(root(branch, 16)).toMatchObject({ code: 'bad-branch' })
  expect(root(branch, -1)).toMatchObject({ code: 'bad-branch' })
  expect(root(branch, 5.5)).toMatchObject({ code: 'bad-branch' })
  expect(root([branch[0]!.subarray(1), ...branch.slice(1)], 5)).toMatchObject({ code: 'bad-branch' })
  expect(peaksOfProof(sha256, leaves[5]!, branch, 5, rootAbove(leaves))).toMatchObject({ code: 'bad-peaks' })
  expect(peaksOfProof(sha256, leaves[12]!, branchOf(leaves, 12), 12, leaves[0]!)).toMatchObject({
    code: 'bad-peaks',
  })
})

test('peaks as octets: 4 and 32 each, nothing else', () => {
  const octets = peaksToOctets(grown(NO_PEAKS, leavesOf(1, 11)))
  expect(octets).toHaveLength(4 + 3 * 32)
  for (let length = 0; length < octets.length; length++) {
    expect(peaksFromOctets(octets.subarray(0, length))).toBeUndefined()
  }
  expect(peaksFromOctets(new Uint8Array([...octets, 0]))).toBeUndefined()
  expect(peaksFromOctets(new Uint8Array(4))).toEqual(NO_PEAKS)
})
