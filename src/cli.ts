#!/usr/bin/env node
import { Exit, type Terminal } from './node/commands/command.ts'
import { resolve } from './node/commands/resolve.ts'
import { serve } from './node/commands/serve.ts'
import { processLog } from './node/log.ts'
import { readSettings, stateFolder } from './node/settings.ts'
import { version } from './node/version.ts'
import { type Arguments, readArguments } from './settings/arguments.ts'
import { settingsHelp } from './settings/help.ts'

const HELP = `bitdoh ${version}: a DNS-over-HTTPS gateway for Namecoin .bit names

  bitdoh serve [settings]
      runs the gateway; prints one line with its URL once it answers

  bitdoh resolve NAME [TYPE] [--json] [settings | --server URL]
      one lookup, printed as zone-file lines
      exit code 0: an answer, 1: no such name or data, 2: bad usage, 3: could not be resolved

  bitdoh help, bitdoh version

Settings. A flag --cache-entries 50000, a variable BITDOH_CACHE_ENTRIES=50000, or a line
cache-entries = 50000 in a TOML file given with --config FILE. Flags win over variables, variables over
the file. A repeatable flag is a comma-separated variable and a TOML array.

${settingsHelp()}

To try it out:  bitdoh serve --names demo
                bitdoh resolve jordia65.bit --server https://localhost:8443/dns-query
`

const COMMAND_FLAGS = { switches: ['help', 'version', 'json'], options: ['config', 'server'] }

async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  const parsed = readArguments(words, COMMAND_FLAGS)
  if (parsed.kind === 'problem') return usage(terminal, parsed.line)
  const [command, ...operands] = parsed.positionals
  if (parsed.switches.has('version') || command === 'version') return printed(terminal, version)
  if (parsed.switches.has('help') || command === 'help') return printed(terminal, HELP.trimEnd())
  switch (command) {
    case 'serve':
      return runServe(parsed, operands, terminal)
    case 'resolve':
      return runResolve(parsed, operands, terminal)
    case undefined:
      return usage(terminal, 'no command given: serve or resolve; see bitdoh --help')
    default:
      return usage(terminal, `${command}: no such command; takes serve or resolve, see bitdoh --help`)
  }
}

async function runServe(given: Arguments, operands: readonly string[], terminal: Terminal): Promise<number> {
  if (operands.length > 0)
    return usage(terminal, `serve: given ${JSON.stringify(operands[0])}, takes settings only`)
  for (const name of ['json', 'server']) {
    if (given.switches.has(name) || name in given.options)
      return usage(terminal, `--${name}: belongs to resolve`)
  }
  const read = readSettings(given.flags, given.options['config'])
  if (read.kind === 'problem') return usage(terminal, read.line)
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => (stop.signal.aborted ? process.exit(Exit.FAILED) : stop.abort()))
  return serve({ ...read.settings, state: stateFolder(read.settings.state) }, terminal, stop.signal)
}

async function runResolve(
  given: Arguments,
  operands: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const [name, type, surplus] = operands
  if (name === undefined || surplus !== undefined) {
    return usage(terminal, 'usage: bitdoh resolve NAME [TYPE] [--json] [settings | --server URL]')
  }
  const format = given.switches.has('json') ? 'json' : 'zone-file'
  const url = given.options['server']
  if (url !== undefined) {
    if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
      return usage(terminal, `--server: given ${JSON.stringify(url)}, takes an https:// URL`)
    }
    const surplusSetting = Object.keys(given.flags).find((flag) => flag !== 'state')
    if (surplusSetting !== undefined) {
      return usage(terminal, `--${surplusSetting}: says nothing to --server, which has settings of its own`)
    }
    const state = stateFolder(given.flags['state']?.at(-1))
    return resolve({ name, type, format, from: { kind: 'server', url, state } }, terminal)
  }
  const read = readSettings(given.flags, given.options['config'])
  if (read.kind === 'problem') return usage(terminal, read.line)
  return resolve({ name, type, format, from: { kind: 'settings', settings: read.settings } }, terminal)
}

function usage({ complain }: Terminal, line: string): number {
  complain(line)
  return Exit.USAGE
}

function printed({ print }: Terminal, text: string): number {
  print(text)
  return Exit.OK
}

const terminal: Terminal = {
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`bitdoh: ${line}\n`),
  log: processLog(),
}
// Whoever read what is printed has gone: `| head`, a log collector that restarts. That is no reason to stop serving.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
// Not process.exit: what was printed must get out first, also into a pipe.
process.exitCode = await main(process.argv.slice(2), terminal)
