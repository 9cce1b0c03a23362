import { type Timer, within } from '../namecoin/deadline.ts'

/** What came of a TCP connection: `unknown` when our own side failed, which says nothing about the host. */
export type Contact = 'accepted' | 'refused' | 'unknown'

/**
 * Opens a TCP connection, sends nothing and closes it again. Never rejects; a connection that is not open when the
 * signal aborts is given up.
 */
export type Connect = (address: string, port: number, signal: AbortSignal) => Promise<Contact>

/** What is thought of a host. */
export type Verdict = 'live' | 'dead' | 'unknown'

/** Where the web is, in the order in which browsers try it for a name typed. */
const PORTS = [443, 80] as const

/** Milliseconds that a port gets: two lost SYNs and an ocean (RFC 6298 §2: the first is sent again after a second). */
export const CONNECT_MS = 3_000

/** Finds out whether a host accepts connections on a port of the web. One that refuses them serves nobody either. */
export async function probe(address: string, connect: Connect, timer: Timer): Promise<Verdict> {
  let verdict: Verdict = 'dead'
  for (const port of PORTS) {
    const contact = await within(CONNECT_MS, undefined, timer, (signal) => connect(address, port, signal))
    if (contact === 'accepted') return 'live'
    if (contact === 'unknown') verdict = 'unknown'
  }
  return verdict
}
