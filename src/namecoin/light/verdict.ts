import { sameOctets } from '../chain/hash.ts'
import { MAX_FUTURE_SECONDS } from '../chain/header-chain.ts'
import type { Network } from '../chain/network.ts'
import { type Selection, selectUpdate } from '../chain/selection.ts'
import type { FailureCode } from '../electrum/failure.ts'
import type { UnreachableCode } from '../source.ts'
import { operatorsOf, type Server } from './server.ts'
import { EXPIRED, isWholly, type ProvenUpdate, UNCERTAIN, updatesAbove, type Witness } from './witness.ts'

/** How far an answer is proven. */
export type Assurance =
  /** Value, height and expiry, by our own chain. */
  | 'proven'
  /** The value has twelve blocks of work on it; height and expiry are what two operators say. */
  | 'attested'

/** What a hearing comes to. */
export type Verdict =
  | {
      readonly kind: 'found'
      readonly update: ProvenUpdate
      readonly selection: Extract<Selection, { kind: 'found' }>
      /** Whose word it is that there is nothing newer: how many follow the chain and have spoken. */
      readonly operators: number
    }
  | { readonly kind: 'absent' | 'expired'; readonly operators: number }
  /** Registered, but so lately that it could still be undone. */
  | { readonly kind: 'unconfirmed' }
  /** Nobody spoke. */
  | { readonly kind: 'unheard'; readonly code: UnreachableCode; readonly detail: string }
  /** Too few operators spoke for what they said, or they contradict each other. */
  | { readonly kind: 'disagreement'; readonly detail: string }

type Spoken = Extract<Witness, { kind: 'spoke' }>

/** What is asked of a verdict. */
export interface VerdictTerms {
  readonly network: Network
  readonly tip: number
  readonly leastConfirmations: number
  /** Operators that are configured: where there is one only, its word must do. */
  readonly configured: readonly Server[]
}

const spokenOf = (witnesses: readonly Witness[]): readonly Spoken[] =>
  witnesses.filter((witness) => witness.kind === 'spoke')

const serversOf = (spoken: readonly Spoken[]): readonly Server[] => spoken.map(({ server }) => server)

/**
 * With a chain of our own: the newest valid proof wins, whoever brought it, so one honest server defeats all that
 * withhold something. That there is nothing cannot be proven: two operators must say so (light-client.md §10).
 */
export function judgeByChain(witnesses: readonly Witness[], terms: VerdictTerms): Verdict {
  const spoken = spokenOf(witnesses)
  if (spoken.length === 0) return unheard(witnesses)
  const updates = spoken.flatMap(({ updates }) => updates)
  const selection = select(updates, terms)
  if (selection.kind === 'found') return found(updates, selection, spoken)
  if (selection.kind === 'unconfirmed') return { kind: 'unconfirmed' }
  // Who speaks of an update that cannot be proven, of a block above our tip, does not say that there is none.
  const certain = spoken.filter(({ statement }) => isWholly(statement))
  const operators = operatorsOf(serversOf(certain))
  const needed = Math.min(2, operatorsOf(terms.configured))
  if (operators >= needed) {
    const isEnd = certain.some(({ statement }) => statement === EXPIRED)
    return { kind: isEnd ? 'expired' : selection.kind, operators }
  }
  if (certain.length < spoken.length) return { kind: 'unconfirmed' }
  return { kind: 'disagreement', detail: 'only one operator answered, and absence needs two' }
}

/** Blocks that two honest servers' tips may be apart. */
export const MAX_TIP_DIFFERENCE = 2

/**
 * Without a chain: two operators must say the same of the name's history. What they prove has work on it, but height and
 * expiry are their word. That there is nothing all must say who spoke, at about the same tip.
 */
