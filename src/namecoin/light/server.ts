import type { Session } from '../electrum/session.ts'

/** A server that is asked, and who runs it: servers of one operator count as one witness. */
export interface Server {
  readonly session: Session
  readonly operator: string
}

/** How many operators there are among some servers. */
export const operatorsOf = (servers: readonly Server[]): number =>
  new Set(servers.map(({ operator }) => operator)).size
