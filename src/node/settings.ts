import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { problem } from '../settings/problem.ts'
import { parseSettings, type SettingsInput, type SettingsOutcome } from '../settings/settings.ts'

/** The variable that names the TOML file where no `--config` does: in containers variables are all there is. */
const CONFIG_VARIABLE = 'BITDOH_CONFIG'

/**
 * The settings of this process: flags, its variables, and the TOML file.
 *
 * @param flags values by flag name, as `readArguments` gives them
 * @param configFile the value of `--config`
 */
export function readSettings(
  flags: NonNullable<SettingsInput['flags']>,
  configFile: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): SettingsOutcome {
  const { [CONFIG_VARIABLE]: fromVariable, ...variables } = environment
  const path = configFile ?? (fromVariable === '' ? undefined : fromVariable)
  if (path === undefined) return parseSettings({ flags, variables })
  try {
    return parseSettings({ flags, variables, file: { name: path, text: readFileSync(path, 'utf8') } })
  } catch (error) {
    const name = configFile === undefined ? CONFIG_VARIABLE : '--config'
    const reason = error instanceof Error ? error.message : String(error)
    return problem('unreadable', name, `given ${JSON.stringify(path)}, takes a TOML file: ${reason}`)
  }
}

/**
 * Where the gateway keeps what it makes when `state` is not set: what systemd gives (`StateDirectory=`, the first
 * of several), otherwise the user's own as of the XDG base directory specification.
 */
export function stateFolder(set: string | undefined, environment: NodeJS.ProcessEnv = process.env): string {
  if (set !== undefined) return set
  const systemd = environment['STATE_DIRECTORY']?.split(':')[0]
  if (systemd) return systemd
  const xdg = environment['XDG_STATE_HOME']
  // The specification: relative paths are to be ignored.
  return join(xdg?.startsWith('/') ? xdg : join(homedir(), '.local', 'state'), 'bitdoh')
}
