import type { Query } from './dns/query.ts'
import type { Log } from './log.ts'
import { type Agreed, agreement } from './upstream/agreement.ts'
import { asking, type ForwarderOptions } from './upstream/forward.ts'
import { race } from './upstream/race.ts'

/**
 * Milliseconds after the last failure from which on one may hope again. Who is passed over for not being ready is asked
 * nothing, and could not find out that his gateways are back.
 */
export const HOPELESS_MS = 60_000

/** Milliseconds between two lines about gateways that disagree: whoever owns a name can make them, for every question. */
export const DISAGREEMENT_LINE_MS = 60_000

export interface OtherGatewaysOptions extends Omit<ForwarderOptions, 'onChange'> {
  /** How many of them must say the same. */
  readonly agree: number
  readonly log: Log
}

/** The gateways that are asked for .bit names in place of the chain. */
export interface OtherGateways {
  /** Never rejects. */
  ask(query: Query, signal: AbortSignal): Promise<Agreed>
  /** Whether any of them may answer, as far as queries have shown lately. */
  isAnyWorking(): boolean
}

/** What is logged names gateways alone, never what they were asked. */
export function otherGateways({ agree, log, ...options }: OtherGatewaysOptions): OtherGateways {
  const { now } = options
  let lineAt = Number.NEGATIVE_INFINITY
  let times = 0

  function onDisagreement(sides: readonly (readonly string[])[]): void {
    times += 1
    if (now() - lineAt < DISAGREEMENT_LINE_MS) return
    log.warn('gateways-disagree', { sides: sides.map((urls) => urls.join(',')).join(' | '), times })
    lineAt = now()
    times = 0
  }

  const { ask, isAnyWorking } = asking({
    ...options,
    onChange: (gateway, change) =>
      change.kind === 'failing'
        ? log.warn('gateway-failed', { gateway, why: change.why })
        : log.info('gateway-recovered', { gateway }),
  })
  const rule = agree === 1 ? race : agreement(agree, onDisagreement)
  let failedAt = Number.NEGATIVE_INFINITY
  return {
    async ask(query, signal) {
      const said = await ask<Agreed>(query, signal, rule)
      if (said.kind === 'failed') failedAt = now()
      return said
    },
    isAnyWorking: () => isAnyWorking() || now() - failedAt >= HOPELESS_MS,
  }
}
