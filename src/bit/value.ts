import { decode } from 'cborg'

/**
 * A value as parsed. Objects are maps, so that `__proto__` or `constructor` in a hostile value are keys like any
 * other; octets come from CBOR only.
 */
export type Value =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Value[]
  | ReadonlyMap<string, Value>

/** What the octets of a Namecoin value say: an object, or why there is none. */
export type ParsedValue =
  | { readonly kind: 'object'; readonly object: ReadonlyMap<string, Value> }
  | { readonly kind: 'invalid'; readonly detail: string }

/** Arrays and objects inside one another (namecoin-values §6); what lies deeper counts as null. */
export const MAX_NESTING = 64

/** Only what JSON calls whitespace (RFC 8259 §2): wallets show the empty value as an empty object. */
const EMPTY = /^[ \t\r\n]*$/

/**
 * CBOR without tags and without items of indefinite length (namecoin-values §9). cborg refuses tags unless told
 * how to read them.
 */
const CBOR_OPTIONS = { useMaps: true, allowIndefinite: false } as const

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Parses a Namecoin value: a JSON object (ifa-0001, Values; RFC 8259), nothing at all, which is the empty object,
 * or a CBOR map of the same shape (ncdns pull request 179).
 *
 * The two cannot be mistaken for each other: the first octet of a CBOR map (0xa0 to 0xbf) never begins UTF-8.
 * Of keys that occur twice the last one counts.
 */
export function parseValue(octets: Uint8Array): ParsedValue {
  const parsed = parseOctets(octets)
  if ('detail' in parsed) return { kind: 'invalid', detail: parsed.detail }
  const value = toValue(parsed.root, 1)
  return isObject(value) ? { kind: 'object', object: value } : { kind: 'invalid', detail: 'not an object' }
}

/** Whether the value is an object. */
export const isObject = (value: Value | undefined): value is ReadonlyMap<string, Value> =>
  value instanceof Map

/** Whether the value is an array: `Array.isArray` does not know read-only ones. */
export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value)

function parseOctets(octets: Uint8Array): { root: unknown } | { detail: string } {
  const text = decodeText(octets)
  if (text === undefined) {
    try {
      return { root: decode(octets, CBOR_OPTIONS) }
    } catch {
      return { detail: 'neither UTF-8 nor CBOR' }
    }
  }
  if (EMPTY.test(text)) return { root: {} }
  try {
    return { root: JSON.parse(text) }
  } catch {
    return { detail: 'not JSON' }
  }
}

function decodeText(octets: Uint8Array): string | undefined {
  try {
    return utf8.decode(octets)
  } catch {
    return undefined
  }
}

function toValue(parsed: unknown, nesting: number): Value {
  switch (typeof parsed) {
    case 'boolean':
    case 'number':
    case 'string':
      return parsed
    case 'bigint':
      return Number(parsed)
    case 'object': {
      if (parsed === null || nesting > MAX_NESTING) return null
      if (parsed instanceof Uint8Array) return parsed
      if (Array.isArray(parsed)) return parsed.map((entry) => toValue(entry, nesting + 1))
      const entries = parsed instanceof Map ? textKeys(parsed) : Object.entries(parsed)
      return new Map(entries.map(([key, entry]) => [key, toValue(entry, nesting + 1)]))
    }
    default:
      return null
  }
}

/** CBOR allows keys of any type: a port number may come as one. Keys that are neither text nor number are left out. */
const textKeys = (map: Map<unknown, unknown>): [string, unknown][] =>
  [...map].flatMap(([key, value]): [string, unknown][] =>
    typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint'
      ? [[String(key), value]]
      : [],
  )
