import { equalNames, type Name } from '../dns/name.ts'
import type { Report } from './answer.ts'
import { type DomainObject, WILDCARD } from './domain.ts'
import type { ItemContext } from './items/item.ts'
import { serviceObject } from './items/services.ts'
import type { Node } from './layers.ts'
import { qualifier } from './relative.ts'

/** The domain under .bit that the question is about. */
export interface Domain {
  readonly apex: Name
  readonly root: Node
  readonly report: Report | undefined
}

/** A place in a domain, as reached from a question. */
export interface Position {
  readonly domain: Domain
  readonly node: Node
  /** The name asked about here. Under a wildcard: the name that matched, not `*`. */
  readonly owner: Name
  /** What relative names are relative to: the owner of the object that holds the map; at the apex, the apex. */
  readonly base: Name
  readonly matched: 'exact' | 'wildcard'
}

export const apexPosition = (domain: Domain): Position => ({
  domain,
  node: domain.root,
  owner: domain.apex,
  base: domain.apex,
  matched: 'exact',
})

/** The place one label below, if the value has it by that label. The label `*` asks for the wildcard as such. */
export const exactChild = (position: Position, label: string): Promise<Position | undefined> =>
  placeBelow(position, label, label)

/** The place one label below, where the wildcard stands for labels that the value does not have. */
export const closestChild = async (position: Position, label: string): Promise<Position | undefined> =>
  (await exactChild(position, label)) ?? (await placeBelow(position, label, WILDCARD))

async function placeBelow(position: Position, label: string, key: string): Promise<Position | undefined> {
  const node = position.node.child(key, () => services(position))
  if (!(await node.exists())) return undefined
  return {
    domain: position.domain,
    node,
    owner: [label, ...position.owner],
    base: position.owner,
    matched: key === WILDCARD ? 'wildcard' : 'exact',
  }
}

/** The subdomains that a `service` item makes: below everything else, and none beside an alias. */
async function services(position: Position): Promise<DomainObject | undefined> {
  const service = await position.node.item('service')
  if (service === undefined || (await alias(position)) !== undefined) return undefined
  return serviceObject(service, contextOf(position, 'service'))
}

/** What the readers of items need to know here. */
export const contextOf = (
  { domain: { apex, report }, base, owner }: Position,
  item: string,
): ItemContext => ({
  qualify: qualifier(apex, base),
  report: report && ((reason) => report({ owner, item, reason })),
})

/** The target of a valid `alias` (ifa-0001): the CNAME of this place. */
export const alias = (position: Position): Promise<Name | undefined> => redirection(position, 'alias')

/**
 * The target of a valid `translate` (ifa-0001): the DNAME of this place. A wildcard has none: what it would mean is
 * not defined (RFC 4592 §4.4).
 */
export const translate = async (position: Position): Promise<Name | undefined> =>
  position.matched === 'wildcard' ? undefined : redirection(position, 'translate')

async function redirection(position: Position, item: 'alias' | 'translate'): Promise<Name | undefined> {
  const value = await position.node.item(item)
  if (value === undefined) return undefined
  const { qualify, report } = contextOf(position, item)
  const target = typeof value === 'string' ? qualify(value) : undefined
  if (target !== undefined && target.length > 0 && !equalNames(target, position.owner)) return target
  report?.('not the name of something else')
  return undefined
}
