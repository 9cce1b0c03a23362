import { MAX_MESSAGE_OCTETS, type OpenChannel } from '../../src/namecoin/electrum/channel.ts'
import { type Failed, failed } from '../../src/namecoin/electrum/failure.ts'
import { skipText } from '../../src/namecoin/electrum/skipping.ts'
import { type Backend, chainOf, type Lie, liar, recorded143, tipReply } from './electrumx.ts'
import { type ChainData, statusOf } from './electrumx-chain.ts'

/** The server's side of a connection, without a socket: requests in, messages out. Every connection has its own peer. */

/** How a server behaves on the wire. `handshake` is `server.version` and `server.features`; all but the first two spare it. */
export type Wire =
  | 'silent' // takes everything, answers nothing
  | 'not-json' // answers with something else, from the first message on
  | 'garbage' // in the middle of everything, something that is no JSON
  | 'endless' // a reply that does not end
  | 'stalls' // half a reply, then nothing
  | 'closes' // instead of a reply
  | 'out-of-order' // replies in pairs, the second first
  | 'notification-between' // a notification before each reply
  | 'unknown-messages' // requests and errors about nothing before each reply
  | 'flood' // 10,000 notifications before each reply
  | 'wrong-id' // replies to a request nobody made
  | 'duplicate-id' // each reply twice, the second with another result
  | 'excessive-use' // error -101, then the end
  | 'bomb' // a reply of 100,000 brackets

/** What comes out of a peer. */
export type Emission =
  | { readonly kind: 'message'; readonly text: string }
  /** Octets that are no whole message, where the transport has such. */
  | { readonly kind: 'part'; readonly text: string }
  | { readonly kind: 'endless' }
  | { readonly kind: 'close' }

/** A server that connections are made to; change it while it runs. */
export interface World {
  chain: ChainData
  lies: readonly Lie[]
  wire: readonly Wire[]
  /** The newest protocol it speaks; what it answers to `server.version` is the older of this and the client's. */
  protocol: string
  /** What it answers to `server.version` instead. */
  claims?: unknown
  /** The error that it answers to `server.version` instead. */
  refusal?: { readonly code: number; readonly message: string }
  /** Answers calls instead of chain and lies: a recording. */
  backend?: Backend
  /** Every request, oldest first. */
  readonly received: { readonly method: string; readonly params: readonly unknown[] }[]
}

/** An honest server with the recorded chain. */
export const newWorld = (changes: Partial<World> = {}): World => ({
  chain: chainOf(recorded143),
  lies: [],
  wire: [],
  protocol: '1.4.3',
  received: [],
  ...changes,
})

export interface Peer {
  receive(text: string): void
  /** Tells subscribers what has changed since: call it after changing the chain. */
  announce(): void
}

const message = (body: object): Emission => ({
  kind: 'message',
  text: JSON.stringify({ jsonrpc: '2.0', ...body }),
})
const CLOSE: Emission = { kind: 'close' }
const HANDSHAKE: readonly string[] = ['server.version', 'server.features']

/** What comes before each reply. */
const BEFORE: Readonly<Partial<Record<Wire, (world: World) => readonly object[]>>> = {
  'notification-between': ({ chain }) => [
    { method: 'blockchain.headers.subscribe', params: [tipReply(chain)] },
  ],
  'unknown-messages': () => [
    { id: 7, method: 'server.ping', params: [] },
    { id: null, error: { code: -32_600, message: 'what?' } },
    { method: 'future.notification', params: [{ of: 'something' }] },
    {},
  ],
  flood: () => Array(10_000).fill({ method: 'blockchain.scripthash.subscribe', params: ['00', null] }),
}

/** What comes instead of a reply. */
const INSTEAD: Readonly<Partial<Record<Wire, (id: number, text: string) => readonly Emission[]>>> = {
  closes: () => [CLOSE],
  endless: () => [{ kind: 'endless' }],
  stalls: (_id, text) => [{ kind: 'part', text: text.slice(0, text.length / 2) }],
  'wrong-id': (id, text) => [message({ ...JSON.parse(text), id: id + 1_000 })],
  'duplicate-id': (id, text) => [{ kind: 'message', text }, message({ id, result: 'another result' })],
  'excessive-use': (id) => [
    message({ id, error: { code: -101, message: 'excessive resource usage' } }),
    CLOSE,
  ],
  bomb: (id) => [
    { kind: 'message', text: `{"id":${id},"result":${'['.repeat(100_000)}${']'.repeat(100_000)}}` },
  ],
}

