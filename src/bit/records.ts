import { type Name, nameToWire } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { ip, ip6 } from './items/addresses.ts'
import type { ItemReader } from './items/item.ts'
import { ds, sshfp, tls } from './items/keys.ts'
import { loc } from './items/loc.ts'
import { opaque } from './items/opaque.ts'
import { mx, mxFromSrv, srv } from './items/services.ts'
import { txt } from './items/text.ts'
import { nameServers } from './nameservers.ts'
import { alias, contextOf, exactChild, type Position, translate } from './position.ts'

/** Seconds that records from a value may be kept: about a block, after which there may be another value (namecoin-values §5.7). */
export const VALUE_TTL = 600

/** RFC 1035 §3.2.1: RDLENGTH has 16 bits. */
const MAX_RDATA_LENGTH = 65_535

/** The item that gives the records of a type. */
const ITEMS: ReadonlyMap<number, { readonly item: string; readonly read: ItemReader }> = new Map([
  [Type.A, { item: 'ip', read: ip }],
  [Type.AAAA, { item: 'ip6', read: ip6 }],
  [Type.DS, { item: 'ds', read: ds }],
  [Type.LOC, { item: 'loc', read: loc }],
  [Type.MX, { item: 'mx', read: mx }],
  [Type.SRV, { item: 'srv', read: srv }],
  [Type.SSHFP, { item: 'sshfp', read: sshfp }],
  [Type.TLSA, { item: 'tls', read: tls }],
  [Type.TXT, { item: 'txt', read: txt }],
])

/**
 * All records of a type at a place, each one once (RFC 2181 §5), with equal TTLs. A place with nameservers, a DNAME
 * or a CNAME is none to ask for records: see `lookup`.
 */
export async function recordsAt(type: number, position: Position): Promise<ResourceRecord[]> {
  // ifa-0001 has DS only beside NS, and there it is `delegate` that asks.
  const typed = type === Type.DS ? [] : await readItem(type, position)
  const derived = type === Type.MX ? await mailExchangers(position) : []
  const other = await readWith(opaque(type), 'o', position)
  return toRecords(type, position.owner, [...typed, ...derived, ...other])
}

/** The records of a type that come from the item for this type. */
export const typedRecords = async (type: number, position: Position): Promise<ResourceRecord[]> =>
  toRecords(type, position.owner, await readItem(type, position))

/** The records of a CNAME or a DNAME. */
export const redirectRecord = (type: number, owner: Name, target: Name): ResourceRecord => ({
  name: owner,
  type,
  ttl: VALUE_TTL,
  data: nameToWire(target),
})

/** The answer to ANY: that there are records, not which (RFC 8482 §4.2). */
export const anyRecord = (owner: Name): ResourceRecord => ({
  name: owner,
  type: Type.HINFO,
  ttl: VALUE_TTL,
  data: Uint8Array.from([7, ...new TextEncoder().encode('RFC8482'), 0]),
})

/** MX from the SRV records at `_smtp._tcp` below (ifa-0001, MX), as far as these are not suppressed. */
async function mailExchangers(position: Position): Promise<Uint8Array[]> {
  const tcp = await exactChild(position, '_tcp')
  if (tcp === undefined || (await isCut(tcp))) return []
  const smtp = await exactChild(tcp, '_smtp')
  if (smtp === undefined || (await isCut(smtp)) || (await alias(smtp)) !== undefined) return []
  return readWith(mxFromSrv, 'srv', smtp)
}

/** Whether what is at a place and below it comes from elsewhere (ifa-0001, Item Suppression Rules). */
const isCut = async (position: Position): Promise<boolean> =>
  (await nameServers(position)) !== undefined || (await translate(position)) !== undefined

async function readItem(type: number, position: Position): Promise<Uint8Array[]> {
  const source = ITEMS.get(type)
  return source === undefined ? [] : readWith(source.read, source.item, position)
}

async function readWith(read: ItemReader, item: string, position: Position): Promise<Uint8Array[]> {
  const value = await position.node.item(item)
  return value === undefined ? [] : read(value, contextOf(position, item))
}

function toRecords(type: number, name: Name, rdata: readonly Uint8Array[]): ResourceRecord[] {
  const distinct = new Map(rdata.map((data) => [data.join(), data]))
  return [...distinct.values()]
    .filter((data) => data.length <= MAX_RDATA_LENGTH)
    .map((data) => ({ name, type, ttl: VALUE_TTL, data }))
}
