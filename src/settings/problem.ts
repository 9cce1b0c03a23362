/** Why the settings cannot be used. Stable: tests and scripts may rely on the codes. */
export type SettingsProblemCode =
  | 'unknown' // no setting has this name
  | 'bad-value' // the setting does not take this
  | 'repeated' // given more than once, takes one value
  | 'incomplete' // needs another setting, or contradicts it
  | 'unreadable' // the file cannot be read or is not TOML

/** One thing wrong with the settings. */
export interface SettingsProblem {
  readonly kind: 'problem'
  readonly code: SettingsProblemCode
  /** As the user wrote it: `--cache-entries`, `BITDOH_CACHE_ENTRIES`, `cache-entries in bitdoh.toml`. */
  readonly setting: string
  /** One line for a person: the setting, what it was given, what it takes. Holds no password. */
  readonly line: string
}

/** Makes a problem; the line is the setting and then the sentence. */
export const problem = (code: SettingsProblemCode, setting: string, sentence: string): SettingsProblem => ({
  kind: 'problem',
  code,
  setting,
  line: `${setting}: ${sentence}`,
})

/** Longer values are cut in errors: a names file given in a variable may have megabytes. */
const MAX_SHOWN_LENGTH = 60

/** A value as an error may show it: on one line, quoted, not too long. */
export const shown = (given: string): string =>
  JSON.stringify(given.length > MAX_SHOWN_LENGTH ? `${given.slice(0, MAX_SHOWN_LENGTH)}…` : given)

/**
 * A URL as a log may show it: user and password are replaced. Works on text that is no URL too, and then rather
 * hides too much: a mistyped URL in an error message is how passwords get into bug reports.
 */
export const redactUrl = (given: string): string => {
  const [, scheme = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/)?([\s\S]*)$/.exec(given) ?? []
  const at = rest.lastIndexOf('@')
  if (at !== -1) return `${scheme}***@${rest.slice(at + 1)}`
  return URL.canParse(given) ? given : `${scheme}***`
}

/** The name in the list that is most like the given one, undefined when none is like it at all. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, distance: editDistance(given, name) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best !== undefined && best.distance <= Math.max(2, Math.floor(given.length / 3))
    ? best.name
    : undefined
}

/** Levenshtein's: how many letters to insert, drop or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (letter === other ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
