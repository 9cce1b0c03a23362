import type { Log } from '../../log.ts'
import { hashToText, type Sha256 } from '../chain/hash.ts'
import type { Anchor, HeaderChain } from '../chain/header-chain.ts'
import { scriptHash } from '../chain/name-script.ts'
import type { Network } from '../chain/network.ts'
import { WINDOW_HEADERS } from '../chain/value-proof.ts'
import { type Timer, within } from '../deadline.ts'
import { formatAddress } from '../electrum/address.ts'
import type { ServerTip } from '../electrum/replies.ts'
import type { Session } from '../electrum/session.ts'
import { unprovable } from '../proof.ts'
import type { NameOutcome, NameSource, SourceState, Tip, UnreachableCode } from '../source.ts'
import { type Unreachable, unreachable } from '../unreachable.ts'
import { lowestNeeded } from './header-sync-backfill.ts'
import { holdHearing, rememberManners } from './hearing.ts'
import type { ChainKeeper, ChainState } from './keeper.ts'
import { GATHER_MS } from './keeper-synced.ts'
import { showProof } from './proof.ts'
import { operatorsOf, type Server } from './server.ts'
import type { Asking } from './testimony.ts'
import { type Assurance, judgeByChain, judgeByWindow, MAX_TIP_DIFFERENCE, type Verdict } from './verdict.ts'
import { hearWithChain, hearWithWindow, type Witness } from './witness.ts'

/** What a light client is made of. */
export interface LightOptions {
  readonly sha256: Sha256
  readonly network: Network
  readonly servers: readonly Server[]
  readonly keeper: ChainKeeper
  /** Blocks on an update, its own among them, before it is served. */
  readonly leastConfirmations: number
  /** Milliseconds without a block after which nothing is answered any more; undefined: never mind. */
  readonly maxTipAge: number | undefined
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  /** The time of day, milliseconds since 1970. */
  readonly wallClock: () => number
  readonly timer: Timer
  readonly log: Log
}

/** All that was found out about one name. */
export interface Finding {
  readonly verdict: Verdict
  readonly assurance: Assurance
  readonly asking: Asking
  readonly witnesses: readonly Witness[]
  /** The tip the verdict is for. */
  readonly tip: number
  /** Servers that were asked: more than witnesses, when some were not waited for. */
  readonly asked: ReadonlySet<Server>
}

/** A source that proves what it says. */
export interface LightSource extends NameSource {
  /** Asks for a name and tells all that was found; for proofs. */
  find(name: string, signal: AbortSignal): Promise<Finding | Unreachable>
}

/** Seconds that an answer may live which a newer update is about to replace. */
const NEWER_WAITS_TTL = 60
/**
 * Seconds that an absence may live which only one operator vouches for (light-client.md §10), or a value where there are
 * others to be heard: one may know a newer one.
 */
const ONE_OPERATOR_TTL = 30
const ONE_OPERATOR = { caveat: 'one-operator', maxTtl: ONE_OPERATOR_TTL } as const

/** Milliseconds without a connection to any server after which there is none: less is a network that blinks. */
export const UNREACHED_MS = 30_000

/**
 * Values of names from ElectrumX servers that nobody need trust: each comes with proof of work (light-client.md §10).
 *
 * With the chain's headers at hand, all is proven. Until then the floating window answers: twelve blocks of work on the
 * value, and the word of two operators for its height.
 */
