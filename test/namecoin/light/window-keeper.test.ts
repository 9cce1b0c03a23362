import { expect, test } from 'vitest'
import type { Log } from '../../../src/log.ts'
import { parseAddress } from '../../../src/namecoin/electrum/address.ts'
import { electrumSession } from '../../../src/namecoin/electrum/session.ts'
import { bundledCheckpoint } from '../../../src/namecoin/light/bundled-checkpoint.ts'
import type { Checkpoint } from '../../../src/namecoin/light/checkpoint.ts'
import { lightSource } from '../../../src/namecoin/light/source.ts'
import { windowKeeper } from '../../../src/namecoin/light/window-keeper.ts'
import { truncated } from '../../servers/electrumx.ts'
import { mine } from '../../servers/electrumx-chain.ts'
import { fakeNetwork, newWorld, type World } from '../../servers/electrumx-peer.ts'
import { sha256 } from '../chain/hashing.ts'
import { REGISTERED, recordedHeaders, regtest, TIP } from '../chain/recording.ts'
import { fakeClock, never, settled } from '../clock.ts'
import { GENESIS } from '../electrum/genesis.ts'

const BUNDLED = bundledCheckpoint('regtest')
/** A block of the recorded chain, of which nothing is known but what has to be. */
const BARE: Checkpoint = { network: 'regtest', height: 100, hash: recordedHeaders[100]!.hash, chainwork: 1n }
/** Milliseconds, a minute after the recorded chain's last block. */
const NOW = (recordedHeaders[TIP]!.time + 60) * 1000

interface Wanted {
  readonly checkpoint?: Checkpoint
  readonly maxTipAge?: number
  readonly now?: number
}

function windowWorld(worlds: readonly Partial<World>[], wanted: Wanted = {}) {
  const { now, timer, pending } = fakeClock()
  const events: string[] = []
  const record = (event: string) => void events.push(event)
  const log: Log = { info: record, warn: record, error: record }
  const running = worlds.map((changes, index) => {
    const world = newWorld(changes)
    const network = fakeNetwork(world)
    const address = parseAddress(`tcp://server${index}.test:50001`)!
    const session = electrumSession({
      ...{ address, open: network.open, genesis: GENESIS, timer, now, random: () => 0 },
    })
    return { session, operator: `operator${index}`, network, world }
  })
  const wallClock = () => wanted.now ?? NOW
  const { checkpoint = BUNDLED, maxTipAge } = wanted
  const keeper = windowKeeper({ sha256, checkpoint, servers: running, maxTipAge, wallClock, log })
  const source = lightSource({
    ...{ sha256, network: regtest, servers: running, keeper, leastConfirmations: 12, maxTipAge },
    ...{ now, wallClock, timer, log },
  })
  return { keeper, source, servers: running, events, pending }
}

test('with a checkpoint that says its bits it is syncing at once, and stays so', async () => {
  const { keeper, servers } = windowWorld([{}, {}])
  expect(keeper.state()).toMatchObject({ kind: 'syncing', height: 0, target: 0 })
  await settled()
  expect(keeper.state()).toMatchObject({ kind: 'syncing', height: 0, target: TIP })
  expect(servers.map(({ session }) => keeper.serverTips().get(session)?.height)).toEqual([TIP, TIP])
  for (const { world } of servers)
    expect(world.received.map(({ method }) => method)).not.toContain('blockchain.block.header')
})

test('with one that does not it asks for the header, which the hash vouches for', async () => {
  const { keeper, servers } = windowWorld([{}, {}], { checkpoint: BARE })
  expect(keeper.state()).toEqual({ kind: 'starting' })
  await settled()
  expect(keeper.state()).toMatchObject({ kind: 'syncing', anchor: { height: 100, bits: 0x207fffff } })
  expect(servers[0]!.world.received).toContainEqual({ method: 'blockchain.block.header', params: [100] })
})

test('a server with another block there is banned, and the others do', async () => {
  const fork = mine(truncated(newWorld().chain, 90), Array(60).fill([]))
  const { keeper, servers, events } = windowWorld([{ chain: fork }, {}, {}], { checkpoint: BARE })
  await settled()
  expect(servers.map(({ session }) => session.state().kind)).toEqual(['banned', 'ready', 'ready'])
  expect(keeper.state()).toMatchObject({ kind: 'syncing', target: TIP })
  expect(keeper.serverTips().size).toBe(2)
  expect(events).toEqual(['server-banned'])
})

test.each(['misshapen', 'daemon-error', 'busy'] as const)(
  '%s replies say nothing of the checkpoint',
  async (lie) => {
    const { keeper } = windowWorld([{ lies: [lie] }], { checkpoint: BARE })
    await settled()
    expect(keeper.state()).toEqual({ kind: 'starting' })
  },
)

test('tells of a new block, and of nothing after the end', async () => {
  const { keeper, servers } = windowWorld([{}])
  await settled()
  let changes = 0
  keeper.onChange(() => changes++)
  const [{ world, network }] = servers as [(typeof servers)[number]]
  world.chain = mine(world.chain, [[]])
  network.announce()
  await settled()
  expect([changes, [...keeper.serverTips().values()][0]!.height]).toEqual([1, TIP + 1])
  await keeper.close()
  world.chain = mine(world.chain, [[]])
  network.announce()
  await settled()
  expect(changes).toBe(1)
})

test('a lost connection takes the tip with it', async () => {
  const { keeper, servers } = windowWorld([{}])
  await settled()
  servers[0]!.network.cut()
  expect(keeper.serverTips().size).toBe(0)
})

test('a server whose newest block is too old is no witness', async () => {
  const hours = 3_600_000
  const late = windowWorld([{}, {}], { maxTipAge: 8 * hours, now: NOW + 9 * hours })
  await settled()
  expect(late.keeper.serverTips().size).toBe(0)
  expect(late.events).toEqual(['server-stale', 'server-stale'])
  const timely = windowWorld([{}, {}], { maxTipAge: 8 * hours, now: NOW + 7 * hours })
  await settled()
  expect(timely.keeper.serverTips().size).toBe(2)
})

test('every name of the recording is attested by two servers, old and new', async () => {
  const { source } = windowWorld([{}, { protocol: '1.4.2', lies: ['no-value-proof'] }], { checkpoint: BARE })
  for (const name of REGISTERED) {
    const outcome = await source.lookup(name, never)
    if (name === 'd/expired') expect(outcome).toEqual({ kind: 'expired', caveat: 'attested' })
    else expect([name, outcome]).toMatchObject([name, { kind: 'found', caveat: 'attested' }])
  }
  expect(await source.lookup('d/never-was', never)).toEqual({ kind: 'absent', caveat: 'attested' })
})

test('nothing runs on after the end', async () => {
  const { source, pending, servers } = windowWorld([{}, {}])
  await source.lookup('d/jordia65', never)
  source.close()
  await settled()
  expect(pending()).toBe(0)
  expect(servers.map(({ network }) => network.channels())).toEqual([0, 0])
})
