import { readMessage } from '../dns/message.ts'
import { nameKey } from '../dns/name.ts'
import { cappedAnswer, type PackedAnswer } from '../dns/packed.ts'
import { Type } from '../dns/protocol.ts'
import type { Outcome } from './attempt.ts'
import type { Forwarded } from './forward.ts'
import { SILENT_MS } from './health.ts'
import type { Peer } from './peer.ts'
import type { Contest, RaceOptions } from './race.ts'

/** What came of asking several that must say the same. */
export type Agreed =
  | Forwarded
  /** Too few of those who answered said the same, and there was nobody left to ask. */
  | { readonly kind: 'failed'; readonly code: 'disagreement' }
  /** All who answered said the same, but they were too few. */
  | { readonly kind: 'failed'; readonly code: 'too-few' }

/**
 * Called when not all say the same, whatever comes of it: who says what, as URLs; those in one list say the same. Never
 * with what was asked.
 */
export type OnDisagreement = (sides: readonly (readonly string[])[]) => void

interface Running {
  readonly peer: Peer
  readonly leave: () => void
}

interface Side {
  readonly urls: string[]
  readonly packed: PackedAnswer
  /** The shortest time that one of them would have it kept. */
  lifetime: number
}

/**
 * The rule that so many upstreams must say the same. As many are asked at once; another one when one of them fails,
 * refuses, says something else or takes longer than it usually does. The answer is the first one's words, kept for the
 * shortest time that any of them says.
 */
export function agreement(agree: number, onDisagreement: OnDisagreement) {
  return ({ attempts, trial, start, signal }: Contest, { timer, budget }: RaceOptions): Promise<Agreed> =>
    new Promise((resolve) => {
      const waiting = [...new Set(attempts)]
      const sides = new Map<string, Side>()
      /** Those that have not answered. */
      const running = new Set<Running>()
      const cancels: (() => void)[] = []
      let failure: Extract<Forwarded, { kind: 'failed' }>['code'] = 'network'
      let refusal: PackedAnswer | undefined

      if (signal.aborted) return resolve({ kind: 'failed', code: 'timeout' })
      signal.addEventListener('abort', expire, { once: true })
      askMore()
      if (trial !== undefined) begin(trial)

      function settle(agreed: Agreed): void {
        signal.removeEventListener('abort', expire)
        for (const cancel of cancels) cancel()
        for (const { leave } of running) leave()
        if (sides.size > 1) onDisagreement([...sides.values()].map(({ urls }) => urls))
        resolve(agreed)
      }

      function expire(): void {
        settle(sides.size > 1 ? DISAGREEMENT : { kind: 'failed', code: 'timeout' })
      }

      /** Asks so many that all of them, saying the same, would be enough. */
      function askMore(): void {
        const most = Math.max(0, ...[...sides.values()].map(({ urls }) => urls.length))
        // One on trial is not counted on.
        const counted = () => [...running].filter(({ peer }) => peer !== trial).length
        while (most + counted() < agree && waiting.length > 0) askNext()
      }

      function askNext(): void {
        const peer = waiting.shift()
        if (peer === undefined) return
        const asked = begin(peer)
        after(peer.health.usual(), () => {
          if (running.has(asked) && budget.spend()) askNext()
        })
        after(SILENT_MS, () => {
          if (running.has(asked)) askNext()
        })
      }

      function after(milliseconds: number, ring: () => void): void {
        cancels.push(timer(milliseconds, ring))
      }

      function begin(peer: Peer): Running {
        const leave = start(peer, peer === trial, (outcome) => {
          running.delete(asked)
          conclude(peer, outcome)
        })
        const asked = { peer, leave }
        running.add(asked)
        return asked
      }

      function conclude({ address }: Peer, outcome: Outcome): void {
        if (outcome.kind === 'answer') {
          const side = sideOf(outcome.packed)
          side.urls.push(address.url)
          if (side.urls.length >= agree) {
            settle({ kind: 'answer', packed: cappedAnswer(side.packed, side.lifetime) })
            return
          }
        } else if (outcome.kind === 'refusal') refusal ??= outcome.packed
        else failure = outcome.code === 'tls' ? 'network' : outcome.code
        askMore()
        if (running.size === 0) settle(giveUp())
      }

      function sideOf(packed: PackedAnswer): Side {
        const key = substanceOf(packed)
        const side = sides.get(key) ?? { urls: [], packed, lifetime: packed.lifetime }
        side.lifetime = Math.min(side.lifetime, packed.lifetime)
        sides.set(key, side)
        return side
      }

      function giveUp(): Agreed {
        if (sides.size > 1) return DISAGREEMENT
        if (sides.size === 1) return { kind: 'failed', code: 'too-few' }
        return refusal === undefined ? { kind: 'failed', code: failure } : { kind: 'answer', packed: refusal }
      }
    })
}

const DISAGREEMENT = { kind: 'failed', code: 'disagreement' } as const

/**
 * What an answer says, so that two which say the same are equal: the response code and the RRsets of the answer section,
 * in whatever order and for whatever time. Signatures are left out, of which a zone has several that are all good.
 */
export function substanceOf({ bytes, rcode }: PackedAnswer): string {
  const records = readMessage(bytes)?.answer ?? []
  const lines = records
    .filter(({ type }) => type !== Type.RRSIG)
    // As JSON, so that no owner's octets can look like several records.
    .map(({ name, type, data }) => JSON.stringify([nameKey(name), type, Buffer.from(data).toString('hex')]))
  return `${rcode} ${[...new Set(lines)].sort().join()}`
}
