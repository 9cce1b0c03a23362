import { type SnapshotCode, type SnapshotTools, snapshot } from '../chain/chain-snapshot.ts'
import { concatenated, HASH_OCTETS, type Sha256, sameOctets, sha256d } from '../chain/hash.ts'
import type { HeaderChain } from '../chain/header-chain.ts'
import { type Refused, refused } from '../chain/refused.ts'
import { type Checkpoint, checkpointOf, formatCheckpoint, parseCheckpoint } from './checkpoint.ts'

/**
 * What is kept of a chain between two runs: its anchor with all its fields, so that the next start need not ask for
 * them, and the snapshot, which has a checksum of its own. Little-endian:
 *
 *     u32 octets of the checkpoint · the checkpoint, JSON · SHA-256d of both, 32 · the snapshot
 */

/** Where the octets are kept. Both may reject. */
export interface HeaderStore {
  /** What was saved last; undefined when nothing was. */
  load(): Promise<Uint8Array | undefined>
  /** Replaces what is there, wholly or not at all. */
  save(octets: Uint8Array): Promise<void>
}

/** A kept chain, not checked yet. */
export interface Kept {
  readonly kind: 'kept'
  readonly checkpoint: Checkpoint
  readonly snapshot: Uint8Array
}

const LENGTH_OCTETS = 4

/** The chain as it is at the call. */
export async function keep(chain: HeaderChain, tools: SnapshotTools): Promise<Uint8Array> {
  const checkpoint = new TextEncoder().encode(
    formatCheckpoint(checkpointOf(chain.network.name, chain.anchor)),
  )
  const length = new Uint8Array(LENGTH_OCTETS)
  new DataView(length.buffer).setUint32(0, checkpoint.length, true)
  const head = concatenated([length, checkpoint])
  return concatenated([head, sha256d(tools.sha256, head), await snapshot(chain, tools)])
}

export function readKept(sha256: Sha256, octets: Uint8Array): Kept | Refused<SnapshotCode> {
  if (octets.length < LENGTH_OCTETS) return refused('bad-snapshot', `${octets.length} octets`)
  const length = new DataView(octets.buffer, octets.byteOffset).getUint32(0, true)
  const end = LENGTH_OCTETS + length
  const start = end + HASH_OCTETS
  if (start > octets.length) return refused('bad-snapshot', `${octets.length} octets`)
  const head = octets.subarray(0, end)
  if (!sameOctets(sha256d(sha256, head), octets.subarray(end, start))) {
    return refused('bad-checksum', `a checkpoint of ${length} octets`)
  }
  const parsed = parseCheckpoint(new TextDecoder().decode(head.subarray(LENGTH_OCTETS)))
  if (parsed.kind === 'bad-checkpoint') return refused('bad-snapshot', parsed.detail)
  return { kind: 'kept', checkpoint: parsed, snapshot: octets.subarray(start) }
}

/** Whether both are the same block, on the same terms. */
export const isSameBlock = (one: Checkpoint, other: Checkpoint): boolean =>
  one.network === other.network &&
  one.height === other.height &&
  one.chainwork === other.chainwork &&
  sameOctets(one.hash, other.hash)
