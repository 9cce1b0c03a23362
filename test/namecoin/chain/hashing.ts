export { sha256 } from '@noble/hashes/sha2.js'

import { hashFromText } from '../../../src/namecoin/chain/hash.ts'
import { fromHex } from '../../../src/namecoin/hex.ts'

/** The octets of a hex text that a test knows to be one. */
export function hex(text: string): Uint8Array {
  const octets = fromHex(text)
  if (octets === undefined) throw new Error(`no hex: ${text}`)
  return octets
}

/** The hash that a text shows. */
export function hash(text: string): Uint8Array {
  const octets = hashFromText(text)
  if (octets === undefined) throw new Error(`no hash: ${text}`)
  return octets
}

export const text = (octets: Uint8Array) => new TextDecoder().decode(octets)
export const octets = (value: string) => new TextEncoder().encode(value)
