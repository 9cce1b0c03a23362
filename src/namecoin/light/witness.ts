import { isExpired } from '../chain/expiry.ts'
import { hashToText, type Sha256, sameOctets, sha256d } from '../chain/hash.ts'
import { HEADER_OCTETS, parseHeaders } from '../chain/header.ts'
import type { HeaderChain } from '../chain/header-chain.ts'
import type { Network } from '../chain/network.ts'
import type { Refused } from '../chain/refused.ts'
import type { Update } from '../chain/selection.ts'
import {
  type Evidence,
  type ProofCode,
  type Proven,
  proveByChain,
  proveByWindow,
  WINDOW_HEADERS,
} from '../chain/value-proof.ts'
import { type Failed, failed } from '../electrum/failure.ts'
import type { ServerTip } from '../electrum/replies.ts'
import { getBlockHeaders } from '../electrum/requests.ts'
import type { Server } from './server.ts'
import { type Asking, askForName, type Claim } from './testimony.ts'

/** An update that is proven, with what proves it: enough to prove it to others. */
export interface ProvenUpdate extends Proven {
  readonly evidence: Evidence
}

/** What came of asking one server and checking what it said. */
export type Witness =
  | {
      readonly kind: 'spoke'
      readonly server: Server
      /** What it proved. */
      readonly updates: readonly ProvenUpdate[]
      /** What it said, in a form that is equal when two servers say the same: heights and transactions, newest first. */
      readonly statement: string
      /** The tip its account is for: the server's own, or ours when that is proven. */
      readonly tip: number
    }
  /** What it sent is no proof, and no honest server sends such a thing. */
  | { readonly kind: 'lied'; readonly server: Server; readonly code: string; readonly detail: string }
  | { readonly kind: 'silent'; readonly server: Server; readonly failure: Failed }

/** Blocks at the tip that may be replaced: two honest servers may differ about them, so nothing there is called a lie. */
export const UNSETTLED_BLOCKS = 6

/** What comes of an honest proof, too, when it is of another chain than ours. */
const OTHER_CHAIN: readonly ProofCode[] = ['foreign-header', 'wrong-merkle-root']

/** What proofs are checked against when there is a chain of our own. */
export interface ChainGround {
  readonly sha256: Sha256
  readonly chain: HeaderChain
  /** What the server says its newest block is, if it has. */
  readonly tip: ServerTip | undefined
}

/**
 * Asks a server, and checks all that it says against our own chain. What it says of blocks above our tip is not
 * believed, and not held against it either; nor is what it says of another chain, which may yet prove the better one.
 */
export async function hearWithChain(
  server: Server,
  asking: Asking,
  ground: ChainGround,
  signal: AbortSignal,
): Promise<Witness> {
  const { sha256, chain } = ground
  const testimony = await askForName(server.session, asking, signal)
  if (testimony.kind === 'failed') return { kind: 'silent', server, failure: testimony }
  const tip = chain.tip.height
  const newest = testimony.updates[0]
  // Below what we keep nothing can be proven: that a name has ended there is the server's word.
  if (newest !== undefined && newest.height < chain.lowest && isExpired(chain.network, newest.height, tip)) {
    return { kind: 'spoke', server, updates: [], statement: isCurrent(ground) ? EXPIRED : UNCERTAIN, tip }
  }
  const updates: ProvenUpdate[] = []
  for (const { height, evidence } of testimony.updates) {
    if (evidence === undefined || height < chain.lowest) continue
    const outcome = proveByChain(sha256, chain, evidence)
    if (outcome.kind === 'proven') updates.push({ ...outcome, evidence })
    else if (outcome.code === COLLIDING) continue
    else if (AMBIGUOUS.includes(outcome.code)) return { kind: 'silent', server, failure: ambiguous(outcome) }
    else if (OTHER_CHAIN.includes(outcome.code) && !isOfOurs(ground)) {
      const failure = failed('wrong-chain', 'its newest block is none of ours')
      return { kind: 'silent', server, failure }
    } else if (height <= tip - UNSETTLED_BLOCKS) {
      return { kind: 'lied', server, code: outcome.code, detail: outcome.detail }
    }
  }
  const statement = isCurrent(ground) ? statementOf(testimony.updates, updates) : UNCERTAIN
  return { kind: 'spoke', server, updates, statement, tip }
}

/** Whether the server's newest block is in our chain. */
export function isOfOurs({ sha256, chain, tip }: ChainGround): boolean {
  const ours = tip === undefined ? undefined : chain.hashAt(tip.height)
  return ours !== undefined && sameOctets(ours, sha256d(sha256, tip!.header.subarray(0, HEADER_OCTETS)))
}

/** What comes of a window without anybody's having lied: a tip, a clock, or a difficulty that differs from what we expect. */
const NO_LIES: readonly ProofCode[] = ['stale-tip', 'short-window', 'time-too-new', 'too-easy']

