import { MAX_HEADER_OCTETS } from '../chain/header.ts'
import type { Timer } from '../deadline.ts'
import type { Slots } from '../slots.ts'
import { type Budget, bandwidthCost, CONNECTION_COST, callCost, settledCost, type Use } from './budget.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import { ErrorCode, type Failed, failed, type Reply } from './failure.ts'
import { readMessage } from './message.ts'
import { featuresProblem, readVersion, type ServerInfo, VERSION_PARAMS } from './negotiation.ts'
import { idOf, isTipNotice, type Skipped, skipText } from './skipping.ts'

/** One connection to a server, from the first message to the last. */

/**
 * Longest message that is read where no longer one is expected, octets: a transaction that nodes relay is at most 200 KB
 * of hex, the longest header as of 2026 41 KB, 5,000 updates of one name 500 KB.
 */
export const REPLY_OCTETS = 524_288

/**
 * Longest message with one header: the longest there can be, in hex, and what is around it. Nearly all that is read on
 * Node (`MAX_MESSAGE_OCTETS`); over a Worker's WebSockets a header of more than half a MB is let go by.
 */
export const HEADER_REPLY_OCTETS = 2 * MAX_HEADER_OCTETS + 4_096

/** Milliseconds of idleness after which we send `server.ping`; servers drop idle connections after 600 s. */
export const PING_AFTER_MS = 300_000

/** Milliseconds without an octet from a server that owes a reply, after which the connection is given up. */
export const SILENCE_MS = 15_000

/**
 * Milliseconds that one message may take: the longest that is let go by, at 140 KB a second. Attack: a reply that comes
 * octet by octet.
 */
