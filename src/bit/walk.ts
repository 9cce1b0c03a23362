import type { Name } from '../dns/name.ts'
import { WILDCARD } from './domain.ts'
import { type Finder, withoutChildren } from './layers.ts'
import { type NameServers, nameServers } from './nameservers.ts'
import { apexPosition, closestChild, type Domain, type Position, translate } from './position.ts'

/** Where the way from the apex to a name ends. */
export type Destination =
  /** At the name itself, or at the wildcard that stands for it. */
  | { readonly kind: 'found'; readonly position: Position }
  /** At or above the name: the nameservers there answer for it. */
  | { readonly kind: 'delegated'; readonly position: Position; readonly servers: NameServers }
  /** At or above the name: a DNAME, which also hides what is at the name. */
  | { readonly kind: 'translated'; readonly position: Position; readonly target: Name }
  | { readonly kind: 'missing' }

/**
 * Walks from the apex of a domain down to a name, label by label. The first nameservers or DNAME on the way end the
 * walk (ifa-0001, Item Suppression Rules): what lies below is not there.
 *
 * Wildcards join two readings (namecoin-values §5.4). A label that is missing is matched by `*`; further labels are
 * looked for in the subtree of `*`, as ncdns does, so that `_443._tcp` below a wildcard can be given; where that
 * fails `*` itself stands for the whole name, as in RFC 4592. Labels that exist, be they empty, are never matched.
 */
export async function walk(domain: Domain, name: Name, finder: Finder): Promise<Destination> {
  const labels = name.slice(0, name.length - domain.apex.length).reverse()
  let wildcard: Position | undefined
  let position = apexPosition(domain)
  for (let depth = 0; ; depth++) {
    const servers = await nameServers(position)
    if (servers !== undefined) return { kind: 'delegated', position, servers }
    const target = await translate(position)
    if (target !== undefined) return { kind: 'translated', position, target }

    const label = labels[depth]
    if (label === undefined) return { kind: 'found', position }
    const below = await closestChild(position, label)
    if (below === undefined)
      return wildcard === undefined ? { kind: 'missing' } : standIn(wildcard, name, finder)
    // The name `*.example.bit` asked for as such is a name like any other (RFC 4592 §2.3).
    if (below.matched === 'wildcard' && label !== WILDCARD) wildcard = below
    position = below
  }
}

/** The wildcard in the place of a name more than one label down. */
const standIn = (wildcard: Position, owner: Name, finder: Finder): Destination => ({
  kind: 'found',
  position: { ...wildcard, owner, node: withoutChildren(wildcard.node, finder) },
})
