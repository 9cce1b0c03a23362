import { type AddressBlock, isInBlock } from './addresses.ts'

/** IANA's registries of special-purpose addresses (RFC 6890 and its updates). */

const ipv4 = (bits: number, ...prefix: number[]): AddressBlock => ({ length: 4, prefix, bits })
const ipv6 = (bits: number, ...prefix: number[]): AddressBlock => ({ length: 16, prefix, bits })

/** The blocks that are not reachable from everywhere. */
const PRIVATE: readonly AddressBlock[] = [
  ipv4(8, 0),
  ipv4(8, 10), // RFC 1918
  ipv4(10, 100, 64), // RFC 6598
  ipv4(8, 127),
  ipv4(16, 169, 254), // RFC 3927
  ipv4(12, 172, 16), // RFC 1918
  ipv4(24, 192, 0, 0), // RFC 6890
  ipv4(16, 192, 168), // RFC 1918
  ipv4(15, 198, 18), // RFC 2544
  ipv4(4, 224), // multicast
  ipv4(4, 240), // reserved, and broadcast
  ipv6(128),
  ipv6(128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
  ipv6(7, 0xfc), // RFC 4193
  ipv6(10, 0xfe, 0x80), // RFC 4291: link-local
  ipv6(10, 0xfe, 0xc0), // RFC 3879: site-local
  ipv6(8, 0xff), // multicast
]

/** Besides those: the blocks where nobody is, or nobody whom we should meet. Answers may hold them, as examples do. */
const NOWHERE: readonly AddressBlock[] = [
  ipv4(24, 192, 0, 2), // RFC 5737: documentation
  ipv4(24, 198, 51, 100),
  ipv4(24, 203, 0, 113),
  ipv4(24, 192, 88, 99), // RFC 7526: deprecated
  ipv6(48, 0, 0x64, 0xff, 0x9b, 0, 1), // RFC 8215: NAT64 of a local network
  ipv6(64, 0x01), // RFC 6666: discard
  ipv6(23, 0x20, 0x01), // RFC 2928: protocol assignments, Teredo with its embedded addresses among them
  ipv6(32, 0x20, 0x01, 0x0d, 0xb8), // RFC 3849: documentation
  ipv6(20, 0x3f, 0xff), // RFC 9637: documentation
  ipv6(16, 0x5f), // RFC 9602: segment routing
]

/** RFC 6052 §2.1. */
const NAT64 = ipv6(96, 0, 0x64, 0xff, 0x9b)
const MAPPED = ipv6(96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff) // RFC 4291 §2.5.5.2

/** All that IANA has given to networks (RFC 4291 §2.4); whatever else there will be is nobody's yet. */
const GLOBAL_UNICAST = ipv6(3, 0x20)

/** Where an IPv4 address stands in an IPv6 one that leads to it, and is as special as that one. */
const EMBEDDED_IPV4: readonly { readonly block: AddressBlock; readonly at: number }[] = [
  { block: MAPPED, at: 12 },
  { block: ipv6(96), at: 12 }, // RFC 4291 §2.5.5.1: compatible
  { block: ipv6(96, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), at: 12 }, // RFC 2765 §2.1: translated (SIIT)
  { block: NAT64, at: 12 },
  { block: ipv6(16, 0x20, 0x02), at: 2 }, // RFC 3056: 6to4
]

/** ISATAP: an interface of any network, with an IPv4 address behind these octets, public or not (RFC 5214 §6.1). */
const isIsatap = (address: Uint8Array): boolean =>
  address.length === 16 &&
  (address[8]! & 0xfd) === 0 &&
  address[9] === 0 &&
  address[10] === 0x5e &&
  address[11] === 0xfe

const embeddedIpv4 = (address: Uint8Array): Uint8Array | undefined => {
  const at = isIsatap(address) ? 12 : EMBEDDED_IPV4.find(({ block }) => isInBlock(address, block))?.at
  return at === undefined ? undefined : address.subarray(at, at + 4)
}

const isIn = (address: Uint8Array, blocks: readonly AddressBlock[]): boolean => {
  if (blocks.some((block) => isInBlock(address, block))) return true
  const ipv4 = embeddedIpv4(address)
  return ipv4 !== undefined && isIn(ipv4, blocks)
}

/** Whether an address is not a public one: private, loopback, link-local, multicast, reserved. */
export const isPrivateAddress = (address: Uint8Array): boolean => isIn(address, PRIVATE)

/** Whether nobody on the public Internet is at an address: private ones, and those set aside for other ends. */
export const isSpecialAddress = (address: Uint8Array): boolean =>
  isPrivateAddress(address) ||
  isIn(address, NOWHERE) ||
  (address.length === 16 && ![GLOBAL_UNICAST, NAT64, MAPPED].some((block) => isInBlock(address, block)))
