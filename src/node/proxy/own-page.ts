import type { IncomingMessage, ServerResponse } from 'node:http'
import { pacScript, readProxy } from '../../client-config/pac.ts'
import { answerRefusal } from './forward.ts'
import { refusal } from './refusal.ts'

const PAC_PATH = '/proxy.pac'

/**
 * Answers requests to the proxy itself. Any web page can make a browser send some here, so there is nothing here but a
 * PAC file, which says no more than whoever asks has said: how it calls this proxy.
 */
export function answerOwn(incoming: IncomingMessage, response: ServerResponse): void {
  const { url = '', method = '', headers } = incoming
  const host = headers.host ?? ''
  const proxy = readProxy(host) ?? readProxy(`${host}:80`)
  if (url !== PAC_PATH || !['GET', 'HEAD'].includes(method) || proxy === undefined) {
    const text = `This is a proxy for names under .bit. Browsers are told of it by http://HOST:PORT${PAC_PATH}.`
    answerRefusal(incoming, response, refusal('http_request_error', text))
    return
  }
  const { text } = pacScript([proxy])
  response
    .writeHead(200, {
      'content-type': 'application/x-ns-proxy-autoconfig',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    .end(text)
}
