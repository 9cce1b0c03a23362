import { describe, expect, test } from 'vitest'
import { parseHeader } from '../../../src/namecoin/chain/header.ts'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'
import { proofOfWorkFault } from '../../../src/namecoin/chain/proof-of-work.ts'
import { hex, sha256 } from './hashing.ts'
import { present, vectors, without } from './vectors.ts'

const { mainnet } = NETWORKS

interface RealHeader {
  height: number
  hex: string
  size: number
}

/** The shorter ones: each is parsed as often as it has octets. */
const real: RealHeader[] = (vectors('auxpow_headers.json')?.headers ?? []).filter(
  ({ size }: RealHeader) => size < 2500,
)

/** A fixed sequence of numbers below 2^31: failures can be repeated. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    yield state >>> 8
  }
}

describe.skipIf(!present)(`real headers, damaged${without}`, () => {
  test.each(real)('$height cut off at every octet', (row) => {
    const octets = hex(row.hex)
    for (let length = 0; length < octets.length; length++) {
      expect(parseHeader(sha256, octets.subarray(0, length)).kind).toBe('refused')
    }
  })

  test.each(real)('$height with octets changed: the same block, or none', (row) => {
    const octets = hex(row.hex)
    const { hash } = parseHeader(sha256, octets) as { hash: Uint8Array }
    const random = numbers(row.height)
    for (let run = 0; run < 300; run++) {
      const changed = octets.slice()
      for (let changes = (random.next().value % 3) + 1; changes > 0; changes--) {
        changed[random.next().value % changed.length]! ^= (random.next().value % 255) + 1
      }
      const header = parseHeader(sha256, changed)
      if (header.kind === 'refused' || proofOfWorkFault(sha256, mainnet, header) !== undefined) continue
      expect(header.hash).toEqual(hash)
    }
  })
})
