import { flagName, type SettingKey, settingKeys, settingOf } from './schema.ts'

/** One row of the table of settings, as the help and the README show it. */
export interface SettingRow {
  /** `cache-entries`. */
  readonly name: string
  readonly takes: string
  readonly fallback: string
  readonly what: string
  readonly repeatable: boolean
}

const row = (key: SettingKey): SettingRow => {
  const setting = settingOf(key)
  return {
    name: flagName(key),
    takes: setting.kind.takes,
    fallback: setting.fallback?.join(', ') ?? setting.otherwise ?? 'none',
    what: setting.what,
    repeatable: setting.repeatable,
  }
}

/** All settings, in the order of the schema. */
export const settingRows: readonly SettingRow[] = settingKeys.map(row)

const INDENT = ' '.repeat(22)

/** The settings for `--help`: one paragraph a setting, with what it is for, what it takes and its default. */
export const settingsHelp = (): string =>
  settingRows
    .map(({ name, takes, fallback, what, repeatable }) =>
      [
        `  --${name}`.padEnd(INDENT.length) + what,
        `${INDENT}takes ${takes}${repeatable ? '; repeatable' : ''}`,
        `${INDENT}default: ${fallback}`,
      ].join('\n'),
    )
    .join('\n')

/** The settings as a Markdown table, for the README. */
export const settingsMarkdown = (): string =>
  [
    '| setting | takes | default | what for |',
    '|---|---|---|---|',
    ...settingRows.map(
      ({ name, takes, fallback, what, repeatable }) =>
        `| \`${name}\`${repeatable ? ' (repeatable)' : ''} | ${takes} | ${fallback} | ${what} |`,
    ),
  ].join('\n')
