import { describe, expect, test } from 'vitest'
import type { Header } from '../../../src/namecoin/chain/header.ts'
import {
  type Anchor,
  HeaderChain,
  MAX_REORGANISATION,
  WINDOW_BLOCKS,
} from '../../../src/namecoin/chain/header-chain.ts'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'
import { workOfBits } from '../../../src/namecoin/chain/target.ts'
import { sha256 } from './hashing.ts'
import { EASIEST, mine, mineChain, VERSION } from './mine.ts'
import { GENESIS_ANCHOR, NOW, recordedChain, recordedHeaders, regtest, TIP } from './recording.ts'

const genesis = GENESIS_ANCHOR
const TIME = genesis.time
const start = () => new HeaderChain(sha256, regtest, genesis)
const tipOf = (headers: readonly Header[]) => headers.at(-1)!.hash

test('without blocks the tip is the anchor', () => {
  const chain = start()
  expect(chain.tip).toMatchObject({ height: 0, hash: genesis.hash, chainwork: 2n })
  expect(chain.lowest).toBe(1)
  expect(chain.at(0)).toBeUndefined()
  expect(chain.hashAt(0)).toEqual(genesis.hash)
  expect(chain.append([], NOW)).toEqual({ kind: 'known' })
})

test('slices of a reply, overlapping or not, make the same chain', () => {
  const chain = start()
  expect(chain.append(recordedHeaders.slice(1, 101), NOW)).toMatchObject({ kind: 'extended', added: 100 })
  expect(chain.append(recordedHeaders.slice(51, 151), NOW)).toMatchObject({ kind: 'extended', added: 50 })
  expect(chain.append(recordedHeaders.slice(100, 140), NOW)).toEqual({ kind: 'known' })
  expect(chain.append(recordedHeaders.slice(151), NOW)).toMatchObject({ kind: 'extended', added: 57 })
  expect(chain.tip).toEqual(recordedChain().tip)
})

describe('headers that break a rule', () => {
  const blocks = mineChain(genesis.hash, TIME, 12)
  const last = blocks.at(-1)!
  const next = (wanted: Parameters<typeof mine>[2]) => mine(last.hash, last.time + 1, wanted)

  test.each([
    ['another target', () => next({ bits: 0x207ffffe }), 'bad-diffbits'],
    ['not enough work', () => next({ lazy: true }), 'high-hash'],
    ['as old as the median', () => next({ time: blocks[6]!.time }), 'time-too-old'],
    ['more than two hours ahead', () => next({ time: NOW + 7201 }), 'time-too-new'],
    ['no chain id', () => next({ version: 1 }), 'late-legacy-block'],
    ['rules from before BIP65', () => next({ version: 0x0001_0003 }), 'bad-version'],
    ['the id of Dogecoin', () => next({ version: 0x0062_0004 }), 'wrong-chain-id'],
    ['a parent nobody knows', () => mine(new Uint8Array(32), TIME + 20), 'unknown-parent'],
  ])('%s', (_, make, code) => {
    const chain = start()
    chain.append(blocks, NOW)
    const before = chain.tip
    expect(chain.append([make()], NOW)).toMatchObject({ kind: 'refused', code })
    expect(chain.tip).toEqual(before)
  })

  test('the limits themselves are fine', () => {
    const chain = start()
    chain.append(blocks, NOW)
    expect(chain.append([next({ time: blocks[6]!.time + 1 })], NOW).kind).toBe('extended')
    const other = start()
    other.append(blocks, NOW)
    expect(other.append([next({ time: NOW + 7200 })], NOW).kind).toBe('extended')
  })

  test('a gap in the middle: nothing of the slice is taken up', () => {
    const chain = start()
    const gap = [...blocks.slice(0, 5), ...blocks.slice(6)]
    expect(chain.append(gap, NOW)).toMatchObject({ kind: 'refused', code: 'broken-link', height: 6 })
    expect(chain.tip.height).toBe(0)
  })

  test('AuxPoW of another block', () => {
    const chain = recordedChain(150)
    const { auxPow } = recordedHeaders[152]!
    const forged = { ...recordedHeaders[151]!, auxPow: auxPow! }
    expect(chain.append([forged], NOW)).toMatchObject({
      kind: 'refused',
      code: 'chain-root-missing',
      height: 151,
    })
  })

  test('a median that is not known is not checked', () => {
    const anchor: Anchor = { ...genesis, height: 500, hash: last.hash, time: last.time }
    const early = mine(last.hash, TIME - 1000)
    expect(new HeaderChain(sha256, regtest, anchor).append([early], NOW).kind).toBe('extended')
    const previousTimes = blocks.slice(1, 11).map(({ time }) => time)
    const known = new HeaderChain(sha256, regtest, { ...anchor, previousTimes })
    expect(known.append([early], NOW)).toMatchObject({ code: 'time-too-old' })
  })
})

