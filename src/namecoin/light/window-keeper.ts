import type { Log } from '../../log.ts'
import { type Sha256, sameOctets } from '../chain/hash.ts'
import { parseHeader } from '../chain/header.ts'
import type { Anchor } from '../chain/header-chain.ts'
import type { Failed } from '../electrum/failure.ts'
import type { ServerTip } from '../electrum/replies.ts'
import { getBlockHeader, watchTip } from '../electrum/requests.ts'
import type { Session } from '../electrum/session.ts'
import type { Checkpoint } from './checkpoint.ts'
import { ban, type Claim, nameOf } from './header-sync-servers.ts'
import type { ChainKeeper } from './keeper.ts'
import { readClaim } from './keeper-claim.ts'
import type { Server } from './server.ts'

export interface WindowKeeperOptions {
  readonly sha256: Sha256
  readonly checkpoint: Checkpoint
  readonly servers: readonly Server[]
  /** Milliseconds since its newest block after which a server is no witness any more; undefined: never mind. */
  readonly maxTipAge: number | undefined
  /** Milliseconds since 1970. */
  readonly wallClock: () => number
  readonly log: Log
}

/**
 * A keeper that keeps nothing and never syncs, for where nothing lasts longer than a lookup: it knows what the servers
 * say their newest block is, and the bits of a block that is trusted, which is all that a floating window is held
 * against (light-client.md §10).
 *
 * A checkpoint that does not say its bits costs one header more, which any server can give: its hash vouches for it.
 */
export function windowKeeper(options: WindowKeeperOptions): ChainKeeper {
  const { sha256, checkpoint, servers, maxTipAge, wallClock, log } = options
  const listeners = new Set<() => void>()
  const life = new AbortController()
  const tips = new Map<Session, ServerTip>()
  let anchor = anchorWith(checkpoint, checkpoint.bits)

  function changed(): void {
    for (const listener of [...listeners]) listener()
  }

  function claimed(server: Server, told: ServerTip | Failed): void {
    if (life.signal.aborted) return
    const claim = readClaim(sha256, server, told, log)
    if (claim !== undefined && isStale(claim)) {
      tips.delete(server.session)
      log.warn('server-stale', { server: nameOf(server), height: claim.height })
    } else if (claim !== undefined) {
      tips.set(server.session, claim.tip)
    }
    changed()
  }

  const isStale = ({ header }: Claim): boolean =>
    maxTipAge !== undefined && wallClock() - header.time * 1000 > maxTipAge

  const readyTips = () => new Map([...tips].filter(([session]) => session.state().kind === 'ready'))

  async function askForBits(server: Server): Promise<void> {
    const { height, hash } = checkpoint
    const answer = await getBlockHeader(server.session, height, life.signal)
    if (anchor !== undefined || life.signal.aborted || answer.kind !== 'result') return
    const header = parseHeader(sha256, answer.result)
    if (header.kind === 'refused') {
      ban(server, header.code, `its block at ${height}: ${header.detail}`, log)
    } else if (sameOctets(header.hash, hash)) {
      anchor = anchorWith(checkpoint, header.bits)
    } else {
      ban(server, 'broken-link', `another block than the one that we trust is at ${height}`, log)
    }
    changed()
  }

  const unwatch = servers.map((server) => watchTip(server.session, (tip) => claimed(server, tip)))
  // At the same time, so that it costs no round trip; of all, as any of them may not answer.
  if (anchor === undefined) for (const server of servers) void askForBits(server)

  return {
    state() {
      if (anchor === undefined) return { kind: 'starting' }
      const heights = [...readyTips().values()].map(({ height }) => height)
      return { kind: 'syncing', anchor, height: anchor.height, target: Math.max(anchor.height, ...heights) }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    serverTips: readyTips,
    saved: () => Promise.resolve(),
    async close() {
      life.abort()
      listeners.clear()
      for (const end of unwatch) if (typeof end === 'function') end()
    },
  }
}

/** Nothing is ever put on top of it: what a chain's rules look back on may be missing. */
function anchorWith(checkpoint: Checkpoint, bits: number | undefined): Anchor | undefined {
  if (bits === undefined) return undefined
  const { height, hash, chainwork, time = 0, periodStartTime = 0, previousTimes = [] } = checkpoint
  return { height, hash, chainwork, bits, time, periodStartTime, previousTimes }
}
