import { appleProfile } from '../../client-config/apple.ts'
import { chromePolicy } from '../../client-config/chrome.ts'
import { curlCommand } from '../../client-config/curl.ts'
import { dnscryptSection } from '../../client-config/dnscrypt.ts'
import { firefoxPolicies, firefoxUserJs } from '../../client-config/firefox.ts'
import { type ClientConfig, GATEWAY_FORM, type Gateways, readGateway } from '../../client-config/gateway.ts'
import { PROXY_FORM, pacScript, readProxy } from '../../client-config/pac.ts'
import type { Arguments, CommandFlags } from '../../settings/arguments.ts'
import { problem, type SettingsProblem, shown } from '../../settings/problem.ts'
import { Exit, type Terminal } from './command.ts'

/** The flags of `bitdoh client-config`. */
export const CLIENT_CONFIG_FLAGS: CommandFlags = {
  switches: ['help', 'version', 'user-js'],
  options: [],
  lists: ['gateway', 'proxy'],
}

const FOR_GATEWAYS: Readonly<Record<string, (gateways: Gateways) => ClientConfig | Promise<ClientConfig>>> = {
  firefox: firefoxPolicies,
  chrome: chromePolicy,
  apple: appleProfile,
  dnscrypt: dnscryptSection,
  curl: (gateways) => curlCommand(gateways, 'http://example.bit/'),
}

const KINDS = [...Object.keys(FOR_GATEWAYS), 'pac']

const USAGE = `takes one of ${KINDS.join(', ')}; see bitdoh --help`

/**
 * Prints settings of a client: the file on standard output, alone, so that it can be piped to where it goes; what to do
 * with it on standard error.
 *
 * @returns the exit code
 */
export async function clientConfig(
  given: Arguments,
  operands: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const made = await make(given, operands)
  if ('code' in made) {
    terminal.complain(made.line)
    return Exit.USAGE
  }
  terminal.print(made.text.trimEnd())
  for (const note of [`This is ${made.fileName}.`, ...made.notes]) terminal.complain(note)
  return Exit.OK
}

async function make(given: Arguments, operands: readonly string[]): Promise<ClientConfig | SettingsProblem> {
  const [kind, surplus] = operands
  if (kind === undefined) return problem('bad-value', 'client-config', `given no client, ${USAGE}`)
  if (!KINDS.includes(kind)) return problem('bad-value', 'client-config', `given ${shown(kind)}, ${USAGE}`)
  if (surplus !== undefined)
    return problem('bad-value', 'client-config', `given ${shown(surplus)}, too: ${USAGE}`)
  const foreign = foreignFlag(kind, given)
  if (foreign !== undefined)
    return problem('bad-value', `--${foreign}`, `says nothing to client-config ${kind}`)
  if (kind === 'pac') {
    const proxies = readAll('proxy', given.lists['proxy'], readProxy, PROXY_FORM)
    return 'code' in proxies ? proxies : pacScript(proxies)
  }
  const gateways = readAll('gateway', given.lists['gateway'], readGateway, GATEWAY_FORM)
  if ('code' in gateways) return gateways
  return given.switches.has('user-js') ? firefoxUserJs(gateways) : FOR_GATEWAYS[kind]!(gateways)
}

/** A flag that this kind has no use for: whoever gives it expects something of it. */
function foreignFlag(kind: string, { flags, lists, switches }: Arguments): string | undefined {
  const [setting] = Object.keys(flags)
  if (setting !== undefined) return setting
  if (switches.has('user-js') && kind !== 'firefox') return 'user-js'
  return Object.keys(lists).find((name) => name !== (kind === 'pac' ? 'proxy' : 'gateway'))
}

/** The values of a flag that must be given once or more. */
function readAll<Value extends object | string>(
  flag: string,
  texts: readonly string[] = [],
  read: (text: string) => Value | undefined,
  takes: string,
): readonly [Value, ...Value[]] | SettingsProblem {
  const values = texts.map(read)
  const bad = values.indexOf(undefined)
  if (bad !== -1) return problem('bad-value', `--${flag}`, `given ${shown(texts[bad]!)}, takes ${takes}`)
  const [first, ...others] = values as Value[]
  return first === undefined
    ? problem('incomplete', `--${flag}`, `given nothing, takes ${takes}; once or more`)
    : [first, ...others]
}
