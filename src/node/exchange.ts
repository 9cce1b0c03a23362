import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { getRequestListener, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import type { Log } from '../log.ts'
import { type BodyOutcome, createBodyReader } from './body.ts'
import { LINGER_MS, type Limits } from './limits.ts'

/** Answers requests: a Hono app's `fetch`. */
export type Handler = (
  request: Request,
  bindings: HttpBindings | Http2Bindings,
) => Response | Promise<Response>

/** What the fast path answers; `content-length` and `date` are added. */
export interface FastAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/**
 * Answers, at once and without a `Request` ever being made, what it can; undefined leaves the request to the handler.
 * Asked for GET and POST alone.
 *
 * @param target the path and the query as sent
 * @param header one header's value by its name in lower case
 * @param body the whole body of a POST, undefined for GET
 */
export type FastPath = (
  method: 'GET' | 'POST',
  target: string,
  header: (name: string) => string | undefined,
  body: Buffer | undefined,
) => FastAnswer | undefined

/** Takes requests from the two protocols to the fast path and the handler. */
export interface Exchange {
  /** A request over HTTP/1. */
  http1(request: IncomingMessage, response: ServerResponse): void
  /** A stream of HTTP/2. */
  http2(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void
}

/** What an exchange is made of. */
export interface ExchangeOptions {
  readonly handler: Handler
  readonly fastPath: FastPath | undefined
  readonly limits: Limits
  readonly log: Log
}

/** Seconds after which a client that was turned away may come back. */
const RETRY_AFTER_SECONDS = '1'

/** Makes the way of a request: limits, the body, the fast path, and for what that leaves, the handler. */
export function createExchange({ handler, fastPath, limits, log }: ExchangeOptions): Exchange {
  const readBody = createBodyReader(limits)

  // A body is always read before the handler is called, so there is nothing for the adapter to clean up after it.
  const handle = getRequestListener((request, bindings) => handler(request, bindings), {
    // HTTP/1.0 has no Host; its absence is no reason to refuse, as the name is never used.
    hostname: 'localhost',
    autoCleanupIncoming: false,
    errorHandler: (error) => {
      if (error instanceof Error && error.name === 'RequestError') return plainResponse(400)
      log.error('request-failed', { error: describe(error) })
      return plainResponse(500)
    },
  })

  const askFastPath: FastPath = (method, target, header, body) => {
    try {
      return fastPath?.(method, target, header, body)
    } catch (error) {
      log.error('fast-path-failed', { error: describe(error) })
      return undefined
    }
  }

  return {
    http1: (request, response) => {
      const { method = '', url = '' } = request
      const header = (name: string): string | undefined => request.headers[name] as string | undefined
      const answer = (body: Buffer | undefined): void => {
        const fast = isFast(method) ? askFastPath(method, url, header, body) : undefined
        if (fast !== undefined) sendHttp1(response, fast)
        else void handle(withBody(request, body), response)
      }
      if (url.length > limits.maxTargetLength) return sendHttp1(response, refusal(414))
      if (totalLength(request.rawHeaders) > limits.maxHeaderLength) return sendHttp1(response, refusal(431))
      if (hasNoBody(method)) {
        answer(undefined)
        return
      }
      void readBody(request, request.headers['content-length']).then((outcome) => {
        if (outcome.kind === 'body') answer(outcome.body)
        else if (outcome.kind === 'aborted') response.destroy()
        else {
          // The body goes on coming; Node throws it away, and cuts the connection when that takes too long.
          request.resume()
          sendHttp1(response, refusalOf(outcome))
        }
      })
    },

    http2: (stream, headers, rawHeaders) => {
      // A stream that the client resets or whose connection dies is no news, and without a listener the end of us.
      stream.on('error', () => {})
      const method = headers[':method'] ?? ''
      const target = headers[':path'] ?? ''
      const header = (name: string): string | undefined => headers[name] as string | undefined
      const answer = (body: Buffer | undefined): void => {
        if (stream.destroyed) return
        const fast = isFast(method) ? askFastPath(method, target, header, body) : undefined
        if (fast !== undefined) {
          sendHttp2(stream, fast)
          return
        }
        const request = new Http2ServerRequest(stream, headers, {}, rawHeaders)
        void handle(withBody(request, body), new Http2ServerResponse(stream))
      }
      if (target.length > limits.maxTargetLength) return refuseHttp2(stream, refusal(414))
      if (totalLength(rawHeaders) - target.length > limits.maxHeaderLength) {
        return refuseHttp2(stream, refusal(431))
      }
      if (method === 'CONNECT') return refuseHttp2(stream, refusal(405))
      if (stream.endAfterHeaders || hasNoBody(method)) {
        answer(hasNoBody(method) ? undefined : Buffer.alloc(0))
        return
      }
      if (headers.expect === '100-continue') stream.additionalHeaders({ ':status': 100 })
      void readBody(stream, headers['content-length']).then((outcome) => {
        if (outcome.kind === 'body') answer(outcome.body)
        else if (outcome.kind === 'aborted') stream.close()
        else refuseHttp2(stream, refusalOf(outcome))
      })
    },
  }
}

/** `rawBody` is where @hono/node-server looks for a body that was read already. */
const withBody = <Incoming extends object>(request: Incoming, body: Buffer | undefined): Incoming =>
  body === undefined ? request : Object.assign(request, { rawBody: body })

const isFast = (method: string): method is 'GET' | 'POST' => method === 'GET' || method === 'POST'

/** A body of a GET means nothing (RFC 9110 §9.3.1), so it is not waited for. */
const hasNoBody = (method: string): boolean => method === 'GET' || method === 'HEAD'

const totalLength = (texts: readonly string[]): number => {
  let total = 0
  for (const text of texts) total += text.length
  return total
}

/** An error as the log may show it. Messages may hold what a client sent, so only the kind of error is told. */
const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error
  const place = /\n\s+at (.+)/.exec(error.stack ?? '')?.[1]
  return place === undefined ? error.name : `${error.name} at ${place}`
}

const NO_OCTETS = new Uint8Array()

/** An answer without a body that says no. RFC 8484 §4.2.1 leaves it to the status. */
const refusal = (status: number, headers: Readonly<Record<string, string>> = {}): FastAnswer => ({
  status,
  headers: { 'cache-control': 'no-store', ...headers },
  body: NO_OCTETS,
})

function refusalOf(outcome: Exclude<BodyOutcome, { kind: 'body' | 'aborted' }>): FastAnswer {
  switch (outcome.kind) {
    case 'too-long':
      return refusal(413)
    case 'timeout':
      return refusal(408)
    case 'overloaded':
      return refusal(503, { 'retry-after': RETRY_AFTER_SECONDS })
  }
}

const plainResponse = (status: number): Response =>
  new Response(null, { status, headers: { 'cache-control': 'no-store' } })

function sendHttp1(response: ServerResponse, { status, headers, body }: FastAnswer): void {
  // Only now does Node forget what was asked on this connection; a late 408 must end it (RFC 9110 §15.5.9).
  const connection = status === 408 ? { connection: 'close' } : undefined
  response.writeHead(status, { ...headers, ...connection, 'content-length': body.length })
  response.end(body)
}

function sendHttp2(stream: ServerHttp2Stream, { status, headers, body }: FastAnswer): void {
  if (stream.destroyed || stream.headersSent) return
  stream.respond({ ':status': status, ...headers, 'content-length': body.length })
  stream.end(body)
}

/**
 * Answers before the request is complete. What still comes of it is thrown away for a while, and only then refused
 * (RFC 9113 §8.1: RST_STREAM with NO_ERROR): reset at once, many clients lose the status along with the stream.
 */
function refuseHttp2(stream: ServerHttp2Stream, answer: FastAnswer): void {
  sendHttp2(stream, answer)
  stream.resume()
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LINGER_MS)
  stream.once('close', () => clearTimeout(timer))
}
