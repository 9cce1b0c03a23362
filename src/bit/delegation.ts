import { isAtOrBelow, type Name } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import type { Delegation } from './answer.ts'
import { type Node, UnreachableName } from './layers.ts'
import type { NameServers } from './nameservers.ts'
import type { Position } from './position.ts'
import { StoppedWalk } from './read.ts'
import { typedRecords } from './records.ts'
import { isList } from './value.ts'

/**
 * The referral to the nameservers of a place. It is one whatever becomes of the rest: that a server's address cannot be
 * found out does not change who answers for the zone.
 */
export async function delegate(position: Position, servers: NameServers): Promise<Delegation> {
  const { domain, owner: zone } = position
  return {
    kind: 'delegation',
    zone,
    servers: servers.names,
    serverAddresses: servers.addresses,
    ds: await unless(StoppedWalk, delegationSigners(position)),
    // Where it is not known, the names are taken for what ifa-0001 says they are.
    undottedServers:
      (await unless(StoppedWalk, hasServerInside(domain, servers.names))) === false ? servers.undotted : [],
    glue: (await unless(StoppedWalk, glue(position, servers.names))) ?? [],
  }
}

/**
 * The DS records of a place; those that are none count for nothing beside one that is. Undefined when there is a `ds`
 * that cannot be read at all: whoever wrote it wants the zone validated, and a slip must not lead to the opposite.
 */
async function delegationSigners(position: Position): Promise<readonly ResourceRecord[] | undefined> {
  const records = await typedRecords(Type.DS, position)
  if (records.length > 0) return records
  const value = (await position.node.item('ds')) ?? null
  return value === null || (isList(value) && value.length === 0) ? [] : undefined
}

/** What is found out, or undefined when that fails in this way. */
async function unless<T>(
  Failure: typeof StoppedWalk | typeof UnreachableName,
  finding: Promise<T>,
): Promise<T | undefined> {
  try {
    return await finding
  } catch (error) {
    if (error instanceof Failure) return undefined
    throw error
  }
}

/** Whether the value has a place for one of the servers at least. */
async function hasServerInside(
  { apex, root }: Position['domain'],
  servers: readonly Name[],
): Promise<boolean> {
  for (const server of servers.filter((name) => isAtOrBelow(name, apex)))
    if (await nodeBelow(root, server, apex).exists()) return true
  return false
}

/** The addresses in the value for those servers that are in the zone; nothing suppresses them (ifa-0001). */
async function glue(position: Position, servers: readonly Name[]): Promise<Delegation['glue']> {
  const { owner: zone } = position
  const records: Delegation['glue'][number][] = []
  for (const server of servers.filter((name) => isAtOrBelow(name, zone))) {
    const place = { ...position, node: nodeBelow(position.node, server, zone), owner: server }
    for (const type of [Type.A, Type.AAAA])
      records.push(...((await unless(UnreachableName, typedRecords(type, place))) ?? []))
  }
  return records
}

/** The place of a name in a value, by its labels alone: no wildcards. */
const nodeBelow = (node: Node, name: Name, ancestor: Name): Node =>
  name.slice(0, name.length - ancestor.length).reduceRight((above, label) => above.child(label), node)
