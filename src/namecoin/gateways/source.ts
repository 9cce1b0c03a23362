import type { Log } from '../../log.ts'
import { hashToText, type Sha256 } from '../chain/hash.ts'
import type { HeaderChain } from '../chain/header-chain.ts'
import type { Network } from '../chain/network.ts'
import { selectUpdate } from '../chain/selection.ts'
import { type Evidence, type Proven, proveByChain } from '../chain/value-proof.ts'
import type { Timer } from '../deadline.ts'
import { toHex } from '../hex.ts'
import { readText } from '../json-rpc.ts'
import type { ChainKeeper } from '../light/keeper.ts'
import { type NameProof, trustedProof, unprovable } from '../proof.ts'
import type { NameOutcome, NameSource, SourceState, Tip } from '../source.ts'
import { type Unreachable, unreachable } from '../unreachable.ts'
import { canvass } from './canvass.ts'
import { readStatement, type Statement, silent } from './statement.ts'

export interface GatewaySourceOptions {
  readonly sha256: Sha256
  readonly network: Network
  /** The gateways' DoH URLs, in the order in which they are asked, each of another operator. */
  readonly gateways: readonly string[]
  /** How many of them must have answered. */
  readonly agree: number
  /** Keeps the headers that proofs are checked against. */
  readonly keeper: Pick<ChainKeeper, 'state'>
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
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
  /** Ends what keeps the headers. */
  readonly close: () => void
}

/** Longest proof that is read, octets: transaction and header can have 262,144 octets each, twice as much in hex. */
const MAX_PROOF_OCTETS = 2 * 1024 * 1024
/** Gateways that must say that there is nothing, which cannot be proven (light-client.md §10). */
const LEAST_FOR_NOTHING = 2
/** Seconds that an absence may live which only one gateway vouches for. */
const ONE_GATEWAY_TTL = 30
/** Milliseconds between two lines about proofs of one gateway that do not hold. */
const REFUSED_LINE_MS = 60_000

type Heard =
  | { readonly kind: 'proven'; readonly proven: Proven; readonly evidence: Evidence }
  | Exclude<Statement, { kind: 'update' }>

/** What was said of a name, and the chain that it was held against. */
interface Hearing {
  readonly heard: readonly Heard[]
  readonly chain: HeaderChain
}

const isSpoken = (heard: Heard): boolean => heard.kind !== 'silent'

/**
 * Values of names from other gateways, none of which is believed: each comes with its transaction and the branch to its
 * block, and counts if that block is in the chain of headers that we keep ourselves. The newest one wins, whoever
 * showed it. That a name does not exist cannot be proven: two gateways must say so.
 */
