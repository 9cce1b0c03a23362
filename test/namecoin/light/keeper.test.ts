import { describe, expect, test } from 'vitest'
import { GATHER_MS } from '../../../src/namecoin/light/keeper-synced.ts'
import { answer, type Backend, truncated } from '../../servers/electrumx.ts'
import type { ChainData } from '../../servers/electrumx-chain.ts'
import type { World } from '../../servers/electrumx-peer.ts'
import {
  bans,
  eventually,
  grown,
  isSynced,
  type KeptWorld,
  keptWorld,
  recorded,
  tipOfChain,
  tipOfKeeper,
  until,
  withFlipped,
} from './keeper-world.ts'

const LONG = 1_200

const honest =
  (chain: ChainData): Backend =>
  (method, params) =>
    answer(chain, method, params)

describe('from genesis', () => {
  test.each([1, 2, 3])('over %i servers', async (count) => {
    const chain = grown(LONG)
    const world = keptWorld(Array.from({ length: count }, () => ({ chain })))
    expect(world.keeper.state()).toEqual({ kind: 'starting' })
    await until(() => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
    for (const { world: server } of world.servers) {
      const slices = server.received.filter(({ method }) => method === 'blockchain.block.headers')
      expect(slices.length).toBeGreaterThanOrEqual(Math.floor(8 / count) - 2)
    }
    expect(bans(world)).toEqual([])
  })

  test('tells how far it is, and when it is in', async () => {
    const world = keptWorld([{ chain: grown(LONG) }])
    await until(() => isSynced(world))
    const { progress } = world
    expect(progress[0]).toMatchObject({ from: 0, height: 0, isDone: false })
    expect(progress.at(-1)).toEqual({ from: 0, height: 207 + LONG, target: 207 + LONG, isDone: true })
    expect(progress.filter(({ isDone }) => isDone)).toHaveLength(1)
    const heights = progress.map(({ height }) => height)
    expect(heights).toEqual([...heights].sort((one, other) => one - other))
    expect(heights).toContain(200)
  })

  test('what each server says of its tip', async () => {
    const world = keptWorld([{ chain: grown(3) }, { chain: truncated(recorded, 205) }])
    await until(() => isSynced(world))
    const tips = world.keeper.serverTips()
    expect(world.servers.map(({ session }) => tips.get(session)?.height)).toEqual([210, 205])
  })
})

describe('servers that fail', () => {
  test('dies in the middle: the other goes on', async () => {
    const chain = grown(LONG)
    const world = keptWorld([{ chain }, { chain }])
    await until(() => world.progress.some(({ height }) => height >= 400))
    world.servers[0]!.network.cut()
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
    expect(bans(world)).toEqual([])
  })

  test('dies in the middle, alone: goes on when it is back', async () => {
    const chain = grown(LONG)
    const world = keptWorld([{ chain }])
    await until(() => world.progress.some(({ height }) => height >= 400))
    world.servers[0]!.network.cut()
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
    const first = world.servers[0]!.world.received.filter(
      ({ method, params }) => method === 'blockchain.block.headers' && params[0] === 1,
    )
    expect(first).toHaveLength(1)
  })

  test('goes silent in the middle: the other goes on', async () => {
    const chain = grown(LONG)
    const world = keptWorld([{ chain }, { chain }])
    await until(() => world.progress.some(({ height }) => height >= 400))
    world.servers[0]!.world.wire = ['silent']
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
  })

  test.each(['garbage', 'closes', 'endless', 'wrong-id', 'bomb', 'excessive-use'] as const)(
    '%s from the middle on: the other goes on',
    async (wire) => {
      const chain = grown(LONG)
      const world = keptWorld([{ chain }, { chain }])
      await until(() => world.progress.some(({ height }) => height >= 400))
      world.servers[1]!.world.wire = [wire]
      await eventually(world, () => isSynced(world))
      expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
    },
  )

  test.each(['misshapen', 'busy', 'daemon-error'] as const)(
    '%s replies: the other does it all',
    async (lie) => {
      const chain = grown(LONG)
      const world = keptWorld([{ chain, lies: [lie] }, { chain }])
      await eventually(world, () => isSynced(world))
      expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
    },
  )

  test.each<[string, Partial<World>]>([
    ['never answers', { wire: ['silent'] }],
    ['never says what its newest block is', { lies: ['daemon-error'] }],
  ])('one that %s holds up nobody for longer than servers have to gather', async (_title, mute) => {
    for (const worlds of [
      [{ chain: recorded }, mute],
      [mute, { chain: recorded }, { chain: recorded }],
    ]) {
      const world = keptWorld(worlds)
      const start = world.clock.now()
      await eventually(world, () => isSynced(world))
      expect(world.clock.now() - start).toBe(GATHER_MS)
      // With a lookup of 4.5 s at the most, the first proven answer comes within 10 s.
      expect(GATHER_MS).toBeLessThanOrEqual(5_500)
    }
  })

  test('that time is not put off by a block that comes meanwhile', async () => {
    const world = keptWorld([{ chain: recorded }, { wire: ['silent'] }])
    const start = world.clock.now()
    await until(() => world.keeper.serverTips().size === 1)
    await until(() => false, 5_000).catch(() => {})
    world.clock.advance(GATHER_MS - 1_000)
    world.servers[0]!.world.chain = grown(1)
    world.servers[0]!.network.announce()
    await eventually(world, () => isSynced(world))
    expect(world.clock.now() - start).toBe(GATHER_MS)
    expect(tipOfKeeper(world)?.height).toBe(208)
  })

  test('one that does not manage 200 headers at once is asked for fewer', async () => {
    const chain = grown(LONG)
    const backend: Backend = (method, params) =>
      method === 'blockchain.block.headers' && (params[1] as number) > 60
        ? { error: { code: -102, message: 'server busy - request timed out' } }
        : honest(chain)(method, params)
    const world = keptWorld([{ chain, backend }])
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
  })

  test('headers as ElectrumX 1.19 cuts them', async () => {
    const world = keptWorld([{ chain: recorded, lies: ['array-headers'] }])
    await until(() => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
  })

  test('without budget it waits, and goes on', async () => {
    const chain = grown(LONG)
    let left = 125
    const world = keptWorld([{ chain }], {
      budget: (now) => {
        let at = now()
        const refill = () => {
          left += (now() - at) / 1000
          at = now()
          return left
        }
        return {
          allows: (units) => refill() >= units,
          spend: (units) => {
            left = refill() - units
          },
          left: refill,
        }
      },
    })
    await until(() => world.progress.some(({ height }) => height >= 200))
    await expect(until(() => isSynced(world), 3_000)).rejects.toThrow()
    await eventually(world, () => isSynced(world))
    expect(left).toBeGreaterThan(-200)
    expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
  })
})

describe('servers that lie', () => {
  const chain = grown(LONG)

  /** One header of each slice is forged. */
  const forged = (digit: number) =>
    [100, 300, 500, 700, 900, 1_100, 1_300].reduce((made, height) => withFlipped(made, height, digit), chain)

  test.each([
    ['a header without work', 159, /high-hash|broken-link|chain-root-missing/], // Half of all hashes have work enough.
    ['another target', 145, /bad-diffbits/],
    ['another chain id', 5, /wrong-chain-id/],
    ['a version of old', 1, /bad-version|high-hash|broken-link|chain-root-missing/],
    ['another Merkle root', 80, /high-hash|broken-link|chain-root-missing/],
    ['another parent', 20, /broken-link/],
    ['an AuxPoW that is none', 3, /bad-header/],
  ] as const)('%s: banned, and named', async (_title, digit, lie) => {
    const world = keptWorld([{ chain: forged(digit) }, { chain }])
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
    expect(bans(world)).toEqual([expect.stringMatching(/^server0\.test:50001 /)])
    expect(bans(world)[0]).toMatch(lie)
    expect(world.servers[0]!.session.state()).toMatchObject({
      kind: 'banned',
      reason: expect.stringMatching(lie),
    })
    expect(world.servers[1]!.session.state().kind).toBe('ready')
  })

  test('a forged header, alone: no chain comes of it', async () => {
    const world = keptWorld([{ chain: withFlipped(chain, 700, 10) }])
    await until(() => bans(world).length > 0)
    expect(world.servers[0]!.session.state()).toMatchObject({ kind: 'banned' })
    world.clock.advance(GATHER_MS)
    expect(isSynced(world)).toBe(false)
    expect(world.keeper.state()).toMatchObject({ kind: 'syncing' })
  })

  test('a height that does not exist keeps nobody waiting', async () => {
    const claimed = { ...tipOfChain(chain) }
    const world = keptWorld([
      {
        backend: (method, params) => {
          if (method === 'blockchain.headers.subscribe')
            return { result: { hex: chain.headers.at(-1)!, height: claimed.height + 1_000_000 } }
          return honest(chain)(method, params)
        },
      },
      { chain },
    ])
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
  })

  describe('what we have, again and again, for headers that were asked for', () => {
    const long = grown(30)
    const last = long.headers.at(-1)!
    /** Claims a block, and has other headers than those asked for. */
    const repeating =
      (
        claim: { hex: string; height: number },
        headers: (start: number, count: number) => string[],
      ): Backend =>
      (method, params) => {
        if (method === 'blockchain.headers.subscribe') return { result: claim }
        if (method !== 'blockchain.block.headers') return honest(long)(method, params)
        const sent = headers(params[0] as number, params[1] as number)
        return { result: { hex: sent.join(''), count: sent.length, max: 2_016 } }
      }
    const fork = grown(3, 200, 5).headers.slice(201)
    const slices = ({ servers }: KeptWorld) =>
      servers[0]!.world.received.filter(({ method }) => method === 'blockchain.block.headers').length

    test.each<[string, Backend]>([
      [
        'known ones',
        repeating({ hex: last, height: 290 }, (start, count) =>
          start <= 200 ? long.headers.slice(start, start + count) : long.headers.slice(start - count, start),
        ),
      ],
      [
        'known ones in place of the branch that it claims',
        repeating({ hex: fork.at(-1)!, height: 203 }, (start, count) =>
          long.headers.slice(start, Math.min(start + count, 238)),
        ),
      ],
    ])('%s: nobody is kept waiting', async (_title, backend) => {
      const world = keptWorld([{ backend }, { chain: long }])
      await until(() => isSynced(world))
      expect(tipOfKeeper(world)).toEqual(tipOfChain(long))
      await until(() => false, 20_000).catch(() => {})
      expect(slices(world)).toBeLessThanOrEqual(4)
    })

    test('those of a branch with less work: it is not asked over and over', async () => {
      const world = keptWorld([
        { backend: repeating({ hex: fork.at(-1)!, height: 290 }, () => fork) },
        { chain: long },
      ])
      const [{ network }] = world.servers as [(typeof world.servers)[number]]
      network.refuse({ kind: 'failed', code: 'network', detail: 'ECONNREFUSED' })
      await eventually(world, () => isSynced(world))
      network.refuse(undefined)
      await eventually(world, () => slices(world) > 0)
      await until(() => false, 20_000).catch(() => {})
      expect(slices(world)).toBeLessThanOrEqual(2)
      expect(tipOfKeeper(world)).toEqual(tipOfChain(long))
    })
  })

  test('a server with another genesis behind the same name', async () => {
    const other = grown(250, 0, 7)
    const world = keptWorld([{ chain: other }, { chain }])
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(chain))
  })
})

describe('forks', () => {
  const honestChain = grown(700)
  const weak = grown(500, 150, 3)

  test.each([
    ['the weaker one first', [weak, honestChain]],
    ['the heavier one first', [honestChain, weak]],
    ['two weaker ones', [weak, honestChain, weak]],
  ])('deep, %s: the heavier wins, and the weaker never shows', async (_title, chains) => {
    const world = keptWorld(chains.map((chain) => ({ chain })))
    const seen = new Set<string>()
    world.keeper.onChange(() => seen.add(tipOfKeeper(world)?.hash ?? ''))
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(honestChain))
    expect([...seen].filter((hash) => hash !== '')).toEqual([tipOfChain(honestChain).hash])
    expect(bans(world)).toEqual([])
  })

  test('a heavier chain that comes later takes over, deep as it leaves ours', async () => {
    const world = keptWorld([{ chain: weak }, { chain: honestChain }])
    world.servers[1]!.network.refuse({ kind: 'failed', code: 'network', detail: 'ECONNREFUSED' })
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(weak))
    world.servers[1]!.network.refuse(undefined)
    await eventually(world, () => tipOfKeeper(world)?.hash !== tipOfChain(weak).hash)
    expect(tipOfKeeper(world)).toEqual(tipOfChain(honestChain))
    expect(world.events.map(({ event }) => event)).toContain('chain-replaced')
  })

  test('a weaker chain that comes later does not', async () => {
    const world = keptWorld([{ chain: honestChain }, { chain: weak }])
    world.servers[1]!.network.refuse({ kind: 'failed', code: 'network', detail: 'ECONNREFUSED' })
    await eventually(world, () => isSynced(world))
    world.servers[1]!.network.refuse(undefined)
    await eventually(world, () => world.events.some(({ event }) => event === 'server-on-another-chain'))
    await eventually(world, () => world.servers[1]!.world.received.length > 10)
    await until(() => false, 5_000).catch(() => {})
    expect(tipOfKeeper(world)).toEqual(tipOfChain(honestChain))
  })

  test('shallow forks: the heavier wins, whoever is first', async () => {
    for (const [first, second] of [
      [grown(5, 205, 1), grown(3)],
      [grown(3), grown(5, 205, 1)],
    ]) {
      const heavier = grown(3).headers.length > grown(5, 205, 1).headers.length ? grown(3) : grown(5, 205, 1)
      const world = keptWorld([{ chain: first! }, { chain: second! }])
      await eventually(world, () => isSynced(world))
      expect(tipOfKeeper(world)?.height).toBe(heavier.headers.length - 1)
    }
  })

  test('a stale server', async () => {
    const world = keptWorld([{ chain: truncated(recorded, 180) }, { chain: recorded }])
    await eventually(world, () => isSynced(world))
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
    expect(bans(world)).toEqual([])
  })
})

