import { given } from './given.ts'
import { problem, redactUrl, type SettingsProblem, shown } from './problem.ts'
import { flagName, type ReadSettings, type SettingKey, schema, settingKeys, settingOf } from './schema.ts'

/** A backend's name: where values of `.bit` names come from. */
export type Backend = 'names' | 'core' | 'electrum'

/**
 * The gateway's settings, checked. What is not set and has no default is undefined.
 *
 * - `backend` is never empty and names only backends that are configured;
 * - `upstream` is empty when the user said `none`;
 * - `tlsCert` and `tlsKey` are both there or both not;
 * - `coreUrl` may hold a password: show it with `redactUrl` only.
 */
export type Settings = Omit<ReadSettings, 'backend' | 'upstream' | 'maxTipAge'> & {
  readonly backend: readonly Backend[]
  readonly upstream: readonly string[]
  /** Milliseconds; undefined when it is off. */
  readonly maxTipAge: number | undefined
}

/** The three ways in. */
export interface SettingsInput {
  /** Values by flag name without dashes, in the order given: `{ 'cache-entries': ['0'] }`. */
  readonly flags?: Readonly<Record<string, readonly string[]>>
  /** `process.env`, or the `env` of a Worker; what does not begin with `BITDOH_` is ignored. */
  readonly variables?: Readonly<Record<string, unknown>>
  /** The TOML file's text, and its name for errors. */
  readonly file?: { readonly name: string; readonly text: string }
}

/** Settings, or the one line that says why not. */
export type SettingsOutcome = { readonly kind: 'settings'; readonly settings: Settings } | SettingsProblem

/** Reads and checks all settings: flags win over variables, variables over the file, each setting as a whole. */
export function parseSettings(input: SettingsInput): SettingsOutcome {
  const all = given(input)
  if (all.kind === 'problem') return all
  const values: Record<string, unknown> = {}
  for (const key of settingKeys) {
    const source = all.values.get(key)
    const value = readSetting(key, source?.texts ?? settingOf(key).fallback, source?.name ?? flagName(key))
    if (isProblem(value)) return value
    values[key] = value
  }
  return checkTogether(values as ReadSettings, (key) => all.values.get(key)?.name ?? `--${flagName(key)}`)
}

const isProblem = (value: unknown): value is SettingsProblem =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'problem'

/** One setting's value from its texts; undefined when there are none. */
function readSetting(key: SettingKey, texts: readonly string[] | undefined, name: string): unknown {
  if (texts === undefined) return undefined
  const setting = settingOf(key)
  if (!setting.repeatable && texts.length > 1) {
    return problem('repeated', name, `given ${texts.length} times, takes one: ${setting.kind.takes}`)
  }
  if (texts.length === 0) return problem('bad-value', name, `given nothing, takes ${setting.kind.takes}`)
  const values: unknown[] = []
  for (const text of texts) {
    const value = setting.kind.read(text)
    if (value === undefined) {
      const visible = setting.secret === true ? redactUrl(text) : text
      return problem('bad-value', name, `given ${shown(visible)}, takes ${setting.kind.takes}`)
    }
    values.push(value)
  }
  return setting.repeatable ? values : values[0]
}

/** Checks what no setting can tell on its own. */
function checkTogether(read: ReadSettings, nameOf: (key: SettingKey) => string): SettingsOutcome {
  if (read.tlsCert !== undefined && read.tlsKey === undefined) return missing('tlsCert', 'tlsKey', nameOf)
  if (read.tlsKey !== undefined && read.tlsCert === undefined) return missing('tlsKey', 'tlsCert', nameOf)
  if (read.coreCookie !== undefined && read.coreUrl === undefined)
    return missing('coreCookie', 'coreUrl', nameOf)

  const upstreams = read.upstream.filter((upstream) => upstream !== 'none')
  if (upstreams.length !== read.upstream.length && read.upstream.length > 1) {
    const sentence = `given none and more, takes ${schema.upstream.kind.takes}`
    return problem('incomplete', nameOf('upstream'), sentence)
  }

  const configured = new Set<Backend>()
  if (read.names !== undefined) configured.add('names')
  if (read.coreUrl !== undefined) configured.add('core')
  if (read.electrum !== undefined || configured.size === 0) configured.add('electrum')
  const backends = [...new Set(read.backend ?? configured)]
  const unconfigured = backends.find((backend) => backend !== 'electrum' && !configured.has(backend))
  if (unconfigured !== undefined) {
    const needed = flagName(unconfigured === 'names' ? 'names' : 'coreUrl')
    return problem('incomplete', nameOf('backend'), `given ${shown(unconfigured)}, which needs --${needed}`)
  }
  if (backends.includes('electrum') && read.electrum === undefined && read.network !== 'mainnet') {
    const sentence = `no public server of ${read.network} is known: set --electrum ${schema.electrum.kind.takes}`
    return problem('incomplete', nameOf('electrum'), sentence)
  }
  const maxTipAge = read.maxTipAge ?? (read.network === 'regtest' ? 'off' : DEFAULT_MAX_TIP_AGE)
  return {
    kind: 'settings',
    settings: {
      ...read,
      backend: backends,
      upstream: upstreams,
      maxTipAge: maxTipAge === 'off' ? undefined : maxTipAge,
    },
  }
}

/** Eight hours, Electrum's rule: the longest gap between blocks in four years was two and a half. */
const DEFAULT_MAX_TIP_AGE = 8 * 3_600_000

const missing = (has: SettingKey, lacks: SettingKey, nameOf: (key: SettingKey) => string): SettingsProblem =>
  problem(
    'incomplete',
    nameOf(has),
    `needs --${flagName(lacks)} too, which takes ${settingOf(lacks).kind.takes}`,
  )
