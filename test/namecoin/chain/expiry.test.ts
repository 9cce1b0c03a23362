import { expect, test } from 'vitest'
import { expiresIn, isExpired } from '../../../src/namecoin/chain/expiry.ts'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'

const { mainnet, testnet, regtest } = NETWORKS

test.each([
  // network, updated, tip, expires in
  [mainnet, 800_000, 800_000, 36_000],
  [mainnet, 800_000, 835_999, 1],
  [mainnet, 800_000, 836_000, 0],
  [mainnet, 800_000, 836_001, -1],
  // 12,000 blocks at first; from 24,000 to 48,000 nothing updated after 12,000 expires
  [mainnet, 1_000, 12_999, 1],
  [mainnet, 1_000, 13_000, 0],
  [mainnet, 12_000, 23_999, 1],
  [mainnet, 12_000, 24_000, 0],
  [mainnet, 12_001, 24_000, 1],
  [mainnet, 12_001, 47_999, 1],
  [mainnet, 12_001, 48_000, 1],
  [mainnet, 12_000, 48_000, 0],
  [testnet, 100_000, 135_999, 1],
  [regtest, 194, 207, 17],
  [regtest, 194, 223, 1],
  [regtest, 194, 224, 0],
] as const)('$0.name: updated at %i, tip %i', (network, updated, tip, blocks) => {
  expect(expiresIn(network, updated, tip)).toBe(blocks)
  expect(isExpired(network, updated, tip)).toBe(blocks <= 0)
})
