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
  block(8, 0xff), // multicast
]

const isIn = (address: Uint8Array, { prefix, bits }: Block): boolean => {
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = (0xff << Math.max(0, 8 - (bits - bit))) & 0xff
    if ((address[bit / 8]! & mask) !== (prefix[bit / 8]! & mask)) return false
  }
  return true
}

/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2): an IPv4 address in other clothes, and as private as that one. */
const mappedIpv4 = (address: Uint8Array): Uint8Array | undefined =>
  address.subarray(0, 10).every((octet) => octet === 0) && address[10] === 0xff && address[11] === 0xff
    ? address.subarray(12)
    : undefined

/** Whether an address, 4 or 16 octets, is not a public one: private, loopback, link-local, multicast, reserved. */
export function isPrivateAddress(address: Uint8Array): boolean {
  if (address.length === 4) return PRIVATE_IPV4.some((found) => isIn(address, found))
  const ipv4 = mappedIpv4(address)
  return ipv4 === undefined ? PRIVATE_IPV6.some((found) => isIn(address, found)) : isPrivateAddress(ipv4)
}

/** Whether a record is an A or AAAA that leads to a private address. */
export const leadsToPrivate = ({ type, data }: ResourceRecord): boolean =>
  (type === Type.A || type === Type.AAAA) && isPrivateAddress(data)
