import type { DelegationFailureCode } from '../delegation/failure.ts'
import { extendedErrorCodes, hasVerdict } from '../dns/edns.ts'
import { encodeAnswer } from '../dns/encode.ts'
import { ExtendedError, Rcode } from '../dns/protocol.ts'
import { queryName } from '../dns/query.ts'
import type { UnreachableCode } from '../namecoin/source.ts'
import type { Found, Question } from './question.ts'

/** Why there is no answer. Stable: tests and logs use these codes. */
export type FailureCode =
  | `namecoin-${UnreachableCode}`
  | 'value-invalid'
  | 'alias-loop'
  | 'alias-chain-too-long'
  | DelegationFailureCode
  | 'gateway-timeout'
  | 'gateway-network'
  | 'gateway-protocol'
  | 'gateway-overloaded'
  | 'gateway-disagreement'
  | 'gateway-too-few'
  | 'upstream-timeout'
  | 'upstream-network'
  | 'upstream-protocol'
  | 'upstream-overloaded'
  | 'upstream-none'
  | 'value-exhausting'
  | 'internal'

/** What a failure means for what is known from before, and for when to ask again. */
export type FailureNature =
  | 'unreachable' // whoever is to be asked cannot be: so it goes with every question, until one of them gets an answer
  | 'unresolved' // this question could not be answered; others may be
  | 'overload' // there was no room to ask: the next one may find some
  | 'finding' // it was answered, and the answer is that there is no good one: what was known before is out of date

interface FailureAnswer {
  readonly rcode: number
  /** RFC 8914. */
  readonly extendedError: number
  readonly text: string
  readonly nature: FailureNature
}

const servfail = (
  extendedError: number,
  text: string,
  nature: FailureNature = 'unresolved',
): FailureAnswer => ({ rcode: Rcode.SERVFAIL, extendedError, text, nature })

/** Every failure's rcode and Extended DNS Error. None is NXDOMAIN: that is an answer, and only the chain gives it. */
export const FAILURES: { readonly [Code in FailureCode]: FailureAnswer } = {
  'namecoin-timeout': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    'the Namecoin backend did not answer in time',
  ),
  'namecoin-network': servfail(
    ExtendedError.NETWORK_ERROR,
    'the Namecoin backend cannot be reached',
    'unreachable',
  ),
  'namecoin-credentials': servfail(
    ExtendedError.OTHER,
    'the Namecoin backend refuses our credentials',
    'unreachable',
  ),
  'namecoin-overloaded': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    'too many lookups under way',
    'overload',
  ),
  'namecoin-warming-up': servfail(ExtendedError.TOO_EARLY, 'the Namecoin backend is starting', 'unreachable'),
  'namecoin-syncing': servfail(
    ExtendedError.TOO_EARLY,
    'the Namecoin backend is still downloading the chain',
    'unreachable',
  ),
  'namecoin-protocol': servfail(
    ExtendedError.NETWORK_ERROR,
    'the Namecoin backend gave an answer that is none',
  ),
  // Somebody may be hiding the chain from us: what was believed before the suspicion is no better.
  'namecoin-stale-tip': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    'no new Namecoin block for too long',
    'finding',
  ),
  'namecoin-disagreement': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    'too few independent servers say the same',
  ),
  'namecoin-unconfirmed': servfail(ExtendedError.TOO_EARLY, 'the name was registered too lately', 'finding'),
  'value-invalid': servfail(ExtendedError.INVALID_DATA, "the name's value is not a domain object", 'finding'),
  'delegation-timeout': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    "the name's own nameservers did not answer in time",
  ),
  'delegation-network': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    "none of the name's own nameservers can be reached",
  ),
  'delegation-lame': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    "the name's own nameservers do not answer for it",
  ),
  'delegation-overloaded': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    'too many queries to nameservers under way',
    'overload',
  ),
  'delegation-forbidden': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    "the name's own nameservers have addresses that are not contacted: private, reserved or this gateway's",
    'finding',
  ),
  'delegation-no-address': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    "no address of the name's own nameservers can be found",
  ),
  'delegation-exhausting': servfail(
    ExtendedError.OTHER,
    "the name's own nameservers lead further than is followed",
  ),
  'delegation-unknown-keys': servfail(
    ExtendedError.DNSSEC_INDETERMINATE,
    "whether the name's own zone is signed could not be found out",
  ),
  'alias-loop': servfail(ExtendedError.INVALID_DATA, 'the alias leads back to itself', 'finding'),
  'alias-chain-too-long': servfail(ExtendedError.OTHER, 'too many aliases one after the other', 'finding'),
  'gateway-timeout': servfail(ExtendedError.NO_REACHABLE_AUTHORITY, 'no gateway answered in time'),
  'gateway-network': servfail(ExtendedError.NETWORK_ERROR, 'no gateway can be reached', 'unreachable'),
  'gateway-protocol': servfail(ExtendedError.NETWORK_ERROR, 'the gateways gave answers that are none'),
  'gateway-overloaded': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    'too many queries to gateways under way',
    'overload',
  ),
  'gateway-disagreement': servfail(ExtendedError.OTHER, 'too few gateways say the same', 'finding'),
  'gateway-too-few': servfail(ExtendedError.NO_REACHABLE_AUTHORITY, 'too few gateways answered'),
  'upstream-timeout': servfail(ExtendedError.NO_REACHABLE_AUTHORITY, 'no upstream answered in time'),
  'upstream-network': servfail(ExtendedError.NETWORK_ERROR, 'no upstream can be reached', 'unreachable'),
  'upstream-protocol': servfail(ExtendedError.NETWORK_ERROR, 'the upstreams gave answers that are none'),
  'upstream-overloaded': servfail(
    ExtendedError.NO_REACHABLE_AUTHORITY,
    'too many queries under way',
    'overload',
  ),
  'value-exhausting': servfail(
    ExtendedError.OTHER,
    'the values lead through more imports than are followed',
    'finding',
  ),
  'upstream-none': {
    rcode: Rcode.REFUSED,
    extendedError: ExtendedError.PROHIBITED,
    text: 'this gateway answers .bit names only',
    nature: 'finding',
  },
  internal: servfail(ExtendedError.OTHER, 'internal error'),
}

/** The answer to a question that failed. */
export function failureAnswer(question: Question, code: FailureCode): Found {
  const { rcode, extendedError, text } = FAILURES[code]
  const packed = encodeAnswer({
    question: { name: queryName(question.query), type: question.query.type, class: question.query.class },
    rcode,
    authoritative: false,
    extendedErrors: [{ code: extendedError, text }],
  })
  return { ...packed, failure: code }
}

/** What an answer without success means. One that an upstream gave is told by its Extended DNS Errors. */
export function natureOf(found: Found): FailureNature {
  if (found.failure !== undefined) return FAILURES[found.failure].nature
  // That we may not ask (RFC 8914 §4.19) is nothing about the name, but what is known from before is not ours to give.
  const isForbidden = extendedErrorCodes(found.options).includes(ExtendedError.PROHIBITED)
  return isForbidden || hasVerdict(found.options) ? 'finding' : 'unresolved'
}
