import { TIP_FRESH_MS, TIP_PATIENCE_MS } from '../namecoin/core.ts'
import { type Timer, within } from '../namecoin/deadline.ts'
import { CALL_TIMEOUT_MS } from '../namecoin/json-rpc.ts'
import { unprovable } from '../namecoin/proof.ts'
import type { NameSource, Tip } from '../namecoin/source.ts'
import { type Unreachable, unreachable } from '../namecoin/unreachable.ts'
import { OBJECT_URL, type ObjectAnswers, type ObjectQuestion, unpackOutcome } from './object-protocol.ts'

/** A Durable Object as its Worker sees it. */
export interface ObjectStub {
  fetch(url: string, init: RequestInit): Promise<Response>
}

/** The binding of a class of Durable Objects. */
export interface ObjectNamespace<Id = unknown> {
  idFromName(name: string): Id
  get(id: Id): ObjectStub
}

export interface ObjectSourceOptions {
  /** The object; a stub is tied to the request that made it. */
  readonly object: () => ObjectStub
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number
  readonly timer: Timer
}

/** Values from the light client in a Durable Object (`light-object.ts`). */
export function objectSource({ object, now, timer }: ObjectSourceOptions): NameSource {
  let lastTip: Tip | undefined
  let askedAt: number | undefined

  /** Asks the object; never rejects. */
  async function ask<Asked extends ObjectQuestion>(
    question: Asked,
    signal: AbortSignal,
  ): Promise<ObjectAnswers[Asked['ask']] | Unreachable> {
    try {
      const response = await object().fetch(OBJECT_URL, {
        method: 'POST',
        body: JSON.stringify(question),
        signal,
      })
      if (response.ok) return (await response.json()) as ObjectAnswers[Asked['ask']]
      await response.body?.cancel()
      return unreachable('network', `the light client's object: HTTP ${response.status}`)
    } catch (error) {
      if (signal.aborted) return unreachable('timeout', 'no reply in time')
      const isOverloaded = (error as { readonly overloaded?: boolean }).overloaded === true
      return unreachable(isOverloaded ? 'overloaded' : 'network', "the light client's object is out of reach")
    }
  }

  async function askTip(): Promise<void> {
    const asked = await within(CALL_TIMEOUT_MS, undefined, timer, (signal) => ask({ ask: 'tip' }, signal))
    if (asked === 'timeout' || asked === null || 'kind' in asked) return
    askedAt = now()
    if (asked.epoch !== lastTip?.epoch) lastTip = asked
  }

  function isFresh(): boolean {
    const age = askedAt === undefined ? -1 : now() - askedAt
    return age >= 0 && age < TIP_FRESH_MS
  }

  return {
    name: 'electrum',
    covers: 'every-name',

    async lookup(name, signal) {
      const answer = await ask({ ask: 'lookup', name }, signal)
      return unpackOutcome(answer)
    },

    async prove(name, signal) {
      const answer = await ask({ ask: 'prove', name }, signal)
      return 'kind' in answer ? unprovable('electrum', name, answer) : answer
    },

    tip() {
      if (isFresh()) return lastTip
      return within(TIP_PATIENCE_MS, undefined, timer, askTip).then(() => {
        // An object that hangs costs a wait now and then, and not each question three. What it says later still counts.
        askedAt = now()
        return lastTip
      })
    },

    async state(signal) {
      const answer = await ask({ ask: 'state' }, signal)
      return answer.kind === 'unreachable'
        ? { kind: 'unready', code: answer.code, detail: answer.detail }
        : answer
    },

    close() {
      // Nothing to stop: the object lives on, for other Workers.
    },
  }
}
