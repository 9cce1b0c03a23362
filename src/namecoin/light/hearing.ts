import type { Timer } from '../deadline.ts'
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
  readonly timer: Timer
  readonly manners: Manners
}

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
 * - when all that were asked have answered, and two operators, or as many as there are, have spoken;
 * - or some patience after the last one that was needed, or after all but those who were slow of late;
 * - or a longer patience after the beginning, once anybody has spoken;
 * - or when the signal aborts.
 *
 * In place of one that lies or is silent another one is asked.
 */
export function holdHearing(options: HearingOptions, signal: AbortSignal): Promise<readonly Witness[]> {
  const { hear, onLie, timer, manners } = options
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
      const isEnough = operators >= needed
      const areAllSlow = [...asked].every((server) => manners.isSlow(server))
      if (asked.size === 0 && waitingRoom.length === 0) finish()
      else if (isEnough && areAllSlow) finish()
      else if (isLate && operators > 0) finish()
      else if (isEnough || (areAllSlow && operators > 0)) cancelPatience ??= timer(PATIENCE_MS, finish)
    }

    function ask(server: Server): void {
      asked.add(server)
      void hear(server, controller.signal).then((witness) => {
        if (over) return
        asked.delete(server)
        heard.push(witness)
        if (witness.kind === 'spoke') manners.wasQuick(server)
        else {
          if (witness.kind === 'lied') onLie(witness)
          else manners.wasSlow(server)
          const substitute = waitingRoom.shift()
          if (substitute !== undefined) ask(substitute)
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
    for (const server of waitingRoom.splice(0, ASKED_AT_FIRST)) ask(server)
    next()
  })
}

/**
 * Those who can be asked, one of each operator first, so that a hearing begins with as many operators as there are; the
 * slow ones last.
 */
function inOrderOfUse(servers: readonly Server[], manners: Manners): Server[] {
  const rank = ({ session }: Server) => {
    const { kind } = session.state()
    return kind === 'banned' || kind === 'closed' ? 3 : kind === 'waiting' ? 2 : 0
  }
  const usable = servers
    .filter((server) => rank(server) < 3)
    .sort(
      (one, other) => rank(one) + Number(manners.isSlow(one)) - rank(other) - Number(manners.isSlow(other)),
    )
  const seen = new Set<string>()
  const first = usable.filter(({ operator }) => !seen.has(operator) && seen.add(operator))
  return [...first, ...usable.filter((server) => !first.includes(server))]
}
