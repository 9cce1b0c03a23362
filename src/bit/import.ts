import { isNamecoinName } from './name.ts'
import { isList, type Value } from './value.ts'

/** Where `import` or `delegate` points: a Namecoin name, and a subdomain inside its value, `` for all of it. */
export interface Reference {
  readonly name: string
  readonly selector: string
  /** Both in one text, the same for the same two and for no others. */
  readonly link: string
}

/**
 * What an `import` item points to, most important first (ifa-0001, `import`). Entries that are none are left out.
 *
 * `["x", "y"]` can be read as two names, which is what ifa-0001 says, or as a name and a selector, which is what
 * ncdns reads. A selector has no slash and a name always has one, so both readings are served.
 */
export function importReferences(value: Value | undefined): Reference[] {
  if (typeof value === 'string') return references([[value]])
  if (!isList(value)) return []
  if (isNameAndSelector(value)) return references([value])
  return references(value.map((entry) => (typeof entry === 'string' ? [entry] : entry)))
}

/** What a `delegate` item points to: a name, alone or in an array, or a name and a selector (as ncdns reads it). */
export const delegateReference = (value: Value | undefined): Reference | undefined =>
  references([typeof value === 'string' ? [value] : (value ?? null)])[0]

const isNameAndSelector = (value: readonly Value[]): boolean =>
  value.length === 2 &&
  typeof value[0] === 'string' &&
  typeof value[1] === 'string' &&
  !value[1].includes('/')

const references = (entries: readonly Value[]): Reference[] =>
  entries.flatMap((entry) => {
    if (!isList(entry)) return []
    const [name, selector = ''] = entry
    return typeof name === 'string' && typeof selector === 'string' && isNamecoinName(name)
      ? [toReference(name, selector.toLowerCase())]
      : []
  })

const toReference = (name: string, selector: string): Reference => ({
  name,
  selector,
  link: `${name.length} ${name} ${selector}`,
})
