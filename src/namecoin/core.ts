import type { Flights } from '../flights.ts'
import { type ChainView, type Network, readChainInfo, readNameShow } from './core-reply.ts'
import { cookieCredentials, urlCredentials } from './credentials.ts'
import { runtimeTimer, type Timer, within } from './deadline.ts'
import { toHex } from './hex.ts'
import { CALL_TIMEOUT_MS, type HttpFetch, rpcClient } from './json-rpc.ts'
import { type Slots, unboundedSlots } from './slots.ts'
import type { NameOutcome, NameSource, SourceState, Tip } from './source.ts'
import { unreachable } from './unreachable.ts'

/**
 * Values from a Namecoin Core full node, over JSON-RPC.
 */

export interface CoreOptions {
  /** The node's JSON-RPC, `http://user:password@127.0.0.1:8336/`. */
  readonly url: URL
  /** Reads the node's cookie file; used when the URL holds no credentials. May reject. */
  readonly readCookie?: () => Promise<string>
  /** The network that the node must be on; left out, any is taken. */
  readonly network?: Network
  /** The built-in `fetch`, or one like it. */
  readonly fetch: HttpFetch
  /** Milliseconds, of a clock that does not jump. */
  readonly now: () => number
  /** Shared on Node, own on Workers. */
  readonly flights: Flights
  /** Bounded on Node, unbounded on Workers. */
  readonly slots: Slots
  /** The runtime's, unless a test has another. */
  readonly timer?: Timer
}

/**
 * How long what the node says about its chain holds, milliseconds: so long may an old value be served after a new
 * block. Blocks take 10 minutes to come and seconds to travel.
 */
export const TIP_FRESH_MS = 2_000

/**
 * Milliseconds that a query waits to hear whether there is a new block. A node that hangs must not hold up what is in
 * the cache, or in the names file: browsers wait 1.5 s in all.
 */
export const TIP_PATIENCE_MS = 250

/** Longest name, octets: consensus (`MAX_NAME_LENGTH`, namecoin-core `src/names/main.h`). */
export const MAX_NAME_OCTETS = 255

/**
 * The names in a node's chain.
 *
 * The node is asked about its chain at most every `TIP_FRESH_MS`, and only when somebody asks. A node that cannot be
 * used says so once for as long: until then lookups end at once with the same code, so that a node that hangs costs a
 * wait now and then and not each query one.
 */
export function coreSource(options: CoreOptions): NameSource {
  const { url, readCookie, network, fetch, now, flights, slots, timer = runtimeTimer } = options
  const ownCredentials = url.username !== '' || url.password !== ''
  const credentials =
    readCookie === undefined || ownCredentials ? urlCredentials(url) : cookieCredentials(readCookie)
  const call = rpcClient({ url, credentials, fetch, slots, timer })
  // Not among the lookups that wait for room: when they fill the queue, the node is not to look dead because of it.
  const callChain = rpcClient({ url, credentials, fetch, slots: unboundedSlots, timer })
  const flightKey = `core chain ${url.host}${url.pathname}`

  let view: ChainView | undefined
  let viewedAt = 0
  let lastTip: Tip | undefined

  function freshView(): ChainView | undefined {
    const age = now() - viewedAt
    return age >= 0 && age < TIP_FRESH_MS ? view : undefined
  }

  function askView(): Promise<ChainView> {
    return flights(flightKey, async () => {
      const asked = readChainInfo(await callChain('getblockchaininfo', []), network)
      view = asked
      viewedAt = now()
      if (asked.kind === 'tip' && asked.tip.epoch !== lastTip?.epoch) lastTip = asked.tip
      return asked
    })
  }

  /** The view, for a caller that may have less time than the others who wait for it. */
  async function viewWithin(signal: AbortSignal): Promise<ChainView> {
    const known = freshView() ?? (await within(CALL_TIMEOUT_MS, signal, timer, askView))
    return known === 'timeout' ? unreachable('timeout', 'no reply in time') : known
  }

  return {
    name: 'core',
    covers: 'every-name',

    async lookup(name: string, signal: AbortSignal): Promise<NameOutcome> {
      const octets = new TextEncoder().encode(name)
      if (octets.length > MAX_NAME_OCTETS) return { kind: 'absent' }
      // A node on another chain, or in its initial download, would call names absent that exist.
      const chain = await viewWithin(signal)
      if (chain.kind !== 'tip') return chain
      const nameHex = toHex(octets)
      // Hex, because Core's default encoding has no value for octets beyond printable ASCII (namecoin-core#337).
      const encodings = { nameEncoding: 'hex', valueEncoding: 'hex', allowExpired: false }
      return readNameShow(await call('name_show', [nameHex, encodings], signal), nameHex)
    },

    tip(): Tip | undefined | Promise<Tip | undefined> {
      if (freshView() !== undefined) return lastTip
      const asked = askView()
      return within(TIP_PATIENCE_MS, undefined, timer, () => asked).then(() => lastTip)
    },

    async state(signal: AbortSignal): Promise<SourceState> {
      const chain = await viewWithin(signal)
      if (chain.kind === 'tip') return { kind: 'ready', tip: chain.tip }
      return { kind: 'unready', code: chain.code, detail: chain.detail }
    },

    close(): void {
      // Nothing to stop: no timer runs between calls, and a call ends by its own deadline.
    },
  }
}
