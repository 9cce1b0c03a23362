import type { Log, LogFields } from '../../../src/log.ts'
import { parseAddress } from '../../../src/namecoin/electrum/address.ts'
import { type Budget, costBudget } from '../../../src/namecoin/electrum/budget.ts'
import { electrumSession, type Session } from '../../../src/namecoin/electrum/session.ts'
import { bundledCheckpoint } from '../../../src/namecoin/light/bundled-checkpoint.ts'
import {
  type ChainKeeper,
  type HeaderStore,
  type KeeperOptions,
  keepChain,
  type SyncProgress,
} from '../../../src/namecoin/light/keeper.ts'
import { chainOf, recorded143 } from '../../servers/electrumx.ts'
import { blockHash, type ChainData, mine } from '../../servers/electrumx-chain.ts'
import { type FakeNetwork, fakeNetwork, newWorld, type World } from '../../servers/electrumx-peer.ts'
import { sha256 } from '../chain/hashing.ts'
import { NOW, regtest } from '../chain/recording.ts'
import { type FakeClock, fakeClock } from '../clock.ts'
import { GENESIS } from '../electrum/genesis.ts'

/** A keeper and the servers it listens to, without sockets and without time that passes by itself. */

export interface KeptServer {
  readonly session: Session
  readonly world: World
  readonly network: FakeNetwork
}

export interface KeptWorld {
  readonly keeper: ChainKeeper
  readonly servers: readonly KeptServer[]
  readonly clock: FakeClock
  readonly store: HeaderStore & { octets: Uint8Array | undefined; saves: number }
  readonly events: { readonly event: string; readonly fields: LogFields | undefined }[]
  readonly progress: SyncProgress[]
}

export type Wanted = Partial<Pick<KeeperOptions, 'checkpoint' | 'capacity' | 'sha256' | 'pause'>> & {
  readonly store?: KeptWorld['store']
  readonly budget?: (now: () => number) => Budget
}

export function memoryStore(octets?: Uint8Array): KeptWorld['store'] {
  return {
    octets,
    saves: 0,
    async load() {
      return this.octets
    },
    async save(saved) {
      this.octets = saved
      this.saves += 1
    },
  }
}

/** A keeper at regtest with servers that have these chains, or behave in these ways. */
export function keptWorld(worlds: readonly Partial<World>[], wanted: Wanted = {}): KeptWorld {
  const clock = fakeClock()
  const { now, timer } = clock
  const servers = worlds.map((changes, index): KeptServer => {
    const world = newWorld(changes)
    const network = fakeNetwork(world)
    const session = electrumSession({
      ...{ address: parseAddress(`tcp://server${index}.test:50001`)!, open: network.open, genesis: GENESIS },
      ...{ timer, now, random: () => 0, budget: (wanted.budget ?? costBudget)(now) },
    })
    return { session, world, network }
  })
  const store = wanted.store ?? memoryStore()
  const events: KeptWorld['events'] = []
  const progress: SyncProgress[] = []
  const record = (event: string, fields?: LogFields) => void events.push({ event, fields })
  const log: Log = { info: record, warn: record, error: record }
  const keeper = keepChain({
    ...{ sha256, network: regtest, checkpoint: bundledCheckpoint('regtest'), store, now, timer, log },
    ...{ wallClock: () => NOW * 1000, pause: () => Promise.resolve() },
    servers: servers.map(({ session }, index) => ({ session, operator: `operator${index}` })),
    onProgress: (one) => void progress.push(one),
    ...wanted,
    ...{ store },
  })
  return { keeper, servers, clock, store, events, progress }
}

/** Lets everything run that needs no more than promises, until a condition holds. */
export async function until(condition: () => boolean, turns = 60_000): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (condition()) return
    await Promise.resolve()
  }
  throw new Error('it never came about')
}

/** The same, and time passes in steps where promises are not enough. */
export async function eventually({ clock }: KeptWorld, condition: () => boolean, stepMs = 1_000) {
  for (let step = 0; step < 2_000; step++) {
    for (let turn = 0; turn < 3_000; turn++) {
      if (condition()) return
      await Promise.resolve()
    }
    clock.advance(stepMs)
  }
  throw new Error('it never came about')
}

export const isSynced = ({ keeper }: KeptWorld) => keeper.state().kind === 'synced'

/** Height and hash of the keeper's newest block. */
export function tipOfKeeper({ keeper }: KeptWorld): { height: number; hash: string } | undefined {
  const state = keeper.state()
  if (state.kind !== 'synced') return undefined
  const { height, hash } = state.chain.tip
  return { height, hash: Buffer.from(hash).reverse().toString('hex') }
}

export const tipOfChain = ({ headers }: ChainData) => ({
  height: headers.length - 1,
  hash: blockHash(headers.at(-1)!),
})

export const recorded = chainOf(recorded143)

const blocks = (count: number) => Array.from({ length: count }, () => [])

const mined = new Map<string, ChainData>()

/** The recorded chain with so many more blocks, above a height; another `salt` makes another fork. */
export function grown(count: number, above?: number, salt = 0, chain = recorded): ChainData {
  const key = `${count} ${above} ${salt}`
  const known = chain === recorded ? mined.get(key) : undefined
  if (known !== undefined) return known
  const made = mine(chain, blocks(count), above, salt)
  if (chain === recorded) mined.set(key, made)
  return made
}

/** The bans in the log: server and lie. */
export const bans = ({ events }: KeptWorld) =>
  events
    .filter(({ event }) => event === 'server-banned')
    .map(({ fields }) => `${fields?.['server']} ${fields?.['lie']}`)

/** A chain with one header changed at a digit. */
export const withFlipped = (chain: ChainData, height: number, digit: number): ChainData => ({
  ...chain,
  headers: chain.headers.map((hex, at) =>
    at === height
      ? hex.slice(0, digit) + (Number.parseInt(hex[digit]!, 16) ^ 1).toString(16) + hex.slice(digit + 1)
      : hex,
  ),
})
