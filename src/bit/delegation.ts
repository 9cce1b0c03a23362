import { isAtOrBelow, type Name } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { Delegation } from './answer.ts'
import type { Node } from './layers.ts'
import type { NameServers } from './nameservers.ts'
import type { Position } from './position.ts'
import { typedRecords } from './records.ts'

/** The referral to the nameservers of a place. */
export async function delegate(position: Position, servers: NameServers): Promise<Delegation> {
  const { domain, owner: zone } = position
  return {
    kind: 'delegation',
    zone,
    servers: servers.names,
    serverAddresses: servers.addresses,
    undottedServers: (await hasServerInside(domain, servers.names)) ? [] : servers.undotted,
    ds: await typedRecords(Type.DS, position),
    glue: await glue(position, servers.names),
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
    records.push(...(await typedRecords(Type.A, place)), ...(await typedRecords(Type.AAAA, place)))
  }
  return records
}

/** The place of a name in a value, by its labels alone: no wildcards. */
const nodeBelow = (node: Node, name: Name, ancestor: Name): Node =>
  name.slice(0, name.length - ancestor.length).reduceRight((above, label) => above.child(label), node)
