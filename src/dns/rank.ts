import type { AddressSet, PackedAnswer } from './packed.ts'

/**
 * The packed answer with some addresses behind all others of their RRset. Each of the two parts is shuffled by itself
 * from then on, and where addresses have to be left off, those behind go first.
 *
 * @param isBehind of the number of an address set and that of an address in it
 * @param maxTtl   seconds that clients may keep the answer, if anything is behind
 * @returns the very answer when no RRset has addresses of both kinds
 */
export function withBehind(
  packed: PackedAnswer,
  isBehind: (set: number, address: number) => boolean,
  maxTtl: number,
): PackedAnswer {
  const bytes = Uint8Array.from(packed.bytes)
  const addressSets = packed.addressSets.flatMap((set, number): AddressSet[] => {
    const { length, offsets } = set
    const front = offsets.filter((_, address) => !isBehind(number, address))
    if (front.length === 0 || front.length === offsets.length) return [set]
    const behind = offsets.filter((_, address) => isBehind(number, address))
    for (const [place, from] of [...front, ...behind].entries()) {
      bytes.set(packed.bytes.subarray(from, from + length), offsets[place])
    }
    return [
      { length, offsets: offsets.subarray(0, front.length) },
      { length, offsets: offsets.subarray(front.length) },
    ]
  })
  const isSame = addressSets.length === packed.addressSets.length
  return isSame ? packed : { ...packed, bytes, addressSets, maxTtl }
}
