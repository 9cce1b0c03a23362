import { DNS_MESSAGE, MAX_MESSAGE_LENGTH } from '../dns/protocol.ts'
import { replyOfHttp } from './http.ts'
import { failed, type UpstreamReply, type UpstreamTransport } from './transport.ts'

/**
 * Carries messages to `https` upstreams with the runtime's own `fetch`, for runtimes where that is the best there is:
 * Workers.
 *
 * Redirects are not followed: an upstream that the configuration does not name gets no query.
 */
export function fetchTransport(
  fetch: (url: string, init: RequestInit) => Promise<Response>,
): UpstreamTransport {
  return {
    async exchange({ url }, message, signal) {
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': DNS_MESSAGE, accept: DNS_MESSAGE },
          body: message as Uint8Array<ArrayBuffer>,
          redirect: 'manual',
          signal,
        })
        return await read(response)
      } catch {
        return signal.aborted ? failed('timeout', 'aborted') : failed('network', 'connection failed')
      }
    },
  }
}

/** Attack: a body without end fills the memory. Reading stops beyond what a DNS message can be. */
async function read(response: Response): Promise<UpstreamReply> {
  const { status, headers, body } = response
  const contentType = headers.get('content-type') ?? ''
  const reader = body?.getReader()
  const parts: Uint8Array[] = []
  let length = 0
  while (reader !== undefined) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > MAX_MESSAGE_LENGTH) {
      await reader.cancel()
      return failed('protocol', 'longer than a DNS message can be')
    }
    parts.push(value)
  }
  return replyOfHttp({ status, contentType, body: Buffer.concat(parts) })
}
