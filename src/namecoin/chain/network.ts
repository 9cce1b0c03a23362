/** What differs between Namecoin's networks. Source: light-client.md §1, namecoin-core `src/kernel/chainparams.cpp`. */

export type NetworkName = 'mainnet' | 'testnet' | 'regtest'

export interface Network {
  readonly name: NetworkName
  /** Hash of block 0, as printed. */
  readonly genesis: string
  /** The easiest target allowed (`powLimit`). */
  readonly targetLimit: bigint
  /** Whether the target changes every 2,016 blocks (not `fPowNoRetargeting`). */
  readonly retargets: boolean
  /** First height of merge mining (`nAuxpowStartHeight`): retargets look one block further back from here on. */
  readonly auxPowStart: number
  /** Below this height blocks may have version 1, which names no chain id (`nLegacyBlocksBefore`). */
  readonly legacyBefore: number
  /** Our number among merge-mined chains, upper half of the version (`nAuxpowChainId`). */
  readonly chainId: number
  /** Whether a block must have our chain id, and its parent another (`fStrictChainId`). */
  readonly strictChainId: boolean
  /** From which height on the base version must be at least 2, 3 and 4 (BIP34, BIP66 and BIP65 heights). */
  readonly versions: readonly { readonly from: number; readonly least: number }[]
  /** Blocks after which a name expires (`NameExpirationDepth`), by the height of the tip. */
  readonly expirationDepth: (tip: number) => number
}

/** 36,000 blocks, some 230 days; less while the chain was young (`MainNetConsensus`, namecoin-core consensus/params.h). */
function historicDepth(tip: number): number {
  if (tip < 24_000) return 12_000
  return tip < 48_000 ? tip - 12_000 : 36_000
}

const mainnet: Network = {
  name: 'mainnet',
  genesis: '000000000062b72c5e2ceb45fbc8587e807c155b0da735e6483dfba2f0a9c770',
  targetLimit: 2n ** 224n - 1n,
  retargets: true,
  auxPowStart: 19_200,
  legacyBefore: 19_200,
  chainId: 1,
  strictChainId: true,
  versions: [
    { from: 250_000, least: 3 }, // BIP34 (2) and BIP66 (3) begin at the same height
    { from: 335_000, least: 4 },
  ],
  expirationDepth: historicDepth,
}

const testnet: Network = {
  name: 'testnet',
  genesis: '00000007199508e34a9ff81e6ec0c477a4cccff2a4767a8eee39c11db367b008',
  targetLimit: 2n ** 228n - 1n,
  retargets: true,
  auxPowStart: 0,
  legacyBefore: Number.POSITIVE_INFINITY,
  chainId: 1,
  strictChainId: false,
  versions: [{ from: 130_000, least: 4 }],
  expirationDepth: historicDepth,
}

const regtest: Network = {
  name: 'regtest',
  genesis: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
  targetLimit: 2n ** 255n - 1n,
  retargets: false,
  auxPowStart: 0,
  legacyBefore: 0,
  chainId: 1,
  strictChainId: true,
  versions: [{ from: 1, least: 4 }],
  expirationDepth: () => 30,
}

export const NETWORKS: Readonly<Record<NetworkName, Network>> = { mainnet, testnet, regtest }
