import type { Log } from '../../log.ts'
import { hashToText, type Sha256 } from '../chain/hash.ts'
import { type Anchor, type HeaderChain, WINDOW_BLOCKS } from '../chain/header-chain.ts'
import type { Network } from '../chain/network.ts'
import type { Timer } from '../deadline.ts'
import type { Failed } from '../electrum/failure.ts'
import type { ServerTip } from '../electrum/replies.ts'
import { watchTip } from '../electrum/requests.ts'
import type { Session } from '../electrum/session.ts'
import type { Checkpoint } from './checkpoint.ts'
import { syncHeaders } from './header-sync.ts'
import { backfill } from './header-sync-backfill.ts'
import {
  BEHIND_BLOCKS,
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
import { readClaim } from './keeper-claim.ts'
import { type HeaderStore, keep } from './keeper-file.ts'
import { chainSaving } from './keeper-saving.ts'
import { chainStart } from './keeper-start.ts'
import { GATHER_MS, isOwing, isUnfinished, maySaySynced } from './keeper-synced.ts'

export type { HeaderStore } from './keeper-file.ts'

/** How far the chain is. */
export type ChainState =
  /** No anchor yet: the checkpoint has not been completed. */
  | { readonly kind: 'starting' }
  /** `target` is the highest block that a server claims and has not been found out about. */
  | {
      readonly kind: 'syncing'
      readonly anchor: Anchor
      readonly height: number
      readonly target: number
    }
  /**
   * Every chain that a server has shown has been looked into, and this one has the most work. It stays so. `target` is
   * the highest block that a server can still be expected to show; the tip when there is none.
   */
  | { readonly kind: 'synced'; readonly anchor: Anchor; readonly chain: HeaderChain; readonly target: number }

/** Keeps one chain of headers up to date with all servers, from start to end of a process. */
export interface ChainKeeper {
  state(): ChainState
  /** Calls after every change of the state or the tip: a new block, a reorganisation, synced. Returns what ends it. */
  onChange(listener: () => void): () => void
  /** What each connected server says its newest block is: unproven. */
  serverTips(): ReadonlyMap<Session, ServerTip>
  /** Resolves when nothing is being saved. */
  saved(): Promise<void>
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
const RETRY_MS = 5_000

export function keepChain(options: KeeperOptions): ChainKeeper {
  const { sha256, network, checkpoint, store, now, wallClock, timer, pause, log, onProgress } = options
  const capacity = options.capacity ?? WINDOW_BLOCKS
  const tools: Tools = { sha256, now, wallClock, timer, pause, log }
  const servers = options.servers.map(({ session, operator }) => headerServer(session, operator))
  const listeners = new Set<() => void>()
  const life = new AbortController()
  const startedAt = now()
  const start = chainStart({
    ...{ network, checkpoint, store, tools, capacity },
    ...{ servers: () => servers, signal: life.signal },
  })
  const saving = chainSaving({
    write: async () => {
      if (chain !== undefined) await store.save(await keep(chain, tools))
    },
    ...{ timer, log },
  })
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
    const gathering = startedAt + GATHER_MS - now()
    cancelRetry = timer(gathering > 0 ? Math.min(gathering, RETRY_MS) : RETRY_MS, () => void wake())
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
    const before = target(chain)
    await syncHeaders({ chain, servers: () => servers, tools, signal: following.signal, changed: grown })
    if (life.signal.aborted) return
    // Nobody has it after all.
    if (target(chain) < before) changed()
    watchLaggards(chain)
    candidate.follow(chain)
    if (!isSynced && maySaySynced(servers, now(), startedAt)) saySynced(chain)
    if (isSynced) void fillUp().catch(failed)
  }

  /** Whether something is left that only time can bring. */
  function hasMore(): boolean {
    if (!isSynced || !isFilled) return true
    return servers.some((server) => isReady(server) && isUnfinished(server))
  }

  async function begin(): Promise<void> {
    chain = await start()
    if (chain === undefined) return
    from = chain.tip.height
    for (const server of servers) {
      server.owesSince = now() // Nobody could be asked for newer headers before.
      if (isReady(server)) offer(server, chain, seconds(), log)
    }
    changed()
  }

  // What servers say

  function claimed(server: HeaderServer, tip: ServerTip | Failed): void {
    if (life.signal.aborted) return
    const claim = readClaim(sha256, server, tip, log)
    if (claim === undefined) return
    takeClaim(server, claim, chain?.tip, now())
    if (chain !== undefined) {
      if (offer(server, chain, seconds(), log)) countUnsaved(1)
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
    countUnsaved(outcome.added ?? 0)
    changed()
  }

  function countUnsaved(blocks: number): void {
    saving.count(blocks, isSynced ? SAVE_AFTER_BLOCKS : SAVE_AFTER_SYNCED)
  }

  function changed(): void {
    if (!isSynced) tellProgress(false)
    for (const listener of [...listeners]) listener()
  }

  function tellProgress(isDone: boolean): void {
    if (chain !== undefined) onProgress?.({ from, height: chain.tip.height, target: target(chain), isDone })
  }

  function target({ tip }: HeaderChain): number {
    const isCounted = (server: HeaderServer) =>
      isReady(server) && (isSynced ? isOwing(server, now()) : server.standing === 'unknown')
    const claims = servers.filter(isCounted).map(({ claim }) => claim?.height ?? 0)
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
      for (const each of servers) {
        if (each.standing !== 'unproven') Object.assign(each, { standing: 'unknown', owesSince: now() })
      }
      settleClaims(servers, other)
      isFilled = false
      // What is in the store is of the other chain: none of these blocks is there.
      saving.count(other.tip.height - other.anchor.height, 1)
      changed()
    },
    done: () => void wake(),
  })

  function saySynced({ tip }: HeaderChain): void {
    isSynced = true
    tellProgress(true)
    log.info('chain-synced', { height: tip.height, hash: hashToText(tip.hash) })
    changed()
    void saving.now()
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
      () => countUnsaved(1),
    ).finally(() => {
      isFilling = false
    })
    if (filled !== chain || life.signal.aborted) return
    isFilled = isAll
    if (isAll) log.info('chain-filled', { lowest: chain.lowest })
    changed()
    // Otherwise the timer tries again: at once, with nobody to ask, this would turn for ever.
    if (!isAll) return
    void saving.now()
    void wake()
  }

  const seconds = (): number => Math.floor(wallClock() / 1000)

  const unwatch = servers.map((server) => watchTip(server.session, (tip) => claimed(server, tip)))
  void wake()

  return {
    state() {
      if (chain === undefined) return { kind: 'starting' }
      const { anchor, tip } = chain
      if (isSynced) return { kind: 'synced', anchor, chain, target: target(chain) }
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
    saved: saving.settled,
    async close() {
      life.abort()
      following.abort()
      cancelRetry()
      listeners.clear()
      for (const end of unwatch) if (typeof end === 'function') end()
      await saving.close()
    },
  }
}
