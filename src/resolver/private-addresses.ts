import { readName } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'

/** A block of addresses: its first octets, and how many bits of them count. */
interface Block {
  readonly prefix: readonly number[]
  readonly bits: number
}

const block = (bits: number, ...prefix: number[]): Block => ({ prefix, bits })

/** IANA's special-purpose registry (RFC 6890): the blocks that are not reachable from everywhere. */
const PRIVATE_IPV4: readonly Block[] = [
  block(8, 0),
  block(8, 10), // RFC 1918
  block(10, 100, 64), // RFC 6598
  block(8, 127),
  block(16, 169, 254), // RFC 3927
  block(12, 172, 16), // RFC 1918
  block(24, 192, 0, 0), // RFC 6890
  block(16, 192, 168), // RFC 1918
  block(15, 198, 18), // RFC 2544
  block(4, 224), // multicast
  block(4, 240), // reserved, and broadcast
]

const PRIVATE_IPV6: readonly Block[] = [
  block(128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  block(128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
  block(7, 0xfc), // RFC 4193
  block(10, 0xfe, 0x80), // RFC 4291: link-local
  block(10, 0xfe, 0xc0), // RFC 3879: site-local
  block(8, 0xff), // multicast
]

const isIn = (address: Uint8Array, { prefix, bits }: Block): boolean => {
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = (0xff << Math.max(0, 8 - (bits - bit))) & 0xff
    if ((address[bit / 8]! & mask) !== (prefix[bit / 8]! & mask)) return false
  }
  return true
}

/** Where an IPv4 address stands in an IPv6 one that leads to it, and is as private as that one. */
const EMBEDDED_IPV4: readonly { readonly block: Block; readonly at: number }[] = [
  { block: block(96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), at: 12 }, // RFC 4291 §2.5.5.2: mapped
  { block: block(96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), at: 12 }, // RFC 4291 §2.5.5.1: compatible
  { block: block(96, 0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0), at: 12 }, // RFC 6052: NAT64
  { block: block(16, 0x20, 0x02), at: 2 }, // RFC 3056: 6to4
]

const embeddedIpv4 = (address: Uint8Array): Uint8Array | undefined => {
  const at = EMBEDDED_IPV4.find((embedded) => isIn(address, embedded.block))?.at
  return at === undefined ? undefined : address.subarray(at, at + 4)
}

/** Whether an address, 4 or 16 octets, is not a public one: private, loopback, link-local, multicast, reserved. */
export function isPrivateAddress(address: Uint8Array): boolean {
  if (address.length === 4) return PRIVATE_IPV4.some((found) => isIn(address, found))
  if (PRIVATE_IPV6.some((found) => isIn(address, found))) return true
  const ipv4 = embeddedIpv4(address)
  return ipv4 !== undefined && isPrivateAddress(ipv4)
}

/** Whether a record leads to a private address: an A or AAAA, or the hints of an SVCB or HTTPS record (RFC 9460 §7.3). */
export function leadsToPrivate({ type, data }: ResourceRecord): boolean {
  if (type === Type.A || type === Type.AAAA) return isPrivateAddress(data)
  if (type !== Type.SVCB && type !== Type.HTTPS) return false
  return hintsOf(data).some(isPrivateAddress)
}

const IPV4_HINT = 4
const IPV6_HINT = 6

/** The addresses in the parameters of an SVCB record; none where it cannot be read. */
function hintsOf(data: Uint8Array): readonly Uint8Array[] {
  const hints: Uint8Array[] = []
  let offset = readName(data, 2)?.end ?? data.length
  while (offset + 4 <= data.length) {
    const key = (data[offset]! << 8) | data[offset + 1]!
    const end = offset + 4 + ((data[offset + 2]! << 8) | data[offset + 3]!)
    const length = key === IPV4_HINT ? 4 : key === IPV6_HINT ? 16 : undefined
    for (
      let at = offset + 4;
      length !== undefined && at + length <= Math.min(end, data.length);
      at += length
    ) {
      hints.push(data.subarray(at, at + length))
    }
    offset = end
  }
  return hints
}
