import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bundledCheckpoint } from '../../../src/namecoin/light/bundled-checkpoint.ts'
import { type Checkpoint, checkpointAt } from '../../../src/namecoin/light/checkpoint.ts'
import { truncated } from '../../servers/electrumx.ts'
import { recordedChain } from '../chain/recording.ts'
import {
  bans,
  eventually,
  grown,
  isSynced,
  type KeptWorld,
  keptWorld,
  memoryStore,
  recorded,
  tipOfChain,
  tipOfKeeper,
  until,
} from './keeper-world.ts'

const chain = grown(1_200)

const events = (world: KeptWorld) => world.events.map(({ event }) => event)

/** The lowest height that a server was asked for headers from. */
const lowestAsked = (world: KeptWorld) =>
  Math.min(
    ...world.servers.flatMap(({ world: { received } }) =>
      received.flatMap(({ method, params }) =>
        method === 'blockchain.block.headers' ? [params[0] as number] : [],
      ),
    ),
  )

describe('what is kept', () => {
  test.each([0, 1, 2, 3, 4, 5, 6])('cut off after slice %i, it goes on there', async (slices) => {
    const first = keptWorld([{ chain }])
    await until(() => first.progress.some(({ height }) => height >= slices * 200))
    await first.keeper.close()
    const reached = first.progress.at(-1)!.height
    expect(reached).toBe(slices * 200)

    const second = keptWorld([{ chain }], { store: first.store })
    await until(() => isSynced(second))
    expect(tipOfKeeper(second)).toEqual(tipOfChain(chain))
    expect(lowestAsked(second)).toBe(reached + 1)
    expect(second.progress[0]).toMatchObject({ from: reached })
  })

  test('is saved when the chain is in, every 144 blocks, and at the end', async () => {
    const world = keptWorld([{ chain: recorded }])
    await until(() => world.store.saves === 1)
    const push = async (blocks: number) => {
      world.servers[0]!.world.chain = grown(blocks)
      world.servers[0]!.network.announce()
      await until(() => tipOfKeeper(world)?.height === 207 + blocks)
    }
    await push(143)
    expect(world.store.saves).toBe(1)
    await push(144)
    await until(() => world.store.saves === 2)
    await push(150)
    await world.keeper.close()
    expect(world.store.saves).toBe(3)
    await world.keeper.close()
    expect(world.store.saves).toBe(3)
  })

  test('is saved when the blocks below the checkpoint are in', async () => {
    const near = checkpointAt(recordedChain(), 200)!
    const world = keptWorld([{ chain: recorded }], { checkpoint: near })
    await until(() => events(world).includes('chain-filled'))
    await world.keeper.saved()
    const again = keptWorld([], { checkpoint: near, store: world.store })
    await until(() => again.keeper.state().kind === 'syncing')
    expect(again.store.octets!.length).toBeGreaterThan(30 * 48)
  })

  test('is saved when a heavier chain takes its place, though nothing was unsaved', async () => {
    const weak = grown(500, 150, 3)
    const world = keptWorld([{ chain: weak }, { chain }])
    world.servers[1]!.network.refuse({ kind: 'failed', code: 'network', detail: 'ECONNREFUSED' })
    await eventually(world, () => world.store.saves === 1)
    expect(tipOfKeeper(world)).toEqual(tipOfChain(weak))
    world.servers[1]!.network.refuse(undefined)
    await eventually(world, () => events(world).includes('chain-replaced'))
    await world.keeper.saved()
    const again = keptWorld([], { store: world.store })
    await until(() => again.keeper.state().kind === 'syncing')
    expect(again.keeper.state()).toMatchObject({ height: tipOfChain(chain).height })
  })

  test('and could not be written: again by and by, without another block', async () => {
    const store = memoryStore()
    const save = store.save.bind(store)
    store.save = () => Promise.reject(new Error('ENOSPC'))
    const world = keptWorld([{ chain: recorded }], { store })
    await until(() => events(world).includes('headers-not-saved'))
    store.save = save
    await eventually(world, () => store.saves === 1)
    const again = keptWorld([], { store })
    await until(() => again.keeper.state().kind === 'syncing')
    expect(again.keeper.state()).toMatchObject({ height: 207 })
  })

  test('and could not be written: at the end', async () => {
    const store = memoryStore()
    const save = store.save.bind(store)
    store.save = () => Promise.reject(new Error('ENOSPC'))
    const world = keptWorld([{ chain: recorded }], { store })
    await until(() => events(world).includes('headers-not-saved'))
    store.save = save
    await world.keeper.close()
    expect(store.saves).toBe(1)
  })

  test('nothing changes after the end', async () => {
    const world = keptWorld([{ chain: recorded }])
    await until(() => isSynced(world))
    let changes = 0
    world.keeper.onChange(() => changes++)
    await world.keeper.close()
    world.servers[0]!.world.chain = grown(5)
    world.servers[0]!.network.announce()
    await until(() => false, 500).catch(() => {})
    expect(changes).toBe(0)
    for (const { session } of world.servers) session.close()
    expect(world.clock.pending()).toBe(0)
  })

  test('a chain that a heavier one replaced meanwhile', async () => {
    const first = keptWorld([{ chain: grown(500, 150, 3) }])
    await until(() => first.store.saves > 0)
    const second = keptWorld([{ chain }], { store: first.store })
    await eventually(second, () => tipOfKeeper(second)?.hash === tipOfChain(chain).hash)
    expect(events(second)).toContain('chain-replaced')
  })

  test('servers that are behind what is kept', async () => {
    const first = keptWorld([{ chain: recorded }])
    await until(() => first.store.saves > 0)
    const second = keptWorld([{ chain: truncated(recorded, 190) }], { store: first.store })
    await eventually(second, () => isSynced(second))
    expect(tipOfKeeper(second)).toEqual(tipOfChain(recorded))
  })

  test('a store that fails costs a line in the log', async () => {
    const store = memoryStore()
    store.load = () => Promise.reject(new Error('EACCES'))
    store.save = () => Promise.reject(new Error('ENOSPC'))
    const world = keptWorld([{ chain: recorded }], { store })
    await until(() => events(world).includes('headers-not-saved'))
    expect(events(world)).toContain('headers-unreadable')
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
  })
})

