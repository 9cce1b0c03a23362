import type { Timer } from '../deadline.ts'
import type { Slots } from '../slots.ts'
import { type Budget, bandwidthCost, callCost, type Use } from './budget.ts'
import type { Channel } from './channel.ts'
import { ErrorCode, type Failed, failed, type Reply } from './failure.ts'
import { readMessage } from './message.ts'
import { featuresProblem, readVersion, type ServerInfo, VERSION_PARAMS } from './negotiation.ts'

/** One connection to a server, from the first message to the last. */

/**
 * Longest message where no longer one is expected, octets: a transaction that nodes relay is at most 200 KB of hex, the
 * longest header as of 2026 41 KB, 5,000 updates of one name 500 KB.
 */
export const REPLY_OCTETS = 524_288

/** Milliseconds of idleness after which we send `server.ping`; servers drop idle connections after 600 s. */
export const PING_AFTER_MS = 300_000

/** Milliseconds without an octet from a server that owes a reply, after which the connection is given up. */
export const SILENCE_MS = 15_000

/** Messages a minute that are no replies, subscriptions included: at most one a subscription and block. */
export const MAX_UNASKED = 5_000

/** Replies nobody waits for any more that may still be owed. Attack: a server that takes every request and never replies. */
export const MAX_LATE = 256

/** How to ask. */
export interface CallOptions {
  /** When to give up. */
  readonly signal: AbortSignal
  /** Longest reply, octets; by default `REPLY_OCTETS`. */
  readonly maxOctets?: number
  /** Octets to expect, for the budget; by default those of a small reply. */
  readonly expectedOctets?: number
  /** By default `lookup`. */
  readonly use?: Use
}

/** Calls a method. Never rejects. */
export type Call = (method: string, params: readonly unknown[], options: CallOptions) => Promise<Reply>

export interface Client extends ServerInfo {
  readonly kind: 'client'
  readonly call: Call
  /** Ends the connection; who waits for a reply gets `closed`. */
  close(): void
}

export interface ClientOptions {
  /** Opens a channel; the events are the client's. */
  readonly open: (events: {
    message(text: string, octets: number): void
    end(why: Failed): void
  }) => Promise<Channel | Failed>
  /** Hash of the chain's first block, hex as it is displayed. */
  readonly genesis: string
  readonly budget: Budget
  /** How many requests are under way at once. */
  readonly slots: Slots
  readonly timer: Timer
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number
  /** Called with every notification. */
  readonly notified: (method: string, params: readonly unknown[]) => void
  /** Called once when the connection is over and `close` was not called. */
  readonly ended: (why: Failed) => void
}

/** Connects, agrees on a protocol version and makes sure of the chain. Never rejects. */
export async function connectClient(options: ClientOptions, signal: AbortSignal): Promise<Client | Failed> {
  const conversation = converse(options)
  const channel = await options.open(conversation)
  if (channel.kind === 'failed') return channel
  conversation.begin(channel)

  const version = readVersion(await conversation.call('server.version', VERSION_PARAMS, { signal }))
  if (version.kind === 'error') return giveUp(failed('version', `server.version: ${version.message}`))
  if (version.kind === 'failed') return giveUp(version)
  const features = await conversation.call('server.features', [], { signal })
  const problem = featuresProblem(features, options.genesis)
  if (problem !== undefined) return giveUp(problem)
  if (signal.aborted) return giveUp(NO_REPLY)
  return { kind: 'client', ...version.result, call: conversation.call, close: conversation.close }

  function giveUp(why: Failed): Failed {
    conversation.close()
    return why
  }
}

interface Pending {
  readonly maxOctets: number
  /** Undefined once nobody waits any more. */
  settle: ((reply: Reply) => void) | undefined
}

