import type { Delegation } from '../bit/answer.ts'
import { isAtOrBelow, type Name, nameKey } from '../dns/name.ts'
import type { ResourceRecord } from '../dns/record.ts'
import type { Bogus } from '../dnssec/verdict.ts'
import type { Timer } from '../namecoin/deadline.ts'
import type { Random } from '../random.ts'
import { admission } from './admission.ts'
import type { AddressesOf } from './candidates.ts'
import type { ContactRules } from './contact.ts'
import { createCuts, type KnownCut } from './cuts.ts'
import type { Trail } from './effort.ts'
import type { ServerExchange } from './exchange.ts'
import { type DelegationFailed, failed } from './failure.ts'
import { MAX_ALIASES, MAX_REFERRALS } from './limits.ts'
import { serverStatistics } from './servers.ts'
import { askZone, type ZoneAnswer, type ZoneQuestion, type ZoneTools } from './zone.ts'

/** A question that a value hands to the name's own nameservers. */
export interface FollowedQuestion extends ZoneQuestion {
  /** CD: the client validates for itself, and wants whatever there is (RFC 4035 §3.2.2). */
  readonly checkingDisabled: boolean
}

/** What comes of following. Nothing in it is validated, or all of it is. */
export type Followed =
  | {
      readonly kind: 'answer'
      readonly rcode: number
      /** The aliases inside the zone, then the records. With DO their signatures. */
      readonly answer: readonly ResourceRecord[]
      /** The SOA of the zone that says no, and proofs. */
      readonly authority: readonly ResourceRecord[]
      readonly isSecure: boolean
    }
  /** A CNAME or DNAME leads out of the zone. */
  | {
      readonly kind: 'alias'
      readonly records: readonly ResourceRecord[]
      readonly target: Name
      readonly isSecure: boolean
    }
  | DelegationFailed
  | Bogus

/** Follows delegations. */
export interface Delegations {
  /**
   * The answer of the name's own nameservers. Never rejects.
   * @param delegation of the zone that the question is at or below
   * @param trail where the client's question has led so far
   */
  follow(
    delegation: Delegation,
    question: FollowedQuestion,
    trail: Trail,
    signal: AbortSignal,
  ): Promise<Followed>
}

export interface DelegationOptions {
  readonly exchange: ServerExchange
  readonly addressesOf: AddressesOf
  readonly contact: ContactRules
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  /** The time of day, milliseconds since 1970. */
  readonly wallClock: () => number
  readonly timer: Timer
  readonly random: Random
  /** For tests: nameservers are at 53 (RFC 1035 §4.2). */
  readonly port?: number
}

const DNS_PORT = 53

/** Resolves names from the cut in their value down (RFC 1034 §5.3.3), with a memory of cuts and servers. */
export function delegations({ port = DNS_PORT, ...options }: DelegationOptions): Delegations {
  const cuts = createCuts(options.now)
  const enter = admission(options.now)
  const servers = serverStatistics(options.now, options.random)
  const tools: ZoneTools = { ...options, port, servers }

  /** The answer for one name, from the lowest cut known on the way to it. */
  async function descend(
    top: KnownCut,
    question: ZoneQuestion,
    trail: Trail,
    signal: AbortSignal,
  ): Promise<ZoneAnswer | DelegationFailed | Bogus> {
    let cut = cuts.lowest(top, question.name, question.type)
    for (let referrals = 0; referrals <= MAX_REFERRALS; referrals++) {
      const step = await askZone(cut, question, trail, signal, tools)
      if (step.kind !== 'cut') return step
      cut = cuts.add(top, step.cut, step.ttl)
    }
    return failed('delegation-exhausting')
  }

  /** The answer at the end of the aliases inside the zone, or the alias that leads out of it. */
  async function followInside(
    top: KnownCut,
    question: FollowedQuestion,
    trail: Trail,
    signal: AbortSignal,
  ): Promise<Followed> {
    const records: ResourceRecord[] = []
    const seen = new Set<string>()
    let isSecure = true
    let { name } = question
    while (seen.size <= MAX_ALIASES) {
      if (seen.has(nameKey(name))) return failed('alias-loop')
      seen.add(nameKey(name))
      const step = await descend(top, { ...question, name }, trail, signal)
      if (step.kind === 'failed' || step.kind === 'bogus') return step
      isSecure &&= step.isSecure
      if (step.kind === 'final') {
        const { rcode, authority } = step
        return { kind: 'answer', rcode, answer: [...records, ...step.answer], authority, isSecure }
      }
      records.push(...step.records)
      if (!isAtOrBelow(step.target, top.zone))
        return { kind: 'alias', records, target: step.target, isSecure }
      name = step.target
    }
    return failed('alias-chain-too-long')
  }

  return {
    async follow(delegation, question, trail, signal) {
      const isChecked = !question.checkingDisabled
      // Not knowing the keys is not the same as there being none.
      if (isChecked && delegation.ds === undefined) return failed('delegation-unknown-keys')
      const leave = enter(delegation.zone)
      if (leave === undefined) return failed('delegation-overloaded')
      try {
        return await followInside(cuts.ofValue(delegation, isChecked), question, trail, signal)
      } finally {
        leave()
      }
    },
  }
}
