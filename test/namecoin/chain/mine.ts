import { concatenated } from '../../../src/namecoin/chain/hash.ts'
import { type Header, parseHeader } from '../../../src/namecoin/chain/header.ts'
import { hashAsNumber, targetOfBits } from '../../../src/namecoin/chain/target.ts'
import { sha256 } from './hashing.ts'

/** Mines regtest blocks with their own work (two tries on average): forks and attacks of a test's choosing. */

export interface Wanted {
  readonly merkleRoot?: Uint8Array
  readonly time?: number
  readonly version?: number
  readonly bits?: number
  /** True: a hash that misses the target. */
  readonly lazy?: boolean
}

export const EASIEST = 0x207fffff
export const VERSION = 0x0001_0004

/** A block on top of one with this hash. */
export function mine(previous: Uint8Array, time: number, wanted: Wanted = {}): Header {
  const bits = wanted.bits ?? EASIEST
  const target = targetOfBits(bits)!
  for (let nonce = 0; ; nonce++) {
    const octets = pureOctets({
      version: wanted.version ?? VERSION,
      previous,
      merkleRoot: wanted.merkleRoot ?? new Uint8Array(32),
      time: wanted.time ?? time,
      bits,
      nonce,
    })
    const header = parseHeader(sha256, octets)
    if (header.kind === 'refused') throw new Error(header.code)
    if (hashAsNumber(header.hash) <= target !== (wanted.lazy ?? false)) return header
  }
}

/** So many blocks on top of one; the salt makes them different from those of other calls. */
export function mineChain(
  previous: Uint8Array,
  time: number,
  count: number,
  salt = 0,
  bits = EASIEST,
): Header[] {
  const headers: Header[] = []
  for (let index = 0; index < count; index++) {
    const merkleRoot = new Uint8Array(32).fill(salt)
    const header = mine(headers.at(-1)?.hash ?? previous, time + index + 1, { merkleRoot, bits })
    headers.push(header)
  }
  return headers
}

/** The 80 octets of a header. */
export function pureOctets(header: Omit<Header, 'kind' | 'hash' | 'auxPow'>): Uint8Array {
  const octets = concatenated([new Uint8Array(4), header.previous, header.merkleRoot, new Uint8Array(12)])
  const view = new DataView(octets.buffer)
  view.setInt32(0, header.version, true)
  view.setUint32(68, header.time, true)
  view.setUint32(72, header.bits, true)
  view.setUint32(76, header.nonce, true)
  return octets
}
