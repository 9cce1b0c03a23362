/** Canonical form and order of records (RFC 4034 §6, as RFC 6840 §5.1 corrects it). */
import { lowerLabel, lowerName, type Name, nameToWire } from '../dns/name.ts'
import { Class, Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'

/**
 * Canonical order of names: the rightmost labels decide first, as octets in lower case; an ancestor comes before what
 * lies below it (RFC 4034 §6.1).
 */
export function compareNames(a: Name, b: Name): number {
  const common = Math.min(a.length, b.length)
  for (let behind = 1; behind <= common; behind++) {
    const left = lowerLabel(a[a.length - behind]!)
    const right = lowerLabel(b[b.length - behind]!)
    if (left !== right) return left < right ? -1 : 1
  }
  return a.length - b.length
}

/** Order of RDATA: as octets from the left, a shorter one before what it begins (RFC 4034 §6.3). */
function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length)
  for (let index = 0; index < common; index++) if (a[index] !== b[index]) return a[index]! - b[index]!
  return a.length - b.length
}

/** Where the names are in RDATA: behind so many octets and character strings, one or two of them. */
interface NamesPlace {
  readonly octets: number
  readonly strings: number
  readonly names: number
}
const place = (octets: number, names = 1, strings = 0): NamesPlace => ({ octets, strings, names })

/**
 * The types with names that are lower-cased in RDATA: RFC 4034 §6.2 without NSEC and HINFO (RFC 6840 §5.1). RRSIG is
 * not among them because nothing signs it; its own place is `signedData`. For newer types names are left as they are.
 */
const LOWERED: ReadonlyMap<number, NamesPlace> = new Map<number, NamesPlace>([
  [Type.NS, place(0)],
  [3, place(0)], // MD
  [4, place(0)], // MF
  [Type.CNAME, place(0)],
  [Type.SOA, place(0, 2)],
  [7, place(0)], // MB
  [8, place(0)], // MG
  [9, place(0)], // MR
  [Type.PTR, place(0)],
  [14, place(0, 2)], // MINFO
  [Type.MX, place(2)],
  [Type.RP, place(0, 2)],
  [Type.AFSDB, place(2)],
  [21, place(2)], // RT
  [Type.SIG, place(18)],
  [26, place(2, 2)], // PX
  [30, place(0)], // NXT
  [Type.SRV, place(6)],
  [Type.NAPTR, place(4, 1, 3)],
  [36, place(2)], // KX
  [Type.DNAME, place(0)],
])

const isUpperCase = (octet: number): boolean => octet >= 0x41 && octet <= 0x5a

/** RDATA in canonical form. RDATA that is not what its type says stays as far as it cannot be read. */
export function canonicalRdata(type: number, data: Uint8Array): Uint8Array {
  const names = LOWERED.get(type)
  if (names === undefined) return data
  const canonical = Uint8Array.from(data)
  let offset = names.octets
  for (let string = 0; string < names.strings; string++) offset += 1 + (data[offset] ?? 0)
  for (let name = 0; name < names.names; name++) {
    for (let length = data[offset] ?? 0; length > 0; length = data[offset] ?? 0) {
      const end = Math.min(offset + 1 + length, data.length)
      for (let index = offset + 1; index < end; index++)
        if (isUpperCase(data[index]!)) canonical[index] = data[index]! + 0x20
      offset = end
    }
    offset++
  }
  return canonical
}

/** RDATA of an RRset in canonical form and order, each once (RFC 4034 §6.3). */
export function canonicalSet(records: readonly ResourceRecord[]): Uint8Array[] {
  const sorted = records.map(({ type, data }) => canonicalRdata(type, data)).sort(compareOctets)
  return sorted.filter((data, index) => index === 0 || compareOctets(data, sorted[index - 1]!) !== 0)
}

/**
 * What the signature of an RRset is over (RFC 4034 §3.1.8.1).
 *
 * @param fixed   the first 18 octets of the RRSIG's RDATA
 * @param signer  the name behind them
 * @param owner   the owner that was signed: that of the wildcard where the records come from one
 * @param ttl     the original TTL
 * @param set     see `canonicalSet`
 */
export function signedData(
  fixed: Uint8Array,
  signer: Name,
  owner: Name,
  ttl: number,
  type: number,
  set: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const [start, name] = [nameToWire(lowerName(signer)), nameToWire(lowerName(owner))]
  const fields = 10
  const length = set.reduce(
    (sum, data) => sum + name.length + fields + data.length,
    fixed.length + start.length,
  )
  const signed = new Uint8Array(length)
  const view = new DataView(signed.buffer)
  signed.set(fixed)
  signed.set(start, fixed.length)
  let offset = fixed.length + start.length
  for (const data of set) {
    signed.set(name, offset)
    offset += name.length
    view.setUint16(offset, type)
    view.setUint16(offset + 2, Class.IN)
    view.setUint32(offset + 4, ttl)
    view.setUint16(offset + 8, data.length)
    signed.set(data, offset + fields)
    offset += fields + data.length
  }
  return signed
}
