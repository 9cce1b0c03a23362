import { failed, type UpstreamReply } from './transport.ts'

/** An HTTP response, whatever its status. */
export interface HttpResponse {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
}

const DNS_MESSAGE = /^application\/dns-message\s*(?:;|$)/i

/** The DNS message in a DoH server's response: RFC 8484 §4.2.1 has one in no status but 2xx, and servers send 200. */
export function replyOfHttp({ status, contentType, body }: HttpResponse): UpstreamReply {
  if (status !== 200) return failed('protocol', `HTTP ${status}`)
  if (!DNS_MESSAGE.test(contentType))
    return failed('protocol', 'another media type than application/dns-message')
  return { kind: 'reply', message: body }
}
