import type { Log } from '../../log.ts'

/** Exit codes of all commands. */
export const Exit = {
  /** Done; for `resolve`: there is an answer. */
  OK: 0,
  /** `resolve`: no such name, or no data of that type. `check`: a MUST fails. */
  NOTHING: 1,
  /** The command line or a setting is wrong. */
  USAGE: 2,
  /** It could not be done: nothing could be resolved, nothing listens. */
  FAILED: 3,
} as const

/** What a command is given besides its own arguments. */
export interface Terminal {
  /** Prints a line for the user or the next program. */
  readonly print: (line: string) => void
  /** Prints a line about what went wrong. */
  readonly complain: (line: string) => void
  readonly log: Log
}
