import type { PackedAnswer } from '../dns/packed.ts'
import type { Query } from '../dns/query.ts'
import { upstreamQuery } from './query.ts'
import { readReply } from './reply.ts'
import type { UpstreamTransport } from './transport.ts'

/** Milliseconds one upstream gets before the next one is asked, while there is a next one. */
export const ATTEMPT_TIMEOUT_MS = 1_500

/** What came of forwarding. */
export type Forwarded =
  | { readonly kind: 'answer'; readonly packed: PackedAnswer }
  | { readonly kind: 'failed'; readonly code: 'timeout' | 'network' | 'protocol' }

export interface ForwarderOptions {
  /** DoH URLs, in the order they are tried. Nobody else is ever asked. */
  readonly upstreams: readonly string[]
  readonly transport: UpstreamTransport
  /** Called when an upstream fails: its URL and why. Never with what was asked. */
  readonly onFailure: (upstream: string, why: string) => void
  /** A signal that aborts after so many milliseconds: `AbortSignal.timeout`. */
  readonly timeout: (milliseconds: number) => AbortSignal
}

/** Forwards queries to the upstreams in order, within the one deadline of the signal. Never rejects. */
export function forwarder({ upstreams, transport, onFailure, timeout }: ForwarderOptions) {
  return async function forward(query: Query, signal: AbortSignal): Promise<Forwarded> {
    const message = upstreamQuery(query)
    let code: Extract<Forwarded, { kind: 'failed' }>['code'] = 'network'
    for (const [index, upstream] of upstreams.entries()) {
      if (signal.aborted) break
      const isLast = index === upstreams.length - 1
      const attempt = isLast ? signal : AbortSignal.any([signal, timeout(ATTEMPT_TIMEOUT_MS)])
      try {
        const response = await withSignal(transport.post(upstream, message, attempt), attempt)
        const packed = readReply(query, response)
        if (packed !== undefined) return { kind: 'answer', packed }
        code = 'protocol'
        onFailure(
          upstream,
          response.status === 200 ? 'not an answer to the query' : `HTTP ${response.status}`,
        )
      } catch (error) {
        code = attempt.aborted ? 'timeout' : 'network'
        onFailure(upstream, attempt.aborted ? 'no answer in time' : reasonOf(error))
      }
    }
    return { kind: 'failed', code: signal.aborted ? 'timeout' : code }
  }
}

/** A transport that does not heed its signal must not hold the question longer than the signal says. */
function withSignal<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error('aborted'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

const reasonOf = (error: unknown): string => {
  const code =
    (error as { code?: unknown; cause?: { code?: unknown } } | undefined)?.code ??
    (error as { cause?: { code?: unknown } }).cause?.code
  return typeof code === 'string' ? code : 'connection failed'
}
