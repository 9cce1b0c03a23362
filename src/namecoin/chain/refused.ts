/** What a check says when something is not as it must be: a value, never an exception. */

/** Something that was refused. `code` is stable: logs, bans and tests use it; `detail` is for people. */
export interface Refused<Code extends string = string> {
  readonly kind: 'refused'
  readonly code: Code
  readonly detail: string
}

export function refused<Code extends string>(code: Code, detail: string): Refused<Code> {
  return { kind: 'refused', code, detail }
}
