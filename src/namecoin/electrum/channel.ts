import type { ServerAddress } from './address.ts'
import type { Failed } from './failure.ts'
import type { Skipped } from './skipping.ts'

/** What carries messages to a server and back, whole JSON texts: lines over TCP or TLS, frames of a WebSocket. */
export interface Channel {
  readonly kind: 'channel'
  /** Sends one JSON text without a newline in it. Never throws; does nothing after the end. */
  send(text: string): void
  /** Ends it. No event comes after. */
  close(): void
}

/** What a channel tells. No event comes before `OpenChannel` has resolved to the channel. */
export interface ChannelEvents {
  /** Octets have come, of whatever message: before what they are told of as. Not where messages come whole. */
  heard(): void
  /** One JSON text, and how many octets it was. */
  message(text: string, octets: number): void
  /** A message came that is longer than is read, and this is left of it. */
  skipped(left: Skipped): void
  /** It is over, and we did not close it. At most once, and nothing comes after. */
  end(why: Failed): void
}

/**
 * Opens a channel. Never rejects; when the signal aborts first it resolves to a failure, leaves nothing behind, and
 * the signal means nothing to a channel that is open. Nothing is sent before the server's certificate is accepted.
 */
export type OpenChannel = (
  address: ServerAddress,
  events: ChannelEvents,
  signal: AbortSignal,
) => Promise<Channel | Failed>

/**
 * Longest message that is read, octets, over TCP and TLS, and on Node. A slice of 500 headers is 1.3 MB, 2,016 may be 4.1 MB: ask for fewer.
 * More would hold the event loop for too long: 2 MB of headers take 14 ms to read, octets included, 4 MB 35.
 */
export const MAX_MESSAGE_OCTETS = 2_097_152

/**
 * The same over WebSockets on Workers, which take no longer ones (Cloudflare's documentation, 2024). A header of more
 * than half a MB does not come through: it must come from a server over TLS or TCP.
 */
export const MAX_MESSAGE_OCTETS_WORKERS = 1_048_576
