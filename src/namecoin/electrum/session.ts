import { type Timer, within } from '../deadline.ts'
import { boundedSlots, type Slots } from '../slots.ts'
import type { ServerAddress } from './address.ts'
import { pauseAfter } from './backoff.ts'
import { type Budget, costBudget } from './budget.ts'
import type { OpenChannel } from './channel.ts'
import { type Call, type Client, connectClient, HEADER_REPLY_OCTETS } from './client.ts'
import { type Failed, type FailureCode, failed } from './failure.ts'
import type { ServerInfo } from './negotiation.ts'

/** A server and the way to it: connects when asked something, and again after the connection is lost. */

/** Requests under way to one server at once: ElectrumX works on 10 of a connection at a time, the others queue there. */
export const MAX_UNDER_WAY = 16

/** Milliseconds until a connection must be up, the first two calls included. */
export const CONNECT_TIMEOUT_MS = 10_000

/** A connection that lasted this long, milliseconds, shows that the server works. */
const PROVEN_MS = 60_000

/** Milliseconds for the reply to a subscription. */
const SUBSCRIBE_TIMEOUT_MS = 30_000

/** For `/readyz` and logs. */
export type SessionState =
  /** Not connected, nothing wrong: it connects when asked something. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | ({ readonly kind: 'ready' } & ServerInfo)
  /** Not to be reached; asked again in so many milliseconds, at the earliest. */
  | {
      readonly kind: 'waiting'
      readonly code: FailureCode
      readonly detail: string
      readonly retryInMs: number
    }
  | { readonly kind: 'banned'; readonly reason: string }
  | { readonly kind: 'closed' }

/** What one wants to be told of, for as long as the session lives. */
export interface Subscription {
  /** `blockchain.headers.subscribe`, whose notifications have the same name. */
  readonly method: string
  /** Called with the current value, `{hex, height}`, after every new connection, and with every later one; unchecked. */
  readonly changed: (value: unknown) => void
}

export interface Session {
  readonly address: ServerAddress
  readonly budget: Budget
  /** Connects where necessary, and calls. Never rejects. While the server is left alone: its last failure, at once. */
  readonly call: Call
  /** What the server said of itself, connecting where necessary: tells which methods it has. */
  connect(signal: AbortSignal): Promise<ServerInfo | Failed>
  state(): SessionState
  /** When it was last connected, by the clock it was given: now, while it is. Undefined if it never was. */
  readyAt(): number | undefined
  /** Subscribes. At once, now and after every reconnection; the function it returns ends it. */
  subscribe(subscription: Subscription): (() => void) | Failed
  /** Never connects to it again. */
  ban(reason: string): void
  close(): void
}

export interface SessionOptions {
  readonly address: ServerAddress
  readonly open: OpenChannel
  /** Hash of the chain's first block, hex as it is displayed. */
  readonly genesis: string
  readonly timer: Timer
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number
  /** From 0 up to, not including, 1. */
  readonly random: () => number
  /** On Workers `unboundedSlots`. */
  readonly slots?: Slots
  /** Shared by the sessions to one host: servers keep their accounts by IP address. */
  readonly budget?: Budget
  /** Called after every change of `state`. */
  readonly changed?: (state: SessionState) => void
}

interface Connection {
  readonly client: Client
  /** When it was ready. */
  readonly since: number
  /** Subscriptions that were made on it, or tried. */
  readonly subscribed: WeakSet<Subscription>
  isSubscribing: boolean
}

