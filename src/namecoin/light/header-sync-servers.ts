import type { Log } from '../../log.ts'
import { sameOctets } from '../chain/hash.ts'
import type { Header } from '../chain/header.ts'
import { type HeaderChain, MAX_FUTURE_SECONDS, type Tip } from '../chain/header-chain.ts'
import { authority } from '../electrum/address.ts'
import { bandwidthCost, callCost } from '../electrum/budget.ts'
import type { ServerTip } from '../electrum/replies.ts'
import type { Session } from '../electrum/session.ts'
import type { Server } from './server.ts'

/** What is known of the servers that headers come from. */

/** What a server's claim turned out to be. */
export type Standing =
  | 'unknown' // not looked into yet
  | 'ours' // a block of our chain
  | 'lighter' // the end of a chain with less work than ours
  | 'unproven' // it has not shown the headers up to it
  | 'stray' // its chain leaves ours so far below that only a chain of its own can tell which has more work

/** A server's newest block as it says: nothing is proven by it but what its header shows. */
export interface Claim {
  readonly height: number
  readonly header: Header
  readonly tip: ServerTip
}

export interface HeaderServer extends Server {
  claim: Claim | undefined
  standing: Standing
  /** Not asked before this, on the monotonic clock. */
  restUntil: number
  /** Failures in a row. */
  failures: number
  /** Headers to ask for at once: fewer after a failure, as the reply may have been too long or too slow for it. */
  most: number
  /** Slices that were asked for and have not come. */
  underWay: number
  /** Since when its chain has ended more than `BEHIND_BLOCKS` below ours. */
  behindSince: number | undefined
  /** Since when it is a stray. */
  strayedAt: number
  /** Since when it has owed the headers up to what it claims, without showing one that was new; see `takeClaim`. */
  owesSince: number
  /** Height of our tip when that began. */
  owesFrom: number
}

/** Blocks that a server may be behind: news take time, and blocks come in bunches. Source: light-client.md §10. */
export const BEHIND_BLOCKS = 2

/** Milliseconds behind after which a server is not asked for headers any more. */
const BEHIND_MS = 30 * 60_000

/**
 * Headers asked for at once. 200 are some 0.5 MB of hex, which Workers' WebSockets take, and 35 ms to check in pure
 * JavaScript (light-client.md §6, §10).
 */
export const SLICE_HEADERS = 200

/** And at least of a server that is slow or busy; where the reply was too long, `shrink` goes on down to one. */
const LEAST_HEADERS = 10

/** Slices under way to one server: the next is on its way while the last is checked. */
const MAX_SLICES_UNDER_WAY = 2

/** Rest after the first failure, milliseconds; it doubles. */
export const FIRST_REST_MS = 5_000
/** And at most. */
const LONGEST_REST_MS = 5 * 60_000

/** Hex digits to expect for a header with AuxPoW: 1,250 octets in 2026 (light-client.md §9). */
const HEADER_HEX_OCTETS = 2_500

export function headerServer(session: Session, operator: string): HeaderServer {
  return {
    ...{ session, operator, claim: undefined, standing: 'unknown', restUntil: 0, failures: 0 },
    ...{ most: SLICE_HEADERS, underWay: 0, behindSince: undefined, strayedAt: 0 },
    ...{ owesSince: 0, owesFrom: 0 },
  }
}

/** For logs. */
export const nameOf = ({ session: { address } }: Server): string => authority(address.host, address.port)

export const isReady = ({ session }: Server): boolean => session.state().kind === 'ready'

/** Whether it was behind for long enough to be of no use. */
export const isDemoted = ({ behindSince }: HeaderServer, now: number): boolean =>
  behindSince !== undefined && now - behindSince >= BEHIND_MS

/** Whether so many headers may be asked of it now. */
export function mayAsk(server: HeaderServer, count: number, now: number): boolean {
  const cost = callCost('blockchain.block.headers', [0, count]) + bandwidthCost(count * HEADER_HEX_OCTETS)
  if (server.underWay >= MAX_SLICES_UNDER_WAY || now < server.restUntil) return false
  return isReady(server) && !isDemoted(server, now) && server.session.budget.allows(cost, 'bulk')
}

