import { isAtOrBelow, isValidName, type Name, nameToWire, readName } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import { MAX_ALIASES } from './effort.ts'
import type { RrSet, RrSets } from './rrset.ts'

/** One RRset on the way from the question to the answer. */
export interface Link {
  readonly set: RrSet
  /** What follows from a DNAME for the name it is met with (RFC 6672 §2.2). The CNAME in the message is of no account. */
  readonly alias?: { readonly owner: Name; readonly target: Uint8Array }
}

/** The way through an answer section; nothing of it is verified. */
export interface Path {
  readonly links: readonly Link[]
  readonly end: /** The last link is what was asked for. */
    | { readonly kind: 'found' }
    /** There is nothing of the type at the name, if that is proven. */
    | { readonly kind: 'missing'; readonly name: Name }
    /** An alias leads out of the zone. */
    | { readonly kind: 'outside' }
    /** The DNAME makes a name of more than 255 octets: YXDOMAIN (RFC 6672 §2.2). */
    | { readonly kind: 'overlong' }
    /** An alias that is none, or more of them than are followed. */
    | { readonly kind: 'broken' }
}

/** Follows the aliases from the question as far as they lie in the zone (RFC 1034 §4.3.2, RFC 6672 §3.2). */
export function pathOf(
  question: { readonly name: Name; readonly type: number },
  sets: RrSets,
  zone: Name,
): Path {
  const links: Link[] = []
  const { type } = question
  let name: Name = question.name
  if (!isAtOrBelow(name, zone)) return { links, end: { kind: 'broken' } }
  for (let aliases = 0; aliases <= MAX_ALIASES; aliases++) {
    if (!isAtOrBelow(name, zone)) return { links, end: { kind: 'outside' } }
    const dname = dnameAbove(name, sets, zone)
    const found =
      type === Type.ANY ? sets.allOf(name) : [sets.find(name, type)].filter((set) => set !== undefined)
    if (dname === undefined && found.length > 0)
      return { links: [...links, ...found.map((set) => ({ set }))], end: { kind: 'found' } }
    const set = dname ?? sets.find(name, Type.CNAME)
    if (set === undefined) return { links, end: { kind: 'missing', name } }
    const led = set.records.length === 1 ? readName(set.records[0].data, 0)?.name : undefined
    if (led === undefined) return { links, end: { kind: 'broken' } }
    if (dname === undefined) {
      links.push({ set })
      name = led
      continue
    }
    const target = [...name.slice(0, name.length - dname.owner.length), ...led]
    if (!isValidName(target)) return { links: [...links, { set }], end: { kind: 'overlong' } }
    links.push({ set, alias: { owner: name, target: nameToWire(target) } })
    if (type === Type.CNAME) return { links, end: { kind: 'found' } }
    name = target
  }
  return { links, end: { kind: 'broken' } }
}

/** The DNAME above a name; the one nearest to the apex, as there is nothing below it (RFC 6672 §2.4). */
function dnameAbove(name: Name, sets: RrSets, zone: Name): RrSet | undefined {
  if (sets.all.every(({ type }) => type !== Type.DNAME)) return undefined
  for (let length = zone.length; length < name.length; length++) {
    const set = sets.find(name.slice(name.length - length), Type.DNAME)
    if (set !== undefined) return set
  }
  return undefined
}