export function judgeByWindow(witnesses: readonly Witness[], terms: VerdictTerms): Verdict {
  const spoken = spokenOf(witnesses)
  if (spoken.length === 0) return unheard(witnesses)
  if (operatorsOf(serversOf(spoken)) < 2) {
    return { kind: 'disagreement', detail: 'two operators are needed until the headers are in' }
  }
  const shared = foundByTwo(spoken, terms)
  if (shared !== undefined) return shared
  const tips = spoken.map(({ tip }) => tip)
  if (Math.max(...tips) - Math.min(...tips) > MAX_TIP_DIFFERENCE) {
    return { kind: 'disagreement', detail: 'the servers are not at the same block' }
  }
  if (new Set(spoken.map(({ statement }) => statement)).size > 1) {
    return { kind: 'disagreement', detail: 'the servers do not say the same, and the headers are not in yet' }
  }
  const [{ statement }] = spoken as [Spoken]
  const operators = operatorsOf(serversOf(spoken))
  if (statement === EXPIRED) return { kind: 'expired', operators }
  // They speak of updates, and none is old enough to be looked at.
  return statement === '' ? { kind: 'absent', operators } : { kind: 'unconfirmed' }
}

/**
 * What two operators say alike and prove, whatever others say, unless one of those proves a newer update. Attack: one
 * server of three that says something else about every name, so that none is answered.
 */
function foundByTwo(spoken: readonly Spoken[], terms: VerdictTerms): Verdict | undefined {
  const proven = spoken.flatMap(({ updates }) => updates)
  for (const statement of new Set(spoken.map((one) => one.statement))) {
    const agreeing = spoken.filter((one) => one.statement === statement)
    const updates = agreeing.flatMap((one) => one.updates)
    const selection = select(updates, terms)
    if (operatorsOf(serversOf(agreeing)) < 2 || selection.kind !== 'found') continue
    const verdict = found(updates, selection, agreeing)
    if (!proven.some((other) => isNewer(other, verdict.update))) return verdict
  }
  return undefined
}

/**
 * Whether a window proves another update to be newer. By the time in its header, which has work on it; its height, which
 * anybody can make up, counts where the times are too close to tell. Attack: an old update, with its own window, that is
 * said to be at a greater height.
 */
function isNewer(one: ProvenUpdate, other: ProvenUpdate): boolean {
  if (sameOctets(one.update.txid, other.update.txid)) return false
  const seconds = one.block.time - other.block.time
  const blocks = one.update.height - other.update.height || one.update.position - other.update.position
  return seconds > 0 || (blocks > 0 && seconds > -MAX_FUTURE_SECONDS)
}

/** Why nobody spoke: what is the name's doing says more than what the servers have left. */
function unheard(witnesses: readonly Witness[]): Verdict {
  const isFor = (code: FailureCode) =>
    witnesses.some((witness) => witness.kind === 'silent' && witness.failure.code === code)
  if (isFor('too-long')) return { kind: 'unheard', code: 'protocol', detail: 'its updates are too long' }
  if (isFor('ambiguous'))
    return { kind: 'unheard', code: 'protocol', detail: 'its proof can be read in two ways' }
  if (isFor('budget')) return { kind: 'unheard', code: 'overloaded', detail: 'no server has budget left' }
  return { kind: 'unheard', code: 'network', detail: 'no server answered' }
}

const select = (
  updates: readonly ProvenUpdate[],
  { network, tip, leastConfirmations }: VerdictTerms,
): Selection =>
  selectUpdate(
    network,
    updates.map(({ update }) => update),
    tip,
    leastConfirmations,
  )

/** With all newer updates that anybody speaks of: those that could not be read, or have no window yet, are not proven. */
function found(
  updates: readonly ProvenUpdate[],
  selection: Extract<Selection, { kind: 'found' }>,
  spoken: readonly Spoken[],
): Extract<Verdict, { kind: 'found' }> {
  const { height } = selection.update
  const waiting = Math.max(
    selection.waiting,
    ...spoken.map(({ statement }) => updatesAbove(statement, height)),
  )
  return {
    kind: 'found',
    update: updates.find(({ update }) => update === selection.update)!,
    selection: { ...selection, waiting },
    operators: operatorsOf(serversOf(spoken.filter(({ statement }) => statement !== UNCERTAIN))),
  }
}
