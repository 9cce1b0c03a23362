import { describe, expect, test } from 'vitest'
import { type Budget, costBudget, MAX_COST } from '../../../src/namecoin/electrum/budget.ts'
import { GATHER_MS, OWING_MS } from '../../../src/namecoin/light/keeper-synced.ts'
import { truncated } from '../../servers/electrumx.ts'
import type { ChainData } from '../../servers/electrumx-chain.ts'
import {
  eventually,
  grown,
  isSynced,
  keptWorld,
  recorded,
  tipOfChain,
  tipOfKeeper,
  until,
} from './keeper-world.ts'

/** When a chain is called synced: servers that claim what they never show. */

/** A chain whose newest block is made up: it can be read, and nothing else; ever other ones. */
function madeUp(salt: number): ChainData {
  const header = Buffer.from(recorded.headers[100]!.slice(0, 160), 'hex').fill(0x90 + salt, 4, 36)
  header.writeUInt32LE(0x0001_0004, 0) // Without AuxPoW.
  return { ...recorded, headers: [...recorded.headers, header.toString('hex')] }
}

/** A budget that is enough for lookups, but for headers only if the test says so. */
const withoutBulk = (isEnough = () => false): Budget => ({
  allows: (_units, use) => use === 'lookup' || isEnough(),
  spend: () => {},
  left: () => 10,
})

/** Budgets in the order of the servers. */
const budgets = (...made: Budget[]) => {
  const left = [...made]
  return (now: () => number) => left.shift() ?? costBudget(now)
}

/** Lets servers come and say what they have. */
const gathered = () => until(() => false, 20_000).catch(() => {})

describe('a server that claims a block that does not exist', () => {
  test('and overdraws what it may be asked for is not waited for', async () => {
    const world = keptWorld([{ chain: recorded }, { chain: madeUp(0) }])
    await until(() => world.servers[1]!.session.state().kind === 'ready')
    world.servers[1]!.session.budget.spend(2 * MAX_COST)
    const start = world.clock.now()
    await eventually(world, () => isSynced(world))
    expect(world.clock.now() - start).toBeLessThanOrEqual(GATHER_MS)
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
  })

  test('and cannot be asked for it, another every minute: is waited for so long and no longer', async () => {
    const world = keptWorld([{ chain: madeUp(0) }, { chain: recorded }], { budget: budgets(withoutBulk()) })
    const [liar] = world.servers
    await gathered()
    const start = world.clock.now()
    for (let minute = 1; !isSynced(world) && minute < 60; minute++) {
      liar!.world.chain = madeUp(minute)
      liar!.network.announce()
      await gathered()
      world.clock.advance(60_000)
      await gathered()
    }
    expect(world.clock.now() - start).toBe(OWING_MS)
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
    // Nor is there anything that is worth staying awake for.
    expect(world.keeper.state()).toMatchObject({ kind: 'synced', target: recorded.headers.length - 1 })
  })
})

test('an honest server that has been asked enough for now is waited for, beside one that is behind', async () => {
  const chain = grown(1_200)
  let isEnough = false
  const world = keptWorld([{ chain }, { chain: truncated(recorded, 100) }], {
    budget: budgets(withoutBulk(() => isEnough)),
  })
  for (let passed = 0; passed < OWING_MS - 60_000; passed += 60_000) {
    await gathered()
    world.clock.advance(60_000)
  }
  expect(world.keeper.state()).toMatchObject({ kind: 'syncing', target: chain.headers.length - 1 })
  isEnough = true
  await eventually(world, () => isSynced(world))
  expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
})

test('a server that was at our tip and is further now is expected to show it, and for as long', async () => {
  let isEnough = true
  const world = keptWorld([{ chain: recorded }], { budget: budgets(withoutBulk(() => isEnough)) })
  await until(() => isSynced(world))
  world.clock.advance(2 * OWING_MS)
  isEnough = false
  const [{ world: server, network }] = world.servers as [(typeof world.servers)[number]]
  server.chain = grown(3)
  network.announce()
  await gathered()
  expect(world.keeper.state()).toMatchObject({ kind: 'synced', target: recorded.headers.length + 2 })
  world.clock.advance(OWING_MS)
  expect(world.keeper.state()).toMatchObject({ kind: 'synced', target: recorded.headers.length - 1 })
  isEnough = true
  await eventually(world, () => tipOfKeeper(world)?.height === recorded.headers.length + 2)
})
