import { type HeaderServer, isReady } from './header-sync-servers.ts'

/** When a chain may be called synced: as soon as nobody can be expected to know of one with more work. */

/**
 * Milliseconds that servers get to connect and to say what they have, before the chain may be called synced without
 * them: some six round trips, and three seconds for a packet that is lost twice in a row (RFC 6298 §2).
 *
 * Attack: a weaker fork on a server that is faster than the honest ones. It needs twelve blocks of real work to say
 * anything false of a name, and for who comes later the chain with more work takes its place and its answers are dropped;
 * a server that never says a word holds up nobody for longer than this.
 */
export const GATHER_MS = 5_000

/**
 * Milliseconds that a server on another chain may take to show it, before the chain is called synced without it.
 * Attack: a server that shows its headers one by one, to keep us from ever being synced.
 */
const STRAY_MS = 30 * 60_000

/**
 * Milliseconds that a server may claim blocks without showing a new one, before the chain is called synced without them:
 * the budget for 200 headers comes back in two minutes. Attack: a claim of a block that does not exist, by a server that
 * is never in a state to be asked for it.
 */
export const OWING_MS = 5 * 60_000

/**
 * Whether the chain may be called synced.
 *
 * @param startedAt - when servers were first asked, on the clock of `now`
 */
export function maySaySynced(servers: readonly HeaderServer[], now: number, startedAt: number): boolean {
  const ready = servers.filter(isReady)
  if (!ready.some(({ standing }) => standing === 'ours' || standing === 'lighter')) return false
  if (now - startedAt < GATHER_MS && servers.some(isComing)) return false
  return !ready.some((server) => isOpen(server, now))
}

/** Whether a server claims something that has not been looked into as far as it can be. */
export const isUnfinished = ({ standing, claim }: HeaderServer): boolean =>
  claim !== undefined && (standing === 'unknown' || standing === 'stray')

/** Whether a server may still be about to say what it has. */
const isComing = ({ session, claim }: HeaderServer): boolean => {
  const { kind } = session.state()
  return kind === 'idle' || kind === 'connecting' || (kind === 'ready' && claim === undefined)
}

/**
 * Whether a server can be expected to show blocks that it claims. Not one that has used up what it may be asked for by
 * sending what nobody asked for: we alone never go below nothing.
 */
export const isOwing = ({ session, standing, claim, owesSince }: HeaderServer, now: number): boolean =>
  claim !== undefined && standing === 'unknown' && session.budget.left() >= 0 && now - owesSince < OWING_MS

/** Whether what a server claims has to be looked into before anything can be said. */
function isOpen(server: HeaderServer, now: number): boolean {
  if (now < server.restUntil) return false
  return isOwing(server, now) || (server.standing === 'stray' && now - server.strayedAt < STRAY_MS)
}
