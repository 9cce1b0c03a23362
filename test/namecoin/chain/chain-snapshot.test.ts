import { describe, expect, test } from 'vitest'
import { restore, SLICE_BLOCKS, snapshot } from '../../../src/namecoin/chain/chain-snapshot.ts'
import { checksum, PIECE_OCTETS } from '../../../src/namecoin/chain/checksum.ts'
import type { Header } from '../../../src/namecoin/chain/header.ts'
import { HeaderChain } from '../../../src/namecoin/chain/header-chain.ts'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'
import { sha256 } from './hashing.ts'
import { mine, mineChain } from './mine.ts'
import { GENESIS_ANCHOR, NOW, recordedChain, recordedHeaders, regtest, TIP } from './recording.ts'

const tools = { sha256, pause: () => Promise.resolve() }
const written = (chain: HeaderChain) => snapshot(chain, tools)
const load = (octets: Uint8Array, anchor = GENESIS_ANCHOR, network = regtest, capacity?: number) =>
  restore(network, anchor, octets, tools, capacity)

async function loaded(octets: Uint8Array, anchor = GENESIS_ANCHOR, capacity?: number): Promise<HeaderChain> {
  const outcome = await load(octets, anchor, regtest, capacity)
  if (outcome.kind === 'refused') throw new Error(`${outcome.code}: ${outcome.detail}`)
  return outcome.chain
}

/** The octets with a checksum that fits again: whoever can write the file can do this. */
async function resealed(octets: Uint8Array): Promise<Uint8Array> {
  const sealed = octets.slice()
  sealed.set(await checksum(sha256, sealed.subarray(0, -32), tools.pause), sealed.length - 32)
  return sealed
}

test('what is restored is what was written, and goes on', async () => {
  const chain = recordedChain(150)
  const again = await loaded(await written(chain))
  expect(again.tip).toEqual(chain.tip)
  expect(again.lowest).toBe(chain.lowest)
  for (let height = 0; height <= 151; height++) expect(again.at(height)).toEqual(chain.at(height))
  expect(again.append(recordedHeaders.slice(151), NOW)).toMatchObject({ kind: 'extended', added: 57 })
  expect(again.tip).toEqual(recordedChain().tip)
  expect(await written(again)).toEqual(await written(recordedChain()))
})

test('a chain without blocks', async () => {
  const chain = new HeaderChain(sha256, regtest, GENESIS_ANCHOR)
  expect((await loaded(await written(chain))).tip).toEqual(chain.tip)
})

test('48 octets a block', async () => {
  const length = async (height: number) => (await written(recordedChain(height))).length
  expect((await length(200)) - (await length(100))).toBe(4800)
})

test('a window without the anchor', async () => {
  const chain = recordedChain(TIP, 128)
  const again = await loaded(await written(chain), GENESIS_ANCHOR, 128)
  expect(again.tip).toEqual(chain.tip)
  expect(again.lowest).toBe(chain.lowest)
  const { hash, time, bits } = recordedHeaders[40]!
  const other = { ...GENESIS_ANCHOR, height: 40, hash, time, bits }
  expect(await load(await written(chain), other)).toMatchObject({ code: 'other-anchor' })
})

test('a newer anchor that the chain went through', async () => {
  const octets = await written(recordedChain())
  const { hash, time, bits } = recordedHeaders[100]!
  const newer = { ...GENESIS_ANCHOR, height: 100, hash, time, bits, chainwork: 202n }
  expect((await loaded(octets, newer)).tip.chainwork).toBe(416n)
  expect(await load(octets, { ...newer, chainwork: 203n })).toMatchObject({ code: 'broken-chain' })
  expect(await load(octets, { ...newer, hash: new Uint8Array(32) })).toMatchObject({ code: 'other-anchor' })
  expect(await load(octets, { ...newer, height: 101 })).toMatchObject({ code: 'other-anchor' })
  expect(await load(octets, { ...newer, height: TIP + 1 })).toMatchObject({ code: 'other-anchor' })
})

test('a small window remembers the times that retargets count from, on disk too', async () => {
  const network = { ...regtest, retargets: true }
  const blocks: Header[] = []
  // Slower than the target, which is as easy as allowed: retargets leave it there.
  for (let height = 1; height <= 4100; height++) {
    blocks.push(mine(blocks.at(-1)?.hash ?? GENESIS_ANCHOR.hash, GENESIS_ANCHOR.time + 700 * height))
  }
  let chain = new HeaderChain(sha256, network, GENESIS_ANCHOR, 128)
  for (let from = 0; from < blocks.length; from += 300) {
    expect(chain.append(blocks.slice(from, from + 300), NOW).kind).toBe('extended')
    const outcome = await load(await written(chain), GENESIS_ANCHOR, network, 128)
    if (outcome.kind === 'refused') throw new Error(outcome.detail)
    expect(outcome.chain.tip).toEqual(chain.tip)
    chain = outcome.chain
  }
  expect(chain.tip.height).toBe(4100)
  expect((await written(chain)).length).toBeLessThan(6500)
})

test('another network', async () => {
  const octets = await written(recordedChain(3))
  expect(await load(octets, GENESIS_ANCHOR, NETWORKS.mainnet)).toMatchObject({ code: 'other-network' })
})

