/** Carries one DNS message to a DoH server and its answer back. Given by the runtime: `node/`, `worker.ts`, tests. */
export interface UpstreamTransport {
  /**
   * POSTs a DNS message (RFC 8484 §4.1).
   * @returns the HTTP response, whatever its status
   * @throws when there is none: refused, reset, aborted, longer than a DNS message can be
   */
  post(url: string, message: Uint8Array, signal: AbortSignal): Promise<UpstreamResponse>
}

export interface UpstreamResponse {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
}
