import type { Trail } from '../delegation/effort.ts'
import type { Name } from '../dns/name.ts'
import type { PackedAnswer } from '../dns/packed.ts'
import type { Query } from '../dns/query.ts'
import type { FailureCode } from './failure.ts'

/** What the stages pass on: one query and all that goes with answering it. */
export interface Question {
  readonly query: Query
  /** QNAME in lower case. */
  readonly name: Name
  /** Aborts when the client has waited long enough: each stage gives up by then and says so. */
  readonly signal: AbortSignal
  /** Where following delegations has led to this question, when no client asks it but we do (`delegation/`). */
  readonly following?: Trail
}

/** What the stages find: an answer, and what no client sees of it. */
export interface Found extends PackedAnswer {
  /** Why there is no answer, if it was found out here; see `failure.ts`. */
  readonly failure?: FailureCode
  /**
   * Seconds that an answer under .bit may be used, in need even beyond its TTLs: by then one of its names may have
   * expired. Left out: no longer than its TTLs say.
   */
  readonly usableFor?: number
}

/** Answers a question. Never rejects: what goes wrong is an answer, too (`failure.ts`). */
export type Answerer = (question: Question) => Promise<Found>

/** One step between a question and its answer: answers itself, or hands the question on. */
export type Stage = (question: Question, next: Answerer) => Promise<Found>

/** The stages as one answerer: the first one gets the question, each `next` is the one behind it. */
export const compose = (stages: readonly Stage[], last: Answerer): Answerer =>
  stages.reduceRight<Answerer>((next, stage) => (question) => stage(question, next), last)
