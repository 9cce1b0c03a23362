import { LRUCache } from 'lru-cache'
import { addressOctets } from '../addresses.ts'
import type { Delegation } from '../bit/answer.ts'
import { type Name, nameKey } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import type { ZoneKeys } from '../dnssec/zone-keys.ts'
import {
  MAX_ADDRESSES_OF_CUT,
  MAX_ADDRESSES_OF_SERVER,
  MAX_CUTS,
  MAX_CUTS_OCTETS,
  MAX_CUTS_OF_NAME,
  MAX_KEYS_OCTETS,
  MAX_TTL,
} from './limits.ts'
import { ownerKey } from './owner.ts'

/** A zone, who answers for it, and what its answers must be signed with. */
export interface Cut {
  readonly zone: Name
  readonly servers: readonly Name[]
  /** Addresses that came with it: of servers by name (see `nameKey`), and of servers without a name. */
  readonly glue: ReadonlyMap<string, readonly Uint8Array[]>
  readonly addresses: readonly Uint8Array[]
  /** Its DS records; undefined where the zone is not signed, or not for us. */
  readonly ds: readonly ResourceRecord[] | undefined
  /** What has been found out about it. */
  readonly learnt: Learnt
}

/** Each with the millisecond until which it may be used. */
export interface Learnt {
  readonly addresses: Map<string, { readonly found: readonly Uint8Array[]; readonly until: number }>
  keys?: { readonly keys: ZoneKeys | undefined; readonly until: number }
}

/** Cuts, kept for as long as they may be. */
export interface Cuts {
  /** The cut that a value makes. Its key is all that the value says, so that another value is another cut. */
  ofValue(delegation: Delegation, isSigned: boolean): KnownCut
  /** The lowest cut known on the way from a value's cut to a name. */
  lowest(top: KnownCut, name: Name, type: number): KnownCut
  add(top: KnownCut, cut: Omit<Cut, 'learnt'>, ttl: number): KnownCut
}

/** A cut, and the value that it depends on. */
export interface KnownCut extends Cut {
  readonly origin: string
}

/** @param now milliseconds on a clock that never goes back */
export function createCuts(now: () => number): Cuts {
  /** The keys of the cuts below each Namecoin name, oldest first. */
  const ofOwner = new Map<string, Set<string>>()
  const kept = new LRUCache<string, { readonly cut: KnownCut; readonly until: number }>({
    max: MAX_CUTS,
    maxSize: MAX_CUTS_OCTETS,
    sizeCalculation: ({ cut }, key) => key.length + octetsOf(cut),
    dispose({ cut }, key) {
      const owner = ownerKey(cut.zone)
      const keys = ofOwner.get(owner)
      keys?.delete(key)
      if (keys?.size === 0) ofOwner.delete(owner)
    },
  })
  const find = (key: string): KnownCut | undefined => {
    const entry = kept.get(key)
    return entry !== undefined && now() < entry.until ? entry.cut : undefined
  }
  function remember(owner: string, key: string): void {
    const keys = ofOwner.get(owner)
    if (keys === undefined) ofOwner.set(owner, new Set([key]))
    else keys.add(key)
  }
  function keep(origin: string, cut: Omit<Cut, 'learnt'>, seconds: number): KnownCut {
    const known: KnownCut = { ...cut, origin, learnt: { addresses: new Map() } }
    const key = origin + nameKey(cut.zone)
    kept.delete(key)
    const keys = ofOwner.get(ownerKey(cut.zone))
    if (keys !== undefined && keys.size >= MAX_CUTS_OF_NAME) kept.delete(keys.values().next().value!)
    kept.set(key, { cut: known, until: now() + Math.min(seconds, MAX_TTL) * 1000 })
    if (kept.has(key)) remember(ownerKey(cut.zone), key)
    return known
  }
  return {
    ofValue(delegation, isSigned) {
      const { zone, servers, undottedServers, serverAddresses, glue } = delegation
      const ds = isSigned ? delegation.ds : undefined
      const origin = JSON.stringify([
        zone,
        servers,
        undottedServers,
        serverAddresses,
        glue.map(({ name, data }) => [name, data.join()]),
        ds?.map(({ data }) => data.join()),
      ])
      const found = find(origin + nameKey(zone))
      if (found !== undefined) return found
      const cut = {
        zone,
        servers: [...servers, ...undottedServers],
        glue: addressesByName(glue),
        addresses: serverAddresses
          .map((text) => addressOctets(text))
          .filter((octets) => octets !== undefined),
        ds: ds?.length === 0 ? undefined : ds,
      }
      return keep(origin, cut, MAX_TTL)
    },
    lowest(top, name, type) {
      // The DS of a zone is with its parent.
      const lowest = type === Type.DS && name.length > top.zone.length ? name.slice(1) : name
      for (let labels = lowest.length; labels > top.zone.length; labels--) {
        const found = find(top.origin + nameKey(lowest.slice(lowest.length - labels)))
        if (found !== undefined) return found
      }
      return top
    },
    add: (top, cut, ttl) => keep(top.origin, cut, ttl),
  }
}

/** What a cut takes in memory, with room for the keys of a signed one. Estimated: an object takes some 50 octets. */
function octetsOf({ zone, servers, glue, addresses, ds }: Omit<Cut, 'learnt'>): number {
  const ofName = (name: Name): number =>
    name.reduce((sum, label) => sum + OBJECT_OCTETS + label.length, OBJECT_OCTETS)
  const given = [...glue.values()].flat()
  const octets = [...given, ...addresses, ...(ds ?? []).map(({ data }) => data)]
  // Addresses may be learnt of each server.
  const learnt = servers.length * MAX_ADDRESSES_OF_SERVER * OCTETS_OF_ADDRESS
  return (
    [zone, ...servers].reduce((sum, name) => sum + ofName(name), 0) +
    octets.reduce((sum, { length }) => sum + OCTETS_OF_ADDRESS + length, 0) +
    learnt +
    (ds === undefined ? 0 : 2 * MAX_KEYS_OCTETS)
  )
}
const OBJECT_OCTETS = 50
const OCTETS_OF_ADDRESS = 150

/** Addresses of A and AAAA records by their owners' keys: no more than are asked. */
export function addressesByName(
  records: readonly ResourceRecord[],
): ReadonlyMap<string, readonly Uint8Array[]> {
  const byName = new Map<string, Uint8Array[]>()
  let count = 0
  for (const { name, type, data } of records) {
    if (data.length !== (type === Type.A ? 4 : 16) || count === MAX_ADDRESSES_OF_CUT) continue
    const key = nameKey(name)
    const known = byName.get(key) ?? []
    if (known.length === MAX_ADDRESSES_OF_SERVER) continue
    byName.set(key, [...known, data])
    count++
  }
  return byName
}
