import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { testCa } from '../node/tools.ts'
import type { DohClient, DohRequest, DohResponse } from './client.ts'

/** Sends one request to a real server. */
export interface Sender {
  readonly request: DohClient['request']
  /** Ends its connections. */
  end(): void
}

const pairs = (raw: readonly string[]): (readonly [string, string])[] =>
  Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index]!.toLowerCase(), raw[2 * index + 1]!])

/** Requests over HTTP/1.1, over TLS where the origin is https, on connections that are kept. */
export function http1Sender(origin: string): Sender {
  const secure = origin.startsWith('https:')
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, ca: testCa.cert })
    : new HttpAgent({ keepAlive: true })
  const { hostname, port } = new URL(origin)
  return {
    request: (path, { method = 'GET', headers = {}, body }: DohRequest = {}) =>
      new Promise<DohResponse>((resolve, reject) => {
        const options = { agent, hostname, port, path, method, headers: withLength(method, headers, body) }
        const request = (secure ? httpsRequest : httpRequest)(options, (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({
              status: response.statusCode!,
              headers: pairs(response.rawHeaders),
              body: Uint8Array.from(Buffer.concat(chunks)),
              httpVersion: response.httpVersion,
            }),
          )
        })
        request.on('error', reject)
        request.end(body)
      }),
    end: () => agent.destroy(),
  }
}

/** Node sends a POST without a body as one of chunks, and no DoH client does. */
const withLength = (method: string, headers: DohRequest['headers'], body: Uint8Array | undefined) =>
  method === 'POST' || body !== undefined
    ? { ...headers, 'content-length': String(body?.length ?? 0) }
    : { ...headers }

/** Requests over HTTP/2, all on one connection; with prior knowledge where the origin is http. */
export function http2Sender(origin: string): Sender & { readonly session: ClientHttp2Session } {
  const session = connect(origin, { ca: testCa.cert })
  session.on('error', () => {})
  return {
    session,
    request: (path, { method = 'GET', headers = {}, body }: DohRequest = {}) =>
      new Promise<DohResponse>((resolve, reject) => {
        const fields = { ...headers, ':method': method, ':path': path }
        const stream = session.request(fields, { endStream: body === undefined })
        let status = 0
        let received: (readonly [string, string])[] = []
        const chunks: Buffer[] = []
        stream.on('response', (answered, _flags, raw?: readonly string[]) => {
          status = answered[':status']!
          received = pairs(raw!).filter(([name]) => !name.startsWith(':'))
        })
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('error', reject)
        stream.on('close', () => {
          if (status === 0) reject(new Error('the stream ended without an answer'))
          else
            resolve({
              status,
              headers: received,
              body: Uint8Array.from(Buffer.concat(chunks)),
              httpVersion: '2',
            })
        })
        if (body !== undefined) stream.end(body)
      }),
    end: () => session.destroy(),
  }
}
