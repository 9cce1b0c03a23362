/** Longest `dns` parameter: 65,535 octets in base64url (RFC 8484 §6, RFC 4648 §5). */
export const MAX_PARAMETER_LENGTH = 87_380

const BASE64URL = /^[A-Za-z0-9_-]+={0,2}$/

/**
 * Decodes base64url (RFC 4648 §5). Final `=` are tolerated though RFC 8484 §4.1 has none: clients send them.
 *
 * The text is checked first, because Buffer skips whatever it does not know and decodes the rest to something else.
 *
 * @returns undefined for text that is not base64url: the other alphabet, spaces, an impossible length, or bits left
 * over, which would give one message many spellings
 */
export function decodeBase64url(text: string): Uint8Array | undefined {
  if (!BASE64URL.test(text)) return undefined
  const padding = text.indexOf('=')
  const length = padding === -1 ? text.length : padding
  if (length % 4 === 1 || (padding !== -1 && text.length % 4 !== 0)) return undefined
  if (length % 4 !== 0 && spareBits(text.charCodeAt(length - 1)) & (length % 4 === 2 ? 0xf : 0x3))
    return undefined
  return Buffer.from(text, 'base64url')
}

/** The six bits a base64url letter stands for. */
function spareBits(letter: number): number {
  if (letter >= 0x61) return letter - 0x61 + 26
  if (letter === 0x5f) return 63
  if (letter >= 0x41) return letter - 0x41
  if (letter >= 0x30) return letter - 0x30 + 52
  return 62
}
