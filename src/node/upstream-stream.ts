import type { Socket } from 'node:net'
import { runtimeTimer } from '../namecoin/deadline.ts'
import { secureRandom } from '../random.ts'
import type { UpstreamAddress } from '../upstream/address.ts'
import { type Pipeline, pipeline } from '../upstream/pipeline.ts'
import { failed, type UpstreamFailed } from '../upstream/transport.ts'
import { failureOf } from './upstream-exchange.ts'
import { connectSocket, lookupOf } from './upstream-socket.ts'
import type { Upstream } from './upstreams.ts'

/** Milliseconds for a connection, TLS included: three round trips, and perhaps a lost packet's second. */
const CONNECT_TIMEOUT_MS = 5_000
/** Milliseconds after which an unused connection is closed; most servers close it sooner (RFC 7766 §6.2.3). */
const IDLE_MS = 120_000
/** A query is asked again once when its connection ended before an answer came; it does no harm to ask twice. */
const MAX_ATTEMPTS = 2

const random = secureRandom((lot) => crypto.getRandomValues(lot))

/**
 * A `tls` or `tcp` upstream, with one connection on which all queries are under way.
 * @param ca CAs to trust instead of the system's and NODE_EXTRA_CA_CERTS, PEM
 */
export function streamUpstream(address: UpstreamAddress, ca: string | undefined): Upstream {
  const { scheme, host, port, bootstrap } = address
  const target = {
    ...{ host, port, lookup: lookupOf(bootstrap) },
    tls: scheme === 'tls' ? { ...(ca !== undefined && { ca }) } : undefined,
  }
  /** All that are not closed: one takes queries, others may still be waited on. */
  const pipelines = new Set<Pipeline>()
  let current: Pipeline | undefined
  let connecting: Promise<Pipeline> | undefined
  let isClosed = false

  /** The connection that takes queries, or a new one; who asks while it is being made shares it. */
  function connection(): Pipeline | Promise<Pipeline> {
    if (current?.isOpen()) return current
    connecting ??= connectSocket(target, CONNECT_TIMEOUT_MS)
      .then(open)
      .finally(() => {
        connecting = undefined
      })
    return connecting
  }

  function open(socket: Socket): Pipeline {
    const stream = { write: (octets: Uint8Array) => socket.write(octets), close: () => socket.destroy() }
    const made = pipeline(stream, random, () => performance.now(), runtimeTimer)
    socket.setNoDelay(true)
    socket.setTimeout(IDLE_MS, () => made.isIdle() && made.close())
    socket.on('data', made.received)
    socket.on('error', (error) => made.ended(failureOf(error)))
    socket.on('end', () => made.ended(CLOSED_BY_SERVER))
    socket.on('close', () => {
      made.ended(CLOSED_BY_SERVER)
      pipelines.delete(made)
    })
    pipelines.add(made)
    current = made
    if (isClosed) made.close()
    return made
  }

  return {
    async exchange(message, signal) {
      for (let attempt = 1; ; attempt++) {
        if (isClosed) return failed('network', 'the transport is closed')
        const connected = await orFailed(connection(), signal)
        if (connected.kind === 'failed') return connected
        const outcome = await connected.ask(message, signal)
        if (outcome.kind !== 'unanswered') return outcome
        if (attempt === MAX_ATTEMPTS) return outcome.why
      }
    },
    close() {
      isClosed = true
      for (const made of [...pipelines]) made.close()
    },
  }
}

const CLOSED_BY_SERVER = failed('network', 'closed by the server')

/** The connection, or why there is none; once the signal aborts it is not waited for, and goes on for the next query. */
function orFailed(
  connection: Pipeline | Promise<Pipeline>,
  signal: AbortSignal,
): Promise<Pipeline | UpstreamFailed> {
  return new Promise((resolve) => {
    const abort = (): void => resolve(failed('timeout', 'aborted'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    Promise.resolve(connection)
      .then(resolve, (error) => resolve(failureOf(error)))
      .finally(() => signal.removeEventListener('abort', abort))
  })
}
