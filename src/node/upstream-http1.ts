import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import {
  collectBody,
  DNS_MESSAGE,
  type HttpResponse,
  TransportError,
  toTransportError,
  UnansweredError,
  type UpstreamExchange,
} from './upstream-exchange.ts'

/** Posts a message over HTTP/1.1. */
export function postHttp1(agent: Agent, exchange: UpstreamExchange): Promise<HttpResponse> {
  const { url, message, deadline } = exchange
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined

    const sent = request(url, {
      agent,
      method: 'POST',
      headers: { accept: DNS_MESSAGE, 'content-type': DNS_MESSAGE, 'content-length': message.length },
    })
    const fail = (error: TransportError): void => {
      deadline.signal.removeEventListener('abort', onAbort)
      reject(error)
      sent.destroy()
    }
    const onAbort = (): void => fail(deadline.signal.reason)

    sent.on('error', (error: NodeJS.ErrnoException) => {
      const code = error.code?.startsWith('HPE_') === true ? 'protocol' : 'network'
      const cause = toTransportError(code, error)
      // The server closed a kept connection just as it was used again.
      fail(
        sent.reusedSocket && response === undefined
          ? new UnansweredError(code, cause.message, { cause })
          : cause,
      )
    })
    sent.on('response', (received) => {
      response = received
      const collector = collectBody(received, received.headers['content-length'], fail)
      received.on('error', (error) => fail(toTransportError('network', error)))
      received.on('close', () => {
        deadline.signal.removeEventListener('abort', onAbort)
        if (!received.complete) return fail(new TransportError('network', 'the connection closed mid-way'))
        resolve({
          status: received.statusCode ?? 0,
          contentType: received.headers['content-type'] ?? '',
          body: collector.body(),
        })
      })
    })
    if (deadline.signal.aborted) return onAbort()
    deadline.signal.addEventListener('abort', onAbort, { once: true })
    sent.end(message)
  })
}
