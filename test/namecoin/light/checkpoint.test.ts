import { describe, expect, test } from 'vitest'
import { hashToText } from '../../../src/namecoin/chain/hash.ts'
import { parseHeader } from '../../../src/namecoin/chain/header.ts'
import { HeaderChain } from '../../../src/namecoin/chain/header-chain.ts'
import { NETWORKS, type NetworkName } from '../../../src/namecoin/chain/network.ts'
import { bundledCheckpoint } from '../../../src/namecoin/light/bundled-checkpoint.ts'
import {
  anchorOf,
  checkpointAt,
  checkpointOf,
  formatCheckpoint,
  parseCheckpoint,
} from '../../../src/namecoin/light/checkpoint.ts'
import { hex, sha256 } from '../chain/hashing.ts'
import { GENESIS_ANCHOR, NOW, recordedChain, recordedHeaders, regtest } from '../chain/recording.ts'

const FULL = {
  network: 'mainnet',
  height: 815_000,
  hash: '46c38b14b25fef782cc454cac284b720f58ad414d2c323a980ede420da6affcf',
  chainwork: 'a88f4530bb8eaceaffde5c50',
  bits: '1703e336',
  time: 1_772_870_384,
  periodStartTime: 1_772_500_000,
  previousTimes: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
}

const parse = (fields: object) => parseCheckpoint(JSON.stringify(fields))

describe('a file', () => {
  test('becomes what it says, and the other way round', () => {
    const parsed = parse(FULL)
    expect(parsed).toMatchObject({
      kind: 'checkpoint',
      height: 815_000,
      chainwork: 0xa88f4530bb8eaceaffde5c50n,
      bits: 0x1703e336,
    })
    if (parsed.kind !== 'checkpoint') return
    expect(JSON.parse(formatCheckpoint(parsed))).toEqual(FULL)
    expect(parseCheckpoint(formatCheckpoint(parsed))).toEqual(parsed)
    expect(anchorOf(parsed)).toMatchObject({ height: 815_000, time: FULL.time })
  })

  test('need not say more than the hash and the work', () => {
    const { network, height, hash, chainwork } = FULL
    const parsed = parse({ network, height, hash, chainwork: chainwork.padStart(64, '0') })
    if (parsed.kind !== 'checkpoint') throw new Error(parsed.detail)
    expect(Object.keys(parsed).sort()).toEqual(['chainwork', 'hash', 'height', 'kind', 'network'])
    expect(anchorOf(parsed)).toBeUndefined()
    expect(JSON.parse(formatCheckpoint(parsed))).toEqual({ network, height, hash, chainwork })
  })

  test.each([
    ['network', 'dogecoin'],
    ['network', 'toString'],
    ['height', -1],
    ['height', 1.5],
    ['height', '815000'],
    ['hash', 'x'],
    ['hash', FULL.hash.slice(2)],
    ['chainwork', ''],
    ['chainwork', '0x12'],
    ['chainwork', 'f'.repeat(65)],
    ['chainwork', 12],
    ['bits', '1703e33'],
    ['bits', '00000000'],
    ['bits', 386_130_742],
    ['time', -1],
    ['time', 2 ** 32],
    ['periodStartTime', 'x'],
    ['previousTimes', 'x'],
    ['previousTimes', [1, 'x']],
    ['previousTimes', Array(11).fill(1)],
  ])('a bad %s, %j, is named', (field, value) => {
    const parsed = parse({ ...FULL, [field]: value })
    expect(parsed).toMatchObject({ kind: 'bad-checkpoint' })
    expect((parsed as { detail: string }).detail).toMatch(new RegExp(`^${field}: takes [^\n]+$`))
  })

  test.each(['', '[]', '1', 'null', '{', '"x"'])('%j is none', (text) => {
    expect(parseCheckpoint(text)).toEqual({ kind: 'bad-checkpoint', detail: 'it is no JSON object' })
  })
})

describe('a block of a chain', () => {
  const chain = recordedChain()

  test('anchors the rest of the chain', () => {
    for (const height of [1, 5, 100, 206, 207]) {
      const anchor = anchorOf(checkpointAt(chain, height)!)!
      expect(anchor.previousTimes).toHaveLength(Math.min(10, height))
      expect(hashToText(anchor.hash)).toBe(hashToText(recordedHeaders[height]!.hash))
      const rest = new HeaderChain(sha256, regtest, anchor)
      rest.append(recordedHeaders.slice(height + 1), NOW)
      expect(rest.tip).toEqual(chain.tip)
    }
  })

  test('the anchor itself', () => {
    expect(checkpointAt(chain, 0)).toEqual(checkpointOf('regtest', GENESIS_ANCHOR))
  })

  test('that is not there', () => {
    expect(checkpointAt(chain, 208)).toBeUndefined()
    expect(checkpointAt(recordedChain(207, 128), 20)).toBeUndefined()
  })

  test('above a window that has lost the anchor', () => {
    expect(checkpointAt(recordedChain(207, 128), 150)).toEqual(checkpointAt(chain, 150))
  })
})

test.each([
  [
    'testnet',
    '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494df8ff071dff0bec16',
  ],
  [
    'regtest',
    '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000',
  ],
] as const)('%s starts with its first block', (network: NetworkName, text) => {
  const header = parseHeader(sha256, hex(text))
  const { hash, bits, time } = bundledCheckpoint(network)
  expect(header).toMatchObject({ hash, bits, time })
  expect(hashToText(hash)).toBe(NETWORKS[network].genesis)
})
