import { answerClauses } from './answers.ts'
import { get } from './ask.ts'
import { browserClauses } from './browsers.ts'
import { cachingClauses } from './caching.ts'
import type { Clause, Subject } from './clause.ts'
import { clientClauses } from './clients.ts'
import { counted } from './counted.ts'
import { ednsClauses } from './edns.ts'
import { type Finding, notTested } from './finding.ts'
import { httpClauses } from './http.ts'
import { mediaTypeClauses } from './media-types.ts'
import { messageClauses } from './messages.ts'
import { methodClauses } from './methods.ts'
import { query } from './query.ts'
import { robustnessClauses } from './robustness.ts'

/** `C9` before `C10`, and C before the letters of clients. */
const byId = (a: Clause, b: Clause): number => rank(a) - rank(b)
const rank = ({ id }: Clause): number => 'CNFGUADKBR'.indexOf(id[0]!) * 100 + Number(id.slice(1))

/** All clauses, in the order in which they are checked and shown. */
export const CLAUSES: readonly Clause[] = [
  ...methodClauses,
  ...mediaTypeClauses,
  ...messageClauses,
  ...cachingClauses,
  ...ednsClauses,
  ...httpClauses,
  ...answerClauses,
  ...browserClauses,
  ...clientClauses,
  ...robustnessClauses,
].toSorted(byId)

/** A clause and what came of it. */
export interface Checked {
  readonly clause: Clause
  readonly finding: Finding
}

/** Requests in a row without a response after which a server is asked once more, plainly, and then no more. */
const MAX_SILENCES = 5

/** The finding of what is left when a server has stopped responding. */
const STOPPED = notTested('the server has stopped responding')

/**
 * Checks clauses one after the other, so that the server has one request of ours at a time.
 *
 * A server that responds no more is left. Attack: one that hangs, or sends an octet now and then, would hold whoever
 * checks it for some 140 requests. That many odd requests in a row without a response alone say nothing.
 */
export async function* check(subject: Subject, clauses: readonly Clause[]): AsyncGenerator<Checked> {
  const { server, silences } = counted(subject.server)
  const listened = { ...subject, server }
  let isStopped = false
  for (const clause of clauses) {
    isStopped ||= silences() >= MAX_SILENCES && !(await responds(listened))
    yield { clause, finding: isStopped ? STOPPED : await clause.run(listened) }
  }
}

const responds = async (subject: Subject): Promise<boolean> =>
  (await get(subject, query({ name: subject.names.name }))).kind !== 'silence'

/** Whether the server conforms: no MUST fails. */
export const conforms = (checked: readonly Checked[]): boolean =>
  checked.every(({ clause, finding }) => clause.level !== 'MUST' || finding.kind !== 'fails')

/** Whether the server stopped responding before all was checked. */
export const hasStopped = (checked: readonly Checked[]): boolean =>
  checked.some(({ finding }) => finding === STOPPED)
