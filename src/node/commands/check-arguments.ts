import { readFileSync } from 'node:fs'
import type { Clause } from '../../check/clause.ts'
import { publicNames } from '../../check/names.ts'
import type { Style } from '../../check/report.ts'
import { CLAUSES } from '../../check/suite.ts'
import { nameFromUser } from '../../dns/idn.ts'
import type { Name } from '../../dns/name.ts'
import { typeNumber } from '../../dns/protocol.ts'
import type { Arguments, CommandFlags } from '../../settings/arguments.ts'
import { dohUrl } from '../../settings/kinds.ts'
import { problem, type SettingsProblem, shown } from '../../settings/problem.ts'
import { loopbackCa } from '../loopback-ca.ts'
import { stateFolder } from '../settings.ts'
import type { CheckRequest } from './check.ts'

export const CHECK_USAGE =
  'usage: bitdoh check URL [--json] [--only C12,C14] [--name NAME] [--bit NAME] …; see bitdoh --help'

/** The flags of `bitdoh check`. */
export const CHECK_FLAGS: CommandFlags = {
  switches: ['help', 'version', 'json', 'http1', 'http2', 'robust'],
  options: ['ca', 'timeout', 'only', 'name', 'nxdomain', 'alias', 'servfail', 'long', 'bit'],
}

/** Seconds that a server gets for a connection, and for each response: what resolvers wait at the most. */
const DEFAULT_TIMEOUT_SECONDS = 5
const MAX_TIMEOUT_SECONDS = 60

/** Reads the command line of `bitdoh check`. */
export async function readCheck(
  given: Arguments,
  operands: readonly string[],
  style: Style,
): Promise<CheckRequest | SettingsProblem> {
  const { options, switches, flags } = given
  const [operand, surplus] = operands
  if (operand === undefined || surplus !== undefined) return problem('bad-value', 'check', CHECK_USAGE)
  const href = dohUrl.read(operand)
  if (href === undefined) return wrong('URL', operand, dohUrl.takes)
  const foreign = Object.keys(flags).find((flag) => flag !== 'state')
  if (foreign !== undefined) return problem('bad-value', `--${foreign}`, 'says nothing to check')
  if (switches.has('http1') && switches.has('http2'))
    return problem('incomplete', '--http1', 'contradicts --http2; leave both out to check both')

  const names = readNames(options)
  if ('kind' in names) return names
  const clauses = readOnly(options['only'])
  if ('kind' in clauses) return clauses
  const timeoutMs = readTimeout(options['timeout'])
  if (typeof timeoutMs !== 'number') return timeoutMs
  const url = new URL(href)
  const ca =
    options['ca'] === undefined
      ? await loopbackCa(url, stateFolder(flags['state']?.at(-1)))
      : readCa(options['ca'])
  if (typeof ca === 'object') return ca
  return {
    ...{ url, names, clauses, ca, timeoutMs, style },
    versions: switches.has('http1') ? ['1.1'] : switches.has('http2') ? ['2'] : ['2', '1.1'],
    robust: switches.has('robust'),
    format: switches.has('json') ? 'json' : 'table',
  }
}

const wrong = (what: string, given: string, takes: string): SettingsProblem =>
  problem('bad-value', what, `given ${shown(given)}, takes ${takes}`)

type Options = Arguments['options']

function readNames(options: Options): CheckRequest['names'] | SettingsProblem {
  const known = publicNames()
  const read: Record<string, Name> = {}
  for (const option of ['name', 'nxdomain', 'alias', 'servfail', 'bit']) {
    const text = options[option]
    if (text === undefined) continue
    const name = nameFromUser(text)
    if (name === undefined) return wrong(`--${option}`, text, 'a domain name')
    read[option] = name
  }
  const { long: longText } = options
  const long = longText === undefined ? known.long : readLong(longText)
  if (long === undefined) return wrong('--long', longText!, 'a name and a type, such as example.com/TXT')
  return { ...known, ...read, long }
}

function readLong(text: string): CheckRequest['names']['long'] | undefined {
  const slash = text.lastIndexOf('/')
  const name = text.startsWith('./') ? [] : nameFromUser(text.slice(0, slash))
  const type = typeNumber(text.slice(slash + 1))
  return slash < 1 || name === undefined || type === undefined ? undefined : { name, type }
}

function readOnly(text: string | undefined): readonly Clause[] | SettingsProblem {
  if (text === undefined) return CLAUSES
  const wanted = text.split(',').map((id) => id.trim().toUpperCase())
  const unknown = wanted.find((id) => !CLAUSES.some((clause) => clause.id === id))
  if (unknown !== undefined)
    return wrong('--only', unknown, `ids of clauses: ${CLAUSES.map(({ id }) => id).join(', ')}`)
  return CLAUSES.filter(({ id }) => wanted.includes(id))
}

function readTimeout(text: string | undefined): number | SettingsProblem {
  if (text === undefined) return DEFAULT_TIMEOUT_SECONDS * 1_000
  const seconds = Number(/^(\d{1,2})s?$/.exec(text)?.[1])
  return seconds >= 1 && seconds <= MAX_TIMEOUT_SECONDS
    ? seconds * 1_000
    : wrong('--timeout', text, `seconds from 1 to ${MAX_TIMEOUT_SECONDS}, such as 10s`)
}

function readCa(path: string): string | SettingsProblem {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return problem('unreadable', '--ca', (error as Error).message)
  }
}
