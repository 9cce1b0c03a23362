/** IP addresses: their text, and blocks of them. An address is its octets: 4 of IPv4, 16 of IPv6. */

/** One part of a dotted quad: no leading zero, for inet_aton reads those as octal (ifa-0001, `ip`). */
const DECIMAL = /^(?:0|[1-9][0-9]{0,2})$/
/** One group of an IPv6 address (RFC 4291 §2.2): `00000` is five digits, and none. */
const HEXADECIMAL = /^[0-9a-fA-F]{1,4}$/
const GROUPS = 8

/** The octets of an IPv4 address in dotted-decimal form, or undefined. */
export function ipv4Octets(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part))) return undefined
  const octets = parts.map(Number)
  return octets.every((octet) => octet <= 255) ? Uint8Array.from(octets) : undefined
}

/**
 * The octets of an IPv6 address in one of the text forms of RFC 4291 §2.2, or undefined. Zone ids, brackets and
 * prefix lengths are no part of an address.
 */
export function ipv6Octets(text: string): Uint8Array | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const before = groups(head, tail === undefined)
  const after = tail === undefined ? [] : groups(tail, true)
  if (before === undefined || after === undefined) return undefined
  const missing = GROUPS - before.length - after.length
  // `::` stands for one group of zeros or more.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const all = [...before, ...Array<number>(missing).fill(0), ...after]
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

/** The 16-bit groups between colons; the last 32 bits of the address may be a dotted quad. */
function groups(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const quad = isEnd ? ipv4Octets(parts.at(-1)!) : undefined
  const hexadecimal = quad === undefined ? parts : parts.slice(0, -1)
  if (!hexadecimal.every((part) => HEXADECIMAL.test(part))) return undefined
  const numbers = hexadecimal.map((part) => Number.parseInt(part, 16))
  return quad === undefined ? numbers : [...numbers, (quad[0]! << 8) | quad[1]!, (quad[2]! << 8) | quad[3]!]
}

/** The octets of an address of either kind, or undefined. */
export const addressOctets = (text: string): Uint8Array | undefined => ipv4Octets(text) ?? ipv6Octets(text)

/** A block of addresses: its first octets, those left out being 0, and how many bits of them count. */
export interface AddressBlock {
  /** Octets of the addresses in it: 4 or 16. */
  readonly length: number
  readonly prefix: ArrayLike<number>
  readonly bits: number
}

/** A block from CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3), or from one address alone; undefined when it is none. */
export function addressBlock(text: string): AddressBlock | undefined {
  const [, address = '', digits] = /^([0-9A-Fa-f.:]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? []
  const prefix = addressOctets(address)
  if (prefix === undefined) return undefined
  const bits = digits === undefined ? prefix.length * 8 : Number(digits)
  return bits > prefix.length * 8 ? undefined : { length: prefix.length, prefix, bits }
}

/** Whether the address is in the block. */
export function isInBlock(address: Uint8Array, { length, prefix, bits }: AddressBlock): boolean {
  if (address.length !== length) return false
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = (0xff << Math.max(0, 8 - (bits - bit))) & 0xff
    if ((address[bit / 8]! & mask) !== ((prefix[bit / 8] ?? 0) & mask)) return false
  }
  return true
}
