import { parse, TomlError } from 'smol-toml'
import { nearest, problem, type SettingsProblem } from './problem.ts'
import { flagName, type SettingKey, settingKeys, settingOf, variableName } from './schema.ts'
import type { SettingsInput } from './settings.ts'

/** What one setting was given and where, in the words of the place that won. */
export interface Given {
  /** As the user wrote it: `--tls`, `BITDOH_TLS`, `tls in bitdoh.toml`. */
  readonly name: string
  readonly texts: readonly string[]
}

type GivenSettings = ReadonlyMap<SettingKey, Given>
type GivenOutcome = { readonly kind: 'given'; readonly values: GivenSettings } | SettingsProblem

const keyByFlag = new Map(settingKeys.map((key) => [flagName(key), key]))
const keyByVariable = new Map(settingKeys.map((key) => [variableName(key), key]))

/** Brings the three ways in together, unread: flags win over variables, variables over the file. */
export function given(input: SettingsInput): GivenOutcome {
  const file = fromFile(input.file)
  if (file.kind === 'problem') return file
  const variables = fromVariables(input.variables ?? {})
  if (variables.kind === 'problem') return variables
  const flags = fromFlags(input.flags ?? {})
  if (flags.kind === 'problem') return flags
  return { kind: 'given', values: new Map([...file.values, ...variables.values, ...flags.values]) }
}

const unknown = (name: string, like: string | undefined): SettingsProblem =>
  problem(
    'unknown',
    name,
    like === undefined ? 'no such setting; see --help' : `no such setting; ${like} is one`,
  )

/** Problem for a flag that is none, with the nearest that is one. */
export function unknownFlag(flag: string, others: readonly string[] = []): SettingsProblem {
  const like = nearest(flag, [...keyByFlag.keys(), ...others])
  return unknown(`--${flag}`, like && `--${like}`)
}

function fromFlags(flags: NonNullable<SettingsInput['flags']>): GivenOutcome {
  const values = new Map<SettingKey, Given>()
  for (const [flag, texts] of Object.entries(flags)) {
    const key = keyByFlag.get(flag)
    if (key === undefined) return unknownFlag(flag)
    values.set(key, { name: `--${flag}`, texts })
  }
  return { kind: 'given', values }
}

/**
 * Variables that Kubernetes puts into every container beside a Service called `bitdoh`, and which are no settings:
 * `BITDOH_SERVICE_HOST`, `BITDOH_PORT_8443_TCP_ADDR` (Kubernetes documentation, Service, "Environment variables").
 */
const KUBERNETES_VARIABLE = /^BITDOH_(?:SERVICE_HOST|SERVICE_PORT(?:_.*)?|PORT(?:_[0-9]+_.*)?)$/

function fromVariables(variables: NonNullable<SettingsInput['variables']>): GivenOutcome {
  const values = new Map<SettingKey, Given>()
  for (const [name, value] of Object.entries(variables)) {
    if (!name.startsWith('BITDOH_') || KUBERNETES_VARIABLE.test(name)) continue
    const key = keyByVariable.get(name)
    if (key === undefined) return unknown(name, nearest(name, [...keyByVariable.keys()]))
    const text = variableText(value)
    // Empty is as good as unset: compose files and unit files pass `BITDOH_NAMES=${NAMES}` on whether set or not.
    if (text === '') continue
    values.set(key, { name, texts: settingOf(key).repeatable ? commaSeparated(text) : [text] })
  }
  return { kind: 'given', values }
}

/** A variable's text. Under Node it is one; in a Worker's `[vars]` it may be a number or JSON of any kind. */
const variableText = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)

/** Values end at commas; but addresses in the fragment of a URL, as in `tls://dns.example#192.0.2.1,2001:db8::1`, go on. */
const commaSeparated = (text: string): string[] =>
  (text.match(/[^,#]*(?:#[^,]*(?:,\s*[0-9A-Fa-f.:]+\s*(?=,|$))*)?/g) ?? [])
    .map((part) => part.trim())
    .filter((part) => part !== '')

function fromFile(file: SettingsInput['file']): GivenOutcome {
  const values = new Map<SettingKey, Given>()
  if (file === undefined) return { kind: 'given', values }
  const table = readToml(file)
  if (table.kind === 'problem') return table
  for (const [name, value] of Object.entries(table.table)) {
    const key = keyByFlag.get(name)
    const where = `${name} in ${file.name}`
    if (key === undefined) return unknown(where, nearest(name, [...keyByFlag.keys()]))
    const texts = (Array.isArray(value) ? value : [value]).map(tomlText)
    if (texts.includes(undefined) || (Array.isArray(value) && !settingOf(key).repeatable)) {
      const form = Array.isArray(value) ? 'a list' : 'a table or a date'
      return problem('bad-value', where, `given ${form}, takes ${settingOf(key).kind.takes}`)
    }
    values.set(key, { name: where, texts: texts as string[] })
  }
  return { kind: 'given', values }
}

type TomlOutcome =
  | { readonly kind: 'toml'; readonly table: Readonly<Record<string, unknown>> }
  | SettingsProblem

function readToml(file: NonNullable<SettingsInput['file']>): TomlOutcome {
  try {
    return { kind: 'toml', table: parse(file.text) }
  } catch (error) {
    // The message goes on with the lines around the mistake, where a password may stand.
    const first = error instanceof Error ? error.message.split('\n')[0]! : String(error)
    const where = error instanceof TomlError ? `line ${error.line}, column ${error.column}: ` : ''
    return problem('unreadable', file.name, `${where}${first}`)
  }
}

/** A TOML value as the text it would be as a flag; `tls = true` says `on`. */
function tomlText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  return undefined
}