describe('what is kept and not to be believed', () => {
  test('changed at any octet: dropped, and fetched again', async () => {
    const short = truncated(recorded, 40)
    const first = keptWorld([{ chain: short }])
    await until(() => first.store.saves > 0)
    const kept = first.store.octets!
    await fc.assert(
      fc.asyncProperty(fc.nat(kept.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = kept.slice()
        changed[at]! ^= change
        const world = keptWorld([{ chain: short }], { store: memoryStore(changed) })
        await until(() => isSynced(world))
        expect(events(world)).toContain('headers-refused')
        expect(tipOfKeeper(world)).toEqual(tipOfChain(short))
        expect(lowestAsked(world)).toBe(1)
      }),
      { numRuns: 40 },
    )
  })

  test('half of it', async () => {
    const first = keptWorld([{ chain: recorded }])
    await until(() => first.store.saves > 0)
    const kept = first.store.octets!
    for (const length of [0, 1, 3, 4, 35, 36, 37, 200, kept.length - 1]) {
      const world = keptWorld([{ chain: recorded }], { store: memoryStore(kept.slice(0, length)) })
      await until(() => isSynced(world))
      expect(events(world)).toContain('headers-refused')
    }
  })

  test('another checkpoint than the chain was written with', async () => {
    const first = keptWorld([{ chain: recorded }])
    await until(() => first.store.saves > 0)
    const other = grown(500, 50, 3)
    const alien = keptWorld([{ chain: other }])
    await until(() => isSynced(alien))
    const state = alien.keeper.state()
    if (state.kind !== 'synced') throw new Error(state.kind)
    const checkpoint = checkpointAt(state.chain, 100)!
    const world = keptWorld([{ chain: other }], { store: first.store, checkpoint })
    await eventually(world, () => isSynced(world))
    expect(events(world)).toContain('headers-refused')
    expect(tipOfKeeper(world)).toEqual(tipOfChain(other))
  })
})

describe('a checkpoint', () => {
  const { network, height, hash, chainwork, ...rest } = checkpointAt(recordedChain(), 120)!
  const bare: Checkpoint = { network, height, hash, chainwork }

  test('without the rest is completed by the servers, and kept so', async () => {
    const world = keptWorld([{ chain: recorded }], { checkpoint: bare })
    await until(() => world.store.saves > 0)
    const state = world.keeper.state()
    expect(state).toMatchObject({ kind: 'synced', anchor: { height, hash, chainwork, ...rest } })
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
    if (state.kind !== 'synced') return
    // What was fetched for it serves lookups, too.
    for (let at = 1; at <= 207; at++) expect(state.chain.at(at)?.hash).toEqual(recordedChain().at(at)!.hash)

    const again = keptWorld([], { checkpoint: bare, store: world.store })
    await until(() => again.keeper.state().kind === 'syncing')
    expect(again.keeper.state()).toMatchObject({ height: 207, anchor: { height, ...rest } })
  })

  test('a server that has another block there is banned', async () => {
    const other = grown(500, 50, 3)
    const world = keptWorld([{ chain: other }, { chain: recorded }], { checkpoint: bare })
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
    expect(bans(world)).toEqual([expect.stringMatching(/^server0\.test:50001 (broken-link|other-chain)$/)])
  })

  test('complete, and a server whose chain does not hold it', async () => {
    const world = keptWorld([{ chain: grown(500, 50, 3) }, { chain: recorded }], {
      checkpoint: { ...bare, ...rest },
    })
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
    await eventually(world, () => bans(world).length > 0)
    expect(bans(world)).toEqual([expect.stringMatching(/^server0\.test:50001 (broken-link|other-chain)$/)])
  })

  test('servers that do not have it yet', async () => {
    const world = keptWorld([{ chain: truncated(recorded, 100) }], { checkpoint: bare })
    world.clock.advance(20_000)
    await until(() => false, 2_000).catch(() => {})
    expect(world.keeper.state()).toEqual({ kind: 'starting' })
    world.servers[0]!.world.chain = recorded
    world.servers[0]!.network.announce()
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
  })

  test('the blocks below it that names may live in are fetched as well', async () => {
    const complete = { ...bare, ...rest, height: 200 }
    const near = checkpointAt(recordedChain(), complete.height)!
    const world = keptWorld([{ chain: recorded }], { checkpoint: near })
    await until(() => events(world).includes('chain-filled'))
    const state = world.keeper.state()
    if (state.kind !== 'synced') throw new Error(state.kind)
    expect(state.chain.lowest).toBe(207 - 30 + 1)
    expect(state.chain.at(180)?.hash).toEqual(recordedChain().at(180)!.hash)
  })

  test('of each network, when none is set', () => {
    expect(bundledCheckpoint('regtest')).toMatchObject({ height: 0, network: 'regtest' })
    expect(bundledCheckpoint('mainnet')).toMatchObject({ height: 815_000, time: 1_772_870_384 })
  })
})
