import type { FindingKind } from './finding.ts'
import { type Checked, conforms } from './suite.ts'

/** How findings are shown: a table for people, JSON for programs. */

/** A terminal's ways. */
export interface Style {
  readonly colours: boolean
  /** Columns. */
  readonly width: number
}

const WORDS: Readonly<Record<FindingKind, string>> = {
  holds: 'holds',
  fails: 'FAILS',
  differs: 'differs',
  'not-tested': 'not tested',
}

/** ECMA-48 SGR: green, red, yellow, faint. */
const COLOURS: Readonly<Record<FindingKind, number>> = { holds: 32, fails: 31, differs: 33, 'not-tested': 2 }

/** Where the titles begin, and below them the details. */
const INDENT = 24

/**
 * Attack: details hold what the server sent; escape sequences and bidirectional controls in it would repaint the
 * terminal. Characters of two UTF-16 units go, too: nothing of ours has any, and lines are measured in units.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}\u{10000}-\u{10ffff}]/gu, '\ufffd')

/** One clause: a line, and below it the details of what does not simply hold. */
export function tableLines({ clause, finding }: Checked, { colours, width }: Style): readonly string[] {
  const word = WORDS[finding.kind].padEnd(12)
  const coloured = colours ? `\u001b[${COLOURS[finding.kind]}m${word}\u001b[0m` : word
  const line = `${clause.id.padEnd(4)} ${clause.level.padEnd(7)}${coloured}${clause.title}`
  if (finding.kind === 'holds') return [line]
  return [
    line,
    ...wrapped(printable(finding.detail), width - INDENT).map((text) => ' '.repeat(INDENT) + text),
  ]
}

function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text
    .split(' ')
    .flatMap((each) => each.match(new RegExp(`.{1,${width}}`, 'gsu')) ?? [''])) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

const count = (checked: readonly Checked[], kind: FindingKind): number =>
  checked.filter(({ finding }) => finding.kind === kind).length

/** The last line: the sum of it all. */
export function summaryLine(checked: readonly Checked[], requests: number): string {
  const parts = (['holds', 'fails', 'differs', 'not-tested'] as const).map(
    (kind) => `${count(checked, kind)} ${verbs[kind]}`,
  )
  const verdict = conforms(checked) ? 'every MUST that was tested holds' : 'a MUST fails'
  return `${parts.join(', ')}; ${verdict}. ${requests} requests.`
}

const verbs = { holds: 'hold', fails: 'fail', differs: 'differ', 'not-tested': 'not tested' } as const

/**
 * JSON for a terminal or a file, indented. Attack: `JSON.stringify` leaves bidirectional controls and the like of a server
 * as they are; escaped they are the same to a program, and nothing to a terminal.
 */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value, undefined, 2).replace(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => escaped(character.charCodeAt(index))).join(''),
  )

const escaped = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`

/** The findings as JSON; the README documents the shape. */
export const jsonReport = (url: string, checked: readonly Checked[], requests: number) => ({
  url,
  conforms: conforms(checked),
  requests,
  counts: {
    holds: count(checked, 'holds'),
    fails: count(checked, 'fails'),
    differs: count(checked, 'differs'),
    notTested: count(checked, 'not-tested'),
  },
  clauses: checked.map(({ clause: { id, level, title, source }, finding: { kind, detail } }) => ({
    ...{ id, level, title, source, finding: kind, detail },
  })),
})
