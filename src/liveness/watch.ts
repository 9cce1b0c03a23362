import type { Timer } from '../namecoin/deadline.ts'
import { probeBudget } from './budget.ts'
import { type Connect, probe, type Verdict } from './probe.ts'

/** Milliseconds between two probes of one host. */
export const REST_MS = 30_000
/** Milliseconds for which hosts are looked after once somebody has asked for them: as long as an answer is kept. */
export const ASKED_LATELY_MS = 600_000
/** Milliseconds from one look at who is due to the next. */
export const TURN_MS = 1_000
/** Probes under way: each one has a socket. */
export const MAX_UNDER_WAY = 32
/** Hosts looked after. More than the budget lets be probed every 30 seconds, so that all of them have their turn. */
export const MAX_HOSTS = 1_000

/** A host that somebody asked for. */
export interface Host {
  readonly verdict: Verdict
}

/** What was done, counted from the start. */
export interface ProbeCounts {
  /** Hosts probed, and what came of it. */
  readonly live: number
  readonly dead: number
  readonly unknown: number
  /** Times that a host which was due had to wait: for the budget, or for others. */
  readonly deferred: number
}

/** Looks after the hosts that are asked for: which of them are up. */
export interface Watch {
  /** Somebody asks for a host. Undefined when there are too many: then nothing is known of it. */
  asked(address: string): Host | undefined
  /** Another number when a verdict may have changed, and when those who are still asked for must be named again. */
  turn(): number
  readonly counts: ProbeCounts
}

export interface WatchOptions {
  readonly connect: Connect
  readonly timer: Timer
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
}

interface Watched {
  readonly address: string
  verdict: Verdict
  askedAt: number
  /** When its last probe began. */
  probedAt: number
  isUnderWay: boolean
}

/**
 * Probes hosts while somebody asks for them, every 30 seconds, those first that have waited longest. No host is ever
 * probed sooner, however often it is asked for, and none that nobody asks for.
 */
export function watch({ connect, timer, now }: WatchOptions): Watch {
  /** Those asked for longest ago come first. */
  const hosts = new Map<string, Watched>()
  const budget = probeBudget(now)
  const counts = { live: 0, dead: 0, unknown: 0, deferred: 0 }
  let underWay = 0
  let turn = 0
  let isTurning = false

  /** Forgetting one that was probed lately would let it be probed again at once. */
  const isAtRest = (host: Watched): boolean => !host.isUnderWay && now() - host.probedAt >= REST_MS
  const isAskedLately = (host: Watched): boolean => now() - host.askedAt < ASKED_LATELY_MS

  function makeRoom(): boolean {
    if (hosts.size < MAX_HOSTS) return true
    for (const [address, host] of hosts) if (isAtRest(host)) return hosts.delete(address)
    return false
  }

  function begin(): void {
    isTurning = true
    timer(0, look)
  }

  function look(): void {
    turn++
    for (const [address, host] of hosts) if (!isAskedLately(host) && isAtRest(host)) hosts.delete(address)
    isTurning = hosts.size > 0
    if (!isTurning) return
    const due = [...hosts.values()].filter((host) => isAtRest(host) && isAskedLately(host))
    const waiting = due.sort((one, other) => one.probedAt - other.probedAt)
    while (waiting.length > 0 && underWay < MAX_UNDER_WAY && budget.spend()) void visit(waiting.shift()!)
    counts.deferred += waiting.length
    timer(TURN_MS, look)
  }

  async function visit(host: Watched): Promise<void> {
    host.isUnderWay = true
    host.probedAt = now()
    underWay++
    const verdict = await probe(host.address, connect, timer)
    underWay--
    host.isUnderWay = false
    counts[verdict]++
    if (verdict === host.verdict) return
    host.verdict = verdict
    turn++
  }

  return {
    asked(address) {
      const known = hosts.get(address)
      if (known === undefined && !makeRoom()) return undefined
      const host = known ?? {
        address,
        verdict: 'unknown',
        askedAt: 0,
        probedAt: Number.NEGATIVE_INFINITY,
        isUnderWay: false,
      }
      host.askedAt = now()
      hosts.delete(address)
      hosts.set(address, host)
      if (!isTurning) begin()
      return host
    },
    turn: () => turn,
    counts,
  }
}
