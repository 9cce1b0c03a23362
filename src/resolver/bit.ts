import { BIT, soaRecord } from '../bit/apex.ts'
import { type BitAnswer, type FetchValue, lookup } from '../bit/lookup.ts'
import { anyRecord } from '../bit/records.ts'
import { startTrail } from '../delegation/effort.ts'
import type { Delegations } from '../delegation/follow.ts'
import { type ExtendedErrorText, encodeAnswer } from '../dns/encode.ts'
import { readMessage } from '../dns/message.ts'
import { isAtOrBelow, lowerName, type Name, nameKey, nameToWire, readName } from '../dns/name.ts'
import { ExtendedError, Flag, isFailure, Rcode, Type } from '../dns/protocol.ts'
import { queryName } from '../dns/query.ts'
import type { ResourceRecord } from '../dns/record.ts'
import type { Caveat, NameOutcome, Tip } from '../namecoin/source.ts'
import { bogusAnswer, delegatedAnswer, forClient, shortLived } from './delegated.ts'
import { type FailureCode, failureAnswer } from './failure.ts'
import { leadsToPrivate } from './private-addresses.ts'
import type { Answerer, Found, Question, Stage } from './question.ts'
import type { Values } from './values.ts'

/** Aliases followed for one question (`namecoin-values.md` §4.2: 8 to 16). */
const MAX_ALIASES = 12

/** Average seconds from block to block: how long a block that is to expire a name keeps us waiting. */
const BLOCK_SECONDS = 600
/** How fast blocks may come for longer than a while: four times as fast as they should (one hour in some 10⁸ is worse). */
const LEAST_BLOCK_SECONDS = 150

/** What to do with private addresses in .bit answers. */
export type PrivateAnswers = 'allow' | 'strip'

/** What the stage needs. */
export interface BitStageOptions {
  readonly values: Values
  readonly tip: () => Tip | undefined | Promise<Tip | undefined>
  readonly privateAnswers: PrivateAnswers
  /** Answers for names outside .bit that an alias leads to. */
  readonly resolveOutside: Answerer
  readonly delegations: Delegations
}

/**
 * Answers names under .bit from Namecoin: nothing under .bit ever goes on to the next stage.
 *
 * Aliases are followed to their end, inside .bit here and outside through the other stages, because stub resolvers
 * do not follow them: Firefox takes only what stands in the message.
 */
export function bitStage({ values, tip, resolveOutside, delegations, ...options }: BitStageOptions): Stage {
  return async function bit(question, next) {
    if (!isAtOrBelow(question.name, BIT)) return next(question)
    const known = await tip()
    const serial = known?.height ?? 1
    const fetched = fetchThrough(values, known?.epoch ?? '', question.signal)
    const chain: ResourceRecord[] = []
    const seen = new Set<string>()
    const { type, edns, flags } = question.query
    const dnssecOk = edns?.dnssecOk === true
    const checkingDisabled = (flags & Flag.CD) !== 0
    // What a nameserver's address may be is not for the clients' rules: see `delegation/contact.ts`.
    const privateAnswers = question.following === undefined ? options.privateAnswers : 'allow'
    // One budget for the whole chain, and for the nameservers' names on the way: a hostile alias to a hostile value costs
    // no more than either.
    const trail = question.following ?? startTrail()
    const effort = trail.effort.values
    /** Whether the aliases so far are all signed: those in values are not. */
    let isSecure = true
    let isDelegated = false

    let target = question.name
    while (isAtOrBelow(target, BIT)) {
      if (seen.has(nameKey(target))) return failureAnswer(question, 'alias-loop')
      if (seen.size === MAX_ALIASES) return failureAnswer(question, 'alias-chain-too-long')
      seen.add(nameKey(target))
      const answer = await lookup({ name: target, type }, fetched.fetch, { serial, effort })
      switch (answer.kind) {
        case 'alias':
          chain.push(...answer.records)
          target = answer.target
          isSecure = false
          break
        case 'unreachable':
          return failureAnswer(question, fetched.failure)
        case 'invalid':
          return failureAnswer(question, 'value-invalid')
        case 'exhausted':
          return failureAnswer(question, 'value-exhausting')
        case 'delegation': {
          isDelegated = true
          // RFC 8482 §4.2: there is no need to ask for everything only to leave it out.
          if (type === Type.ANY) {
            const any = { kind: 'answer', records: [anyRecord(target)] } as const
            return finish(question, chain, any, serial, fetched, { privateAnswers, isDelegated })
          }
          const asked = { name: target, type, dnssecOk, checkingDisabled }
          const followed = await delegations.follow(answer, asked, trail, question.signal)
          if (followed.kind === 'failed') return failureAnswer(question, followed.code)
          if (followed.kind === 'bogus') return bogusAnswer(question, followed)
          if (followed.kind === 'answer') {
            const { secondsLeft, usableFor } = fetched
            const isStripped = privateAnswers === 'strip'
            const soa = soaRecord(serial)
            const context = { chain, isSecure, secondsLeft, usableFor, isStripped, soa }
            return delegatedAnswer(question, followed, context)
          }
          chain.push(...shortLived(forClient(question, followed.records)))
          target = lowerName(followed.target)
          isSecure &&= followed.isSecure
          break
        }
        default:
          return finish(question, chain, answer, serial, fetched, { privateAnswers, isDelegated })
      }
    }
    return leave(question, chain, target, fetched, { resolveOutside, privateAnswers, isDelegated })
  }
}

