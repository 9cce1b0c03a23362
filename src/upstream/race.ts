import { extendedError, hasVerdict } from '../dns/edns.ts'
import type { PackedAnswer } from '../dns/packed.ts'
import { ExtendedError, isFailure, rcodeName } from '../dns/protocol.ts'
import type { Outcome, StartAttempt } from './attempt.ts'
import type { Budget } from './budget.ts'
import type { Forwarded } from './forward.ts'
import { SILENT_MS } from './health.ts'
import type { Peer, Plan } from './peer.ts'
import { jittered, type Timer } from './time.ts'

/** Milliseconds before a lone upstream is asked again that refused or cut the connection: it may be restarting. */
const RETRY_MS = 200
/** While there is no budget for a second upstream, it is asked for again after this part of the usual time. */
const STEP = 1 / 4

export interface Contest extends Plan {
  readonly start: StartAttempt
  /** The deadline. */
  readonly signal: AbortSignal
}

export interface RaceOptions {
  readonly timer: Timer
  /** From 0 up to, not including, 1. */
  readonly chance: () => number
  readonly budget: Budget
}

/**
 * One query's way to an answer. The next upstream is asked when one fails or refuses, at once; and as well when one
 * takes longer than it usually does, within the budget. The first answer wins, and the others are left; so does a
 * refusal that is a verdict on the name.
 */
export function race({ attempts, trial, start, signal }: Contest, options: RaceOptions): Promise<Forwarded> {
  const { timer, chance, budget } = options
  return new Promise((resolve) => {
    const running = new Map<number, () => void>()
    const cancels: (() => void)[] = []
    let started = 0
    let next = 0
    let refusal: { readonly index: number; readonly packed: PackedAnswer } | undefined
    let code: FailureCode = 'network'

    if (signal.aborted) return resolve(FAILED.timeout)
    signal.addEventListener('abort', expire, { once: true })
    askNext()
    if (trial !== undefined) begin(trial, true)

    function settle(forwarded: Forwarded): void {
      signal.removeEventListener('abort', expire)
      for (const cancel of cancels) cancel()
      for (const leave of running.values()) leave()
      resolve(forwarded)
    }

    function expire(): void {
      settle(refusalOr('timeout'))
    }

    /** When no upstream can, the first one's own words are the answer. */
    function refusalOr(failure: FailureCode): Forwarded {
      return refusal === undefined ? FAILED[failure] : { kind: 'answer', packed: explained(refusal.packed) }
    }

    function begin(peer: Peer, isTrial: boolean): number {
      const index = started++
      const leave = start(peer, isTrial, (outcome) => {
        running.delete(index)
        conclude(index, peer, isTrial, outcome)
      })
      running.set(index, leave)
      return index
    }

    function askNext(): void {
      const peer = attempts[next]
      if (peer === undefined) return
      next += 1
      const index = begin(peer, false)
      const isLone = attempts[next] === peer
      const patience = isLone ? jittered(SILENT_MS, chance) : SILENT_MS
      if (next < attempts.length) watch(index, peer, 0, isLone ? patience : peer.health.usual(), patience)
    }

    /** Asks the next upstream as well once this one has taken too long. */
    function watch(index: number, peer: Peer, waited: number, step: number, patience: number): void {
      after(step, () => {
        if (!running.has(index)) return
        const total = waited + step
        // Silent for too long, or by now known to fail: then the next one is no longer only a second chance.
        const isLost = total >= patience || peer.health.isOpen()
        if (isLost || (running.size === 1 && budget.spend())) askNext()
        else watch(index, peer, total, Math.min(peer.health.usual() * STEP, patience - total), patience)
      })
    }

    function after(milliseconds: number, ring: () => void): void {
      cancels.push(timer(milliseconds, ring))
    }

    function conclude(index: number, peer: Peer, isTrial: boolean, outcome: Outcome): void {
      // Attack: a name that a validating upstream finds forged, or a filtering one bad, must not come through the next one.
      if (outcome.kind === 'answer' || (outcome.kind === 'refusal' && hasVerdict(outcome.packed.options))) {
        settle({ kind: 'answer', packed: outcome.packed })
        return
      }
      if (outcome.kind === 'failed') code = CODES[outcome.code]
      else if (refusal === undefined || index < refusal.index) refusal = { index, packed: outcome.packed }
      // That one on trial fails is no news: another one is being asked, or was.
      if (!isTrial) goOn(peer, outcome)
      if (running.size === 0 && next === attempts.length) settle(refusalOr(code))
    }

    function goOn(peer: Peer, outcome: Outcome): void {
      if (attempts[next] !== peer) askNext()
      else if (outcome.kind === 'failed' && outcome.code !== 'protocol')
        after(jittered(RETRY_MS, chance), askNext)
      else next = attempts.length // It is the only one, and would say the same again.
    }
  })
}

type FailureCode = Extract<Forwarded, { kind: 'failed' }>['code']

const CODES = { timeout: 'timeout', network: 'network', tls: 'network', protocol: 'protocol' } as const

const FAILED = {
  timeout: { kind: 'failed', code: 'timeout' },
  network: { kind: 'failed', code: 'network' },
  protocol: { kind: 'failed', code: 'protocol' },
  overloaded: { kind: 'failed', code: 'overloaded' },
} as const satisfies Record<FailureCode, Forwarded>

/** The refusal with a reason, where the upstream gave none (RFC 8914). */
function explained(packed: PackedAnswer): PackedAnswer {
  if (packed.options.length > 0) return packed
  const said = isFailure(packed.rcode) ? rcodeName(packed.rcode) : 'no more than a part of the answer'
  return { ...packed, options: extendedError(ExtendedError.OTHER, `the upstream says ${said}`) }
}
