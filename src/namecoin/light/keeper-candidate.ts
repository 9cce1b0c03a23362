import { HeaderChain } from '../chain/header-chain.ts'
import { syncHeaders } from './header-sync.ts'
import { type HeaderServer, headerServer, isReady } from './header-sync-servers.ts'
import type { Tools } from './header-sync-slice.ts'

/**
 * Servers whose chain leaves ours so far below that nobody can say offhand which has more work. Each gets a chain of its
 * own from the anchor, one server at a time, as far as its budget goes; the chain with more work is taken. So the fork
 * that came first has no advantage.
 */
export interface Candidates {
  /** Goes on with them, beside everything else. */
  follow(ours: HeaderChain): void
}

export interface CandidateOptions {
  readonly servers: () => readonly HeaderServer[]
  readonly tools: Tools
  readonly signal: AbortSignal
  readonly capacity: number
  /** Told of a chain with more work than ours. */
  readonly heavier: (chain: HeaderChain, server: HeaderServer) => void
  /** Told when one has been looked into as far as possible for now. */
  readonly done: () => void
}

/** Milliseconds between two chains from the anchor for one server: each costs it thousands of headers. */
const AGAIN_MS = 60 * 60_000

interface Candidate {
  readonly server: HeaderServer
  readonly chain: HeaderChain
  /** The server as this chain sees it. */
  readonly view: HeaderServer
}

export function candidates(options: CandidateOptions): Candidates {
  const { servers, tools, signal, capacity, heavier, done } = options
  const beganAt = new WeakMap<HeaderServer, number>()
  let current: Candidate | undefined
  let ours: HeaderChain | undefined
  let isFollowing = false

  /** The stray to go on with: the one there is a chain for, or another whose turn it is. */
  function next(): Candidate | undefined {
    const waiting = servers().filter((one) => one.standing === 'stray' && isReady(one))
    const known = waiting.find((one) => one === current?.server)
    if (known !== undefined && tools.now() >= known.restUntil) return current
    const other = waiting.find((one) => {
      const before = beganAt.get(one)
      return one !== known && (before === undefined || tools.now() - before >= AGAIN_MS)
    })
    if (other === undefined || ours === undefined) return undefined
    beganAt.set(other, tools.now())
    const chain = new HeaderChain(tools.sha256, ours.network, ours.anchor, capacity)
    return { server: other, chain, view: headerServer(other.session, other.operator) }
  }

  async function look(candidate: Candidate): Promise<void> {
    const { server, chain, view } = candidate
    if (view.claim !== server.claim) Object.assign(view, { claim: server.claim, standing: 'unknown' })
    await syncHeaders({ chain, servers: () => [view], tools, signal, changed: () => {} })
    if (signal.aborted) return
    server.restUntil = view.restUntil
    if (ours !== undefined && chain.tip.chainwork > ours.tip.chainwork) {
      current = undefined
      heavier(chain, server)
    } else if (view.standing === 'unproven') {
      server.standing = 'unproven'
    } else if (view.standing !== 'unknown' && view.claim === server.claim) {
      server.standing = 'lighter'
    }
  }

  async function followAll(): Promise<void> {
    isFollowing = true
    const seen = new Set<HeaderServer>()
    for (;;) {
      const candidate = next()
      if (candidate === undefined || seen.has(candidate.server) || signal.aborted) break
      seen.add(candidate.server)
      current = candidate
      await look(candidate)
    }
    isFollowing = false
    if (seen.size > 0 && !signal.aborted) done()
  }

  function failed(error: unknown): void {
    isFollowing = false
    current = undefined
    tools.log.error('chain-keeper-failed', { detail: String(error) })
  }

  return {
    follow(chain) {
      ours = chain
      if (!isFollowing) void followAll().catch(failed)
    },
  }
}
