import { type Sha256, sha256d } from './hash.ts'
import { type Branch, MAX_BRANCH } from './merkle.ts'
import { OctetReader } from './octets.ts'
import { type Refused, refused } from './refused.ts'
import { readTransaction, txidOf } from './transaction.ts'

/**
 * Block headers with their AuxPoW: the proof that somebody mined them along with a block of another chain, mostly
 * Bitcoin. Sources: light-client.md §6, namecoin-core `src/auxpow.h`, `src/primitives/block.h`.
 */

/** The 80 octets that the hash is of, as fields. All octets are views into what was parsed. */
export interface PureHeader {
  readonly version: number
  readonly previous: Uint8Array
  readonly merkleRoot: Uint8Array
  /** Seconds since 1970. */
  readonly time: number
  readonly bits: number
  readonly nonce: number
  readonly hash: Uint8Array
}

export interface Header extends PureHeader {
  readonly kind: 'header'
  readonly auxPow?: AuxPow
}

export interface AuxPow {
  /** Id of the parent block's first transaction, and the script of its first input: there we are committed to. */
  readonly coinbase: { readonly txid: Uint8Array; readonly script: Uint8Array | undefined }
  /** From the coinbase to the parent's Merkle root; always at position 0. */
  readonly coinbaseBranch: Branch
  /** From our header to the root of all chains mined together. */
  readonly chainBranch: Branch
  readonly chainIndex: number
  readonly parent: PureHeader
}

export type HeaderCode =
  | 'bad-header' // ends too early, or is not canonical
  | 'header-too-long'
  | 'chain-branch-too-long'
  | 'coinbase-branch-too-long'
  | 'trailing-octets'
  | 'wrong-header-count'

export const HEADER_OCTETS = 80
/** Bit of the version that says an AuxPoW follows. */
export const AUXPOW_BIT = 0x100
/**
 * Longest header with its AuxPoW. The longest of 388,374 real ones has 20,719 octets; the parent's coinbase can be no
 * longer than Bitcoin's blocks, 1,000,000. A lower limit would let one odd miner stop every client.
 */
export const MAX_HEADER_OCTETS = 1_000_000
/**
 * Levels between coinbase and parent's Merkle root. Real ones have 16 at most and Core has no limit of its own; this
 * one holds hashing to some 5 ms a header.
 */
export const MAX_COINBASE_BRANCH = 1024
/** ElectrumX gives at most so many headers at once, and so many make a retarget interval. */
export const MAX_HEADERS = 2016

/** One header, with AuxPoW where its version says so, and nothing behind it. */
export function parseHeader(sha256: Sha256, octets: Uint8Array): Header | Refused<HeaderCode> {
  const headers = parseHeaders(sha256, octets, 1)
  return headers.kind === 'headers' ? headers.headers[0]! : headers
}

/**
 * Headers one after the other, as in a reply of `blockchain.block.headers`: exactly `count` of them, up to the last
 * octet.
 */
export function parseHeaders(
  sha256: Sha256,
  octets: Uint8Array,
  count: number,
): { readonly kind: 'headers'; readonly headers: readonly Header[] } | Refused<HeaderCode> {
  if (!Number.isInteger(count) || count < 0 || count > MAX_HEADERS) {
    return refused('wrong-header-count', `${count} headers`)
  }
  const headers: Header[] = []
  let offset = 0
  for (let index = 0; index < count; index++) {
    const reader = new OctetReader(octets, offset, offset + MAX_HEADER_OCTETS)
    const header = readHeader(sha256, reader)
    if (header.kind === 'refused') return refused(header.code, `header ${index}: ${header.detail}`)
    headers.push(header)
    offset = reader.offset
  }
  if (offset !== octets.length) {
    return refused('trailing-octets', `${octets.length - offset} octets behind ${count} headers`)
  }
  return { kind: 'headers', headers }
}

/** The 80 octets of a header alone, whatever its version says: as in proofs up to a checkpoint. */
export function parsePureHeader(sha256: Sha256, octets: Uint8Array): Header | Refused<HeaderCode> {
  if (octets.length !== HEADER_OCTETS) return refused('bad-header', `${octets.length} octets`)
  return { kind: 'header', ...readPureHeader(sha256, new OctetReader(octets)) }
}

function readHeader(sha256: Sha256, reader: OctetReader): Header | Refused<HeaderCode> {
  const bounded = reader.left === MAX_HEADER_OCTETS
  const pure = readPureHeader(sha256, reader)
  const merged = (pure.version & AUXPOW_BIT) !== 0
  const auxPow = merged ? readAuxPow(sha256, reader) : undefined
  if (auxPow !== undefined && 'kind' in auxPow) return auxPow
  if (!reader.ok || (merged && auxPow === undefined)) {
    return bounded && !reader.ok
      ? refused('header-too-long', `more than ${MAX_HEADER_OCTETS} octets`)
      : refused('bad-header', 'ends too early, or is not canonical')
  }
  return auxPow === undefined ? { kind: 'header', ...pure } : { kind: 'header', ...pure, auxPow }
}

function readPureHeader(sha256: Sha256, reader: OctetReader): PureHeader {
  const start = reader.offset
  const version = reader.int32()
  const previous = reader.take(32)
  const merkleRoot = reader.take(32)
  const time = reader.uint32()
  const bits = reader.uint32()
  const nonce = reader.uint32()
  const hash = sha256d(sha256, reader.octets.subarray(start, reader.offset))
  return { version, previous, merkleRoot, time, bits, nonce, hash }
}

function readAuxPow(sha256: Sha256, reader: OctetReader): AuxPow | Refused<HeaderCode> | undefined {
  const coinbase = readTransaction(reader)
  if (coinbase === undefined) return undefined
  // A hash of the parent that Core ignores, too: miners have put all kinds of things there.
  reader.take(32)
  const coinbaseBranch = readBranch(reader)
  if (coinbaseBranch.length > MAX_COINBASE_BRANCH) {
    return refused('coinbase-branch-too-long', `${coinbaseBranch.length} levels`)
  }
  // The coinbase is the first transaction by definition; Core ignores the index written here.
  reader.take(4)
  const chainBranch = readBranch(reader)
  if (chainBranch.length > MAX_BRANCH) {
    return refused('chain-branch-too-long', `${chainBranch.length} levels`)
  }
  const chainIndex = reader.int32()
  const parent = readPureHeader(sha256, reader)
  if (!reader.ok) return undefined
  const script = coinbase.inputs[0]?.script
  return {
    coinbase: { txid: txidOf(sha256, coinbase), script },
    coinbaseBranch,
    chainBranch,
    chainIndex,
    parent,
  }
}

function readBranch(reader: OctetReader): Uint8Array[] {
  const count = reader.count(32)
  const branch: Uint8Array[] = []
  for (let level = 0; level < count; level++) branch.push(reader.take(32))
  return branch
}