export function electrumSession(options: SessionOptions): Session {
  const { address, genesis, timer, now, random, changed = () => {} } = options
  const budget = options.budget ?? costBudget(now)
  const slots = options.slots ?? boundedSlots(MAX_UNDER_WAY)
  const subscriptions = new Set<Subscription>()
  const life = new AbortController()
  let client: Connection | undefined
  let connecting: Promise<Client | Failed> | undefined
  let lostAt: number | undefined
  let failures = 0
  let retry: { readonly why: Failed; readonly at: number } | undefined
  let cancelRetry = (): void => {}
  let over: { readonly state: SessionState; readonly why: Failed } | undefined

  function state(): SessionState {
    if (over !== undefined) return over.state
    if (client !== undefined) {
      const { software, protocol } = client.client
      return { kind: 'ready', software, protocol }
    }
    if (connecting !== undefined) return { kind: 'connecting' }
    if (retry === undefined) return { kind: 'idle' }
    const { code, detail } = retry.why
    return { kind: 'waiting', code, detail, retryInMs: Math.max(0, retry.at - now()) }
  }

  /** Leaves the server alone for a while; with subscriptions it is then asked again without being needed. */
  function leaveAlone(why: Failed): void {
    client = undefined
    failures += 1
    const pause = pauseAfter(why.code, failures, random)
    retry = { why, at: now() + pause }
    cancelRetry()
    cancelRetry = timer(pause, () => {
      retry = { why, at: now() } // Timers ring up to a millisecond early.
      if (subscriptions.size > 0) void connected()
    })
    changed(state())
  }

  async function connectOnce(): Promise<Client | Failed> {
    const connection: { client?: Client; end?: Failed } = {}
    const attempt = await within(CONNECT_TIMEOUT_MS, life.signal, timer, (signal) =>
      connectClient(
        {
          open: (events) => options.open(address, events, signal),
          genesis,
          budget,
          slots,
          timer,
          now,
          notified,
          ended: (why) => {
            connection.end = why
            if (client !== undefined && client.client === connection.client) lost(why)
          },
        },
        signal,
      ),
    )
    connecting = undefined
    if (over !== undefined) {
      if (attempt !== 'timeout' && attempt.kind === 'client') attempt.close()
      return over.why
    }
    const outcome = attempt === 'timeout' ? failed('timeout', 'no connection in time') : attempt
    if (outcome.kind === 'failed' || connection.end !== undefined) {
      // Why it ended says more than what the end did to the request under way.
      const why = connection.end ?? (outcome as Failed)
      leaveAlone(why)
      return why
    }
    connection.client = outcome
    client = { client: outcome, since: now(), subscribed: new WeakSet(), isSubscribing: false }
    retry = undefined
    changed(state())
    void subscribeAll(client)
    return outcome
  }

  function lost(why: Failed): void {
    if (client !== undefined && now() - client.since >= PROVEN_MS) failures = 0
    lostAt = now()
    leaveAlone(why)
  }

  /** The client, or why there is none. */
  function connected(): Client | Failed | Promise<Client | Failed> {
    if (over !== undefined) return over.why
    if (client !== undefined) return client.client
    if (connecting === undefined) {
      if (retry !== undefined && now() < retry.at) return retry.why
      connecting = connectOnce()
      changed(state())
    }
    return connecting
  }

  /** The same, but waits no longer than the signal says. */
  function connectedBefore(signal: AbortSignal): Client | Failed | Promise<Client | Failed> {
    const ready = connected()
    return ready instanceof Promise ? orGiveUp(ready, signal) : ready
  }

  const call: Call = async (method, params, callOptions) => {
    const ready = await connectedBefore(callOptions.signal)
    return ready.kind === 'failed' ? ready : ready.call(method, params, callOptions)
  }

  function notified(method: string, params: readonly unknown[]): void {
    const value = params.at(-1)
    for (const subscription of [...subscriptions]) {
      if (subscription.method === method) subscription.changed(value)
    }
  }

  async function subscribeTo(to: Client, subscription: Subscription): Promise<void> {
    const reply = await within(SUBSCRIBE_TIMEOUT_MS, life.signal, timer, (signal) =>
      to.call(subscription.method, [], { signal, maxOctets: HEADER_REPLY_OCTETS }),
    )
    const isWanted = subscriptions.has(subscription) && client?.client === to
    if (isWanted && reply !== 'timeout' && reply.kind === 'result') subscription.changed(reply.result)
  }

  /**
   * Makes all subscriptions that this connection has not seen. One after the other: lookups need the room more, and who
   * subscribed has no value to lose.
   */
  async function subscribeAll(connection: Connection): Promise<void> {
    if (connection.isSubscribing) return
    connection.isSubscribing = true
    for (;;) {
      const next = [...subscriptions].find((one) => !connection.subscribed.has(one))
      if (next === undefined || client !== connection) break
      connection.subscribed.add(next)
      await subscribeTo(connection.client, next)
    }
    connection.isSubscribing = false
  }

  function finish(state: SessionState, why: Failed): void {
    if (over !== undefined) return
    over = { state, why }
    cancelRetry()
    subscriptions.clear()
    if (client !== undefined) lostAt = now()
    client?.client.close()
    client = undefined
    life.abort()
    changed(state)
  }

  return {
    address,
    budget,
    call,
    state,
    readyAt: () => (client === undefined ? lostAt : now()),
    async connect(signal) {
      const ready = await connectedBefore(signal)
      return ready.kind === 'failed' ? ready : { software: ready.software, protocol: ready.protocol }
    },
    subscribe(subscription) {
      if (over !== undefined) return over.why
      subscriptions.add(subscription)
      if (client !== undefined) void subscribeAll(client)
      else void connected()
      return () => void subscriptions.delete(subscription)
    },
    ban: (reason) => finish({ kind: 'banned', reason }, failed('banned', reason)),
    close: () => finish({ kind: 'closed' }, failed('closed', 'the session is closed')),
  }
}

/** What the work resolves to, or a failure once the signal aborts; the work goes on for others. */
function orGiveUp<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value | Failed> {
  return new Promise((resolve) => {
    const leave = (): void => resolve(failed('timeout', 'no connection in time'))
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave, { once: true })
    void work.then((value) => {
      signal.removeEventListener('abort', leave)
      resolve(value)
    })
  })
}
