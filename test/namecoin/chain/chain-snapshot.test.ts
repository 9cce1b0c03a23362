import { expect, test } from 'vitest'
import { restore, snapshot } from '../../../src/namecoin/chain/chain-snapshot.ts'
import { sha256d } from '../../../src/namecoin/chain/hash.ts'
import type { Header } from '../../../src/namecoin/chain/header.ts'
import { HeaderChain } from '../../../src/namecoin/chain/header-chain.ts'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'
import { sha256 } from './hashing.ts'
import { mine } from './mine.ts'
import { GENESIS_ANCHOR, NOW, recordedChain, recordedHeaders, regtest, TIP } from './recording.ts'

const load = (octets: Uint8Array, anchor = GENESIS_ANCHOR, network = regtest, capacity?: number) =>
  restore(sha256, network, anchor, octets, capacity)

function loaded(octets: Uint8Array, anchor = GENESIS_ANCHOR, capacity?: number): HeaderChain {
  const outcome = load(octets, anchor, regtest, capacity)
  if (outcome.kind === 'refused') throw new Error(`${outcome.code}: ${outcome.detail}`)
  return outcome.chain
}

/** The octets with a checksum that fits again: whoever can write the file can do this. */
function resealed(octets: Uint8Array): Uint8Array {
  const sealed = octets.slice()
  sealed.set(sha256d(sha256, sealed.subarray(0, -32)), sealed.length - 32)
  return sealed
}

test('what is restored is what was written, and goes on', () => {
  const chain = recordedChain(150)
  const again = loaded(snapshot(sha256, chain))
  expect(again.tip).toEqual(chain.tip)
  expect(again.lowest).toBe(chain.lowest)
  for (let height = 0; height <= 151; height++) expect(again.at(height)).toEqual(chain.at(height))
  expect(again.append(recordedHeaders.slice(151), NOW)).toMatchObject({ kind: 'extended', added: 57 })
  expect(again.tip).toEqual(recordedChain().tip)
  expect(snapshot(sha256, again)).toEqual(snapshot(sha256, recordedChain()))
})

test('a chain without blocks', () => {
  const chain = new HeaderChain(sha256, regtest, GENESIS_ANCHOR)
  expect(loaded(snapshot(sha256, chain)).tip).toEqual(chain.tip)
})

test('48 octets a block', () => {
  const length = (height: number) => snapshot(sha256, recordedChain(height)).length
  expect(length(200) - length(100)).toBe(4800)
})

test('a window without the anchor', () => {
  const chain = recordedChain(TIP, 128)
  const again = loaded(snapshot(sha256, chain), GENESIS_ANCHOR, 128)
  expect(again.tip).toEqual(chain.tip)
  expect(again.lowest).toBe(chain.lowest)
  const { hash, time, bits } = recordedHeaders[40]!
  const other = { ...GENESIS_ANCHOR, height: 40, hash, time, bits }
  expect(load(snapshot(sha256, chain), other)).toMatchObject({ code: 'other-anchor' })
})

test('a newer anchor that the chain went through', () => {
  const octets = snapshot(sha256, recordedChain())
  const { hash, time, bits } = recordedHeaders[100]!
  const newer = { ...GENESIS_ANCHOR, height: 100, hash, time, bits, chainwork: 202n }
  expect(loaded(octets, newer).tip.chainwork).toBe(416n)
  expect(load(octets, { ...newer, chainwork: 203n })).toMatchObject({ code: 'broken-chain' })
  expect(load(octets, { ...newer, hash: new Uint8Array(32) })).toMatchObject({ code: 'other-anchor' })
  expect(load(octets, { ...newer, height: 101 })).toMatchObject({ code: 'other-anchor' })
  expect(load(octets, { ...newer, height: TIP + 1 })).toMatchObject({ code: 'other-anchor' })
})

test('a small window remembers the times that retargets count from, on disk too', () => {
  const network = { ...regtest, retargets: true }
  const blocks: Header[] = []
  // Slower than the target, which is as easy as allowed: retargets leave it there.
  for (let height = 1; height <= 4100; height++) {
    blocks.push(mine(blocks.at(-1)?.hash ?? GENESIS_ANCHOR.hash, GENESIS_ANCHOR.time + 700 * height))
  }
  let chain = new HeaderChain(sha256, network, GENESIS_ANCHOR, 128)
  for (let from = 0; from < blocks.length; from += 300) {
    expect(chain.append(blocks.slice(from, from + 300), NOW).kind).toBe('extended')
    const outcome = load(snapshot(sha256, chain), GENESIS_ANCHOR, network, 128)
    if (outcome.kind === 'refused') throw new Error(outcome.detail)
    expect(outcome.chain.tip).toEqual(chain.tip)
    chain = outcome.chain
  }
  expect(chain.tip.height).toBe(4100)
  expect(snapshot(sha256, chain).length).toBeLessThan(6500)
})

test('another network', () => {
  const octets = snapshot(sha256, recordedChain(3))
  expect(load(octets, GENESIS_ANCHOR, NETWORKS.mainnet)).toMatchObject({ code: 'other-network' })
})

test('half-written at any octet', () => {
  const octets = snapshot(sha256, recordedChain(3))
  for (let length = 0; length < octets.length; length++) {
    expect(load(octets.subarray(0, length)).kind).toBe('refused')
  }
})

test('one octet changed anywhere', () => {
  const octets = snapshot(sha256, recordedChain(3))
  for (let at = 0; at < octets.length; at++) {
    const changed = octets.slice()
    changed[at]! ^= 1 << (at % 8)
    expect(load(changed).kind).toBe('refused')
  }
})

test('one octet changed anywhere, with a checksum that fits: no other chain comes of it', () => {
  const chain = recordedChain(3)
  const octets = snapshot(sha256, chain)
  for (let at = 0; at < octets.length - 32; at++) {
    const changed = octets.slice()
    changed[at]! ^= 1 << (at % 8)
    const outcome = load(resealed(changed))
    if (outcome.kind === 'restored') expect(outcome.chain.tip).toEqual(chain.tip)
  }
})
