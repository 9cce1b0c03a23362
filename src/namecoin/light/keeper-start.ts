import { restore } from '../chain/chain-snapshot.ts'
import { type Anchor, HeaderChain } from '../chain/header-chain.ts'
import type { Network } from '../chain/network.ts'
import { anchorOf, type Checkpoint } from './checkpoint.ts'
import { completeCheckpoint } from './checkpoint-completion.ts'
import type { HeaderServer } from './header-sync-servers.ts'
import type { Tools } from './header-sync-slice.ts'
import { type HeaderStore, isSameBlock, type Kept, readKept } from './keeper-file.ts'

export interface StartOptions {
  readonly network: Network
  readonly checkpoint: Checkpoint
  readonly store: HeaderStore
  readonly servers: () => readonly HeaderServer[]
  readonly tools: Tools
  readonly signal: AbortSignal
  readonly capacity: number
}

/**
 * The chain to begin with: what was kept, if it holds the checkpoint, otherwise the checkpoint alone, completed by the
 * servers. The function returned gives undefined while they cannot; call it again then.
 */
export function chainStart(options: StartOptions): () => Promise<HeaderChain | undefined> {
  const { network, checkpoint, store, servers, tools, signal, capacity } = options
  const { sha256, log } = tools
  /** Let go once there is a chain: it is as large as that. */
  let loading: Promise<Kept | undefined> | undefined = load()

  async function load(): Promise<Kept | undefined> {
    try {
      const octets = await store.load()
      if (octets === undefined) return undefined
      const read = readKept(sha256, octets)
      if (read.kind === 'kept') return read
      log.warn('headers-refused', { reason: read.code, detail: read.detail })
    } catch (error) {
      log.warn('headers-unreadable', { detail: String(error) })
    }
    return undefined
  }

  async function restored(anchor: Anchor, kept: Kept): Promise<HeaderChain | undefined> {
    const outcome = await restore(network, anchor, kept.snapshot, tools, capacity)
    if (outcome.kind === 'restored') return outcome.chain
    log.warn('headers-refused', { reason: outcome.code, detail: outcome.detail })
    return undefined
  }

  return async () => {
    const kept = await loading
    const known =
      anchorOf(checkpoint) ??
      (kept !== undefined && isSameBlock(kept.checkpoint, checkpoint) ? anchorOf(kept.checkpoint) : undefined)
    const completed =
      known === undefined
        ? await completeCheckpoint(checkpoint, servers, tools, signal)
        : { anchor: known, headers: [] }
    if (completed === undefined || signal.aborted) return undefined
    const { anchor, headers } = completed
    const old = kept === undefined ? undefined : await restored(anchor, kept)
    if (signal.aborted) return undefined
    const chain = old ?? new HeaderChain(sha256, network, anchor, capacity)
    if (chain.lowest === anchor.height + 1) chain.backfill(headers)
    loading = undefined
    log.info('chain-starts', { height: chain.tip.height, checkpoint: anchor.height })
    return chain
  }
}