describe('forks', () => {
  test('more work wins, equal work does not', () => {
    const chain = start()
    const ours = mineChain(genesis.hash, TIME, 10, 1)
    chain.append(ours, NOW)
    const rival = mineChain(ours[4]!.hash, ours[4]!.time, 6, 2)
    expect(chain.append(rival.slice(0, 4), NOW)).toMatchObject({
      kind: 'lighter',
      fork: 5,
      work: 8n,
      ours: 10n,
    })
    expect(chain.append(rival.slice(0, 5), NOW)).toMatchObject({ kind: 'lighter', work: 10n, ours: 10n })
    expect(chain.tip.hash).toEqual(tipOf(ours))
    expect(chain.append(rival, NOW)).toMatchObject({ kind: 'reorganised', fork: 5, added: 6 })
    expect(chain.tip).toMatchObject({ height: 11, hash: tipOf(rival), chainwork: 24n })
    for (let height = 1; height <= 11; height++) {
      expect(chain.at(height)?.hash).toEqual((height <= 5 ? ours[height - 1] : rival[height - 6])!.hash)
    }
    // And back, when the first chain grows again: its known part need not be sent once more.
    const again = [...ours.slice(5), ...mineChain(tipOf(ours), ours.at(-1)!.time, 2, 1)]
    expect(chain.append(again, NOW)).toMatchObject({ kind: 'reorganised', fork: 5, added: 7 })
    expect(chain.tip.chainwork).toBe(26n)
  })

  test('less work loses however long it is', () => {
    // A regtest that retargets: who hurries up to 2,016 has harder blocks from there on.
    const network = { ...regtest, retargets: true }
    const bits = 0x2000ffff
    const anchor = { ...genesis, height: 2010, bits, periodStartTime: TIME - 5, chainwork: 0n }
    const slow = [mine(genesis.hash, TIME + 5_000_000, { bits })]
    slow.push(...mineChain(slow[0]!.hash, TIME + 5_000_000, 4, 0, bits))
    const easy = mineChain(tipOf(slow), slow.at(-1)!.time, 15, 0, 0x2003fffc)
    const quick = mineChain(genesis.hash, TIME, 5, 3, bits)
    const hard = mineChain(tipOf(quick), quick.at(-1)!.time, 2, 3, 0x1f3fffc0)

    const chain = new HeaderChain(sha256, network, anchor)
    expect(chain.append([...quick, ...hard], NOW)).toMatchObject({ kind: 'extended', added: 7 })
    expect(chain.append([...slow, ...easy], NOW)).toMatchObject({ kind: 'lighter', fork: 2010 })
    expect(chain.tip).toMatchObject({ height: 2017, hash: tipOf(hard) })

    const other = new HeaderChain(sha256, network, anchor)
    expect(other.append([...slow, ...easy], NOW)).toMatchObject({ kind: 'extended', added: 20 })
    expect(other.append([...quick, ...hard], NOW)).toMatchObject({
      kind: 'reorganised',
      fork: 2010,
      added: 7,
    })
    expect(other.tip).toMatchObject({ height: 2017, hash: tipOf(hard) })
    expect(other.tip.chainwork).toBe(5n * workOfBits(bits) + 2n * workOfBits(0x1f3fffc0))
    expect(other.at(2018)).toBeUndefined()
  })

  test('not deeper than the bound', () => {
    const chain = recordedChain()
    const at = (height: number) => {
      const parent = recordedHeaders[height]!
      return mineChain(parent.hash, parent.time, TIP - height + 1, 9)
    }
    expect(chain.append(at(TIP - MAX_REORGANISATION - 1), NOW)).toMatchObject({ code: 'unknown-parent' })
    expect(chain.append(at(TIP - MAX_REORGANISATION), NOW)).toMatchObject({
      kind: 'reorganised',
      fork: TIP - MAX_REORGANISATION,
      added: MAX_REORGANISATION + 1,
    })
  })

  test('not below the anchor', () => {
    const block = recordedHeaders[200]!
    const anchor: Anchor = { ...genesis, height: 200, hash: block.hash, time: block.time }
    const chain = new HeaderChain(sha256, regtest, anchor)
    expect(chain.append(recordedHeaders.slice(201), NOW)).toMatchObject({ kind: 'extended', added: 7 })
    expect(chain.backfill(recordedHeaders.slice(150, 201))).toBeUndefined()
    const below = recordedHeaders[199]!
    expect(chain.append(mineChain(below.hash, below.time, 20), NOW)).toMatchObject({ code: 'unknown-parent' })
    expect(chain.append(mineChain(block.hash, block.time, 8), NOW)).toMatchObject({
      kind: 'reorganised',
      fork: 200,
    })
  })
})

