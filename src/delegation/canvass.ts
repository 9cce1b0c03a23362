import type { Message } from '../dns/message.ts'
import type { Bogus } from '../dnssec/verdict.ts'
import { type Timer, within } from '../namecoin/deadline.ts'
import { type AskFailureCode, type AskOptions, askServer, type ServerQuestion } from './ask.ts'
import { type CandidateTools, type Canvass, candidates } from './candidates.ts'
import type { Cut } from './cuts.ts'
import type { Trail } from './effort.ts'
import { type DelegationFailed, failed } from './failure.ts'
import { inTurn } from './in-turn.ts'
import { ATTEMPT_TIMEOUT_MS, MAX_BOGUS_REPLIES, MAX_PARALLEL_ATTEMPTS } from './limits.ts'

/** What a message is worth: something, nothing (then another server is asked), or it contradicts the zone's keys. */
export type Judgement<Found> =
  | { readonly kind: 'found'; readonly found: Found }
  | { readonly kind: 'useless' }
  | Bogus

export type Canvassed<Found> = { readonly kind: 'found'; readonly found: Found } | DelegationFailed | Bogus

export interface CanvassTools extends CandidateTools, AskOptions {
  readonly timer: Timer
}

/**
 * Asks a cut's servers, one after another, until one gives an answer that is worth something. Never rejects.
 * @param judge tells what a message is worth
 */
export async function canvass<Found>(
  cut: Cut,
  question: ServerQuestion,
  judge: (message: Message) => Promise<Judgement<Found>>,
  trail: Trail,
  signal: AbortSignal,
  tools: CanvassTools,
): Promise<Canvassed<Found>> {
  const { servers, now, timer } = tools
  const state: Canvass = { useless: new Set(), isForbidden: false }
  const failures = new Set<AskFailureCode | 'useless'>()
  const contradictions: Bogus[] = []

  async function attempt(address: string, over: AbortSignal): Promise<Canvassed<Found> | undefined> {
    const begun = now()
    const reply = await within(ATTEMPT_TIMEOUT_MS, over, timer, (limited) =>
      askServer(address, question, trail.effort, limited, tools),
    )
    const elapsed = now() - begun
    if (reply === 'timeout' || reply.kind === 'failed') {
      const code = reply === 'timeout' ? 'timeout' : reply.code
      // One that is only given up because another was quicker has not shown yet that it is slow.
      if (isSilence(code) && (!over.aborted || elapsed >= servers.patience(address))) servers.silent(address)
      if (code !== 'timeout') state.useless.add(address)
      failures.add(code)
      return code === 'spent' ? failed('delegation-exhausting') : undefined
    }
    servers.answered(address, elapsed)
    const judgement = await judge(reply.message)
    if (judgement.kind === 'found') return judgement
    state.useless.add(address)
    if (judgement.kind === 'useless') failures.add('useless')
    // Another server may be up to date (RFC 4035 §4.3); but not for ever.
    else if (contradictions.push(judgement) === MAX_BOGUS_REPLIES) return judgement
    return undefined
  }

  const found = await inTurn(candidates(cut, trail, state, signal, tools), attempt, signal, {
    timer,
    parallel: MAX_PARALLEL_ATTEMPTS,
    patience: servers.patience,
  })
  return found ?? contradictions[0] ?? failed(whyNone(failures, state, signal))
}

const isSilence = (code: AskFailureCode): boolean =>
  code === 'timeout' || code === 'refused' || code === 'network'

function whyNone(
  failures: ReadonlySet<AskFailureCode | 'useless'>,
  { isForbidden }: Canvass,
  signal: AbortSignal,
): DelegationFailed['code'] {
  if (failures.has('useless') || failures.has('protocol')) return 'delegation-lame'
  if (signal.aborted || failures.has('timeout')) return 'delegation-timeout'
  if (failures.has('overloaded')) return 'delegation-overloaded'
  if (failures.size > 0) return 'delegation-network'
  return isForbidden ? 'delegation-forbidden' : 'delegation-no-address'
}
