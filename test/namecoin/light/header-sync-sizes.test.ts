import { describe, expect, test } from 'vitest'
import { silentLog } from '../../../src/log.ts'
import { HeaderChain } from '../../../src/namecoin/chain/header-chain.ts'
import { parseAddress } from '../../../src/namecoin/electrum/address.ts'
import { electrumSession } from '../../../src/namecoin/electrum/session.ts'
import type { Checkpoint } from '../../../src/namecoin/light/checkpoint.ts'
import { completeCheckpoint } from '../../../src/namecoin/light/checkpoint-completion.ts'
import { backfill } from '../../../src/namecoin/light/header-sync-backfill.ts'
import { headerServer } from '../../../src/namecoin/light/header-sync-servers.ts'
import type { Tools } from '../../../src/namecoin/light/header-sync-slice.ts'
import { answer, type Outcome } from '../../servers/electrumx.ts'
import { fakeNetwork, newWorld } from '../../servers/electrumx-peer.ts'
import { sha256 } from '../chain/hashing.ts'
import { NOW, recordedHeaders, regtest } from '../chain/recording.ts'
import { fakeClock, never } from '../clock.ts'
import { GENESIS } from '../electrum/genesis.ts'
import { recorded } from './keeper-world.ts'

/** How many headers are asked for when slices fail: of servers that bear no more, or not now. */

const BUSY: Outcome = { error: { code: -102, message: 'busy' } }

/** A server that answers slices only if they are wanted. */
async function serverWith(isAnswered: (start: number, count: number) => boolean) {
  const clock = fakeClock()
  const asked: [number, number][] = []
  const world = newWorld({
    backend(method, params) {
      if (method !== 'blockchain.block.headers') return answer(recorded, method, params)
      const [start, count] = params as [number, number]
      asked.push([start, count])
      return isAnswered(start, count) ? answer(recorded, method, params) : BUSY
    },
  })
  const { now, timer } = clock
  const session = electrumSession({
    ...{ address: parseAddress('tcp://server.test:50001')!, open: fakeNetwork(world).open, genesis: GENESIS },
    ...{ timer, now, random: () => 0 },
  })
  await session.connect(never)
  const server = headerServer(session, 'operator')
  const tools: Tools = {
    ...{ sha256, now, timer, log: silentLog, wallClock: () => NOW * 1000 },
    pause: () => Promise.resolve(),
  }
  /** Goes on when the server has rested, until the work comes to something. */
  async function retried<Result>(work: () => Promise<Result | undefined | false>): Promise<Result> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const result = await work()
      if (result !== undefined && result !== false) return result
      clock.advance(10 * 60_000)
    }
    throw new Error('it never came about')
  }
  return { server, session, asked, tools, retried }
}

const checkpoint = (height: number): Checkpoint => ({
  ...{ network: 'regtest', height, hash: recordedHeaders[height]!.hash, chainwork: 402n },
})

describe('completing a checkpoint', () => {
  test('asks a server that cannot bear as much for less, from then on', async () => {
    const { server, tools, asked, retried } = await serverWith((_start, count) => count <= 60)
    const start = checkpoint(200)
    const completed = await retried(() => completeCheckpoint(start, () => [server], tools, never))
    expect(completed.headers.map(({ hash }) => hash)).toEqual(
      recordedHeaders.slice(0, 201).map(({ hash }) => hash),
    )
    expect(asked.slice(0, 3).map(([, count]) => count)).toEqual([200, 100, 50])
    // More is tried again after success, as it is for newer headers.
    expect(Math.max(...asked.slice(3).map(([, count]) => count))).toBeLessThanOrEqual(100)
  })

  test('keeps the slices that came when a later one does not', async () => {
    let isAway = false
    const { server, tools, asked, retried } = await serverWith((start) => start > 50 || !isAway)
    isAway = true
    server.most = 50
    const start = checkpoint(200)
    expect(await completeCheckpoint(start, () => [server], tools, never)).toBeUndefined()
    const lowest = Math.min(...asked.filter(([first]) => first > 50).map(([first]) => first))
    isAway = false
    asked.length = 0
    const completed = await retried(() => completeCheckpoint(start, () => [server], tools, never))
    expect(completed.headers).toHaveLength(201)
    expect(completed.anchor.previousTimes).toEqual(recordedHeaders.slice(190, 200).map(({ time }) => time))
    for (const [first, count] of asked) expect(first + count).toBeLessThanOrEqual(lowest)
  })

  test('and holds what comes then against them', async () => {
    const forged = recordedHeaders[60]!.hash
    const { server, session, tools } = await serverWith(() => true)
    server.most = 50
    const start = { ...checkpoint(200), hash: forged } // A server whose chain does not hold it.
    expect(await completeCheckpoint(start, () => [server], tools, never)).toBeUndefined()
    expect(session.state()).toMatchObject({ kind: 'banned' })
  })
})

test('filling the chain downwards asks a server that cannot bear as much for less', async () => {
  const { server, tools, asked, retried } = await serverWith((_start, count) => count <= 10)
  const { hash, bits, time } = recordedHeaders[207]!
  const anchor = {
    ...{ height: 207, hash, bits, time, chainwork: 416n, periodStartTime: recordedHeaders[0]!.time },
    previousTimes: recordedHeaders.slice(197, 207).map((one) => one.time),
  }
  const chain = new HeaderChain(sha256, regtest, anchor)
  chain.backfill(recordedHeaders.slice(207, 208))
  const changes: number[] = []
  await retried(() =>
    backfill(
      chain,
      () => [server],
      tools,
      never,
      () => changes.push(chain.lowest),
    ),
  )
  expect(asked[0]?.[1]).toBeGreaterThan(10)
  expect(asked.map(([, count]) => count)).toContain(10)
  expect(changes.length).toBeGreaterThan(1)
  expect(chain.lowest).toBeLessThanOrEqual(178)
})
