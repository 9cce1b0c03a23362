import { encodeAnswer } from '../dns/encode.ts'
import type { PackedAnswer } from '../dns/packed.ts'
import { ExtendedError, Rcode } from '../dns/protocol.ts'
import { queryName } from '../dns/query.ts'
import type { UnreachableCode } from '../namecoin/source.ts'
import type { Question } from './question.ts'

/** Why there is no answer. Stable: tests and logs use these codes. */
export type FailureCode =
  | `namecoin-${UnreachableCode}`
  | 'value-invalid'
  | 'delegated'
  | 'alias-loop'
  | 'alias-chain-too-long'
  | 'upstream-timeout'
  | 'upstream-network'
  | 'upstream-protocol'
  | 'upstream-overloaded'
  | 'upstream-none'
  | 'value-exhausting'
  | 'internal'

interface FailureAnswer {
  readonly rcode: number
  /** RFC 8914. */
  readonly extendedError: number
  readonly text: string
}

const servfail = (extendedError: number, text: string): FailureAnswer => ({
  rcode: Rcode.SERVFAIL,
  extendedError,
  text,
})

/** Every failure's rcode and Extended DNS Error. None is NXDOMAIN: that is an answer, and only the chain gives it. */
export const FAILURES: { readonly [Code in FailureCode]: FailureAnswer } = {
  'namecoin-timeout': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    'the Namecoin backend did not answer in time',
  ),
  'namecoin-network': servfail(ExtendedError.NETWORK_ERROR, 'the Namecoin backend cannot be reached'),
  'namecoin-credentials': servfail(ExtendedError.OTHER, 'the Namecoin backend refuses our credentials'),
  'namecoin-overloaded': servfail(ExtendedError.NO_REACHABLE_AUTHORITY, 'too many lookups under way'),
  'namecoin-warming-up': servfail(ExtendedError.TOO_EARLY, 'the Namecoin backend is starting'),
  'namecoin-syncing': servfail(
    ExtendedError.TOO_EARLY,
    'the Namecoin backend is still downloading the chain',
  ),
  'namecoin-protocol': servfail(
    ExtendedError.NETWORK_ERROR,
    'the Namecoin backend gave an answer that is none',
  ),
  'namecoin-stale-tip': servfail(ExtendedError.NO_REACHABLE_AUTHORITY, 'no new Namecoin block for too long'),
  'namecoin-disagreement': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    'too few independent servers say the same',
  ),
  'namecoin-unconfirmed': servfail(ExtendedError.TOO_EARLY, 'the name was registered too lately'),
  'value-invalid': servfail(ExtendedError.INVALID_DATA, "the name's value is not a domain object"),
  delegated: servfail(ExtendedError.OTHER, 'delegation not followed: the name has its own nameservers (ns)'),
  'alias-loop': servfail(ExtendedError.INVALID_DATA, 'the alias leads back to itself'),
  'alias-chain-too-long': servfail(ExtendedError.OTHER, 'too many aliases one after the other'),
  'upstream-timeout': servfail(ExtendedError.NO_REACHABLE_AUTHORITY, 'no upstream answered in time'),
  'upstream-network': servfail(ExtendedError.NETWORK_ERROR, 'no upstream can be reached'),
  'upstream-protocol': servfail(ExtendedError.NETWORK_ERROR, 'the upstreams gave answers that are none'),
  'upstream-overloaded': servfail(ExtendedError.NO_REACHABLE_AUTHORITY, 'too many queries under way'),
  'value-exhausting': servfail(ExtendedError.OTHER, 'the values lead through more imports than are followed'),
  'upstream-none': {
    rcode: Rcode.REFUSED,
    extendedError: ExtendedError.PROHIBITED,
    text: 'this gateway answers .bit names only',
  },
  internal: servfail(ExtendedError.OTHER, 'internal error'),
}

/** The answer to a question that failed. */
export function failureAnswer(question: Question, code: FailureCode): PackedAnswer {
  const { rcode, extendedError, text } = FAILURES[code]
  return encodeAnswer({
    question: { name: queryName(question.query), type: question.query.type, class: question.query.class },
    rcode,
    authoritative: false,
    extendedErrors: [{ code: extendedError, text }],
  })
}
