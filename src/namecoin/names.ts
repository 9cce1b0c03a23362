import { digest } from './digest.ts'
import type { NameOutcome, NameSource, SourceState, Tip } from './source.ts'

/**
 * Values from a JSON text: a names file, a Worker's variable, the demo.
 */

/** Names and their values, as written in one text. */
export interface Names {
  readonly kind: 'names'
  readonly values: ReadonlyMap<string, Uint8Array>
  /** Differs when the text differs, and is the same for the same text in every process and isolate. */
  readonly epoch: string
}

/** Why a text holds no names: one line that names the key, if one is to blame. */
export interface BadNames {
  readonly kind: 'bad-names'
  readonly detail: string
}

/** A source whose names can be replaced while it serves. */
export interface NamesSource extends NameSource {
  /** Serves these names from now on, under a new epoch when they differ. */
  replace(names: Names): void
}

/** Longest name, octets: the chain's own limit (`MAX_NAME_LENGTH`, namecoin-core `src/names/main.h`). */
const MAX_NAME_OCTETS = 255

/** Longest value, octets: not the chain's 1023, since nobody else pays for it, but what fits in a DNS message. */
const MAX_OWN_VALUE_OCTETS = 65_535

/** A namespace, a slash and something behind it: `d/example`, `dd/shared`, `id/alice`. */
const NAME = /^[a-z]+\/./s

const BYTE_ORDER_MARK = /^\uFEFF/

/**
 * Reads `{"d/example": {"ip": ["192.0.2.10"]}}`. A value is the object itself, or a string with the value's text as it
 * would stand in the blockchain. Of a name given twice the last counts, as in `JSON.parse`.
 */
export function parseNames(text: string): Names | BadNames {
  const parsed = parseJson(text.replace(BYTE_ORDER_MARK, ''))
  if (parsed.kind === 'bad-names') return parsed
  const values = new Map<string, Uint8Array>()
  for (const [name, value] of Object.entries(parsed.names)) {
    const wrong = wrongName(name) ?? wrongValue(value)
    if (wrong !== undefined) return { kind: 'bad-names', detail: `${JSON.stringify(name)}: ${wrong}` }
    values.set(name, valueOctets(value))
  }
  return { kind: 'names', values, epoch: digest(text) }
}

/**
 * The source that serves them. It says nothing about other names when sources follow (`covers`), has no height, and
 * answers at once. When a changed file cannot be read, do not call `replace`: the last good names stay.
 */
export function namesSource(initial: Names): NamesSource {
  let values = initial.values
  let tip: Tip = { epoch: initial.epoch }

  return {
    name: 'names',
    covers: 'own-names',

    async lookup(name: string): Promise<NameOutcome> {
      const value = values.get(name)
      return value === undefined ? { kind: 'absent' } : { kind: 'found', value }
    },

    tip: () => tip,

    async state(): Promise<SourceState> {
      return { kind: 'ready', tip }
    },

    replace(names: Names): void {
      if (names.epoch === tip.epoch) return
      values = names.values
      tip = { epoch: names.epoch }
    },

    close(): void {
      // Nothing to stop: whoever watches the file stops watching.
    },
  }
}

function parseJson(text: string): { kind: 'json'; names: object } | BadNames {
  try {
    const names: unknown = JSON.parse(text)
    if (typeof names === 'object' && names !== null && !Array.isArray(names)) return { kind: 'json', names }
    return { kind: 'bad-names', detail: 'not a JSON object of names and values' }
  } catch (error) {
    const reason = (error as Error).message.replace(/\s+/g, ' ')
    return { kind: 'bad-names', detail: `not JSON: ${reason}` }
  }
}

/** What is wrong with a key; undefined when it is a name. */
function wrongName(name: string): string | undefined {
  if (!NAME.test(name)) {
    const label = /^([^./]+)(?:\.bit)?$/i.exec(name)?.[1]?.toLowerCase()
    return label === undefined ? 'not a name with its namespace, like d/example' : `write "d/${label}"`
  }
  if (new TextEncoder().encode(name).length > MAX_NAME_OCTETS) return `longer than ${MAX_NAME_OCTETS} octets`
  return undefined
}

/** What is wrong with a value; undefined when it is one. */
function wrongValue(value: unknown): string | undefined {
  if (typeof value !== 'string' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return 'the value must be an object, or a string with its text'
  }
  if (valueOctets(value).length > MAX_OWN_VALUE_OCTETS)
    return `the value is longer than ${MAX_OWN_VALUE_OCTETS} octets`
  return undefined
}

function valueOctets(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
}
