import type { Log } from '../../log.ts'
import type { Timer } from '../deadline.ts'
import { isLow } from '../electrum/budget.ts'
import { type FailureCode, failed } from '../electrum/failure.ts'
import { nameOf } from './header-sync-servers.ts'
import { operatorsOf, type Server } from './server.ts'
import type { Witness } from './witness.ts'

/** Servers asked about a name at first: two operators must agree on an absence, and one may be silent. */
export const ASKED_AT_FIRST = 3

/** Operators that must have spoken before one stops listening, where there are as many. */
export const WITNESSES = 2

/**
 * Milliseconds to wait for the other servers once one has spoken. The newest valid proof wins, so that one honest
 * server is enough, if it is listened to: a liar that withholds the newest update is quick.
 */
export const PATIENCE_MS = 1_000

/**
 * Milliseconds from the beginning after which one operator's word must do: less than a client waits. What it proves is
 * true, if perhaps not the newest; that there is nothing, it cannot say alone.
 */
export const LONG_PATIENCE_MS = 3_000

/** Milliseconds after which a server that was not waited for is waited for again. */
const SLOW_MS = 30_000

export interface HearingOptions {
  readonly servers: readonly Server[]
  readonly hear: (server: Server, signal: AbortSignal) => Promise<Witness>
  /** Called with every lie. */
  readonly onLie: (lie: Extract<Witness, { kind: 'lied' }>) => void
  /** Whether what was heard is enough, once as many operators have spoken as are needed; left out: it is. */
  readonly isDecided?: (heard: readonly Witness[]) => boolean
  readonly timer: Timer
  readonly manners: Manners
  readonly log: Log
}

/** Silence that is no fault of the server's: what was asked, or how much of it. Others are waited for on. */
const OURS: readonly FailureCode[] = ['too-long', 'ambiguous', 'budget', 'busy']

/** What is remembered of servers from hearing to hearing: who was slow of late is asked, but not waited for. */
export interface Manners {
  isSlow(server: Server): boolean
  wasSlow(server: Server): void
  wasQuick(server: Server): void
}

/** @param now milliseconds, of a clock that never goes back */
export function rememberManners(now: () => number): Manners {
  const slowUntil = new Map<Server, number>()
  return {
    isSlow: (server) => (slowUntil.get(server) ?? 0) > now(),
    wasSlow: (server) => slowUntil.set(server, now() + SLOW_MS),
    wasQuick: (server) => slowUntil.delete(server),
  }
}

/**
 * Asks servers until enough of them have spoken, and gives back all that was said. Ends
 *
 * - when all that were asked have answered, and two operators, or as many as there are, have said enough;
 * - or some patience after the last one that was needed, or after all but those who were slow of late;
 * - or a longer patience after the beginning, once anybody has spoken;
 * - or when the signal aborts.
 *
 * In place of one that lies or is silent another one is asked.
 */
export function holdHearing(options: HearingOptions, signal: AbortSignal): Promise<readonly Witness[]> {
  const { hear, onLie, isDecided = () => true, timer, manners, log } = options
  const waitingRoom = inOrderOfUse(options.servers, manners)
  const needed = Math.min(WITNESSES, operatorsOf(options.servers))
  return new Promise((resolve) => {
    const heard: Witness[] = []
    const asked = new Set<Server>()
    const controller = new AbortController()
    let cancelPatience: (() => void) | undefined
    let isLate = false
    let over = false

    const spoken = () =>
      operatorsOf(heard.filter((witness) => witness.kind === 'spoke').map(({ server }) => server))

    function finish(): void {
      if (over) return
      over = true
      cancelPatience?.()
      cancelLongPatience()
      signal.removeEventListener('abort', finish)
      for (const server of asked) manners.wasSlow(server)
      controller.abort()
      resolve(heard)
    }

    function next(): void {
      if (over) return
      const operators = spoken()
      const isEnough = operators >= needed && isDecided(heard)
      const areAllSlow = [...asked].every((server) => manners.isSlow(server))
      if (asked.size === 0 && waitingRoom.length === 0) finish()
      else if (isEnough && areAllSlow) finish()
      else if (isLate && operators > 0) finish()
      else if (asked.size === 0 && !isEnough) askAnother()
      else if (isEnough || (areAllSlow && operators > 0)) cancelPatience ??= timer(PATIENCE_MS, finish)
    }

    /** What a server says. Attack: whatever makes our own code throw must not keep the others from being heard. */
    async function listen(server: Server): Promise<Witness> {
      try {
        const witness = await hear(server, AbortSignal.any([controller.signal]))
        if (!over && witness.kind === 'lied') onLie(witness)
        return witness
      } catch (error) {
        log.error('hearing-failed', { server: nameOf(server), error: kindOf(error) })
        return { kind: 'silent', server, failure: failed('protocol', 'a mistake of ours') }
      }
    }

    function askAnother(): void {
      const another = waitingRoom.shift()
      if (another !== undefined) ask(another)
    }

    function ask(server: Server): void {
      asked.add(server)
      void listen(server).then((witness) => {
        if (over) return
        asked.delete(server)
        heard.push(witness)
        if (witness.kind === 'spoke') manners.wasQuick(server)
        else {
          if (witness.kind === 'silent' && !OURS.includes(witness.failure.code)) manners.wasSlow(server)
          askAnother()
        }
        next()
      })
    }

    const cancelLongPatience = timer(LONG_PATIENCE_MS, () => {
      isLate = true
      next()
    })
    signal.addEventListener('abort', finish, { once: true })
    if (signal.aborted) {
      finish()
      return
    }
    for (const server of waitingRoom.splice(0, askedAtFirst(waitingRoom))) ask(server)
    next()
  })
}

/** Fewer where the last of them has little left for us: the others, if one is silent, are not too late then either. */
const askedAtFirst = (waitingRoom: readonly Server[]): number =>
  waitingRoom.slice(WITNESSES, ASKED_AT_FIRST).some(isSpent) ? WITNESSES : ASKED_AT_FIRST

/**
 * Those who can be asked, one of each operator first, so that a hearing begins with as many operators as there are. Last
 * those that cannot be reached, then who is slow, then who has little left for us: so a flood of lookups spreads over
 * all there are.
 */
function inOrderOfUse(servers: readonly Server[], manners: Manners): Server[] {
  const rank = (server: Server) =>
    (server.session.state().kind === 'waiting' ? 4 : 0) +
    (manners.isSlow(server) ? 2 : 0) +
    (isSpent(server) ? 1 : 0)
  const usable = servers
    .filter(({ session }) => !['banned', 'closed'].includes(session.state().kind))
    .map((server) => ({ server, rank: rank(server) }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ server }) => server)
  const seen = new Set<string>()
  const first = usable.filter(({ operator }) => !seen.has(operator) && seen.add(operator))
  return [...first, ...usable.filter((server) => !first.includes(server))]
}

const isSpent = ({ session }: Server): boolean => isLow(session.budget)

/** An error's class and where it was thrown. Never its message, which may have the name in it. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const at = /^\s+at .*$/m.exec(error.stack ?? '')?.[0].trim() ?? ''
  return `${error.name} ${at}`
}