/** The fetches of one question: what they cost, when what they found runs out, and why one could not be made. */
interface Fetched {
  readonly fetch: FetchValue
  /** Seconds until the first of the names fetched expires, or is to be asked for again. */
  secondsLeft: number
  /** Seconds in which none of the names fetched can expire, if nothing more is heard of the chain; 0 without a chain. */
  usableFor: number
  /** What a client should know of what was found. */
  readonly caveats: Set<Caveat>
  /** The reason of the last fetch that failed. */
  failure: FailureCode
  expired: boolean
}

function fetchThrough(values: Values, epoch: string, signal: AbortSignal): Fetched {
  const fetched: Fetched = {
    secondsLeft: Number.POSITIVE_INFINITY,
    usableFor: Number.POSITIVE_INFINITY,
    caveats: new Set(),
    failure: 'internal',
    expired: false,
    async fetch(name) {
      const outcome: NameOutcome = await values.lookup(name, epoch, signal)
      if ('caveat' in outcome && outcome.caveat !== undefined) fetched.caveats.add(outcome.caveat)
      if ('maxTtl' in outcome) fetched.secondsLeft = Math.min(fetched.secondsLeft, outcome.maxTtl ?? Infinity)
      switch (outcome.kind) {
        case 'found':
          if (outcome.expiresIn !== undefined)
            fetched.secondsLeft = Math.min(fetched.secondsLeft, outcome.expiresIn * BLOCK_SECONDS)
          fetched.usableFor = Math.min(fetched.usableFor, (outcome.expiresIn ?? 0) * LEAST_BLOCK_SECONDS)
          return { kind: 'value', value: outcome.value }
        case 'expired':
          fetched.expired = true
          return { kind: 'absent' }
        case 'absent':
          return { kind: 'absent' }
        case 'invalid':
          return { kind: 'invalid' }
        case 'unreachable':
          fetched.failure = `namecoin-${outcome.code}`
          return { kind: 'unreachable' }
      }
    },
  }
  return fetched
}

/** How a chain of aliases is ended. */
interface EndOptions {
  readonly privateAnswers: PrivateAnswers
  /** Whether some of it came from nameservers, for which we are no authority. */
  readonly isDelegated: boolean
}

/** The answer at the end of the chain of aliases, all of it in .bit. */
function finish(
  question: Question,
  chain: readonly ResourceRecord[],
  answer: Extract<BitAnswer, { kind: 'answer' | 'nodata' | 'nxdomain' | 'yxdomain' }>,
  serial: number,
  fetched: Fetched,
  { privateAnswers, isDelegated }: EndOptions,
): Found {
  const own = answer.kind === 'nxdomain' ? [] : answer.records
  const kept = privateAnswers === 'strip' ? own.filter((record) => !leadsToPrivate(record)) : own
  const isPositive = answer.kind === 'answer' && kept.length > 0
  const clamp = (record: ResourceRecord) => ({ ...record, ttl: Math.min(record.ttl, fetched.secondsLeft) })
  const packed = encodeAnswer({
    question: { name: queryName(question.query), type: question.query.type, class: question.query.class },
    rcode: RCODES[answer.kind],
    authoritative: !isDelegated,
    answer: [...chain, ...kept].map(clamp),
    authority: isPositive ? [] : [clamp(soaRecord(serial))],
    extendedErrors: explain(answer, kept.length < own.length, fetched),
  })
  return { ...packed, usableFor: fetched.usableFor }
}

