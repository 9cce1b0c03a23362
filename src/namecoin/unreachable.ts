import type { NameOutcome, UnreachableCode } from './source.ts'

/** The outcome when a source could not be asked. */
export type Unreachable = Extract<NameOutcome, { kind: 'unreachable' }>

/** `detail` goes to logs and `/readyz`: never a name that was looked up, never a password. */
export function unreachable(code: UnreachableCode, detail: string): Unreachable {
  return { kind: 'unreachable', code, detail }
}
