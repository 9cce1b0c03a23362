import { checksum } from './checksum.ts'
import { concatenated, HASH_OCTETS, type Sha256, sameOctets, sha256d } from './hash.ts'
import { HEADER_OCTETS, type PureHeader } from './header.ts'
import { type Anchor, emptyWindow, HeaderChain, LEAST_WINDOW_BLOCKS, WINDOW_BLOCKS } from './header-chain.ts'
import type { HeaderWindow } from './header-window.ts'
import type { Network } from './network.ts'
import { OctetReader } from './octets.ts'
import { type Refused, refused } from './refused.ts'
import { workOfBlocks } from './target.ts'

/**
 * A header chain as octets, for a file or a Durable Object, 48 octets a block. Little-endian:
 *
 *     magic, 16 · genesis hash, 32 · anchor: height u32, hash 32 · lowest u32 · hash of the block below, 32
 *     chainwork, 32 · hash of the tip, 32 · u8 marks × (height u32, time u32)
 *     u32 blocks × (version i32, Merkle root 32, time u32, bits u32, nonce u32) · `checksum` of all before, 32
 *
 * At load every header is hashed on top of the one before, and the last hash must be the tip's; the anchor must be
 * among them, and the work above it add up. What cannot be checked again is the work of merge-mined blocks, as their
 * AuxPoW is not kept: the file is believed as far as whoever can write it is.
 *
 * A full window in one go would hold up every question for as long as it takes: both ways pause after each slice.
 */

export type SnapshotCode =
  | 'bad-snapshot' // not one of ours, or of another layout
  | 'bad-checksum' // half-written, or changed since
  | 'other-network'
  | 'other-anchor' // does not hold the anchor that we trust now
  | 'broken-chain' // hashes or work do not add up

const MAGIC = new TextEncoder().encode('bitdoh headers 2')
const BLOCK_OCTETS = HEADER_OCTETS - HASH_OCTETS
const MARK_OCTETS = 8

/** Blocks that are written or read without a pause: some 5 ms to hash in workerd, 1 ms on Node. */
export const SLICE_BLOCKS = 250

/** What a snapshot takes of the runtime. */
export interface SnapshotTools {
  readonly sha256: Sha256
  /** Lets the event loop have its turn. */
  readonly pause: () => Promise<void>
}

/** The chain as octets, as it was at the call: what becomes of it meanwhile is not in them. */
export async function snapshot(chain: HeaderChain, { sha256, pause }: SnapshotTools): Promise<Uint8Array> {
  const { window, marks, chainwork } = chain.state()
  const head = concatenated([
    MAGIC,
    genesisOf(sha256, chain.network),
    uint32(chain.anchor.height),
    chain.anchor.hash,
    uint32(window.lowest),
    window.below,
    uint256(chainwork),
    chain.tip.hash,
    Uint8Array.of(marks.length),
    ...marks.flatMap(([height, time]) => [uint32(height), uint32(time)]),
    uint32(window.blocks),
  ])
  const octets = new Uint8Array(head.length + window.blocks * BLOCK_OCTETS + HASH_OCTETS)
  octets.set(head)
  for (let written = 0; written < window.blocks; written += SLICE_BLOCKS) {
    writeBlocks(octets, head.length, window, written, Math.min(window.blocks, written + SLICE_BLOCKS))
    await pause()
  }
  const end = octets.length - HASH_OCTETS
  octets.set(await checksum(sha256, octets.subarray(0, end), pause), end)
  return octets
}

/** Writes the blocks from `first` up to, not including, `end`, counted from the window's lowest, which goes to `start`. */
function writeBlocks(
  octets: Uint8Array,
  start: number,
  window: HeaderWindow,
  first: number,
  end: number,
): void {
  const view = new DataView(octets.buffer)
  for (let index = first; index < end; index++) {
    const { version, merkleRoot, time, bits, nonce } = window.at(window.lowest + index)!
    const offset = start + index * BLOCK_OCTETS
    view.setInt32(offset, version, true)
    octets.set(merkleRoot, offset + 4)
    view.setUint32(offset + 36, time, true)
    view.setUint32(offset + 40, bits, true)
    view.setUint32(offset + 44, nonce, true)
  }
}