describe('the window', () => {
  test('backfill: hashes up to the anchor are proof enough', () => {
    const block = recordedHeaders[200]!
    const anchor: Anchor = { ...genesis, height: 200, hash: block.hash, time: block.time }
    const chain = new HeaderChain(sha256, regtest, anchor)
    expect(chain.backfill(recordedHeaders.slice(150, 200))?.code).toBe('broken-link')
    const gap = [...recordedHeaders.slice(150, 160), ...recordedHeaders.slice(161, 201)]
    expect(chain.backfill(gap)?.code).toBe('broken-link')
    expect(chain.lowest).toBe(201)
    expect(chain.backfill(recordedHeaders.slice(150, 201))).toBeUndefined()
    expect(chain.backfill(recordedHeaders.slice(100, 150))).toBeUndefined()
    expect(chain.lowest).toBe(100)
    expect(chain.at(150)?.merkleRoot).toEqual(recordedHeaders[150]!.merkleRoot)
    expect(chain.hashAt(99)).toEqual(recordedHeaders[99]!.hash)
    expect(chain.tip).toMatchObject({ height: 200, hash: block.hash })
    expect(chain.append(recordedHeaders.slice(201), NOW)).toMatchObject({ kind: 'extended', added: 7 })
  })

  test('holds what it has room for', () => {
    const chain = recordedChain(TIP, 128)
    expect(chain.lowest).toBe(TIP - 127)
    expect(chain.at(TIP - 127)?.hash).toEqual(recordedHeaders[TIP - 127]!.hash)
    expect(chain.at(TIP - 128)).toBeUndefined()
    expect(chain.hashAt(TIP - 128)).toEqual(recordedHeaders[TIP - 128]!.hash)
    expect(chain.backfill(recordedHeaders.slice(0, 1))?.code).toBe('no-room')
  })

  test('36,000 blocks and more in less than 3 MB', () => {
    const chain = start()
    expect(WINDOW_BLOCKS).toBeGreaterThanOrEqual(36_000 + MAX_REORGANISATION)
    expect(chain.octets).toBe(WINDOW_BLOCKS * 80)
    expect(chain.octets).toBeLessThan(3_000_000)
  })

  test.each([[-1], [0], [1.5], [TIP + 1], [Number.NaN], [Number.POSITIVE_INFINITY], [2 ** 40]])(
    'no block at %d',
    (height) => {
      expect(recordedChain().at(height)).toBeUndefined()
    },
  )
})

test('mined blocks are of the version that the network wants', () => {
  expect(NETWORKS.regtest.versions).toEqual([{ from: 1, least: VERSION & 0xff }])
  expect(genesis.bits).toBe(EASIEST)
})
