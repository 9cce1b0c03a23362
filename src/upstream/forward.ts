import { extendedError } from '../dns/edns.ts'
import type { PackedAnswer } from '../dns/packed.ts'
import { ExtendedError, isFailure, rcodeName } from '../dns/protocol.ts'
import type { Query } from '../dns/query.ts'
import { upstreamQuery } from './query.ts'
import { readReply } from './reply.ts'
import type { UpstreamResponse, UpstreamTransport } from './transport.ts'

/** Milliseconds one upstream gets before the next one is asked, while there is a next one. */
export const ATTEMPT_TIMEOUT_MS = 1_500

/**
 * Queries under way to upstreams at once. Attack: with an upstream that hangs, each waiting query costs some 50 KB for
 * as long as the deadline; one client can have 10,000 of them.
 */
export const MAX_FORWARDED = 1_000

/** Does work while there is room, and says so when there is none. */
export type Slots = <Result>(
  signal: AbortSignal,
  work: () => Promise<Result>,
) => Promise<Result | 'full' | 'gave-up'>

/** What came of forwarding. */
export type Forwarded =
  | { readonly kind: 'answer'; readonly packed: PackedAnswer }
  | { readonly kind: 'failed'; readonly code: 'timeout' | 'network' | 'protocol' | 'overloaded' }

export interface ForwarderOptions {
  /** DoH URLs, in the order they are tried. Nobody else is ever asked. */
  readonly upstreams: readonly string[]
  readonly transport: UpstreamTransport
  /** Called when an upstream fails: its URL and why. Never with what was asked. */
  readonly onFailure: (upstream: string, why: string) => void
  /** A signal that aborts after so many milliseconds: `AbortSignal.timeout`. */
  readonly timeout: (milliseconds: number) => AbortSignal
  readonly slots: Slots
}

/** Forwards queries to the upstreams in order, within the one deadline of the signal. Never rejects. */
export function forwarder({ upstreams, transport, onFailure, timeout, slots }: ForwarderOptions) {
  return async function forward(query: Query, signal: AbortSignal): Promise<Forwarded> {
    const forwarded = await slots(signal, () => tryInOrder(query, signal))
    if (forwarded === 'full') return { kind: 'failed', code: 'overloaded' }
    return forwarded === 'gave-up' ? { kind: 'failed', code: 'timeout' } : forwarded
  }

  async function tryInOrder(query: Query, signal: AbortSignal): Promise<Forwarded> {
    let refusal: Forwarded | undefined
    const message = upstreamQuery(query)
    let code: Extract<Forwarded, { kind: 'failed' }>['code'] = 'network'
    for (const [index, upstream] of upstreams.entries()) {
      if (signal.aborted) break
      const isLast = index === upstreams.length - 1
      const attempt = isLast ? signal : AbortSignal.any([signal, timeout(ATTEMPT_TIMEOUT_MS)])
      try {
        const response = await withSignal(transport.post(upstream, message, attempt), attempt)
        const packed = readReply(query, response)
        if (packed !== undefined && !isFailure(packed.rcode)) return { kind: 'answer', packed }
        if (packed !== undefined && packed.rcode <= MAX_PASSED_RCODE) {
          // It cannot, or will not: another one may. When none can, the first one's own words are the answer.
          refusal ??= { kind: 'answer', packed: explained(packed) }
          continue
        }
        code = 'protocol'
        onFailure(upstream, whyNot(response, packed))
      } catch (error) {
        code = attempt.aborted ? 'timeout' : 'network'
        onFailure(upstream, attempt.aborted ? 'no answer in time' : reasonOf(error))
      }
    }
    return refusal ?? { kind: 'failed', code: signal.aborted ? 'timeout' : code }
  }
}

/** Response codes above this are about EDNS, between an upstream and us: they mean nothing to a client. */
const MAX_PASSED_RCODE = 15

/** The failure with a reason, where the upstream gave none (RFC 8914). */
const explained = (packed: PackedAnswer): PackedAnswer =>
  packed.options.length > 0
    ? packed
    : {
        ...packed,
        options: extendedError(ExtendedError.OTHER, `the upstream says ${rcodeName(packed.rcode)}`),
      }

function whyNot({ status }: UpstreamResponse, packed: PackedAnswer | undefined): string {
  if (status !== 200) return `HTTP ${status}`
  return packed === undefined ? 'not an answer to the query' : rcodeName(packed.rcode)
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