/**
 * The chain that was written, above the anchor that is trusted now: the one it was written with, or a newer one that
 * the chain went through.
 */
export async function restore(
  network: Network,
  anchor: Anchor,
  octets: Uint8Array,
  tools: SnapshotTools,
  capacity = WINDOW_BLOCKS,
): Promise<{ readonly kind: 'restored'; readonly chain: HeaderChain } | Refused<SnapshotCode>> {
  const { sha256, pause } = tools
  const end = Math.max(0, octets.length - HASH_OCTETS)
  if (!sameOctets(octets.subarray(0, MAGIC.length), MAGIC)) return refused('bad-snapshot', 'not of ours')
  if (!sameOctets(await checksum(sha256, octets.subarray(0, end), pause), octets.subarray(end))) {
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
  const window = emptyWindow(capacity, lowest, below)
  const read = await readBlocks(reader, window, blocks, anchor.height, tools)
  if (!sameOctets(read.tip, tip)) return refused('broken-chain', 'ends in another block')
  // Only a full window drops blocks.
  const isDropped = anchor.height < lowest - 1 && anchor.height === written.height
  const there = isDropped && blocks >= LEAST_WINDOW_BLOCKS ? written.hash : read.atAnchor
  if (there === undefined || !sameOctets(there, anchor.hash)) {
    return refused('other-anchor', `not the block that is trusted at ${anchor.height}`)
  }
  // When the anchor is below the window some of the blocks above it are gone, and the file alone knows their work.
  if (anchor.height >= lowest - 1 && anchor.chainwork + read.workAbove !== chainwork) {
    return refused('broken-chain', 'the work does not add up')
  }
  const state = { window, marks, chainwork }
  return { kind: 'restored', chain: new HeaderChain(sha256, network, anchor, capacity, state) }
}

function readMarks(reader: OctetReader): [number, number][] {
  const count = reader.uint8()
  const marks: [number, number][] = []
  for (let index = 0; index < count && reader.left >= MARK_OCTETS; index++) {
    marks.push([reader.uint32(), reader.uint32()])
  }
  return marks
}

/** What the blocks of a snapshot say of the anchor. */
interface ReadBlocks {
  /** Hash of the last one. */
  readonly tip: Uint8Array
  /** Hash of the one at the anchor's height, if it is there. */
  readonly atAnchor: Uint8Array | undefined
  /** Work of those above. */
  readonly workAbove: bigint
}

/** Puts the blocks into an empty window, each hashed with the hash of the one before. */
async function readBlocks(
  reader: OctetReader,
  window: HeaderWindow,
  blocks: number,
  anchorHeight: number,
  { sha256, pause }: SnapshotTools,
): Promise<ReadBlocks> {
  const lowest = window.lowest
  let tip = window.below
  let atAnchor = anchorHeight === lowest - 1 ? tip : undefined
  let workAbove = 0n
  for (let start = 0; start < blocks; start += SLICE_BLOCKS) {
    const headers = readHeaders(sha256, reader, tip, Math.min(SLICE_BLOCKS, blocks - start))
    for (const header of headers) window.push(header)
    const place = anchorHeight - lowest - start
    atAnchor ??= headers[place]?.hash
    workAbove += workOfBlocks(headers.slice(Math.max(0, place + 1)))
    tip = headers.at(-1)!.hash
    await pause()
  }
  return { tip, atAnchor, workAbove }
}

/** So many headers, each hashed with the hash of the one before. */
function readHeaders(sha256: Sha256, reader: OctetReader, below: Uint8Array, count: number): PureHeader[] {
  const headers: PureHeader[] = []
  const pure = new Uint8Array(HEADER_OCTETS)
  const view = new DataView(pure.buffer)
  let previous = below
  for (let index = 0; index < count; index++) {
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
