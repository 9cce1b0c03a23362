import type { Name } from '../dns/name.ts'
import type { PackedAnswer } from '../dns/packed.ts'
import type { Query } from '../dns/query.ts'

/** What the stages pass on: one query and all that goes with answering it. */
export interface Question {
  readonly query: Query
  /** QNAME in lower case. */
  readonly name: Name
  /** Aborts when the client has waited long enough: each stage gives up by then and says so. */
  readonly signal: AbortSignal
}

/** Answers a question. Never rejects: what goes wrong is an answer, too (`failure.ts`). */
export type Answerer = (question: Question) => Promise<PackedAnswer>

/** One step between a question and its answer: answers itself, or hands the question on. */
export type Stage = (question: Question, next: Answerer) => Promise<PackedAnswer>

/** The stages as one answerer: the first one gets the question, each `next` is the one behind it. */
export const compose = (stages: readonly Stage[], last: Answerer): Answerer =>
  stages.reduceRight<Answerer>((next, stage) => (question) => stage(question, next), last)
