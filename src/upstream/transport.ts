import type { UpstreamAddress } from './address.ts'

/** Carries one DNS message to an upstream and its answer back. Given by the runtime: `node/`, `cloudflare/`, tests. */
export interface UpstreamTransport {
  /**
   * Never rejects, and contacts nobody but this upstream: no redirect is followed, no other server asked.
   *
   * @param message a query with id 0; where ids tell queries apart, the transport puts one of its own in
   * @param signal aborts when nobody waits for the answer any more
   */
  exchange(upstream: UpstreamAddress, message: Uint8Array, signal: AbortSignal): Promise<UpstreamReply>
}

/** What an upstream sent, unread, its id 0 again; or why nothing came. */
export type UpstreamReply = { readonly kind: 'reply'; readonly message: Uint8Array } | UpstreamFailed

/** Why there is no reply. Stable: tests and logs use the codes. */
export interface UpstreamFailed {
  readonly kind: 'failed'
  readonly code:
    | 'timeout' // nothing in time, or the caller no longer waits
    | 'network' // no such host, refused, reset, closed mid-way
    | 'tls' // no handshake: certificate, name, version
    | 'protocol' // what came is no DNS message: an HTTP status, a media type, too many octets
  /** For the log: a code of the system, an HTTP status. Never what was asked, never what the upstream wrote. */
  readonly detail: string
}

export const failed = (code: UpstreamFailed['code'], detail: string): UpstreamFailed => ({
  kind: 'failed',
  code,
  detail,
})
