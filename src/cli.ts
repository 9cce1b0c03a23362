#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import type { Style } from './check/report.ts'
import { NETWORKS } from './namecoin/chain/network.ts'
import { runCheck } from './node/commands/check.ts'
import { CHECK_FLAGS, readCheck } from './node/commands/check-arguments.ts'
import { checkpoint } from './node/commands/checkpoint.ts'
import { CLIENT_CONFIG_FLAGS, clientConfig } from './node/commands/client-config.ts'
import { Exit, type Terminal } from './node/commands/command.ts'
import { PROXY_FLAGS, readProxyRequest, runProxy } from './node/commands/proxy.ts'
import { resolve } from './node/commands/resolve.ts'
import { serve } from './node/commands/serve.ts'
import { openKeeper } from './node/light-client.ts'
import { processLog } from './node/log.ts'
import { readSettings, stateFolder } from './node/settings.ts'
import { type Arguments, type CommandFlags, readArguments } from './settings/arguments.ts'
import { settingsHelp } from './settings/help.ts'
import { problem } from './settings/problem.ts'
import type { SettingsOutcome } from './settings/settings.ts'
import { version } from './version.ts'

const HELP = `bitdoh ${version}: a DNS-over-HTTPS gateway for Namecoin .bit names

  bitdoh serve [settings]
      runs the gateway; prints one line with its URL once it answers

  bitdoh resolve NAME [TYPE] [--json] [settings | --server URL]
      one lookup, printed as zone-file lines
      exit code 0: an answer, 1: no such name or data, 2: bad usage, 3: could not be resolved

  bitdoh proxy [--proxy-listen HOST:PORT…] [--proxy-others on|off] [settings | --server URL]
      runs a forward proxy for programs without DNS over HTTPS: HTTP and CONNECT, at 127.0.0.1:8080 unless told
      otherwise; goes to .bit names alone, with --proxy-others on to all; to private addresses with --allow-private
      its PAC file for browsers is http://HOST:PORT/proxy.pac

  bitdoh check URL [--json] [--only C12,C14] [--http1 | --http2] [--timeout 5s] [--ca FILE] [--robust]
      checks any DoH server against RFC 8484 and what clients need, one line a clause, with some 150 requests one
      after the other; --robust adds thousands, for servers of your own
      asks for public names unless given others: --name, --nxdomain, --alias, --servfail NAME, --long NAME/TYPE,
      and for .bit names only with --bit NAME
      exit code 0: every MUST holds, 1: a MUST fails, 2: bad usage, 3: the server cannot be reached or stops responding

  bitdoh client-config firefox|chrome|apple|dnscrypt|curl --gateway URL…
  bitdoh client-config pac --proxy HOST:PORT…
      prints ready-made settings for a client: for Firefox its policies, or with --user-js those of one profile
      several gateways, several --gateway; #ADDRESS,… behind a URL are the addresses of its host

  bitdoh checkpoint [settings]
      prints a fresh checkpoint for the light client, from Namecoin Core (--core-url) or else from the servers

  bitdoh help, bitdoh version

Settings. A flag --cache-entries 50000, a variable BITDOH_CACHE_ENTRIES=50000, or a line
cache-entries = 50000 in a TOML file given with --config FILE. Flags win over variables, variables over
the file. A repeatable flag is a comma-separated variable and a TOML array.

${settingsHelp()}

To try it out:  bitdoh serve --names demo
                bitdoh resolve jordia65.bit --server https://localhost:8443/dns-query
`

const COMMAND_FLAGS: CommandFlags = { switches: ['help', 'version', 'json'], options: ['config', 'server'] }

/** Commands that take other flags. */
const FLAGS_OF = new Map<string | undefined, CommandFlags>([
  ['check', CHECK_FLAGS],
  ['client-config', CLIENT_CONFIG_FLAGS],
  ['proxy', PROXY_FLAGS],
])

const COMMANDS = 'serve, resolve, proxy, check, client-config or checkpoint'

