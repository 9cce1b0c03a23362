import type { Random } from '../random.ts'
import { frame, frameReader } from './frames.ts'
import { answered, likeness, withId } from './question.ts'
import type { Timer } from './time.ts'
import { failed, type UpstreamFailed, type UpstreamReply } from './transport.ts'

/** The stream under a pipeline. Nothing is expected of it after `close`. */
export interface Stream {
  write(octets: Uint8Array): void
  close(): void
}

/** The connection ended before an answer came: the query may be put to another one (RFC 7766 §6.2.4). */
export interface Unanswered {
  readonly kind: 'unanswered'
  readonly why: UpstreamFailed
}

/** One connection on which many queries are under way, answered in any order (RFC 7766 §6.2.1.1, RFC 7858 §3.3). */
export interface Pipeline {
  readonly kind: 'pipeline'
  /** Whether it takes queries. One that does not goes on until those under way are answered, and closes. */
  isOpen(): boolean
  /** Whether queries are under way. */
  isIdle(): boolean
  /** Puts a query, id 0, to the server. Never rejects. */
  ask(message: Uint8Array, signal: AbortSignal): Promise<UpstreamReply | Unanswered>
  /** The next octets from the server. */
  received(chunk: Uint8Array): void
  /** The stream is at its end. */
  ended(why: UpstreamFailed): void
  /** Closes it; what is under way fails. */
  close(): void
}

const IDS = 65_536

/** Queries on one connection; each has an id, and ids that were given up stay taken until the end. */
const MAX_IDS_TAKEN = IDS / 2

/**
 * Milliseconds after which a connection is in doubt when a query was sent and not one octet came back: its other end may
 * be gone without a word (a NAT that forgot, a server without power), which TCP notices after a quarter of an hour
 * (RFC 9293 §3.8.3). Shorter than the time after which a query is put to an upstream once more.
 */
const SILENT_MS = 700
/**
 * Milliseconds that a connection in doubt has for any octet after the next query, before that goes elsewhere and no other
 * comes. A slow name is no dead connection: most other names come out of the server's cache within a round trip.
 */
const PROOF_OF_LIFE_MS = 300

/** Messages in a row that answer nothing that was asked: this server speaks of something else. */
const MAX_STRAY_MESSAGES = 100

const ABORTED = failed('timeout', 'aborted')

/** @param now milliseconds, on a clock that never goes back */
export function pipeline(stream: Stream, random: Random, now: () => number, timer: Timer): Pipeline {
  const waiting = new Map<
    number,
    { readonly query: Uint8Array; settle(reply: UpstreamReply | Unanswered): void }
  >()
  /** Ids of queries given up. Used again, a late answer could be taken for that to another query. */
  const givenUp = new Set<number>()
  /** When the first query was sent that no octet followed. */
  let silentSince: number | undefined
  /** Chunks that came. */
  let heard = 0
  let strayMessages = 0
  let takesQueries = true
  let isOver = false

  const take = frameReader((message) => {
    const id = (message[0]! << 8) | message[1]!
    const asked = waiting.get(id)
    if (asked !== undefined && likeness(asked.query, message) !== 'other') {
      strayMessages = 0
      asked.settle({ kind: 'reply', message: answered(asked.query, message) })
    } else if (!givenUp.delete(id) && ++strayMessages > MAX_STRAY_MESSAGES) {
      end(failed('protocol', 'messages that answer nothing'))
    }
  })

  function end(why: UpstreamFailed): void {
    if (isOver) return
    isOver = true
    takesQueries = false
    stream.close()
    for (const { settle } of [...waiting.values()]) settle({ kind: 'unanswered', why })
  }

  /** No more queries; the end comes with the last answer. */
  function retire(): void {
    takesQueries = false
    if (waiting.size === 0) end(failed('network', 'no longer used'))
  }

  function freeId(): number {
    for (;;) {
      const id = random(IDS)
      if (!waiting.has(id) && !givenUp.has(id)) return id
    }
  }

  return {
    kind: 'pipeline',
    isOpen: () => takesQueries,
    isIdle: () => waiting.size === 0,
    ask(message, signal) {
      if (signal.aborted) return Promise.resolve(ABORTED)
      if (!takesQueries)
        return Promise.resolve({ kind: 'unanswered', why: failed('network', 'connection closed') })
      const id = freeId()
      const query = withId(message, id)
      return new Promise((resolve) => {
        const isInDoubt = silentSince !== undefined && now() - silentSince >= SILENT_MS
        const stop = isInDoubt ? timer(PROOF_OF_LIFE_MS, judge) : undefined
        const heardBefore = heard
        function settle(reply: UpstreamReply | Unanswered): void {
          // One that is given up, because another upstream was faster, still shows whether anybody is there.
          if (reply !== ABORTED) stop?.()
          waiting.delete(id)
          signal.removeEventListener('abort', giveUp)
          resolve(reply)
          if (!takesQueries && waiting.size === 0) end(failed('network', 'no longer used'))
        }
        function giveUp(): void {
          givenUp.add(id)
          settle(ABORTED)
          if (givenUp.size + waiting.size >= MAX_IDS_TAKEN) retire()
        }
        function judge(): void {
          if (heard > heardBefore) return
          takesQueries = false
          settle({ kind: 'unanswered', why: failed('timeout', 'the connection is silent') })
        }
        waiting.set(id, { query, settle })
        silentSince ??= now()
        signal.addEventListener('abort', giveUp, { once: true })
        stream.write(frame(query))
      })
    },
    received(chunk) {
      if (isOver) return
      silentSince = undefined
      heard += 1
      take(chunk)
    },
    ended: end,
    close: () => end(failed('network', 'the connection is closed')),
  }
}
