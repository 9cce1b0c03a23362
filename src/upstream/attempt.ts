import type { PackedAnswer } from '../dns/packed.ts'
import { Flag, isFailure, rcodeName } from '../dns/protocol.ts'
import type { Query } from '../dns/query.ts'
import { isAuthenticated } from './address.ts'
import { LONGEST_MS } from './latency.ts'
import type { Peer } from './peer.ts'
import { upstreamQuery } from './query.ts'
import { readReply } from './reply.ts'
import type { Timer } from './time.ts'
import { failed, type UpstreamFailed, type UpstreamReply, type UpstreamTransport } from './transport.ts'

/** What an upstream said: an answer, that it cannot or will not (SERVFAIL, REFUSED, a part alone), or nothing of use. */
export type Outcome =
  | { readonly kind: 'answer'; readonly packed: PackedAnswer }
  | { readonly kind: 'refusal'; readonly packed: PackedAnswer }
  | { readonly kind: 'failed'; readonly code: UpstreamFailed['code'] }

/**
 * Asks one upstream and tells its health what came of it.
 *
 * @param isTrial whether it goes on for a while when nobody waits any more, to learn whether the upstream works again
 * @param conclude called once with the outcome, unless the attempt was left before, and not before this returns
 * @returns leaves the attempt: its outcome is of no use any more
 */
export type StartAttempt = (peer: Peer, isTrial: boolean, conclude: (outcome: Outcome) => void) => () => void

/** Response codes above this are about EDNS, between an upstream and us: they mean nothing to a client. */
const MAX_PASSED_RCODE = 15

/** How a query is put to upstreams, whichever they are. */
export function attempting(transport: UpstreamTransport, now: () => number, timer: Timer) {
  return (query: Query): StartAttempt => {
    const messages = new Map<boolean, Uint8Array>()
    const messageFor = (encrypted: boolean): Uint8Array => {
      const message = messages.get(encrypted) ?? upstreamQuery(query, encrypted)
      messages.set(encrypted, message)
      return message
    }

    return function start({ address, health }, isTrial, conclude) {
      const began = now()
      const controller = new AbortController()
      const authenticated = isAuthenticated(address)
      let isLeft = false
      let isOver = false

      function judge(reply: UpstreamReply): Outcome {
        const packed = reply.kind === 'reply' ? readReply(query, reply.message, authenticated) : undefined
        if (packed !== undefined && packed.rcode <= MAX_PASSED_RCODE) {
          // A refusal is about the name as often as about the upstream: it speaks neither for nor against it.
          if (isFailure(packed.rcode)) return { kind: 'refusal', packed }
          // UDP's truncated replies never come here: no transport that is left has a reason to cut one off.
          if (isTruncated(packed)) return { kind: 'refusal', packed: { ...packed, lifetime: 0 } }
          health.answered(now() - began)
          return { kind: 'answer', packed }
        }
        health.failed(whyNot(reply, packed))
        return { kind: 'failed', code: reply.kind === 'failed' ? reply.code : 'protocol' }
      }

      const exchange = transport
        .exchange(address, messageFor(authenticated), controller.signal)
        // It never should; a query must not hang on that.
        .catch(() => failed('network', 'the transport failed'))
      void exchange.then((reply) => {
        if (isOver) return
        isOver = true
        const outcome = judge(reply)
        if (!isLeft) conclude(outcome)
      })

      return function leave() {
        if (isOver || isLeft) return
        isLeft = true
        const waited = now() - began
        if (isTrial && waited < LONGEST_MS) timer(LONGEST_MS - waited, abandon)
        else {
          health.left(waited)
          abandon()
        }
      }

      function abandon(): void {
        isOver = true
        controller.abort()
      }
    }
  }
}

const isTruncated = ({ bytes }: PackedAnswer): boolean => (bytes[2]! & (Flag.TC >> 8)) !== 0

const whyNot = (reply: UpstreamReply, packed: PackedAnswer | undefined): string => {
  if (reply.kind === 'failed') return reply.detail
  return packed === undefined ? 'not an answer to the query' : rcodeName(packed.rcode)
}
