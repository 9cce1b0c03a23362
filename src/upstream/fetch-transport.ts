import { MAX_MESSAGE_LENGTH } from '../dns/protocol.ts'
import type { UpstreamTransport } from './transport.ts'

/**
 * Carries messages with the runtime's own `fetch`, for runtimes where that is the best there is: Workers.
 *
 * Redirects are not followed: an upstream that the configuration does not name gets no query.
 */
export function fetchTransport(
  fetch: (url: string, init: RequestInit) => Promise<Response>,
): UpstreamTransport {
  return {
    async post(url, message, signal) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/dns-message', accept: 'application/dns-message' },
        body: message as Uint8Array<ArrayBuffer>,
        redirect: 'manual',
        signal,
      })
      const body = await readAtMost(response, MAX_MESSAGE_LENGTH)
      return { status: response.status, contentType: response.headers.get('content-type') ?? '', body }
    },
  }
}

/** Attack: a body without end fills the memory. Reading stops beyond what a DNS message can be. */
async function readAtMost(response: Response, octets: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array()
  const parts: Uint8Array[] = []
  let length = 0
  const reader = response.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(parts)
    length += value.length
    if (length > octets) {
      await reader.cancel()
      throw new Error('longer than a DNS message can be')
    }
    parts.push(value)
  }
}