test('half-written at any octet', async () => {
  const octets = await written(recordedChain(3))
  for (let length = 0; length < octets.length; length++) {
    expect((await load(octets.subarray(0, length))).kind).toBe('refused')
  }
})

test('one octet changed anywhere', async () => {
  const octets = await written(recordedChain(3))
  for (let at = 0; at < octets.length; at++) {
    const changed = octets.slice()
    changed[at]! ^= 1 << (at % 8)
    expect((await load(changed)).kind).toBe('refused')
  }
})

test('one octet changed anywhere, with a checksum that fits: no other chain comes of it', async () => {
  const chain = recordedChain(3)
  const octets = await written(chain)
  for (let at = 0; at < octets.length - 32; at++) {
    const changed = octets.slice()
    changed[at]! ^= 1 << (at % 8)
    const outcome = await load(await resealed(changed))
    if (outcome.kind === 'restored') expect(outcome.chain.tip).toEqual(chain.tip)
  }
})

test('a file of an older layout is refused', async () => {
  const octets = await written(recordedChain(3))
  octets.set(new TextEncoder().encode('bitdoh headers 1'))
  expect(await load(await resealed(octets))).toMatchObject({ code: 'bad-snapshot' })
})

describe('in slices', () => {
  const BLOCKS = 2 * SLICE_BLOCKS + 100
  const blocks = mineChain(GENESIS_ANCHOR.hash, GENESIS_ANCHOR.time, BLOCKS)

  function longChain(count = BLOCKS): HeaderChain {
    const chain = new HeaderChain(sha256, regtest, GENESIS_ANCHOR)
    if (chain.append(blocks.slice(0, count), NOW).kind !== 'extended') throw new Error('not taken up')
    return chain
  }

  /** Tools that count what is hashed from pause to pause. */
  function counting(paused: () => void = () => {}) {
    const turns = [0]
    return {
      turns,
      sha256: (octets: Uint8Array) => {
        turns[turns.length - 1]! += octets.length
        return sha256(octets)
      },
      pause: async () => {
        turns.push(0)
        paused()
      },
    }
  }

  test('written and read, the event loop gets its turn after each', async () => {
    // Twice over each header of a slice, or over a piece and the sum before it; and something small besides.
    const most = Math.max(SLICE_BLOCKS * (80 + 32), PIECE_OCTETS + 32) + 1_000
    const writing = counting()
    const octets = await snapshot(longChain(), writing)
    const pieces = Math.ceil(octets.length / PIECE_OCTETS)
    expect(writing.turns).toHaveLength(1 + 3 + pieces)
    expect(Math.max(...writing.turns)).toBeLessThanOrEqual(most)
    const reading = counting()
    expect((await restore(regtest, GENESIS_ANCHOR, octets, reading)).kind).toBe('restored')
    expect(reading.turns).toHaveLength(1 + pieces + 3)
    expect(Math.max(...reading.turns)).toBeLessThanOrEqual(most)
  })

  test('a chain that is reorganised while it is written is written as it was', async () => {
    const chain = longChain()
    const expected = await written(chain)
    const other = mineChain(blocks.at(-3)!.hash, blocks.at(-3)!.time, 5, 7)
    const changing = counting(() => void chain.append(other, NOW))
    expect(await snapshot(chain, changing)).toEqual(expected)
    expect(chain.tip.hash).toEqual(other.at(-1)!.hash)
  })

  test('a window that moves on while it is written is written as it was', async () => {
    const chain = new HeaderChain(sha256, regtest, GENESIS_ANCHOR, SLICE_BLOCKS + 10)
    chain.append(blocks.slice(0, 2 * SLICE_BLOCKS), NOW)
    const expected = await written(chain)
    const changing = counting(() => void chain.append(blocks.slice(2 * SLICE_BLOCKS), NOW))
    expect(await snapshot(chain, changing)).toEqual(expected)
    expect(chain.tip.height).toBe(BLOCKS)
  })

  test('into a smaller window: its newest blocks, and the hash below them', async () => {
    const again = await loaded(await written(longChain()), GENESIS_ANCHOR, 200)
    expect(again.tip).toEqual(longChain().tip)
    expect(again.lowest).toBe(BLOCKS - 200 + 1)
    expect(again.hashAt(again.lowest - 1)).toEqual(longChain().hashAt(again.lowest - 1))
    expect(again.backfill(blocks.slice(0, 1))).toMatchObject({ code: 'no-room' })
  })

  test('an anchor in the middle of it, with the work above', async () => {
    const octets = await written(longChain())
    const { hash, time, bits } = blocks[SLICE_BLOCKS + 49]!
    const height = SLICE_BLOCKS + 50
    const chainwork = longChain(height).tip.chainwork
    const newer = { ...GENESIS_ANCHOR, height, hash, time, bits, chainwork }
    expect((await loaded(octets, newer)).tip).toEqual(longChain().tip)
    const heavier = { ...newer, chainwork: chainwork + 1n }
    expect(await load(octets, heavier)).toMatchObject({ code: 'broken-chain' })
  })
})
