import type { Log } from '../../log.ts'
import { restore } from '../chain/chain-snapshot.ts'
import { hashToText, type Sha256 } from '../chain/hash.ts'
import { parseHeader } from '../chain/header.ts'
import { type Anchor, HeaderChain, WINDOW_BLOCKS } from '../chain/header-chain.ts'
import type { Network } from '../chain/network.ts'
import type { Timer } from '../deadline.ts'
import type { Failed } from '../electrum/failure.ts'
import type { ServerTip } from '../electrum/replies.ts'
import { watchTip } from '../electrum/requests.ts'
import type { Session } from '../electrum/session.ts'
import { anchorOf, type Checkpoint } from './checkpoint.ts'
import { completeCheckpoint } from './checkpoint-completion.ts'
import { syncHeaders } from './header-sync.ts'
import { backfill } from './header-sync-backfill.ts'
import {
  BEHIND_BLOCKS,
  ban,
  type HeaderServer,
  headerServer,
  isDemoted,
  isReady,
  nameOf,
  offer,
  settleClaims,
  takeClaim,
} from './header-sync-servers.ts'
import type { Tools } from './header-sync-slice.ts'
import { candidates } from './keeper-candidate.ts'
import { type HeaderStore, isSameBlock, type Kept, keep, readKept } from './keeper-file.ts'

export type { HeaderStore } from './keeper-file.ts'

/** How far the chain is. */
export type ChainState =
  /** No anchor yet: the checkpoint has not been completed. */
  | { readonly kind: 'starting' }
  /** `target` is the highest block that a server claims, unproven. */
  | {
      readonly kind: 'syncing'
      readonly anchor: Anchor
      readonly height: number
      readonly target: number
    }
  /** Every chain that a server has shown has been looked into, and this one has the most work. It stays so. */
  | { readonly kind: 'synced'; readonly anchor: Anchor; readonly chain: HeaderChain }

/** Keeps one chain of headers up to date with all servers, from start to end of a process. */
export interface ChainKeeper {
  state(): ChainState
  /** Calls after every change of the state or the tip: a new block, a reorganisation, synced. Returns what ends it. */
  onChange(listener: () => void): () => void
  /** What each connected server says its newest block is: unproven. */
  serverTips(): ReadonlyMap<Session, ServerTip>
  /** Stops, and saves. */
  close(): Promise<void>
}

/** How far a synchronisation is, heights. */
export interface SyncProgress {
  /** Where it began: the anchor, or what was kept. */
  readonly from: number
  readonly height: number
  /** Where it ends as far as servers say. */
  readonly target: number
  /** The last call: the chain is synced. */
  readonly isDone: boolean
}

export interface KeeperOptions {
  readonly sha256: Sha256
  readonly network: Network
  readonly checkpoint: Checkpoint
  readonly servers: readonly { readonly session: Session; readonly operator: string }[]
  readonly store: HeaderStore
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number
  /** Milliseconds since 1970. */
  readonly wallClock: () => number
  readonly timer: Timer
  /** Lets the event loop have its turn: `setImmediate` on Node. */
  readonly pause: () => Promise<void>
  readonly log: Log
  /** Headers kept in memory. */
  readonly capacity?: number
  /** Called after each slice, and a last time when the chain is synced. */
  readonly onProgress?: (progress: SyncProgress) => void
}

/** Blocks after which a chain that is up to date is saved: a day's. Source: light-client.md §10. */
const SAVE_AFTER_BLOCKS = 144

/** And one that is being synchronised: 5 MB of headers at most are fetched twice. */
const SAVE_AFTER_SYNCED = 2_000

/** Milliseconds after which is tried again what could not be done: servers rest, budgets grow. */
export const RETRY_MS = 5_000

/**
 * Milliseconds that servers get to connect and to say what they have, before the chain may be called synced without
 * them. Attack: a weaker fork on a server that is faster than the honest ones.
 */
export const GATHER_MS = 12_000

/**
 * Milliseconds that a server on another chain may take to show it, before the chain is called synced without it.
 * Attack: a server that shows its headers one by one, to keep us from ever being synced.
 */
export const STRAY_MS = 30 * 60_000

