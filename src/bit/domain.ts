import { lowerLabel } from '../dns/name.ts'
import { delegateReference, importReferences, type Reference } from './import.ts'
import { isLabel } from './name.ts'
import { isObject, type Value } from './value.ts'

/** A Domain Name Object (ifa-0001), with its `map`, `import` and `delegate` read. */
export interface DomainObject {
  /** The items as they stand; null is a value here, for it occludes. */
  readonly items: ReadonlyMap<string, Value>
  /**
   * The subdomains by label in lower case, `*` and `` among them. A label whose value is null maps to null, and
   * `"map": null` is null: both occlude what is imported. Undefined when there is no `map`, or one that is no object.
   */
  readonly children: ReadonlyMap<string, DomainObject | null> | null | undefined
  /** What it imports, most important first. */
  readonly imports: readonly Reference[]
  /** What stands for it in its place. */
  readonly delegate: Reference | undefined
}

/** The subdomain that stands for every label not named (RFC 4592). */
export const WILDCARD = '*'
/** The key in `map` whose items belong to the object that holds the map (ifa-0001, `map`). */
export const UNNAMED = ''

/** Reads a Domain Name Object. Whatever in its `map` is no subdomain is left out; the rest counts. */
export const toDomainObject = (object: ReadonlyMap<string, Value>): DomainObject => ({
  items: object,
  children: toChildren(object.get('map')),
  imports: importReferences(object.get('import')),
  delegate: delegateReference(object.get('delegate')),
})

/** An object that has nothing but subdomains. */
export const objectWithChildren = (children: ReadonlyMap<string, DomainObject>): DomainObject => ({
  ...toDomainObject(new Map()),
  children,
})

function toChildren(map: Value | undefined): DomainObject['children'] {
  if (map === null) return null
  if (!isObject(map)) return undefined
  const children = new Map<string, DomainObject | null>()
  for (const [key, value] of map) {
    const label = lowerLabel(key)
    const child = toChild(value)
    if (child !== undefined && (isLabel(label) || label === WILDCARD || label === UNNAMED))
      children.set(label, child)
  }
  return children
}

function toChild(value: Value): DomainObject | null | undefined {
  if (value === null) return null
  // ifa-0001, map: a string is an object with that one address.
  if (typeof value === 'string') return toDomainObject(new Map([['ip', [value]]]))
  return isObject(value) ? toDomainObject(value) : undefined
}
