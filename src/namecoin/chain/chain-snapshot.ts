import { concatenated, HASH_OCTETS, type Sha256, sameOctets, sha256d } from './hash.ts'
import { HEADER_OCTETS, type PureHeader } from './header.ts'
import { type Anchor, HeaderChain, LEAST_WINDOW_BLOCKS, WINDOW_BLOCKS } from './header-chain.ts'
import type { Network } from './network.ts'
import { OctetReader } from './octets.ts'
import { type Refused, refused } from './refused.ts'
import { workOfBlocks } from './target.ts'

/**
 * A header chain as octets, for a file or a Durable Object, 48 octets a block. Little-endian:
 *
 *     magic, 16 · genesis hash, 32 · anchor: height u32, hash 32 · lowest u32 · hash of the block below, 32
 *     chainwork, 32 · hash of the tip, 32 · u8 marks × (height u32, time u32)
 *     u32 blocks × (version i32, Merkle root 32, time u32, bits u32, nonce u32) · SHA-256d of all before, 32
 *
 * At load every header is hashed on top of the one before, and the last hash must be the tip's; the anchor must be
 * among them, and the work above it add up. What cannot be checked again is the work of merge-mined blocks, as their
 * AuxPoW is not kept: the file is believed as far as whoever can write it is.
 */

export type SnapshotCode =
  | 'bad-snapshot' // not one of ours, or of another layout
  | 'bad-checksum' // half-written, or changed since
  | 'other-network'
  | 'other-anchor' // does not hold the anchor that we trust now
  | 'broken-chain' // hashes or work do not add up

const MAGIC = new TextEncoder().encode('bitdoh headers 1')
const BLOCK_OCTETS = HEADER_OCTETS - HASH_OCTETS
const MARK_OCTETS = 8

/** The chain as octets. */
export function snapshot(sha256: Sha256, chain: HeaderChain): Uint8Array {
  const state = chain.state()
  const head = concatenated([
    MAGIC,
    genesisOf(sha256, chain.network),
    uint32(chain.anchor.height),
    chain.anchor.hash,
    uint32(state.lowest),
    state.below,
    uint256(state.chainwork),
    chain.tip.hash,
    Uint8Array.of(state.marks.length),
    ...state.marks.flatMap(([height, time]) => [uint32(height), uint32(time)]),
    uint32(state.headers.length),
  ])
  const octets = new Uint8Array(head.length + state.headers.length * BLOCK_OCTETS + HASH_OCTETS)
  octets.set(head)
  const view = new DataView(octets.buffer)
  let offset = head.length
  for (const { version, merkleRoot, time, bits, nonce } of state.headers) {
    view.setInt32(offset, version, true)
    octets.set(merkleRoot, offset + 4)
    view.setUint32(offset + 36, time, true)
    view.setUint32(offset + 40, bits, true)
    view.setUint32(offset + 44, nonce, true)
    offset += BLOCK_OCTETS
  }
  octets.set(sha256d(sha256, octets.subarray(0, offset)), offset)
  return octets
}

/**
 * The chain that was written, above the anchor that is trusted now: the one it was written with, or a newer one that
 * the chain went through.
 */
export function restore(
  sha256: Sha256,
  network: Network,
  anchor: Anchor,
  octets: Uint8Array,
  capacity = WINDOW_BLOCKS,
): { readonly kind: 'restored'; readonly chain: HeaderChain } | Refused<SnapshotCode> {
  const end = octets.length - HASH_OCTETS
  if (!sameOctets(octets.subarray(0, MAGIC.length), MAGIC)) return refused('bad-snapshot', 'not of ours')
  if (!sameOctets(sha256d(sha256, octets.subarray(0, Math.max(end, 0))), octets.subarray(Math.max(end, 0)))) {
    return refused('bad-checksum', `${octets.length} octets`)
  }
  const reader = new OctetReader(octets, MAGIC.length, end)
  const genesis = reader.take(HASH_OCTETS)
  const written = { height: reader.uint32(), hash: reader.take(HASH_OCTETS) }
  const lowest = reader.uint32()
  const below = reader.take(HASH_OCTETS)
  const chainwork = readUint256(reader)
  const tip = reader.take(HASH_OCTETS)
  const marks = readMarks(reader)
  const blocks = reader.uint32()
  if (!reader.ok || reader.left !== blocks * BLOCK_OCTETS) return refused('bad-snapshot', 'another layout')
  if (!sameOctets(genesis, genesisOf(sha256, network))) return refused('other-network', network.name)
  const headers = readHeaders(sha256, reader, below, blocks)
  if (!sameOctets(headers.at(-1)?.hash ?? below, tip)) return refused('broken-chain', 'ends in another block')
  const fault =
    anchorFault(anchor, written, lowest, below, headers) ?? workFault(anchor, lowest, headers, chainwork)
  if (fault !== undefined) return fault
  const state = { lowest, below, marks, headers, chainwork }
  return { kind: 'restored', chain: new HeaderChain(sha256, network, anchor, capacity, state) }
}

