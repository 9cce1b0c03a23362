import { type AddressBlock, addressOctets, isInBlock } from '../addresses.ts'
import { ipv4ToText, ipv6ToText } from '../dns/rdata-fields.ts'
import { isSpecialAddress } from '../special-addresses.ts'

/**
 * Which addresses may be sent queries.
 *
 * Attack: a value names 127.0.0.1, 169.254.169.254 or a printer as its nameserver, and the gateway, which stands inside,
 * sends there what somebody outside has written. Or it names the gateway itself, and every question asks itself.
 */
export interface ContactRules {
  /** Blocks that may be asked all the same: for test networks and for zones at home. */
  readonly allowed: readonly AddressBlock[]
  /** The addresses of this machine, as text. */
  readonly own: () => readonly string[]
}

/** Octets of IPv4 in IPv6 (RFC 4291 §2.5.5.2). */
const MAPPED_PREFIX: AddressBlock = {
  length: 16,
  prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
  bits: 96,
}

/** An address that may be contacted, as text, IPv4-mapped ones as IPv4; undefined for one that must not be. */
export function contactable(address: Uint8Array, { allowed, own }: ContactRules): string | undefined {
  const plain = isInBlock(address, MAPPED_PREFIX) ? address.subarray(12) : address
  const text = addressText(plain)
  if (allowed.some((block) => isInBlock(plain, block))) return text
  if (isSpecialAddress(plain)) return undefined
  return own().some((mine) => textOfAny(mine) === text) ? undefined : text
}

const addressText = (address: Uint8Array): string =>
  address.length === 4 ? ipv4ToText(address) : ipv6ToText(address)

/** The one spelling of an address that systems spell in their ways. */
const textOfAny = (text: string): string | undefined => {
  const octets = addressOctets(text.replace(/%.*$/, ''))
  return octets && addressText(octets)
}