const RCODES = {
  answer: Rcode.NOERROR,
  nodata: Rcode.NOERROR,
  nxdomain: Rcode.NXDOMAIN,
  yxdomain: Rcode.YXDOMAIN,
} as const

/** What a client may want to know about an answer that holds less, or is worth less, than hoped for. */
function explain(answer: BitAnswer, stripped: boolean, { expired, caveats }: Fetched): ExtendedErrorText[] {
  const errors: ExtendedErrorText[] = Array.from(caveats, (caveat) => ({
    code: ExtendedError.OTHER,
    text: CAVEATS[caveat],
  }))
  if (stripped) errors.unshift({ code: ExtendedError.FILTERED, text: 'private addresses are left out here' })
  if (answer.kind === 'nxdomain' && expired) {
    errors.unshift({ code: ExtendedError.OTHER, text: "the name's registration has expired" })
  }
  return errors
}

const CAVEATS: { readonly [Each in Caveat]: string } = {
  attested: 'height and expiry are attested by two operators, not proven',
  'one-operator': 'that there is nothing, or nothing newer, is the word of one operator',
  'newer-waits': 'a newer value waits for confirmations',
}

/**
 * The answer to a chain of aliases that leads out of .bit: our aliases, then what the other stages say of the last
 * one, with its response code and its SOA (RFC 6604 §3). AD is off: the chain is not signed all the way.
 */
async function leave(
  question: Question,
  chain: readonly ResourceRecord[],
  target: Name,
  fetched: Fetched,
  { resolveOutside, privateAnswers, isDelegated }: EndOptions & Pick<BitStageOptions, 'resolveOutside'>,
): Promise<Found> {
  const { type } = question.query
  const outside = await resolveOutside({
    query: { ...question.query, wireName: nameToWire(target) },
    name: target,
    signal: question.signal,
  })
  const message = readMessage(outside.bytes)
  if (message === undefined) return failureAnswer(question, 'upstream-protocol')
  const own = answerTo(target, type, message.answer)
  const kept = privateAnswers === 'strip' ? own.filter((record) => !leadsToPrivate(record)) : own
  const stripped = kept.length < own.length
  const clamp = (record: ResourceRecord) => ({ ...record, ttl: Math.min(record.ttl, fetched.secondsLeft) })
  const packed = encodeAnswer({
    question: { name: queryName(question.query), type, class: question.query.class },
    rcode: outside.rcode,
    authoritative: !isDelegated && !isFailure(outside.rcode),
    truncated: (message.flags & Flag.TC) !== 0,
    answer: [...chain.map(clamp), ...kept],
    authority: message.authority,
    extendedErrors: explain({ kind: 'answer', records: [] }, stripped, fetched),
  })
  return {
    ...packed,
    options: Uint8Array.of(...packed.options, ...outside.options),
    usableFor: fetched.usableFor,
    ...(outside.failure === undefined ? {} : { failure: outside.failure }),
  }
}

/**
 * What of an answer section answers the question: the aliases from name to name, and the records at the end of them.
 * Clients take a message with anything else for malformed (`doh-clients.md` §2c).
 */
function answerTo(name: Name, type: number, records: readonly ResourceRecord[]): readonly ResourceRecord[] {
  const owners = new Set([nameKey(name)])
  return records.filter((record) => {
    if (record.type === Type.DNAME) return true
    if (!owners.has(nameKey(record.name))) return false
    if (record.type === Type.CNAME) {
      const next = readName(record.data, 0)?.name
      if (next !== undefined) owners.add(nameKey(next))
      return true
    }
    return record.type === type || record.type === Type.RRSIG || type === Type.ANY
  })
}