/**
 * What we refuse of an honest proof, too. Attack: anybody can grind a transaction whose place in the tree looks like
 * this; were it a lie, one lookup of his name would cost us every honest server.
 */
const AMBIGUOUS: readonly ProofCode[] = [
  'inner-node-is-transaction',
  'transaction-like-a-node',
  'duplicated-sibling',
]

const ambiguous = ({ code }: Refused<ProofCode>): Failed => failed('ambiguous', `no proof: ${code}`)

/**
 * An update of another name, honestly sent. Attack: whoever makes two names that servers cannot tell apart, to have
 * every honest server banned. It is none of ours, and as it may hide one of ours, no sign of absence either.
 */
const COLLIDING: ProofCode = 'colliding-name'

/** Blocks that an honest server may be behind us and still know of every name. */
const MAX_BEHIND = 2

/** The statement of a server that has stopped following the chain: what it proves counts, what it does not know does not. */
export const UNCERTAIN = '?'

const isCurrent = ({ chain, tip }: ChainGround): boolean =>
  tip === undefined || tip.height >= chain.tip.height - MAX_BEHIND

/** The statement of a server that says that the name's last registration has run out. */
export const EXPIRED = 'expired'

/** What is known while there is no chain of our own. */
export interface WindowGround {
  readonly sha256: Sha256
  readonly network: Network
  /** Bits of a block that we trust. */
  readonly bits: number
  /** Seconds since 1970. */
  readonly now: number
  /** What the server says its newest block is. */
  readonly tip: ServerTip
}

/**
 * Asks a server, and checks that twelve blocks of work stand on what it says: the floating window of light-client.md
 * §10. Costs a second round trip.
 */
export async function hearWithWindow(
  server: Server,
  asking: Asking,
  ground: WindowGround,
  signal: AbortSignal,
): Promise<Witness> {
  const testimony = await askForName(server.session, asking, signal)
  if (testimony.kind === 'failed') return { kind: 'silent', server, failure: testimony }
  const tip = ground.tip.height
  const newest = testimony.updates[0]
  if (newest !== undefined && isExpired(ground.network, newest.height, tip)) {
    return { kind: 'spoke', server, updates: [], statement: EXPIRED, tip }
  }
  const evidence = testimony.updates.find(({ height }) => height <= asking.checkpoint)?.evidence
  if (evidence === undefined) {
    return { kind: 'spoke', server, updates: [], statement: statementOf(testimony.updates, []), tip }
  }
  const answer = await getBlockHeaders(server.session, evidence.height, WINDOW_HEADERS, signal, 'lookup')
  if (answer.kind !== 'result') {
    const failure: Failed = answer.kind === 'failed' ? answer : failed('network', answer.message)
    return { kind: 'silent', server, failure }
  }
  const lied = ({ code, detail }: { code: string; detail: string }): Witness => ({
    kind: 'lied',
    server,
    code,
    detail,
  })
  const headers = parseHeaders(ground.sha256, answer.result.headers, answer.result.count)
  if (headers.kind === 'refused') return lied(headers)
  const terms = { bits: ground.bits, now: ground.now, tip }
  const outcome = proveByWindow(ground.sha256, ground.network, terms, evidence, headers.headers)
  // An honest server that has lost its peers, or our own slow clock, makes no liar, but no witness either.
  if (outcome.kind === 'refused' && NO_LIES.includes(outcome.code)) {
    return { kind: 'silent', server, failure: failed('wrong-chain', `no window: ${outcome.code}`) }
  }
  if (outcome.kind === 'refused' && AMBIGUOUS.includes(outcome.code)) {
    return { kind: 'silent', server, failure: ambiguous(outcome) }
  }
  if (outcome.kind === 'refused' && outcome.code !== COLLIDING) return lied(outcome)
  const updates = outcome.kind === 'proven' ? [{ ...outcome, evidence }] : []
  return { kind: 'spoke', server, updates, statement: statementOf(testimony.updates, updates), tip }
}

/** Whether all that a server speaks of is proven, so that it is a witness for there being nothing else. */
export const isWholly = (statement: string): boolean => !statement.includes('?')

/** How many updates above a height a statement speaks of, proven or not. */
export const updatesAbove = (statement: string, height: number): number =>
  statement.split(' ').filter((update) => Number.parseInt(update, 10) > height).length

/** Heights, and the transactions of those that are proven: the rest could be anything. */
const statementOf = (claims: readonly Claim[], proven: readonly ProvenUpdate[]): string =>
  claims
    .map(({ height, evidence }) => {
      const update: Update | undefined = proven.find((one) => one.evidence === evidence)?.update
      return `${height}:${update === undefined ? '?' : hashToText(update.txid)}`
    })
    .join(' ')