export const MESSAGE_MS = 120_000

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
  /** Called when the reply turns out to be too long, even after the signal has aborted. */
  readonly onTooLong?: () => void
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
  readonly open: (events: ChannelEvents) => Promise<Channel | Failed>
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
  const { budget } = options
  if (!budget.allows(CONNECTION_COST, 'lookup')) return SPENT
  budget.spend(CONNECTION_COST)
  const conversation = converse(options)
  const channel = await options.open(conversation)
  if (channel.kind === 'failed') {
    budget.spend(-CONNECTION_COST)
    return channel
  }
  conversation.begin(channel)

  const version = readVersion(await conversation.call('server.version', VERSION_PARAMS, { signal }))
  if (version.kind === 'error') {
    // Only a bad request is about versions: a server that is busy now may do another time.
    const code = version.code === ErrorCode.badRequest ? 'version' : 'network'
    return giveUp(failed(code, `server.version: ${version.message}`))
  }
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
  readonly method: string
  readonly params: readonly unknown[]
  readonly maxOctets: number
  readonly onTooLong: () => void
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
  /** Since when a message has been coming in. */
  let comingSince: number | undefined
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
    const patience = Math.min(lastHeard + SILENCE_MS, (comingSince ?? now()) + MESSAGE_MS)
    const due = owed.size > 0 ? patience : lastSent + PING_AFTER_MS
    cancelWatch = timer(Math.max(0, due - now()), () => {
      if (owed.size > 0 && now() - lastHeard >= SILENCE_MS)
        end(failed('timeout', 'the server has gone silent'))
      else if (owed.size > 0 && now() - (comingSince ?? now()) >= MESSAGE_MS)
        end(failed('timeout', 'a message takes too long'))
      else if (owed.size > 0 || now() - lastSent < PING_AFTER_MS) watch()
      else ping()
    })
  }

  /** Sends a request, whose cost is reserved; its reply goes to `settle`. */
  function request(pending: Pending): void {
    const { method, params } = pending
    lastId += 1
    const text = JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params })
    budget.spend(bandwidthCost(text.length))
    lastSent = now()
    if (owed.size === 0) {
      lastHeard = lastSent
      comingSince = undefined // A ping of the WebSocket, which no message follows.
    }
    owed.set(lastId, pending)
    channel?.send(text)
    if (over === undefined) watch()
  }

  function ping(): void {
    const [method, params] = ['server.ping', [] as const]
    budget.spend(callCost(method, params))
    request({ ...{ method, params, maxOctets: 0, onTooLong: () => {} }, settle: () => {} })
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
    const { method, params, maxOctets, settle, onTooLong } = pending
    const isTooLong = octets > Math.max(maxOctets, SMALL_OCTETS)
    const outcome = isTooLong ? failed('too-long', `a reply of ${octets} octets`) : reply
    budget.spend(settledCost(method, params, outcome, octets) - callCost(method, params))
    if (isTooLong) onTooLong()
    settle?.(outcome)
    if (reply.kind === 'error' && reply.code === ErrorCode.excessiveUse) {
      end(failed('overused', 'the server says that we ask too much of it'))
    }
  }

  /** Lets a message go by: a failure for who asked for it, and for nobody else. */
  function takeSkipped(left: Skipped): void {
    const id = idOf(left)
    const why = failed('too-long', `a message of ${left.octets} octets`)
    if (id !== undefined && owed.has(id)) takeReply(id, why, left.octets)
    // Of a block with a very long header: the next one tells as much.
    else if (isTipNotice(left) && left.octets <= HEADER_REPLY_OCTETS) takeUnasked()
    else end(why) // Nobody's.
  }

  /** One request and its reply. */
  function exchange(
    method: string,
    params: readonly unknown[],
    { signal, maxOctets = REPLY_OCTETS, onTooLong = () => {} }: CallOptions,
  ): Promise<Reply> {
    return new Promise((resolve) => {
      const pending: Pending = {
        ...{ method, params, maxOctets, onTooLong },
        settle(reply) {
          signal.removeEventListener('abort', leave)
          resolve(reply)
        },
      }
      function leave(): void {
        if (over !== undefined) return
        pending.settle = undefined
        resolve(NO_REPLY)
        late += 1
        if (late > MAX_LATE) end(failed('timeout', 'the server owes too many replies'))
      }
      signal.addEventListener('abort', leave, { once: true })
      request(pending)
    })
  }

  async function call(method: string, params: readonly unknown[], options: CallOptions): Promise<Reply> {
    const { signal, expectedOctets = SMALL_OCTETS, use = 'lookup' } = options
    if (over !== undefined) return over
    if (signal.aborted) return NO_REPLY
    const cost = callCost(method, params)
    if (!budget.allows(cost + bandwidthCost(expectedOctets), use)) return SPENT
    // Now, while it may still wait for its turn: attack: a thousand lookups at once that all see the same budget.
    budget.spend(cost)
    let isSent = false
    const reply = await slots(signal, () => {
      if (over !== undefined) return Promise.resolve<Reply>(over)
      isSent = true
      return exchange(method, params, options)
    })
    if (!isSent) budget.spend(-cost)
    if (reply === 'full') return failed('busy', 'too many requests wait for this server')
    return reply === 'gave-up' ? NO_REPLY : reply
  }

  return {
    begin(opened: Channel): void {
      if (over === undefined) channel = opened
      else opened.close()
    },
    heard(): void {
      lastHeard = now()
      comingSince ??= lastHeard
    },
    skipped(left: Skipped): void {
      if (over !== undefined) return
      budget.spend(bandwidthCost(left.octets))
      lastHeard = now()
      comingSince = undefined
      takeSkipped(left)
    },
    message(text: string, octets: number): void {
      if (over !== undefined) return
      budget.spend(bandwidthCost(octets))
      lastHeard = now()
      comingSince = undefined
      // Not even looked at: parsing is what an overlong message is sent for.
      if (octets > REPLY_OCTETS) {
        const left = skipText(text, octets)
        const id = idOf(left)
        const asked = id === undefined ? undefined : owed.get(id)
        const most = isTipNotice(left) ? HEADER_REPLY_OCTETS : (asked?.maxOctets ?? expected())
        if (octets > most) {
          takeSkipped(left)
          return
        }
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
const SPENT = failed('budget', 'the server has been asked enough for now')

/** A reply that is always taken, octets: an error with its message and padding. */
const SMALL_OCTETS = 4_096
