import { unknownFlag } from './given.ts'
import { nearest, problem, type SettingsProblem } from './problem.ts'
import { flagName, settingKeys } from './schema.ts'

/** Flags that are no settings and belong to the command line or to one command. */
export interface CommandFlags {
  /** Flags without a value: `json`, `help`. */
  readonly switches: readonly string[]
  /** Flags with a value: `config`, `server`. */
  readonly options: readonly string[]
  /** Flags with a value that may come several times: `gateway`. */
  readonly lists?: readonly string[]
}

/** A command line, taken apart. */
export interface Arguments {
  readonly kind: 'arguments'
  /** What is no flag, in order. */
  readonly positionals: readonly string[]
  /** The switches given. */
  readonly switches: ReadonlySet<string>
  /** Values of the command's own options; the last one wins. */
  readonly options: Readonly<Record<string, string>>
  /** Values of the command's own repeatable flags, in their order. */
  readonly lists: Readonly<Record<string, readonly string[]>>
  /** Values of settings, for `parseSettings`. */
  readonly flags: Readonly<Record<string, readonly string[]>>
}

const settingFlags = settingKeys.map(flagName)

/**
 * Takes a command line apart: `--name value`, `--name=value`, `--` before what only looks like a flag. `-h` is
 * `--help`.
 *
 * @param words the words after the program's name
 * @param own flags of the command line beside the settings
 */
export function readArguments(words: readonly string[], own: CommandFlags): Arguments | SettingsProblem {
  const positionals: string[] = []
  const switches = new Set<string>()
  const options: Record<string, string> = {}
  const lists: Record<string, string[]> = {}
  const flags: Record<string, string[]> = {}
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    if (word === '--') {
      positionals.push(...words.slice(index + 1))
      break
    }
    if (word === '-h') {
      switches.add('help')
      continue
    }
    const match = /^--([^=]+)(?:=([\s\S]*))?$/.exec(word)
    if (match === null) {
      // A lone dash is a name; anything else with one dash is a mistyped flag.
      if (word.length > 1 && word.startsWith('-')) return unknownWord(word, own)
      positionals.push(word)
      continue
    }
    const name = match[1]!
    if (own.switches.includes(name)) {
      if (match[2] !== undefined) return problem('bad-value', `--${name}`, 'takes no value')
      switches.add(name)
      continue
    }
    const isOption = own.options.includes(name)
    const isList = own.lists?.includes(name) === true
    if (!isOption && !isList && !settingFlags.includes(name)) return unknownFlag(name, namesOf(own))
    const value = match[2] ?? words[++index]
    if (value === undefined) return problem('bad-value', `--${name}`, 'given nothing, takes a value')
    const several = isList ? lists : flags
    if (isOption) options[name] = value
    else several[name] = [...(several[name] ?? []), value]
  }
  return { kind: 'arguments', positionals, switches, options, lists, flags }
}

const namesOf = ({ switches, options, lists = [] }: CommandFlags): readonly string[] => [
  ...switches,
  ...options,
  ...lists,
]

function unknownWord(word: string, own: CommandFlags): SettingsProblem {
  const like = nearest(word.slice(1), [...settingFlags, ...namesOf(own)])
  return problem(
    'unknown',
    word,
    like === undefined ? 'no such flag; see --help' : `no such flag; --${like} is one`,
  )
}