export function lightSource(options: LightOptions): LightSource {
  const { sha256, network, servers, keeper, leastConfirmations, maxTipAge, now, wallClock, timer, log } =
    options
  const manners = rememberManners(now)
  const openedAt = now()

  const isStale = (time: number) => maxTipAge !== undefined && wallClock() - time * 1000 > maxTipAge

  const isReached = () => servers.some(({ session }) => session.state().kind === 'ready')

  /** When a server was last connected, milliseconds; at first, when we began. */
  const reachedAt = () => Math.max(openedAt, ...servers.map(({ session }) => session.readyAt() ?? openedAt))

  async function find(name: string, signal: AbortSignal): Promise<Finding | Unreachable> {
    const state = keeper.state()
    if (state.kind === 'starting')
      return (await changed(signal))
        ? find(name, signal)
        : unheard('no server has confirmed the checkpoint yet')
    if (state.kind === 'synced') return findInChain(name, state, signal)
    if (operatorsOf(servers) < 2) {
      return unreachable('syncing', 'the headers are on their way, and without them two operators are needed')
    }
    return findInWindows(name, state.anchor, signal)
  }

  const unheard = (detail: string) =>
    isReached() ? unreachable('syncing', detail) : unreachable('network', 'no server can be reached')

  /**
   * Whether the keeper's state changed before the signal aborted. After the start nobody waits any more. Attack: a server
   * that never tells its newest block, or never answers, and so holds up every lookup until its deadline.
   */
  async function changed(signal: AbortSignal): Promise<boolean> {
    const left = openedAt + GATHER_MS - now()
    if (left <= 0) return false
    return (await within(left, signal, timer, nextChange)) !== 'timeout'
  }

  function nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const leave = (): void => {
        unlisten()
        resolve()
      }
      const unlisten = keeper.onChange(leave)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  const asking = (name: string, tip: number, confirmations: number): Asking => {
    const octets = new TextEncoder().encode(name)
    // 0, which means no checkpoint, where the chain is that short: all updates come then.
    const checkpoint = Math.max(0, tip - confirmations + 1)
    return { name: octets, scripthash: scriptHash(sha256, octets), checkpoint }
  }

  async function findInChain(
    name: string,
    { anchor, chain }: Extract<ChainState, { kind: 'synced' }>,
    signal: AbortSignal,
  ): Promise<Finding | Unreachable> {
    const { height: tip, time } = chain.tip
    if (isStale(time)) return unreachable('stale-tip', 'no new block for too long')
    const ask = asking(name, tip, leastConfirmations)
    const asked = new Set<Server>()
    const hear = (server: Server, until: AbortSignal) => {
      asked.add(server)
      const tip = keeper.serverTips().get(server.session)
      return hearWithChain(server, ask, { sha256, chain, tip }, until)
    }
    const witnesses = await holdHearing({ servers, hear, onLie, timer, manners, log }, signal)
    const terms = { network, tip, leastConfirmations, configured: servers }
    const verdict = judgeByChain(witnesses, terms)
    // Perhaps it is in a block below the checkpoint, whose header is still on its way.
    const isBelow = verdict.kind === 'unconfirmed' && isFilling(chain)
    if (isBelow && operatorsOf(servers) > 1) return findInWindows(name, anchor, signal)
    return { verdict, assurance: 'proven', asking: ask, witnesses, tip, asked }
  }

  async function findInWindows(
    name: string,
    { bits }: Anchor,
    signal: AbortSignal,
  ): Promise<Finding | Unreachable> {
    const tips = keeper.serverTips()
    const fresh = servers.filter(({ session }) => tips.has(session) && !isStale(timeOf(tips.get(session)!)))
    const agreed = agreedHeight(fresh, tips) ?? 0
    const present = fresh.filter(
      ({ session }) => Math.abs(tips.get(session)!.height - agreed) <= MAX_TIP_DIFFERENCE,
    )
    if (operatorsOf(present) < 2) {
      if (servers.some(isComing) && (await changed(signal))) return find(name, signal)
      if (tips.size === 0) return unheard('no server has told its newest block yet')
      if (fresh.length < tips.size) return unreachable('stale-tip', 'no new block for too long')
      return unreachable('disagreement', 'no two operators are at the same block')
    }
    // All are asked for the same, or what they say could not be compared; a window needs its twelve headers.
    const tip = Math.min(...present.map(({ session }) => tips.get(session)!.height))
    const ask = asking(name, tip, Math.max(leastConfirmations, WINDOW_HEADERS))
    const asked = new Set<Server>()
    const hear = (server: Server, until: AbortSignal) => {
      asked.add(server)
      const ground = { sha256, network, bits, now: Math.floor(wallClock() / 1000) }
      return hearWithWindow(server, ask, { ...ground, tip: tips.get(server.session)! }, until)
    }
    const terms = { network, tip, leastConfirmations, configured: servers }
    // One of them may be lying: the next one to speak tells which.
    const isDecided = (heard: readonly Witness[]) => judgeByWindow(heard, terms).kind !== 'disagreement'
    const options = { servers: present, hear, onLie, isDecided, timer, manners, log }
    const witnesses = await holdHearing(options, signal)
    const verdict = judgeByWindow(witnesses, terms)
    return { verdict, assurance: 'attested', asking: ask, witnesses, tip, asked }
  }

  /** Whether a server is still about to tell its newest block. */
  function isComing({ session }: Server): boolean {
    const { kind } = session.state()
    const isThere = kind === 'idle' || kind === 'connecting' || kind === 'ready'
    return isThere && !keeper.serverTips().has(session)
  }

  /** A server that lies is never asked again, and the log says about what; never about which name. */
  function onLie({ server, code }: Extract<Witness, { kind: 'lied' }>): void {
    // Not the detail: it has the height, and with the public history of names that tells which one was looked up.
    log.error('server-lied', { server: formatAddress(server.session.address), about: code })
    server.session.ban(`lied: ${code}`)
  }

  const outcomeOf = ({ verdict, assurance }: Finding): NameOutcome => {
    switch (verdict.kind) {
      case 'found': {
        const { update, selection } = verdict
        return {
          kind: 'found',
          value: update.update.value,
          height: update.update.height,
          expiresIn: selection.expiresIn,
          txid: hashToText(update.update.txid),
          ...(selection.waiting > 0 ? { caveat: 'newer-waits', maxTtl: NEWER_WAITS_TTL } : {}),
          ...(verdict.operators < Math.min(2, operatorsOf(servers)) ? ONE_OPERATOR : {}),
          ...(assurance === 'attested' ? { caveat: 'attested' } : {}),
        }
      }
      case 'absent':
      case 'expired':
        return verdict.operators < 2
          ? { kind: verdict.kind, ...ONE_OPERATOR }
          : { kind: verdict.kind, ...(assurance === 'attested' ? { caveat: 'attested' } : {}) }
      case 'unconfirmed':
        return unreachable('unconfirmed', 'registered too lately')
      case 'unheard':
        return unreachable(verdict.code, verdict.detail)
      case 'disagreement':
        return unreachable('disagreement', verdict.detail)
    }
  }

  // The highest that two operators said. Attack: one of two that goes back and forth, so that no answer is kept.
  let attestedHeight = 0

  function currentTip(): Tip | undefined {
    const state = keeper.state()
    if (state.kind === 'synced') {
      const { hash, height, time } = state.chain.tip
      const epoch = hashToText(hash)
      // What is attested until all headers are there is dropped when they are.
      return {
        epoch: isFilling(state.chain) ? `${epoch} filling` : epoch,
        ...{ height, time, assurance: 'proven' },
      }
    }
    const [highest, second] = toldHeights(servers, keeper.serverTips())
    if (state.kind === 'starting' || highest === undefined) return undefined
    attestedHeight = Math.max(attestedHeight, second ?? 0)
    const height = attestedHeight || highest
    // Another epoch than any block's: what was attested is dropped when the headers are in.
    return { epoch: `attested ${height}`, height, assurance: 'attested' }
  }

  let lastTip: Tip | undefined

  /** The same object until it changes: `inOrder` goes by that. */
  function tip(): Tip | undefined {
    const current = currentTip()
    if (current?.epoch !== lastTip?.epoch) lastTip = current
    return lastTip
  }

  return {
    name: 'electrum',
    covers: 'every-name',
    find,
    tip,
    async lookup(name, signal) {
      const finding = await find(name, signal)
      return 'verdict' in finding ? outcomeOf(finding) : finding
    },
    async prove(name, signal) {
      const finding = await find(name, signal)
      if (!('verdict' in finding)) return unprovable('electrum', name, finding)
      const state = keeper.state()
      const chain = state.kind === 'synced' ? state.chain : undefined
      const tipOf = ({ session }: Server) => keeper.serverTips().get(session)
      const tools = { sha256, network, chain, tipOf, timer, onLie }
      return showProof(name, finding, outcomeOf(finding), tools, signal)
    },
    async state(): Promise<SourceState> {
      const known = tip()
      // Kept answers and proven headers still serve, but no lookup succeeds.
      if (now() - reachedAt() > UNREACHED_MS) return unready('network', 'no server can be reached')
      if (known === undefined) return unready('syncing', 'no server has been reached yet')
      if (known.assurance === 'attested' && operatorsOf(servers) < 2) {
        return unready('syncing', 'the headers are on their way')
      }
      if (known.time !== undefined && isStale(known.time))
        return unready('stale-tip', 'no new block for too long')
      return { kind: 'ready', tip: known }
    },
    close() {
      void keeper.close()
      for (const { session } of servers) session.close()
    },
  }
}

/** Whether headers below the checkpoint, in which names may live, are still on their way. */
const isFilling = (chain: HeaderChain): boolean => chain.lowest > lowestNeeded(chain)

/**
 * The highest block that two operators have reached, or one where there is only one. Attack: a height that is made up, to
 * make cached answers worthless and all other servers look late.
 */
function agreedHeight(servers: readonly Server[], tips: ReadonlyMap<Session, ServerTip>): number | undefined {
  const [highest, second] = toldHeights(servers, tips)
  return second ?? highest
}

/** The highest block of each operator, highest first. */
function toldHeights(servers: readonly Server[], tips: ReadonlyMap<Session, ServerTip>): readonly number[] {
  const byOperator = new Map<string, number>()
  for (const { session, operator } of servers) {
    const height = tips.get(session)?.height
    if (height !== undefined) byOperator.set(operator, Math.max(height, byOperator.get(operator) ?? 0))
  }
  return [...byOperator.values()].sort((one, other) => other - one)
}

/** Seconds since 1970, by the header. */
const timeOf = ({ header }: ServerTip): number =>
  new DataView(header.buffer, header.byteOffset).getUint32(68, true)

const unready = (code: UnreachableCode, detail: string): SourceState => ({ kind: 'unready', code, detail })