export function keepChain(options: KeeperOptions): ChainKeeper {
  const { sha256, network, checkpoint, store, now, wallClock, timer, pause, log, onProgress } = options
  const capacity = options.capacity ?? WINDOW_BLOCKS
  const tools: Tools = { sha256, now, wallClock, timer, pause, log }
  const servers = options.servers.map(({ session, operator }) => headerServer(session, operator))
  const listeners = new Set<() => void>()
  const life = new AbortController()
  const startedAt = now()
  let chain: HeaderChain | undefined
  let isSynced = false
  let from = 0

  // Being woken

  let isWorking = false
  let isWoken = false
  let cancelRetry = (): void => {}

  /** Sees to whatever there is to be done. */
  async function wake(): Promise<void> {
    isWoken = true
    if (isWorking) return
    isWorking = true
    cancelRetry()
    while (isWoken && !life.signal.aborted) {
      isWoken = false
      await work().catch(failed)
    }
    isWorking = false
    if (life.signal.aborted || !hasMore()) return
    cancelRetry = timer(RETRY_MS, () => void wake())
  }

  /** A mistake of ours must neither end the process nor stop the chain for good. */
  function failed(error: unknown): void {
    log.error('chain-keeper-failed', { detail: String(error) })
  }

  async function work(): Promise<void> {
    if (chain === undefined) await begin()
    if (chain === undefined || life.signal.aborted) return
    // Until another chain takes its place.
    following = new AbortController()
    await syncHeaders({ chain, servers: () => servers, tools, signal: following.signal, changed: grown })
    if (life.signal.aborted) return
    watchLaggards(chain)
    candidate.follow(chain)
    if (!isSynced && maySaySynced()) saySynced(chain)
    if (isSynced) void fillUp().catch(failed)
  }

  /** Whether something is left that only time can bring. */
  function hasMore(): boolean {
    if (!isSynced || !isFilled) return true
    return servers.some((server) => isReady(server) && isUnfinished(server))
  }

  // Beginning

  let kept: Kept | undefined

  const loaded = load()

  async function load(): Promise<void> {
    try {
      const octets = await store.load()
      if (octets === undefined) return
      const read = readKept(sha256, octets)
      if (read.kind === 'kept') kept = read
      else log.warn('headers-refused', { reason: read.code, detail: read.detail })
    } catch (error) {
      log.warn('headers-unreadable', { detail: String(error) })
    }
  }

  /** Completes the checkpoint, and goes on from what was kept, if it holds this checkpoint. */
  async function begin(): Promise<void> {
    await loaded
    const known =
      anchorOf(checkpoint) ??
      (kept !== undefined && isSameBlock(kept.checkpoint, checkpoint) ? anchorOf(kept.checkpoint) : undefined)
    const completed =
      known === undefined
        ? await completeCheckpoint(checkpoint, () => servers, tools, life.signal)
        : { anchor: known, headers: [] }
    if (completed === undefined || life.signal.aborted) return
    const { anchor, headers } = completed
    chain = restored(anchor) ?? new HeaderChain(sha256, network, anchor, capacity)
    if (chain.lowest === anchor.height + 1) chain.backfill(headers)
    from = chain.tip.height
    kept = undefined
    log.info('chain-starts', { height: from, checkpoint: anchor.height })
    for (const server of servers) if (isReady(server)) offer(server, chain, seconds(), log)
    changed()
  }

  function restored(anchor: Anchor): HeaderChain | undefined {
    if (kept === undefined) return undefined
    const outcome = restore(sha256, network, anchor, kept.snapshot, capacity)
    if (outcome.kind === 'restored') return outcome.chain
    log.warn('headers-refused', { reason: outcome.code, detail: outcome.detail })
    return undefined
  }

  // What servers say

  function claimed(server: HeaderServer, tip: ServerTip | Failed): void {
    if (life.signal.aborted || server.session.state().kind !== 'ready') return
    if ('kind' in tip) {
      log.warn('server-tip-misshapen', { server: nameOf(server) })
      return
    }
    const header = parseHeader(sha256, tip.header)
    if (header.kind === 'refused') {
      ban(server, header.code, `its newest block: ${header.detail}`, log)
      return
    }
    takeClaim(server, { height: tip.height, header, tip })
    if (chain !== undefined) {
      if (offer(server, chain, seconds(), log)) countSaved(1)
      settleClaims(servers, chain)
    }
    changed()
    void wake()
  }

  /** A server that stays behind is of no use for headers, and its operator may want to know. */
  function watchLaggards({ tip }: HeaderChain): void {
    for (const server of servers) {
      const { claim, behindSince } = server
      const isBehind = isReady(server) && claim !== undefined && tip.height - claim.height > BEHIND_BLOCKS
      if (!isBehind || !isSynced) server.behindSince = undefined
      else if (behindSince === undefined) server.behindSince = now()
      else if (isDemoted(server, now())) {
        log.warn('server-behind', { server: nameOf(server), blocks: tip.height - claim.height })
      }
    }
  }

  // Changes

  let following = new AbortController()

  function grown(outcome: { readonly kind: string; readonly fork?: number; readonly added?: number }): void {
    if (outcome.kind === 'reorganised') log.info('chain-reorganised', { fork: outcome.fork })
    countSaved(outcome.added ?? 0)
    changed()
  }

  function changed(): void {
    if (!isSynced) tellProgress(false)
    for (const listener of [...listeners]) listener()
  }

  function tellProgress(isDone: boolean): void {
    if (chain !== undefined) onProgress?.({ from, height: chain.tip.height, target: target(chain), isDone })
  }

  function target({ tip }: HeaderChain): number {
    const claims = servers.flatMap(({ claim, standing, session }) =>
      claim === undefined || standing === 'unproven' || session.state().kind !== 'ready'
        ? []
        : [claim.height],
    )
    return Math.max(tip.height, ...claims)
  }

  const candidate = candidates({
    servers: () => servers,
    tools,
    signal: life.signal,
    capacity,
    heavier: (other, server) => {
      const forked = chain?.tip
      chain = other
      following.abort()
      log.warn('chain-replaced', {
        server: nameOf(server),
        ...{ height: other.tip.height, instead: forked?.height, hash: hashToText(other.tip.hash) },
      })
      for (const each of servers) if (each.standing !== 'unproven') each.standing = 'unknown'
      settleClaims(servers, other)
      isFilled = false
      changed()
      void save()
    },
    done: () => void wake(),
  })

  // Being synced

  /** Whether a server may still be about to say what it has. */
  const isComing = ({ session, claim }: HeaderServer): boolean => {
    const { kind } = session.state()
    return kind === 'idle' || kind === 'connecting' || (kind === 'ready' && claim === undefined)
  }

  const isUnfinished = ({ standing, claim }: HeaderServer): boolean =>
    claim !== undefined && (standing === 'unknown' || standing === 'stray')

  /** Whether what a server claims has to be looked into before anything can be said. */
  function isOpen(server: HeaderServer): boolean {
    if (!isUnfinished(server) || now() < server.restUntil) return false
    return server.standing === 'unknown' || now() - server.strayedAt < STRAY_MS
  }

  function maySaySynced(): boolean {
    const ready = servers.filter(isReady)
    if (!ready.some(({ standing }) => standing === 'ours' || standing === 'lighter')) return false
    if (now() - startedAt < GATHER_MS && servers.some(isComing)) return false
    return !ready.some(isOpen)
  }

  function saySynced({ tip }: HeaderChain): void {
    isSynced = true
    tellProgress(true)
    log.info('chain-synced', { height: tip.height, hash: hashToText(tip.hash) })
    changed()
    void save()
  }

  // Blocks below the anchor

  let isFilled = false
  let isFilling = false

  async function fillUp(): Promise<void> {
    if (isFilling || isFilled || chain === undefined) return
    isFilling = true
    const filled = chain
    const isAll = await backfill(
      filled,
      () => servers,
      tools,
      life.signal,
      () => countSaved(1),
    ).finally(() => {
      isFilling = false
    })
    if (filled !== chain || life.signal.aborted) return
    isFilled = isAll
    if (isAll) log.info('chain-filled', { lowest: chain.lowest })
    changed()
    // Otherwise the timer tries again: at once, with nobody to ask, this would turn for ever.
    if (isAll) void wake()
  }

  // Saving

  let unsaved = 0
  let saving: Promise<void> | undefined

  function countSaved(blocks: number): void {
    unsaved += blocks
    if (unsaved >= (isSynced ? SAVE_AFTER_BLOCKS : SAVE_AFTER_SYNCED)) void save()
  }

  /** Writes what there is, one writing at a time. */
  async function save(): Promise<void> {
    await saving
    if (chain === undefined || unsaved === 0) return
    unsaved = 0
    saving = store.save(keep(sha256, chain)).catch((error) => {
      log.warn('headers-not-saved', { detail: String(error) })
    })
    await saving
  }

  const seconds = (): number => Math.floor(wallClock() / 1000)

  const unwatch = servers.map((server) => watchTip(server.session, (tip) => claimed(server, tip)))
  void wake()

  return {
    state() {
      if (chain === undefined) return { kind: 'starting' }
      const { anchor, tip } = chain
      if (isSynced) return { kind: 'synced', anchor, chain }
      return { kind: 'syncing', anchor, height: tip.height, target: target(chain) }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    serverTips: () =>
      new Map(
        servers.flatMap((server) =>
          server.claim !== undefined && isReady(server) ? [[server.session, server.claim.tip]] : [],
        ),
      ),
    async close() {
      life.abort()
      following.abort()
      cancelRetry()
      listeners.clear()
      for (const end of unwatch) if (typeof end === 'function') end()
      await save()
    },
  }
}
