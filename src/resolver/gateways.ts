import { BIT } from '../bit/apex.ts'
import { encodeAnswer } from '../dns/encode.ts'
import { readMessage } from '../dns/message.ts'
import { isAtOrBelow } from '../dns/name.ts'
import type { PackedAnswer } from '../dns/packed.ts'
import { ExtendedError, Flag } from '../dns/protocol.ts'
import { type Query, queryName } from '../dns/query.ts'
import type { Agreed } from '../upstream/agreement.ts'
import type { PrivateAnswers } from './bit.ts'
import { failureAnswer } from './failure.ts'
import { leadsToPrivate } from './private-addresses.ts'
import type { Question, Stage } from './question.ts'

export interface GatewayStageOptions {
  readonly ask: (query: Query, signal: AbortSignal) => Promise<Agreed>
  readonly privateAnswers: PrivateAnswers
}

/**
 * Answers names under .bit with what other gateways say: nothing under .bit ever goes on to the next stage.
 *
 * They are believed, or as many of them as must say the same; nobody has checked a signature here, so AD is off.
 */
export function gatewayStage({ ask, privateAnswers }: GatewayStageOptions): Stage {
  return async function gateways(question, next) {
    if (!isAtOrBelow(question.name, BIT)) return next(question)
    const said = await ask(question.query, question.signal)
    if (said.kind === 'failed') return failureAnswer(question, `gateway-${said.code}`)
    const packed = withoutAuthentic(said.packed)
    return privateAnswers === 'strip' ? withoutPrivate(question, packed) : packed
  }
}

function withoutAuthentic(packed: PackedAnswer): PackedAnswer {
  const bytes = Uint8Array.from(packed.bytes)
  bytes[3]! &= ~Flag.AD
  return { ...packed, bytes }
}

/** The answer without records that lead to private addresses; the very answer when there are none. */
function withoutPrivate(question: Question, packed: PackedAnswer): PackedAnswer {
  const message = readMessage(packed.bytes)
  if (message === undefined) return failureAnswer(question, 'gateway-protocol')
  if (!message.answer.some(leadsToPrivate)) return packed
  const { type, class: asked } = question.query
  const stripped = encodeAnswer({
    question: { name: queryName(question.query), type, class: asked },
    rcode: packed.rcode,
    authoritative: false,
    answer: message.answer.filter((record) => !leadsToPrivate(record)),
    authority: message.authority,
    extendedErrors: [{ code: ExtendedError.FILTERED, text: 'private addresses are left out here' }],
  })
  return { ...stripped, options: Uint8Array.of(...stripped.options, ...packed.options) }
}