export function gatewaySource(options: GatewaySourceOptions): NameSource {
  const { sha256, network, gateways, keeper, leastConfirmations, maxTipAge, timer, log } = options
  const needed = Math.min(gateways.length, Math.max(LEAST_FOR_NOTHING, options.agree))
  const refusedAt = new Map<string, number>()

  const chainNow = (): HeaderChain | undefined => {
    const state = keeper.state()
    return state.kind === 'synced' ? state.chain : undefined
  }
  const isStale = ({ tip }: HeaderChain): boolean =>
    maxTipAge !== undefined && options.wallClock() - tip.time * 1000 > maxTipAge

  async function askFor(name: string, gateway: string, signal: AbortSignal): Promise<Statement> {
    try {
      const url = new URL(`./proof/${encodeURIComponent(name)}`, gateway).href
      const headers = { accept: 'application/json' }
      // No redirect is followed: nobody is told of a name whom the settings do not name.
      const response = await options.fetch(url, { headers, redirect: 'manual', signal })
      const text = await readText(response, MAX_PROOF_OCTETS)
      return text === undefined ? silent('protocol', 'it is too long') : readStatement(text, name)
    } catch {
      return silent(signal.aborted ? 'timeout' : 'network', 'it cannot be reached')
    }
  }

  async function hear(
    name: string,
    gateway: string,
    chain: HeaderChain,
    signal: AbortSignal,
  ): Promise<Heard> {
    const statement = await askFor(name, gateway, signal)
    if (statement.kind !== 'update') return statement
    const { evidence } = statement
    if (evidence.height < chain.lowest) return silent('syncing', 'the headers are on their way')
    if (evidence.height > chain.tip.height) return silent('syncing', 'its block has not come here yet')
    const outcome = proveByChain(sha256, chain, evidence)
    if (outcome.kind === 'proven') return { kind: 'proven', proven: outcome, evidence }
    noteRefused(gateway, outcome.code)
    return silent('protocol', 'its proof does not hold')
  }

  /** Not a lie for certain, when the chain is being reorganised; and never which name it was about. */
  function noteRefused(gateway: string, about: string): void {
    if (options.now() - (refusedAt.get(gateway) ?? Number.NEGATIVE_INFINITY) < REFUSED_LINE_MS) return
    refusedAt.set(gateway, options.now())
    log.warn('gateway-proof-refused', { gateway, about })
  }

  async function listen(name: string, signal: AbortSignal): Promise<Hearing | Unreachable> {
    const chain = chainNow()
    if (chain === undefined) return unreachable('syncing', 'the headers are on their way')
    if (isStale(chain)) return unreachable('stale-tip', 'no new block for too long')
    const ask = (gateway: string, until: AbortSignal) => hear(name, gateway, chain, until)
    return { heard: await canvass(gateways, needed, ask, isSpoken, { timer, signal }), chain }
  }

  function judge({ heard, chain }: Hearing): NameOutcome {
    const spoken = heard.filter(isSpoken).length
    const failure = heard.find((each) => each.kind === 'silent')
    if (spoken === 0) return unreachable(failure?.code ?? 'timeout', failure?.detail ?? 'no gateway answered')
    const updates = heard.flatMap((each) => (each.kind === 'proven' ? [each.proven.update] : []))
    const selection = selectUpdate(network, updates, chain.tip.height, leastConfirmations)
    switch (selection.kind) {
      case 'found': {
        if (spoken < options.agree) return unreachable('disagreement', 'too few gateways answered')
        const { value, height, txid } = selection.update
        return { kind: 'found', value, height, expiresIn: selection.expiresIn, txid: hashToText(txid) }
      }
      case 'unconfirmed':
        return unreachable('unconfirmed', 'registered too lately')
      default:
        if (spoken < needed) return unreachable('disagreement', 'too few gateways say that there is nothing')
        return needed >= LEAST_FOR_NOTHING
          ? { kind: selection.kind }
          : { kind: selection.kind, caveat: 'one-operator', maxTtl: ONE_GATEWAY_TTL }
    }
  }

  function tip(): Tip | undefined {
    const known = chainNow()?.tip
    if (known === undefined) return undefined
    const { hash, height, time } = known
    return { epoch: hashToText(hash), height, time, assurance: 'proven' }
  }

  return {
    name: 'doh',
    covers: 'every-name',
    async lookup(name, signal) {
      const hearing = await listen(name, signal)
      return 'heard' in hearing ? judge(hearing) : hearing
    },
    async prove(name, signal) {
      const hearing = await listen(name, signal)
      if (!('heard' in hearing)) return unprovable('doh', name, hearing)
      const outcome = judge(hearing)
      const proof = trustedProof('doh', name, outcome, tip())
      return outcome.kind === 'unreachable' ? proof : { ...proof, ...shown(outcome, hearing) }
    },
    tip,
    async state(): Promise<SourceState> {
      const chain = chainNow()
      const known = tip()
      if (chain === undefined || known === undefined)
        return { kind: 'unready', code: 'syncing', detail: 'the headers are on their way' }
      return isStale(chain)
        ? { kind: 'unready', code: 'stale-tip', detail: 'no new block for too long' }
        : { kind: 'ready', tip: known }
    },
    close: options.close,
  }
}

/** What proves a value, as far as it was looked at here; that there is nothing is what gateways say. */
function shown(outcome: NameOutcome, { heard }: Hearing): Partial<NameProof> {
  if (outcome.kind !== 'found') return { assurance: 'attested' }
  const found = heard.find(
    (each) => each.kind === 'proven' && hashToText(each.proven.update.txid) === outcome.txid,
  )
  if (found?.kind !== 'proven') return {}
  const { proven, evidence } = found
  return {
    assurance: 'proven',
    transaction: toHex(evidence.transaction),
    branch: evidence.branch.map(hashToText),
    position: evidence.position,
    blockHash: hashToText(proven.block.hash),
  }
}