/** Requests and replies over a channel, by id. */
function converse({ budget, slots, timer, now, notified, ended }: ClientOptions) {
  const owed = new Map<number, Pending>()
  let late = 0
  let lastId = -1
  let channel: Channel | undefined
  let over: Failed | undefined
  let lastSent = now()
  let lastHeard = now()
  let cancelWatch = (): void => {}
  const unasked = { since: now(), count: 0 }

  function finish(why: Failed): void {
    if (over !== undefined) return
    over = why
    cancelWatch()
    channel?.close()
    for (const { settle } of owed.values()) settle?.(why)
    owed.clear()
  }

  function end(why: Failed): void {
    if (over !== undefined) return
    finish(why)
    ended(why)
  }

  /** Looks again when something is due: a ping, or the end of our patience. */
  function watch(): void {
    cancelWatch()
    const due = owed.size > 0 ? lastHeard + SILENCE_MS : lastSent + PING_AFTER_MS
    cancelWatch = timer(Math.max(0, due - now()), () => {
      if (owed.size > 0 && now() - lastHeard >= SILENCE_MS)
        end(failed('timeout', 'the server has gone silent'))
      else if (owed.size > 0 || now() - lastSent < PING_AFTER_MS) watch()
      else request('server.ping', [], 0, () => {})
    })
  }

  /** Sends a request; its reply goes to `settle`. */
  function request(
    method: string,
    params: readonly unknown[],
    maxOctets: number,
    settle: (reply: Reply) => void,
  ): Pending {
    lastId += 1
    const pending: Pending = { maxOctets, settle }
    const text = JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params })
    budget.spend(callCost(method, params) + bandwidthCost(text.length))
    lastSent = now()
    if (owed.size === 0) lastHeard = lastSent
    owed.set(lastId, pending)
    channel?.send(text)
    if (over === undefined) watch()
    return pending
  }

  /** The longest message there is a reason for. */
  function expected(): number {
    let longest = REPLY_OCTETS
    for (const { maxOctets } of owed.values()) longest = Math.max(longest, maxOctets)
    return longest
  }

  /** Counts what nobody asked for. */
  function takeUnasked(): boolean {
    if (now() - unasked.since >= 60_000) Object.assign(unasked, { since: now(), count: 0 })
    unasked.count += 1
    if (unasked.count > MAX_UNASKED) end(failed('protocol', 'a flood of messages nobody asked for'))
    return over === undefined
  }

  function takeReply(id: number, reply: Reply, octets: number): void {
    const pending = owed.get(id)
    // Nobody's, or the second with its id: the first one counts.
    if (pending === undefined) {
      takeUnasked()
      return
    }
    owed.delete(id)
    if (pending.settle === undefined) late -= 1
    const isTooLong = octets > Math.max(pending.maxOctets, SMALL_OCTETS)
    pending.settle?.(isTooLong ? failed('too-long', `a reply of ${octets} octets`) : reply)
    if (reply.kind === 'error' && reply.code === ErrorCode.excessiveUse) {
      end(failed('overused', 'the server says that we ask too much of it'))
    }
  }

  /** One request and its reply. */
  function exchange(
    method: string,
    params: readonly unknown[],
    { signal, maxOctets = REPLY_OCTETS }: CallOptions,
  ): Promise<Reply> {
    if (over !== undefined) return Promise.resolve(over)
    return new Promise((resolve) => {
      const pending = request(method, params, maxOctets, (reply) => {
        signal.removeEventListener('abort', leave)
        resolve(reply)
      })
      function leave(): void {
        if (over !== undefined) return
        pending.settle = undefined
        resolve(NO_REPLY)
        late += 1
        if (late > MAX_LATE) end(failed('timeout', 'the server owes too many replies'))
      }
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  async function call(method: string, params: readonly unknown[], options: CallOptions): Promise<Reply> {
    const { signal, expectedOctets = SMALL_OCTETS, use = 'lookup' } = options
    if (over !== undefined) return over
    if (signal.aborted) return NO_REPLY
    const cost = callCost(method, params) + bandwidthCost(expectedOctets)
    if (!budget.allows(cost, use)) return failed('budget', 'the server has been asked enough for now')
    const reply = await slots(signal, () => exchange(method, params, options))
    if (reply === 'full') return failed('busy', 'too many requests wait for this server')
    return reply === 'gave-up' ? NO_REPLY : reply
  }

  return {
    begin(opened: Channel): void {
      if (over === undefined) channel = opened
      else opened.close()
    },
    message(text: string, octets: number): void {
      if (over !== undefined) return
      budget.spend(bandwidthCost(octets))
      lastHeard = now()
      // Not even looked at: parsing is what an overlong message is sent for.
      if (octets > REPLY_OCTETS && octets > expected()) {
        end(failed('too-long', `a message of ${octets} octets nobody asked for`))
        return
      }
      const message = readMessage(text)
      if (message.kind === 'failed') end(message)
      else if (message.kind === 'reply') takeReply(message.id, message.reply, octets)
      else if (takeUnasked() && message.kind === 'notification') notified(message.method, message.params)
    },
    end,
    call,
    close: () => finish(failed('closed', 'we closed the connection')),
  }
}

const NO_REPLY = failed('timeout', 'no reply in time')

/** A reply that is always taken, octets: an error with its message and padding. */
const SMALL_OCTETS = 4_096
