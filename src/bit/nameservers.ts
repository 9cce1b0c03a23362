import { addressOctets } from '../addresses.ts'
import { type Name, nameKey } from '../dns/name.ts'
import { contextOf, type Position } from './position.ts'
import { isList } from './value.ts'

/** The nameservers that a valid `ns` item names. */
export interface NameServers {
  readonly names: readonly Name[]
  readonly addresses: readonly string[]
  /** What the names without a final dot would be with one. */
  readonly undotted: readonly Name[]
}

/**
 * The nameservers of a place, or undefined when it is not delegated (ifa-0001, `ns`): one valid entry delegates, and
 * entries that are none count for nothing.
 *
 * `dns` is another spelling of `ns`, and wins over it in the same layer. In different layers the upper one wins,
 * whatever the spelling: a domain must be able to replace what it imports.
 */
export async function nameServers(position: Position): Promise<NameServers | undefined> {
  const layer = await position.node.layerWith('dns', 'ns')
  const value = layer?.get('dns') ?? layer?.get('ns')
  const { qualify, report } = contextOf(position, 'ns')
  const names = new Map<string, Name>()
  const addresses = new Set<string>()
  const undotted: Name[] = []
  for (const text of isList(value) ? value : [value ?? null]) {
    if (text === null) continue
    const name = typeof text === 'string' ? qualify(text) : undefined
    if (typeof text === 'string' && addressOctets(text) !== undefined) addresses.add(text)
    else if (name === undefined || name.length === 0) report?.('an entry is not the name of a server')
    else {
      names.set(nameKey(name), name)
      if (isUndotted(text as string)) undotted.push(qualify(`${text}.`)!)
    }
  }
  return names.size + addresses.size === 0
    ? undefined
    : { names: [...names.values()], addresses: [...addresses], undotted }
}

/** Whether the name looks as if its final dot were forgotten: a single label or an `@` was never meant absolute. */
const isUndotted = (text: string): boolean => /[^.]\.[^.@]+$/.test(text)
