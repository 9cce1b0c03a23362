import { equalNames, type Name, nameKey, readName } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'

/** Where the aliases of an answer lead. */
export type AliasChain =
  | { readonly kind: 'chain'; readonly aliases: number; readonly end: Name; readonly isInOrder: boolean }
  | { readonly kind: 'broken'; readonly aliases: number; readonly why: string }

/**
 * Follows the CNAME records of an answer from a name on.
 *
 * In order means: each alias stands behind the one that leads to it, and before all else. RFC 1034 §4.3.2 says so
 * between the lines; glibc and others read an answer once, from the top.
 */
export function aliasChain(name: Name, answer: readonly ResourceRecord[]): AliasChain {
  const aliases = answer.filter(({ type }) => type === Type.CNAME)
  const owners = new Set(aliases.map((alias) => nameKey(alias.name)))
  if (owners.size < aliases.length) return broken(aliases.length, 'two CNAME records of one name')
  let end = name
  let previous = -1
  let isInOrder = true
  for (let followed = 0; ; followed++) {
    const place = answer.findIndex((record) => record.type === Type.CNAME && equalNames(record.name, end))
    if (place === -1) {
      if (followed < aliases.length) return broken(aliases.length, 'a CNAME record beside the chain')
      const firstOther = answer.findIndex(
        ({ type }) => type !== Type.CNAME && type !== Type.DNAME && type !== Type.RRSIG,
      )
      return {
        kind: 'chain',
        aliases: followed,
        end,
        isInOrder: isInOrder && (firstOther === -1 || firstOther > previous),
      }
    }
    if (followed === aliases.length) return broken(aliases.length, 'CNAME records in a circle')
    isInOrder &&= place > previous
    previous = place
    const target = readName(answer[place]!.data, 0)
    if (target === undefined) return broken(aliases.length, 'a CNAME record without a name')
    end = target.name
  }
}

const broken = (aliases: number, why: string): AliasChain => ({ kind: 'broken', aliases, why })
