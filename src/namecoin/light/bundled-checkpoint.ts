import { hashFromText } from '../chain/hash.ts'
import { NETWORKS, type NetworkName } from '../chain/network.ts'
import { workOfBits } from '../chain/target.ts'
import type { Checkpoint } from './checkpoint.ts'

/** Time of the first block of testnet and regtest (`CreateGenesisBlock`, chainparams.cpp). */
const TEST_GENESIS_TIME = 1_296_688_602

/**
 * Where a chain starts when no `checkpoint` is set.
 *
 * Mainnet: the newest block whose hash somebody else vouches for, `defaultAssumeValid` and `nMinimumChainWork` of
 * Namecoin Core 31.0 and 31.1 (src/kernel/chainparams.cpp). It is of 2026-03-07, time 1772870384. The test networks
 * start with their first block, which is part of the network's rules.
 */
const BUNDLED: { readonly [Name in NetworkName]: Checkpoint } = {
  mainnet: {
    network: 'mainnet',
    height: 815_000,
    hash: hashFromText('46c38b14b25fef782cc454cac284b720f58ad414d2c323a980ede420da6affcf')!,
    chainwork: 0xa88f_4530_bb8e_acea_ffde_5c50n,
    time: 1_772_870_384,
  },
  testnet: genesis('testnet', 0x1d07_fff8),
  regtest: genesis('regtest', 0x207f_ffff),
}

export function bundledCheckpoint(network: NetworkName): Checkpoint {
  return BUNDLED[network]
}

function genesis(network: NetworkName, bits: number): Checkpoint {
  return {
    network,
    height: 0,
    hash: hashFromText(NETWORKS[network].genesis)!,
    chainwork: workOfBits(bits),
    bits,
    time: TEST_GENESIS_TIME,
    periodStartTime: TEST_GENESIS_TIME,
    previousTimes: [],
  }
}
