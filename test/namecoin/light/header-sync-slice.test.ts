import { expect, test } from 'vitest'
import type { Header } from '../../../src/namecoin/chain/header.ts'
import { isOnePiece, piecesOf } from '../../../src/namecoin/light/header-sync-slice.ts'
import { recordedHeaders } from '../chain/recording.ts'

const [plain] = recordedHeaders
const merged = recordedHeaders.find(({ auxPow }) => auxPow !== undefined)!

/** A header whose AuxPoW takes so many hashes to check. */
const heavy = (levels: number): Header => ({
  ...merged,
  auxPow: { ...merged.auxPow!, coinbaseBranch: Array(levels).fill(new Uint8Array(32)) },
})

test('real headers are one piece or two', () => {
  expect(piecesOf(recordedHeaders)).toEqual([recordedHeaders])
  expect(piecesOf(Array(200).fill(heavy(17)))).toHaveLength(2)
  expect(isOnePiece(Array(200).fill(heavy(17)))).toBe(true)
})

test('hostile ones are cut, none is lost, and none stands in an empty piece', () => {
  for (const levels of [100, 1_000, 1_024]) {
    const headers = [plain!, ...Array<Header>(60).fill(heavy(levels)), plain!]
    const pieces = piecesOf(headers)
    expect(pieces.flat()).toEqual(headers)
    for (const piece of pieces) expect(piece.length * levels).toBeLessThanOrEqual(2_048 + levels)
    expect(pieces.every(({ length }) => length > 0)).toBe(true)
  }
  expect(isOnePiece(Array(60).fill(heavy(1_000)))).toBe(false)
})

test('no headers are no piece', () => {
  expect(piecesOf([])).toEqual([])
  expect(isOnePiece([])).toBe(true)
})