/**
 * The work above the anchor must be that of the blocks there. When the anchor is below the window some of them are
 * gone, and the file alone knows.
 */
function workFault(
  anchor: Anchor,
  lowest: number,
  headers: readonly PureHeader[],
  chainwork: bigint,
): Refused<SnapshotCode> | undefined {
  if (anchor.height < lowest - 1) return undefined
  const above = headers.slice(anchor.height + 1 - lowest)
  const work = anchor.chainwork + workOfBlocks(above)
  return work === chainwork ? undefined : refused('broken-chain', 'the work does not add up')
}

/** The anchor must be a block of the chain; when it is below the window, the one that the chain was written with. */
function anchorFault(
  anchor: Anchor,
  written: { readonly height: number; readonly hash: Uint8Array },
  lowest: number,
  below: Uint8Array,
  headers: readonly PureHeader[],
): Refused<SnapshotCode> | undefined {
  const inWindow = anchor.height === lowest - 1 ? below : headers[anchor.height - lowest]?.hash
  // Only a full window drops blocks.
  const dropped = anchor.height === written.height && headers.length >= LEAST_WINDOW_BLOCKS
  const there = anchor.height < lowest - 1 && dropped ? written.hash : inWindow
  if (there !== undefined && sameOctets(there, anchor.hash)) return undefined
  return refused('other-anchor', `not the block that is trusted at ${anchor.height}`)
}

function readMarks(reader: OctetReader): [number, number][] {
  const count = reader.uint8()
  const marks: [number, number][] = []
  for (let index = 0; index < count && reader.left >= MARK_OCTETS; index++) {
    marks.push([reader.uint32(), reader.uint32()])
  }
  return marks
}

/** The headers, each hashed with the hash of the one before. */
function readHeaders(sha256: Sha256, reader: OctetReader, below: Uint8Array, blocks: number): PureHeader[] {
  const headers: PureHeader[] = []
  const pure = new Uint8Array(HEADER_OCTETS)
  const view = new DataView(pure.buffer)
  let previous = below
  for (let index = 0; index < blocks; index++) {
    const octets = reader.take(BLOCK_OCTETS)
    pure.set(octets.subarray(0, 4))
    pure.set(previous, 4)
    pure.set(octets.subarray(4), 4 + HASH_OCTETS)
    const hash = sha256d(sha256, pure)
    headers.push({
      version: view.getInt32(0, true),
      previous,
      merkleRoot: octets.subarray(4, 4 + HASH_OCTETS),
      time: view.getUint32(68, true),
      bits: view.getUint32(72, true),
      nonce: view.getUint32(76, true),
      hash,
    })
    previous = hash
  }
  return headers
}

function genesisOf(sha256: Sha256, network: Network): Uint8Array {
  return sha256d(sha256, new TextEncoder().encode(network.genesis))
}

function uint32(value: number): Uint8Array {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setUint32(0, value, true)
  return octets
}

function uint256(value: bigint): Uint8Array {
  const octets = new Uint8Array(HASH_OCTETS)
  const view = new DataView(octets.buffer)
  for (let offset = 0; offset < HASH_OCTETS; offset += 8) {
    view.setBigUint64(offset, BigInt.asUintN(64, value >> BigInt(8 * offset)), true)
  }
  return octets
}

function readUint256(reader: OctetReader): bigint {
  return reader.take(HASH_OCTETS).reduceRight((value, octet) => (value << 8n) | BigInt(octet), 0n)
}