async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  const first = words.find((word) => !word.startsWith('-'))
  const parsed = readArguments(words, FLAGS_OF.get(first) ?? COMMAND_FLAGS)
  if (parsed.kind === 'problem') return usage(terminal, parsed.line)
  const [command, ...operands] = parsed.positionals
  if (parsed.switches.has('version') || command === 'version') return printed(terminal, version)
  if (parsed.switches.has('help') || command === 'help') return printed(terminal, HELP.trimEnd())
  switch (command) {
    case 'serve':
      return runServe(parsed, operands, terminal)
    case 'resolve':
      return runResolve(parsed, operands, terminal)
    case 'proxy': {
      const request = readProxyRequest(parsed, operands)
      return request.kind === 'problem'
        ? usage(terminal, request.line)
        : runProxy(request, terminal, stopSignal())
    }
    case 'check': {
      const request = await readCheck(parsed, operands, style())
      return 'code' in request ? usage(terminal, request.line) : runCheck(request, terminal)
    }
    case 'client-config':
      return clientConfig(parsed, operands, terminal)
    case 'checkpoint':
      return runCheckpoint(parsed, operands, terminal)
    case undefined:
      return usage(terminal, `no command given: ${COMMANDS}; see bitdoh --help`)
    default:
      return usage(terminal, `${command}: no such command; takes ${COMMANDS}, see bitdoh --help`)
  }
}

async function runServe(given: Arguments, operands: readonly string[], terminal: Terminal): Promise<number> {
  const read = settingsOnly('serve', given, operands)
  if (read.kind === 'problem') return usage(terminal, read.line)
  const { settings } = read
  return serve({ ...settings, state: stateFolder(settings.state) }, terminal, stopSignal())
}

async function runCheckpoint(
  given: Arguments,
  operands: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const read = settingsOnly('checkpoint', given, operands)
  if (read.kind === 'problem') return usage(terminal, read.line)
  const { coreUrl, coreCookie, network } = read.settings
  const signal = stopSignal()
  if (coreUrl !== undefined) {
    const readCookie = coreCookie === undefined ? {} : { readCookie: () => readFile(coreCookie, 'utf8') }
    const from = { kind: 'core', url: new URL(coreUrl), ...readCookie } as const
    return checkpoint({ network: NETWORKS[network], from, signal }, terminal)
  }
  const opened = await openKeeper(read.settings, terminal.log)
  if (opened.kind === 'failed') return usage(terminal, opened.line)
  const { keeper, servers } = opened
  const code = await checkpoint(
    { network: opened.network, from: { kind: 'servers', keeper }, signal },
    terminal,
  )
  for (const { session } of servers) session.close()
  return code
}

/** The settings of a command that takes nothing else. */
function settingsOnly(command: string, given: Arguments, operands: readonly string[]): SettingsOutcome {
  if (operands.length > 0) {
    const [first] = operands
    return problem('bad-value', command, `given ${JSON.stringify(first)}, takes settings only`)
  }
  const foreign = ['json', 'server'].find((name) => given.switches.has(name) || name in given.options)
  if (foreign !== undefined) return problem('bad-value', `--${foreign}`, 'belongs to resolve')
  return readSettings(given.flags, given.options['config'])
}

/** Aborts with SIGTERM or SIGINT; the second one ends the process, whatever it does. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => (stop.signal.aborted ? process.exit(Exit.FAILED) : stop.abort()))
  }
  return stop.signal
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

/** Colours for a terminal alone, and for none whose owner wants none (no-color.org). */
const style = (): Style => ({
  colours: process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb',
  width: Math.min(Math.max(process.stdout.columns ?? 100, 80), 120),
})

const terminal: Terminal = {
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`bitdoh: ${line}\n`),
  log: processLog(),
}
// Whoever read what is printed has gone: `| head`, a log collector that restarts. That is no reason to stop serving.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
// Not process.exit: what was printed must get out first, also into a pipe.
process.exitCode = await main(process.argv.slice(2), terminal)
