import { Agent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { connectTo, type Peer } from './upstream-connection.ts'
import {
  type HttpResponse,
  isUnanswered,
  TransportError,
  type UpstreamExchange,
} from './upstream-exchange.ts'
import { postHttp1 } from './upstream-http1.ts'
import { postHttp2 } from './upstream-http2.ts'
import { lookupOf } from './upstream-socket.ts'

export { type HttpResponse, TransportError, type TransportErrorCode } from './upstream-exchange.ts'

/** Carries DNS messages to DoH servers. */
export interface Transport {
  /**
   * Posts a DNS message (RFC 8484 §4.1). Redirects are not followed: they would let an upstream choose where the
   * users' queries go.
   *
   * @param addresses of the URL's host, in the order they are tried; none: the system's resolver is asked for them
   * @throws TransportError (rejects) for all that is no complete HTTP response
   */
  post(
    url: string,
    message: Uint8Array,
    signal: AbortSignal,
    addresses?: readonly string[],
  ): Promise<HttpResponse>
  /** Ends all connections; what is under way fails. */
  close(): void
}

/** What a transport may be told. */
export interface NodeTransportOptions {
  /** CAs to trust instead of the system's and NODE_EXTRA_CA_CERTS, PEM. */
  readonly ca?: string
  /** Milliseconds for a connection, TLS included. */
  readonly connectTimeoutMs?: number
  /** Milliseconds for a whole exchange: header and body. Callers have deadlines of their own, mostly shorter. */
  readonly exchangeTimeoutMs?: number
}

/** A handshake takes three round trips and perhaps a lost packet's second. */
const CONNECT_TIMEOUT_MS = 5_000
/** Resolvers give up on a name after some 5 to 8 s. */
const EXCHANGE_TIMEOUT_MS = 10_000
/** Connections to one server that speaks HTTP/1.1 alone. HTTP/2 needs one. */
const MAX_HTTP1_CONNECTIONS = 32
/** A query is asked again once when its connection ended before an answer began; it does no harm to ask twice. */
const MAX_ATTEMPTS = 2

/**
 * A transport over HTTP/2, or HTTP/1.1 where that is all an upstream speaks, with connections kept alive.
 *
 * Not undici: its HTTP/2 fails a request under way on every graceful GOAWAY (which servers send as a matter of
 * course after some number of requests), opens a connection for each request of a cold start, and keeps using a
 * connection whose other end is silently gone.
 */
export function nodeTransport(options: NodeTransportOptions = {}): Transport {
  const { ca, connectTimeoutMs = CONNECT_TIMEOUT_MS, exchangeTimeoutMs = EXCHANGE_TIMEOUT_MS } = options
  const origins = new Map<string, Origin>()
  let closed = false

  const originOf = (url: URL, addresses: readonly string[]): Origin => {
    const key = [url.origin, ...addresses].join(' ')
    const existing = origins.get(key)
    if (existing !== undefined) return existing
    const created = createOrigin(url, ca, lookupOf(addresses), connectTimeoutMs)
    origins.set(key, created)
    return created
  }

  return {
    post: async (url, message, signal, addresses = []) => {
      const target = new URL(url)
      const exchange = { url: target, message, deadline: deadline(signal, exchangeTimeoutMs) }
      try {
        for (let attempt = 1; ; attempt++) {
          if (closed) throw new TransportError('network', 'the transport is closed')
          try {
            return await originOf(target, addresses).post(exchange)
          } catch (error) {
            if (attempt === MAX_ATTEMPTS || !isUnanswered(error)) throw error
          }
        }
      } finally {
        exchange.deadline.release()
      }
    },
    close: () => {
      closed = true
      for (const origin of origins.values()) origin.close()
    },
  }
}

/** The caller's signal and our own time limit in one, told apart by the error they abort with. */
function deadline(caller: AbortSignal, milliseconds: number): UpstreamExchange['deadline'] {
  const controller = new AbortController()
  const abort = (): void => {
    const isTimeout = caller.reason instanceof Error && caller.reason.name === 'TimeoutError'
    controller.abort(new TransportError(isTimeout ? 'timeout' : 'aborted', 'no longer waited for'))
  }
  const timer = setTimeout(
    () => controller.abort(new TransportError('timeout', `no answer within ${milliseconds} ms`)),
    milliseconds,
  )
  if (caller.aborted) abort()
  else caller.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(timer)
      caller.removeEventListener('abort', abort)
    },
  }
}

interface Origin {
  post(exchange: UpstreamExchange): Promise<HttpResponse>
  close(): void
}

/** One server and the connection to it, which is made when there is none and forgotten when it is of no use. */
function createOrigin(
  url: URL,
  ca: string | undefined,
  lookup: LookupFunction | undefined,
  connectTimeoutMs: number,
): Origin {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: MAX_HTTP1_CONNECTIONS,
    ALPNProtocols: ['http/1.1'],
    timeout: IDLE_MS,
    ...(ca !== undefined && { ca }),
    ...(lookup !== undefined && { lookup }),
  })
  let peer: Promise<Peer> | undefined
  let closed = false

  const currentPeer = (): Promise<Peer> => {
    if (peer !== undefined) return peer
    const connecting = connectTo(url, ca, lookup, connectTimeoutMs, () => forget(connecting))
    peer = connecting
    connecting.then(
      (made) => closed && made.close(),
      () => forget(connecting),
    )
    return connecting
  }
  const forget = (old: Promise<Peer>): void => {
    if (peer === old) peer = undefined
  }

  return {
    post: async (exchange) => {
      const used = currentPeer()
      const { protocol, session } = await orAborted(used, exchange.deadline.signal)
      if (protocol === 'http2') return postHttp2(session, exchange)
      try {
        return await postHttp1(agent, exchange)
      } catch (error) {
        // It may have learnt HTTP/2, or lost HTTP/1: find out anew.
        if (error instanceof TransportError && error.code === 'network') forget(used)
        throw error
      }
    },
    close: () => {
      closed = true
      agent.destroy()
      peer?.then(
        (made) => made.close(),
        () => {},
      )
    },
  }
}

/** Milliseconds after which a connection that nobody used is closed; most servers close it sooner. */
const IDLE_MS = 120_000

/** The promise's result, or the abortion's reason, whichever is first. The promise itself goes on. */
function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
