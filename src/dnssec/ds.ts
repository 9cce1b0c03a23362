import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'

/** A DS record (RFC 4034 §5). */
export interface Ds {
  readonly tag: number
  readonly algorithm: number
  readonly digestType: number
  /** Whether the digest is that of these octets (see `digestedKey`). */
  isOf(digested: Uint8Array<ArrayBuffer>): Promise<boolean>
}

const SHA_1 = 1
/**
 * Digests that validation may rest on, all of them "RECOMMENDED" for that (RFC 9904 §4). SHA-1 is as well: a digest
 * has to withstand no collision, and RFC 9905 retires SHA-1 in signatures alone.
 */
const DIGESTS: ReadonlyMap<number, string> = new Map([
  [SHA_1, 'SHA-1'],
  [2, 'SHA-256'],
  [4, 'SHA-384'],
])

export const isSupportedDigest = (digestType: number): boolean => DIGESTS.has(digestType)

const FIXED_LENGTH = 4

/** @returns undefined for a record that is no DS */
export function readDs({ type, data }: ResourceRecord): Ds | undefined {
  if (type !== Type.DS || data.length < FIXED_LENGTH) return undefined
  const digestType = data[3]!
  return {
    tag: (data[0]! << 8) | data[1]!,
    algorithm: data[2]!,
    digestType,
    async isOf(digested) {
      const hash = DIGESTS.get(digestType)
      if (hash === undefined) return false
      const digest = new Uint8Array(await crypto.subtle.digest(hash, digested))
      const own = data.subarray(FIXED_LENGTH)
      return own.length === digest.length && own.every((octet, index) => octet === digest[index])
    },
  }
}

/** RFC 4509 §3: SHA-1 counts only where there is nothing better, or whoever breaks it could do without the better. */
export const strongest = (digests: readonly Ds[]): readonly Ds[] => {
  const better = digests.filter(({ digestType }) => digestType !== SHA_1)
  return better.length > 0 ? better : digests
}
