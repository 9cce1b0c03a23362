import { isValidName, lowerName, type Name } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { BitAnswer, BitQuestion, Report } from './answer.ts'
import { apexAnswer, BIT } from './apex.ts'
import { delegate } from './delegation.ts'
import { type Finder, rootNode, UnreachableName } from './layers.ts'
import { domainKey } from './name.ts'
import { alias, type Position } from './position.ts'
import { type Effort, type FetchValue, OutOfSteps, readThrough, startEffort } from './read.ts'
import { anyRecord, recordsAt, redirectRecord, typedRecords } from './records.ts'
import { type Destination, walk } from './walk.ts'

export type { BitAnswer, BitQuestion, Delegation, Diagnostic, MissingReason, Report } from './answer.ts'
export type { Effort, FetchedValue, FetchValue } from './read.ts'
export { startEffort } from './read.ts'

export interface LookupOptions {
  /** The serial of the zone `bit.`: the height of the newest block. */
  readonly serial?: number
  /** What the query has cost so far; one for all lookups of a query. Starts anew when left out. */
  readonly effort?: Effort
  /** Told of everything in the values that was left out. Costs something, so leave it out where nobody listens. */
  readonly report?: Report | undefined
}

/** The serial where no block height is known; ncdns always has this one. */
const SERIAL_WITHOUT_CHAIN = 1

/**
 * Answers a question for a name at or below `bit` (ifa-0001), from the values that `fetch` finds.
 *
 * Fetches only what decides the answer, and each name once. Never rejects: what is wrong with a value is left out,
 * and what is wrong with the fetch becomes an answer of its own.
 *
 * @param question the name may be in any case
 */
export async function lookup(
  question: BitQuestion,
  fetch: FetchValue,
  { serial = SERIAL_WITHOUT_CHAIN, effort = startEffort(), report }: LookupOptions = {},
): Promise<BitAnswer> {
  const name = lowerName(question.name)
  const apex = name.slice(-2)
  const [label = '', zone] = apex
  if (apex.length === 1 && label === BIT[0]) return apexAnswer(question.type, serial)
  const key = zone === BIT[0] ? domainKey(label) : undefined
  if (key === undefined) return { kind: 'nxdomain', reason: 'invalid-name' }

  const read = readThrough(fetch, effort)
  const value = await read(key)
  if (value.kind === 'absent') return { kind: 'nxdomain', reason: 'absent' }
  if (value.kind === 'unreachable') return { kind: 'unreachable', namecoinName: key }
  if (value.kind !== 'object') return value
  const finder: Finder = { read, effort, report: report && ((item, reason) => report({ item, reason })) }
  const refusedBefore = effort.refused
  try {
    const domain = { apex, root: rootNode(value.object, finder), report }
    const answer = await answerAt(await walk(domain, name, finder), name, question.type)
    return isNegative(answer) && effort.refused > refusedBefore ? { kind: 'exhausted' } : answer
  } catch (error) {
    if (error instanceof UnreachableName) return { kind: 'unreachable', namecoinName: error.namecoinName }
    if (error instanceof OutOfSteps) return { kind: 'exhausted' }
    throw error
  }
}

/** Whether the answer says that there is nothing. */
const isNegative = ({ kind }: BitAnswer): boolean => kind === 'nxdomain' || kind === 'nodata'

async function answerAt(destination: Destination, name: Name, type: number): Promise<BitAnswer> {
  switch (destination.kind) {
    case 'missing':
      return { kind: 'nxdomain', reason: 'no-such-label' }
    case 'delegated': {
      const { position, servers } = destination
      // DS belongs to the side of the cut that delegates (RFC 4035 §3.1.4.1).
      const isAtCut = name.length === position.owner.length
      return type === Type.DS && isAtCut
        ? answerOf(await typedRecords(Type.DS, position))
        : delegate(position, servers)
    }
    case 'translated':
      return translated(destination.position.owner, destination.target, name, type)
    case 'found':
      return found(destination.position, type)
  }
}

/** The answer at a DNAME, or below it: the DNAME with the CNAME it makes for this name (RFC 6672 §2.2 and §3.1). */
function translated(owner: Name, target: Name, name: Name, type: number): BitAnswer {
  const dname = redirectRecord(Type.DNAME, owner, target)
  if (name.length === owner.length) {
    if (type === Type.ANY) return { kind: 'answer', records: [anyRecord(owner)] }
    return answerOf(type === Type.DNAME ? [dname] : [])
  }
  const renamed = [...name.slice(0, name.length - owner.length), ...target]
  if (!isValidName(renamed)) return { kind: 'yxdomain', records: [dname] }
  return aliasAnswer([dname, redirectRecord(Type.CNAME, name, renamed)], renamed, type)
}

async function found(position: Position, type: number): Promise<BitAnswer> {
  const { owner } = position
  const target = await alias(position)
  if (target !== undefined) return aliasAnswer([redirectRecord(Type.CNAME, owner, target)], target, type)
  if (type === Type.ANY) return { kind: 'answer', records: [anyRecord(owner)] }
  return answerOf(await recordsAt(type, position))
}

/** An alias is followed, but for who asks for the alias itself (RFC 1034 §3.6.2). */
const aliasAnswer = (
  records: Extract<BitAnswer, { kind: 'alias' }>['records'],
  target: Name,
  type: number,
): BitAnswer =>
  type === Type.CNAME || type === Type.ANY ? { kind: 'answer', records } : { kind: 'alias', records, target }

const answerOf = (records: Extract<BitAnswer, { kind: 'answer' }>['records']): BitAnswer =>
  records.length > 0 ? { kind: 'answer', records } : { kind: 'nodata', records }