describe('following', () => {
  test('a block that is pushed changes the tip without a question', async () => {
    const world = keptWorld([{ chain: recorded }, { chain: recorded }])
    await until(() => isSynced(world))
    const [server] = world.servers
    const before = server!.world.received.length
    let changes = 0
    world.keeper.onChange(() => changes++)
    server!.world.chain = grown(1)
    server!.network.announce()
    await until(() => tipOfKeeper(world)?.height === 208)
    await until(() => false, 500).catch(() => {})
    expect(tipOfKeeper(world)).toEqual(tipOfChain(grown(1)))
    expect(server!.world.received.length).toBe(before)
    expect(changes).toBeGreaterThan(0)
  })

  test('several at once: what lies between is fetched', async () => {
    const world = keptWorld([{ chain: recorded }])
    await until(() => isSynced(world))
    world.servers[0]!.world.chain = grown(30)
    world.servers[0]!.network.announce()
    await until(() => tipOfKeeper(world)?.height === 237)
    expect(world.servers[0]!.world.received.at(-1)).toEqual({
      method: 'blockchain.block.headers',
      params: [208, 30],
    })
  })

  test.each([
    [3, 5],
    [60, 62],
    [99, 130],
  ])('a reorganisation of %i blocks by %i is followed', async (gone, come) => {
    const world = keptWorld([{ chain: recorded }])
    await until(() => isSynced(world))
    const other = grown(come, 207 - gone, 9)
    world.servers[0]!.world.chain = other
    world.servers[0]!.network.announce()
    await eventually(world, () => tipOfKeeper(world)?.height === 207 - gone + come)
    expect(tipOfKeeper(world)).toEqual(tipOfChain(other))
    expect(world.events.filter(({ event }) => event === 'chain-reorganised')).toEqual([
      { event: 'chain-reorganised', fields: { fork: 207 - gone } },
    ])
  })

  test('a reorganisation to less work is not', async () => {
    const world = keptWorld([{ chain: recorded }, { chain: recorded }])
    await until(() => isSynced(world))
    world.servers[0]!.world.chain = grown(4, 200, 9)
    world.servers[0]!.network.announce()
    await until(() => world.servers[0]!.world.received.at(-1)?.method === 'blockchain.block.headers')
    await until(() => false, 3_000).catch(() => {})
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
    expect(isSynced(world)).toBe(true)
  })

  test('a pushed block without work is a lie', async () => {
    const world = keptWorld([{ chain: recorded }, { chain: recorded }])
    await until(() => isSynced(world))
    world.servers[0]!.world.chain = withFlipped(grown(1), 208, 145)
    world.servers[0]!.network.announce()
    await until(() => bans(world).length > 0)
    expect(bans(world)).toEqual(['server0.test:50001 bad-diffbits'])
    expect(tipOfKeeper(world)).toEqual(tipOfChain(recorded))
  })

  test('stays synced without servers, and catches up with them', async () => {
    const world = keptWorld([{ chain: recorded }])
    await until(() => isSynced(world))
    world.servers[0]!.network.cut()
    expect(isSynced(world)).toBe(true)
    expect(world.keeper.serverTips().size).toBe(0)
    world.servers[0]!.world.chain = grown(40)
    await eventually(world, () => tipOfKeeper(world)?.height === 247)
  })
})