export function electrumPeer(world: World, emit: (emission: Emission) => void): Peer {
  const subscribed = new Map<string, string | null>()
  let tellsTip = false
  let held: string | undefined
  let isFirst = true

  const has = (wire: Wire): boolean => world.wire.includes(wire)
  const send = (message: object): void => emit({ kind: 'message', text: JSON.stringify(message) })
  const notify = (method: string, params: readonly unknown[]): void =>
    send({ jsonrpc: '2.0', method, params })

  function outcomeOf(method: string, params: readonly unknown[]) {
    if (method === 'server.version') return negotiate(world, params)
    return (world.backend ?? liar(world.chain, world.lies))(method, params)
  }

  function reply(id: unknown, outcome: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...outcome, id })
    for (const wire of world.wire) for (const body of BEFORE[wire]?.(world) ?? []) send(body)
    if (has('garbage')) emit({ kind: 'message', text: '}{ \\u0000 this is not JSON' })
    const instead = world.wire.map((wire) => INSTEAD[wire]).find((one) => one !== undefined)
    if (instead !== undefined) {
      for (const emission of instead(Number(id), text)) emit(emission)
    } else if (has('out-of-order') && held === undefined) {
      held = text
    } else {
      emit({ kind: 'message', text })
      if (held !== undefined) emit({ kind: 'message', text: held })
      held = undefined
    }
  }

  /** What a request on the wire comes to, before anything is understood of it. */
  function refusal(id: unknown, method: string): readonly Emission[] | undefined {
    if (has('silent')) return []
    if (has('not-json')) return [{ kind: 'message', text: 'HTTP/1.1 400 Bad Request' }]
    if (!isFirst || method === 'server.version') return undefined
    return [message({ id, error: { code: 1, message: 'use server.version to identify client' } }), CLOSE]
  }

  return {
    receive(text) {
      const request = parseRequest(text)
      if (request === undefined) {
        emit(CLOSE)
        return
      }
      const { id, method, params } = request
      world.received.push({ method, params })
      const refused = refusal(id, method)
      if (refused !== undefined) {
        for (const emission of refused) emit(emission)
        return
      }
      isFirst = false
      const outcome = outcomeOf(method, params)
      if (method === 'blockchain.headers.subscribe') tellsTip = true
      if (method === 'blockchain.scripthash.subscribe' && 'result' in outcome) {
        subscribed.set(String(params[0]), outcome.result as string | null)
      }
      if (method === 'blockchain.scripthash.unsubscribe') subscribed.delete(String(params[0]))
      if (HANDSHAKE.includes(method)) send({ id, ...outcome })
      else reply(id, outcome)
    },
    announce() {
      const backend = liar(world.chain, world.lies)
      if (tellsTip) {
        const outcome = backend('blockchain.headers.subscribe', [])
        if ('result' in outcome) notify('blockchain.headers.subscribe', [outcome.result])
      }
      for (const [scripthash, before] of subscribed) {
        const status = statusOf(world.chain.histories.get(scripthash) ?? [])
        if (status === before) continue
        subscribed.set(scripthash, status)
        notify('blockchain.scripthash.subscribe', [scripthash, status])
      }
    },
  }
}

function parseRequest(text: string): { id: unknown; method: string; params: unknown[] } | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function negotiate({ protocol, claims, refusal }: World, [, offered]: readonly unknown[]) {
  if (refusal !== undefined) return { error: refusal }
  if (claims !== undefined) return { result: claims }
  const [oldest, newest] = Array.isArray(offered) ? offered.map(String) : [String(offered), String(offered)]
  if (isOlder(protocol, oldest!)) return { error: { code: 1, message: 'unsupported protocol version' } }
  return { result: ['ElectrumX 1.16.0', isOlder(protocol, newest!) ? protocol : newest] }
}

/** By their numbers: 1.4 is older than 1.4.2. */
function isOlder(one: string, other: string): boolean {
  return one.localeCompare(other, 'en', { numeric: true }) < 0
}

/** Channels to a world without sockets, for any runtime; messages arrive in the order they were sent, one a microtask. */
export interface FakeNetwork {
  readonly open: OpenChannel
  /** Channels that are open now. */
  readonly channels: () => number
  /** How often one was opened. */
  readonly opened: () => number
  /** Tells all subscribers. */
  announce(): void
  /** Ends all connections. */
  cut(why?: Failed): void
  /** From now on nobody gets through, until `undefined`. */
  refuse(why: Failed | undefined): void
}

export function fakeNetwork(world: World): FakeNetwork {
  const open = new Set<{ readonly peer: Peer; readonly end: (why: Failed) => void }>()
  let refusal: Failed | undefined
  let opened = 0
  return {
    async open(_address, events, signal) {
      opened += 1
      await Promise.resolve()
      if (signal.aborted) return failed('timeout', 'no connection in time')
      if (refusal !== undefined) return refusal
      const peer = electrumPeer(world, (emission) => {
        queueMicrotask(() => {
          if (!open.has(entry)) return
          if (emission.kind === 'message') {
            const { text } = emission
            if (text.length > MAX_MESSAGE_OCTETS) events.skipped(skipText(text, text.length))
            else events.message(text, text.length)
          } else if (emission.kind === 'close') entry.end(failed('network', 'closed'))
          else if (emission.kind === 'endless') entry.end(failed('too-long', 'a message without end'))
        })
      })
      const entry = {
        peer,
        end(why: Failed): void {
          if (open.delete(entry)) events.end(why)
        },
      }
      open.add(entry)
      return {
        kind: 'channel',
        send: (text) => {
          if (open.has(entry)) peer.receive(text)
        },
        close: () => void open.delete(entry),
      }
    },
    channels: () => open.size,
    opened: () => opened,
    announce() {
      for (const { peer } of open) peer.announce()
    },
    cut(why = failed('network', 'cut')) {
      for (const { end } of [...open]) end(why)
    },
    refuse(why) {
      refusal = why
    },
  }
}
