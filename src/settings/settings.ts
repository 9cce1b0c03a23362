import { given } from './given.ts'
import { problem, redactUrl, type SettingsProblem, shown } from './problem.ts'
import { flagName, type ReadSettings, type SettingKey, schema, settingKeys, settingOf } from './schema.ts'

/** A backend's name: where values of `.bit` names come from. */
export type Backend = 'names' | 'core' | 'electrum' | 'doh'

/**
 * The gateway's settings, checked. What is not set and has no default is undefined.
 *
 * - `backend` is never empty and names only backends that are configured;
 * - `gateway` names at least `agree` hosts, each one once, when `backend` is `doh`, which stands alone;
 * - `upstream` is empty when the user said `none`;
 * - `tlsCert` and `tlsKey` are both there or both not;
 * - `coreUrl` may hold a password: show it with `redactUrl` only.
 */
export type Settings = Omit<ReadSettings, 'backend' | 'upstream' | 'maxTipAge' | 'serveStale'> & {
  readonly backend: readonly Backend[]
  readonly upstream: readonly string[]
  /** Milliseconds; undefined when it is off. */
  readonly maxTipAge: number | undefined
  /** Milliseconds; 0 when it is off. */
  readonly serveStale: number
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
  // With verify its servers are for headers alone: they hear of no name.
  const isForHeaders = read.gateway !== undefined && read.verify === 'on'
  const isNothingElse = configured.size === 0 && read.gateway === undefined
  if ((read.electrum !== undefined && !isForHeaders) || isNothingElse) configured.add('electrum')
  if (read.gateway !== undefined) configured.add('doh')
  const backends = [...new Set(read.backend ?? configured)]
  const unconfigured = backends.find((backend) => backend !== 'electrum' && !configured.has(backend))
  if (unconfigured !== undefined) {
    const needed = flagName(NEEDED[unconfigured as keyof typeof NEEDED])
    return problem('incomplete', nameOf('backend'), `given ${shown(unconfigured)}, which needs --${needed}`)
  }
  if (backends.includes('doh')) {
    // What another gateway says is a whole answer: an alias or an import in it cannot lead back into our own values.
    if (backends.length > 1 && read.verify === 'off') {
      const sentence = `given ${shown(backends.join(','))}: without --verify on, doh goes with no other backend`
      return problem('incomplete', nameOf(read.backend === undefined ? 'gateway' : 'backend'), sentence)
    }
    if (read.verify === 'on' && read.gateway!.some((url) => url.includes('#'))) {
      return problem('incomplete', nameOf('gateway'), 'given #ADDRESS, which goes with --verify off only')
    }
    const hosts = read.gateway!.map((url) => new URL(url).hostname)
    const twice = hosts.find((host, index) => hosts.indexOf(host) !== index)
    if (twice !== undefined) return problem('bad-value', nameOf('gateway'), `given ${shown(twice)} twice`)
    if (read.agree > hosts.length) {
      const sentence = `given ${read.agree}, which needs as many --gateway`
      return problem('incomplete', nameOf('agree'), sentence)
    }
  }
  const needsServers = backends.includes('electrum') || (backends.includes('doh') && read.verify === 'on')
  if (needsServers && read.electrum === undefined && read.network !== 'mainnet') {
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
      serveStale: read.serveStale === 'off' ? 0 : read.serveStale,
    },
  }
}

/** The setting that each backend cannot do without. */
const NEEDED = { names: 'names', core: 'coreUrl', doh: 'gateway' } as const

/** Eight hours, Electrum's rule: the longest gap between blocks in four years was two and a half. */
const DEFAULT_MAX_TIP_AGE = 8 * 3_600_000

const missing = (has: SettingKey, lacks: SettingKey, nameOf: (key: SettingKey) => string): SettingsProblem =>
  problem(
    'incomplete',
    nameOf(has),
    `needs --${flagName(lacks)} too, which takes ${settingOf(lacks).kind.takes}`,
  )
