import { ipv4Octets, ipv6Octets } from '../../addresses.ts'
import { listOrString } from './item.ts'

/** `ip`: A records, all of them (ifa-0001). What the addresses mean is not for an implementation to judge. */
export const ip = listOrString((entry) => {
  const octets = typeof entry === 'string' ? ipv4Octets(entry) : undefined
  return octets === undefined ? 'not an IPv4 address' : [octets]
})

/** `ip6`: AAAA records (ifa-0001). */
export const ip6 = listOrString((entry) => {
  const octets = typeof entry === 'string' ? ipv6Octets(entry) : undefined
  return octets === undefined ? 'not an IPv6 address' : [octets]
})
