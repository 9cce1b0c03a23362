import type { Gateway } from './gateway.ts'

/** The protocol identifier of DNS over HTTPS. */
const DOH = 0x02

/** Bits of what a resolver says of itself. Not bit 0, DNSSEC: .bit is not signed from the root. */
const NO_LOGS = 1 << 1
const NO_FILTER = 1 << 2

/**
 * A gateway as a DNS stamp: protocol, properties in 8 octets, lowest first, then each with its length in front: an
 * address, hashes of certificates (none), host and port, path.
 * @see https://datatracker.ietf.org/doc/draft-denis-dns-stamps/
 */
export function dnsStamp({ url, addresses }: Gateway): string {
  const { host, pathname } = new URL(url)
  const [address = ''] = addresses
  const octets = [
    DOH,
    ...[NO_LOGS | NO_FILTER, 0, 0, 0, 0, 0, 0, 0],
    ...withLength(address.includes(':') ? `[${address}]` : address),
    ...withLength(''),
    ...withLength(host),
    ...withLength(pathname),
  ]
  return `sdns://${base64url(octets)}`
}

/** All of it is ASCII, and shorter than 256: see `readGatewayUrl`. */
const withLength = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)]

const base64url = (octets: readonly number[]): string =>
  btoa(String.fromCharCode(...octets))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