/** The one to ask next: who has least to do, and of those who can bear most. So all get their turn. */
export function leastBusy(servers: readonly HeaderServer[]): HeaderServer | undefined {
  return [...servers].sort(
    (one, other) => one.underWay - other.underWay || other.session.budget.left() - one.session.budget.left(),
  )[0]
}

/**
 * Takes up what a server says is its newest block.
 *
 * How long it may owe the headers up to it counts from its first claim. Only a server that claimed our tip before begins
 * anew, and once a tip. Attack: another claim every minute, true and false ones by turns, so that none is ever old.
 *
 * @param tip - of our chain, where there is one
 * @param now - milliseconds, on the monotonic clock
 */
export function takeClaim(server: HeaderServer, claim: Claim, tip: Tip | undefined, now: number): void {
  const { claim: before, standing } = server
  server.claim = claim
  if (before === undefined) server.owesSince = now
  else if (sameOctets(before.header.hash, claim.header.hash)) return
  if (standing === 'stray') return // A stray's next block is a stray's, too.
  const isFromTip =
    tip !== undefined &&
    tip.height > server.owesFrom &&
    before !== undefined &&
    sameOctets(before.header.hash, tip.hash)
  if (standing === 'ours' && isFromTip) Object.assign(server, { owesSince: now, owesFrom: tip.height })
  server.standing = 'unknown'
}

/** Does without a server for a while, and asks it for less then. */
export function rest(server: HeaderServer, now: number): void {
  server.failures += 1
  server.most = Math.min(server.most, Math.max(LEAST_HEADERS, Math.floor(server.most / 2)))
  server.restUntil = now + Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** Math.min(server.failures - 1, 30))
}

/**
 * Asks a server for less after a reply to so many headers was too long: that is the miners' doing, not the server's.
 * Whether there is less to ask for than was asked.
 */
export function shrink(server: HeaderServer, count: number): boolean {
  const isAsIntended = count > 1 && count <= server.most
  server.most = Math.min(server.most, Math.max(1, Math.floor(count / 2)))
  return isAsIntended
}

/** Bans a server and says what it lied about: the first time, as more of its headers may be on their way. */
export function ban(server: Server, lie: string, detail: string, log: Log): void {
  if (server.session.state().kind === 'banned') return
  log.warn('server-banned', { server: nameOf(server), operator: server.operator, lie, detail })
  server.session.ban(`${lie}: ${detail}`)
}

/**
 * After so many headers came as they should. Fewer than may be asked for at once prove nothing of more; nor do more,
 * which were on their way when another slice turned out to be too long.
 */
export function praise(server: HeaderServer, count: number): void {
  server.failures = 0
  if (count === server.most) server.most = Math.min(SLICE_HEADERS, count * 2)
}

/** Marks the claims that need no looking into: of blocks that we have, or that are too old to matter. */
export function settleClaims(servers: readonly HeaderServer[], chain: HeaderChain): void {
  for (const server of servers) {
    const { claim, standing } = server
    if (claim === undefined || standing === 'ours') continue
    const ours = chain.hashAt(claim.height)
    if (ours !== undefined && sameOctets(ours, claim.header.hash)) server.standing = 'ours'
    else if (standing === 'unknown' && claim.height < Math.max(chain.anchor.height, chain.lowest - 1))
      server.standing = 'lighter'
  }
}

/**
 * Puts the newest block of a server on top of our chain where it follows one of ours: most blocks come this way, without
 * asking for anything. Whether the chain has changed.
 *
 * @param now - seconds since 1970
 */
export function offer(server: HeaderServer, chain: HeaderChain, now: number, log: Log): boolean {
  const { claim } = server
  if (claim === undefined) return false
  const appended = chain.append([claim.header], now)
  switch (appended.kind) {
    case 'extended':
    case 'reorganised':
      server.standing = 'ours'
      return true
    case 'known':
      server.standing = 'ours'
      return false
    case 'lighter':
      server.standing = 'lighter'
      return false
    case 'refused':
      if (appended.code === 'time-too-new') server.standing = 'unproven'
      else if (appended.code !== 'unknown-parent')
        ban(server, appended.code, `its newest block: ${appended.detail}`, log)
      return false
  }
}

/** A block from the future is no lie that we can tell from a clock of ours that is slow. */
export const CLOCK_HINT = `more than ${MAX_FUTURE_SECONDS} s ahead of our clock: is it right?`
