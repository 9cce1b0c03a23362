import { nameFromText } from './dns/name.ts'

/** Longest URL: each part of it fits into the one length octet that a DNS stamp has for it. */
const MAX_LENGTH = 255

/**
 * Only what means the same in JSON, TOML, XML, JavaScript, a shell and an HTTP header: these URLs end up in all of
 * them. The URL parser alone would pass `;`, `'` and `$` in a host, and drop newlines.
 */
const PLAIN_URL = /^https:\/\/(?:[\w.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?:\/[\w./~-]*)?$/i

/**
 * The URL of a gateway, as people write it in settings and as it may be written into a client's: `https://`, a host,
 * perhaps a port and a path. RFC 8484 §4.1.1 writes it as a URI template; a final `{?dns}` is dropped.
 *
 * @returns the URL in its normal form, or undefined
 */
export function readGatewayUrl(text: string): string | undefined {
  const url = text.replace(/\{\?dns\}$/, '')
  return url.length <= MAX_LENGTH && PLAIN_URL.test(url) && URL.canParse(url) ? new URL(url).href : undefined
}

/** The same where the host must have a name, and one that fits into DNS: labels of 1 to 63 octets (RFC 1035 §2.3.4). */
export function readNamedGatewayUrl(text: string): string | undefined {
  const url = readGatewayUrl(text)
  const host = url === undefined ? '' : new URL(url).hostname
  return /^[^[]*[a-z]/.test(host) && nameFromText(host) !== undefined ? url : undefined
}
