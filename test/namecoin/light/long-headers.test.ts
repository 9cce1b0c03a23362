import { expect, test } from 'vitest'
import { MAX_HEADER_OCTETS } from '../../../src/namecoin/chain/header.ts'
import { blockHash, type ChainData, mine, sha256d } from '../../servers/electrumx-chain.ts'
import {
  bans,
  eventually,
  isSynced,
  keptWorld,
  recorded,
  tipOfChain,
  tipOfKeeper,
  until,
} from './keeper-world.ts'

/** Headers whose parent's coinbase is as long as a miner likes, up to a block of Bitcoin's. */

const uint32 = (value: number): Buffer => {
  const octets = Buffer.alloc(4)
  octets.writeUInt32LE(value >>> 0)
  return octets
}
const EASY_BITS = 0x207f_ffff
const ANY_OUTPUT = 0x6a

/** The chain with a block more, whose header has so many octets. */
function withLong(chain: ChainData, octets: number): ChainData {
  const before = chain.headers.at(-1)!
  const time = Buffer.from(before, 'hex').readUInt32LE(68) + 600
  const pure = Buffer.concat([
    uint32(0x0001_0104),
    Buffer.from(blockHash(before), 'hex').reverse(),
    Buffer.alloc(32, 7),
    ...[time, EASY_BITS, 0].map(uint32),
  ])
  const root = Buffer.from(sha256d(pure)).reverse()
  const script = Buffer.concat([Buffer.from('fabe6d6d', 'hex'), root, uint32(1), uint32(0)])
  const made = (padding: number): Buffer => {
    const coinbase = Buffer.concat([
      ...[uint32(1), Buffer.of(1), Buffer.alloc(32), uint32(0xffff_ffff)],
      ...[Buffer.of(script.length), script, uint32(0xffff_ffff)],
      ...[Buffer.of(1), Buffer.alloc(8), Buffer.of(0xfe), uint32(padding), Buffer.alloc(padding, ANY_OUTPUT)],
      uint32(0),
    ])
    const parent = Buffer.concat([
      ...[uint32(0x2000_0000), Buffer.alloc(32), sha256d(coinbase)],
      ...[0, EASY_BITS, 0].map(uint32),
    ])
    for (let nonce = 0; sha256d(parent)[31]! >= 0x80; nonce++) parent.writeUInt32LE(nonce, 76)
    const branches = Buffer.concat([Buffer.of(0), uint32(0), Buffer.of(0), uint32(0)])
    return Buffer.concat([pure, coinbase, Buffer.alloc(32), branches, parent])
  }
  const header = made(octets - made(0).length)
  return { ...chain, headers: [...chain.headers, header.toString('hex')] }
}

const more = (chain: ChainData) => mine(chain, [[], [], []])

test.each([250_000, 320_000, 600_000, 900_000, MAX_HEADER_OCTETS])(
  'one of %i octets among others: slices get shorter, and no server has to rest for it',
  async (octets) => {
    const long = withLong(recorded, octets)
    expect(long.headers.at(-1)).toHaveLength(2 * octets)
    const chain = more(long)
    const world = keptWorld([{ chain }, { chain }])
    await until(() => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
    expect(bans(world)).toEqual([])
  },
)

test('several of the longest in a row: one at a time', { timeout: 30_000 }, async () => {
  const chain = more([1, 2, 3].reduce((made) => withLong(made, MAX_HEADER_OCTETS), recorded))
  const world = keptWorld([{ chain }])
  await eventually(world, () => isSynced(world), 60_000)
  expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
})

test('as the newest block: told, and told again after a reconnection', async () => {
  const world = keptWorld([{ chain: recorded }])
  await until(() => isSynced(world))
  const [{ world: server, network }] = world.servers as [(typeof world.servers)[number]]
  server.chain = withLong(recorded, MAX_HEADER_OCTETS)
  network.announce()
  await until(() => tipOfKeeper(world)?.height === recorded.headers.length)
  expect(network.opened()).toBe(1)
  const fresh = keptWorld([{ chain: server.chain }])
  await until(() => isSynced(fresh))
  expect(tipOfKeeper(fresh)).toEqual(tipOfChain(server.chain))
})
