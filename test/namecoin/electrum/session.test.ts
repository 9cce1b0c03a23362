import { describe, expect, test } from 'vitest'
import { parseAddress } from '../../../src/namecoin/electrum/address.ts'
import { OVERUSED_MS, UNFIT_MS } from '../../../src/namecoin/electrum/backoff.ts'
import { PING_AFTER_MS, SILENCE_MS } from '../../../src/namecoin/electrum/client.ts'
import { failed } from '../../../src/namecoin/electrum/failure.ts'
import { watchTip } from '../../../src/namecoin/electrum/requests.ts'
import {
  CONNECT_TIMEOUT_MS,
  electrumSession,
  type Session,
  type SessionState,
} from '../../../src/namecoin/electrum/session.ts'
import { truncated } from '../../servers/electrumx.ts'
import { mine } from '../../servers/electrumx-chain.ts'
import { fakeNetwork, newWorld, type World } from '../../servers/electrumx-peer.ts'
import { fakeClock, never, settled } from '../clock.ts'
import { GENESIS } from './genesis.ts'

const ADDRESS = parseAddress('tcp://127.0.0.1:50001')!

function setUp(changes: Partial<World> = {}, random = () => 0) {
  const world = newWorld(changes)
  const network = fakeNetwork(world)
  const clock = fakeClock()
  const states: SessionState['kind'][] = []
  const { timer, now } = clock
  const session = electrumSession({
    ...{ address: ADDRESS, open: network.open, genesis: GENESIS, timer, now, random },
    changed: ({ kind }) => void states.push(kind),
  })
  return { world, network, clock, states, session }
}

const ping = (session: Session, signal = never) => session.call('server.ping', [], { signal })
const REFUSED = failed('network', 'ECONNREFUSED')

describe('connecting', () => {
  test('not before something is asked, and once for all who ask', async () => {
    const { session, network, states } = setUp()
    expect([session.state().kind, network.opened()]).toEqual(['idle', 0])
    const replies = await Promise.all([ping(session), ping(session), ping(session)])
    expect(replies).toEqual(Array(3).fill({ kind: 'result', result: null }))
    expect(network.opened()).toBe(1)
    expect(states).toEqual(['connecting', 'ready'])
    expect(session.state()).toEqual({ kind: 'ready', software: 'ElectrumX 1.16.0', protocol: [1, 4, 3] })
    expect(await session.connect(never)).toEqual({ software: 'ElectrumX 1.16.0', protocol: [1, 4, 3] })
  })

  test('when it was last connected: now while it is, and then when the connection was lost', async () => {
    const { session, network, clock } = setUp()
    expect(session.readyAt()).toBeUndefined()
    await ping(session)
    clock.advance(1_000)
    expect(session.readyAt()).toBe(clock.now())
    const lostAt = clock.now()
    network.refuse(REFUSED)
    network.cut()
    clock.advance(60_000)
    await ping(session)
    expect(session.readyAt()).toBe(lostAt)
  })

  test('a server that cannot be reached is left alone, longer each time, and asked again when needed', async () => {
    const { session, network, clock } = setUp()
    network.refuse(REFUSED)
    for (const pause of [500, 1_000, 2_000, 4_000]) {
      expect(await ping(session)).toBe(REFUSED)
      expect(session.state()).toMatchObject({ kind: 'waiting', code: 'network', retryInMs: pause })
      const before = network.opened()
      clock.advance(pause - 1)
      expect(await ping(session)).toBe(REFUSED)
      expect(network.opened()).toBe(before)
      clock.advance(1)
    }
    network.refuse(undefined)
    expect(await ping(session)).toMatchObject({ kind: 'result' })
  })

  test('the pause is a matter of chance', async () => {
    const { session, network } = setUp({}, () => 0.5)
    network.refuse(REFUSED)
    await ping(session)
    expect(session.state()).toMatchObject({ retryInMs: 750 })
  })

  test('silent server: the connection has its own time limit', async () => {
    const { session, network, clock } = setUp({ wire: ['silent'] })
    const reply = ping(session)
    await settled()
    clock.advance(CONNECT_TIMEOUT_MS)
    expect(await reply).toMatchObject({ code: 'timeout' })
    expect(network.channels()).toBe(0)
    expect(session.state()).toMatchObject({ kind: 'waiting', code: 'timeout' })
  })

  test('who asks waits no longer than he wants, and the others get their connection', async () => {
    const { session } = setUp()
    const controller = new AbortController()
    const [hasty, patient] = [ping(session, controller.signal), ping(session)]
    controller.abort()
    expect(await hasty).toMatchObject({ code: 'timeout' })
    expect(await patient).toMatchObject({ kind: 'result' })
  })

  test.each([
    ['protocol downgrade', { claims: ['X', '1.2'] }, 'version'],
    ['a version that is too old for us', { protocol: '1.2' }, 'version'],
    ['wrong genesis', { lies: ['wrong-genesis'] }, 'wrong-chain'],
    ['a pruned server', { lies: ['pruned'] }, 'wrong-chain'],
  ] as const)('%s: no ban, but an hour of rest, told once', async (_title, changes, code) => {
    const { session, network, clock, states, world } = setUp(changes)
    watchTip(session, () => {})
    expect(await ping(session)).toMatchObject({ code })
    expect(session.state()).toMatchObject({ kind: 'waiting', code, retryInMs: UNFIT_MS })
    expect(network.channels()).toBe(0)
    for (let passed = 0; passed < UNFIT_MS - 60_000; passed += 60_000) {
      clock.advance(60_000)
      expect(await ping(session)).toMatchObject({ code })
    }
    expect(network.opened()).toBe(1)
    expect(states.filter((kind) => kind === 'waiting')).toHaveLength(1)
    Object.assign(world, newWorld({ claims: undefined })) // Its operator has changed it.
    clock.advance(60_000)
    await settled()
    expect(session.state().kind).toBe('ready')
  })

  test('a server that is too busy to agree on a version is asked again soon', async () => {
    const { session } = setUp({ claims: undefined, wire: ['excessive-use'] })
    await ping(session)
    expect(session.state()).toMatchObject({ kind: 'waiting', code: 'overused' })
    const other = setUp({ protocol: '1.4.3', refusal: { code: -102, message: 'busy' } })
    expect(await ping(other.session)).toMatchObject({ code: 'network' })
    expect(other.session.state()).toMatchObject({ retryInMs: 500 })
  })
})

describe('a lost connection', () => {
  test('is made anew when needed', async () => {
    const { session, network, clock } = setUp()
    await ping(session)
    network.cut()
    expect(session.state()).toMatchObject({ kind: 'waiting', code: 'network' })
    clock.advance(500)
    expect(await ping(session)).toMatchObject({ kind: 'result' })
    expect(network.opened()).toBe(2)
  })

  test('without subscriptions nobody connects again unasked', async () => {
    const { session, network, clock } = setUp()
    await ping(session)
    network.cut()
    clock.advance(3_600_000)
    await settled()
    expect(network.opened()).toBe(1)
  })

  test('one that breaks again and again is tried less and less, one that lasts begins anew', async () => {
    const { session, network, clock } = setUp()
    const pauses: number[] = []
    for (const lasts of [0, 0, 0, 60_000, 0]) {
      await ping(session)
      clock.advance(lasts)
      network.cut()
      const state = session.state()
      if (state.kind !== 'waiting') throw new Error(state.kind)
      pauses.push(state.retryInMs)
      clock.advance(state.retryInMs)
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 500, 1_000])
  })

  test('-101: the server is left alone until it has forgotten', async () => {
    const { session, world } = setUp()
    await ping(session)
    world.wire = ['excessive-use']
    expect(await ping(session)).toMatchObject({ kind: 'error', code: -101 })
    expect(session.state()).toMatchObject({ kind: 'waiting', code: 'overused', retryInMs: OVERUSED_MS })
  })

  test('what was spent stays spent', async () => {
    const { session, network, clock } = setUp()
    session.budget.spend(1_000)
    await ping(session)
    network.cut()
    clock.advance(500)
    await ping(session)
    expect(session.budget.left()).toBeLessThan(3_001)
  })
})

describe('subscriptions', () => {
  test('the tip: now, on every change, and after a reconnection', async () => {
    const { session, network, clock, world } = setUp()
    const heights: unknown[] = []
    watchTip(session, (tip) => heights.push('height' in tip ? tip.height : tip))
    await settled()
    expect(heights).toEqual([207])
    world.chain = mine(world.chain, [[]])
    network.announce()
    await settled()
    expect(heights).toEqual([207, 208])
    network.cut()
    world.chain = mine(world.chain, [[]])
    clock.advance(500)
    await settled()
    expect(heights).toEqual([207, 208, 209])
  })

  test('a reorganisation', async () => {
    const { session, network, world } = setUp()
    const seen: unknown[] = []
    watchTip(session, (tip) => seen.push('height' in tip ? tip.height : tip))
    await settled()
    world.chain = mine(truncated(world.chain, 190), Array(20).fill([]), 190, 1)
    network.announce()
    await settled()
    expect(seen).toEqual([207, 210])
  })

  test('what has been ended is not told, nor made again', async () => {
    const { session, network, clock, world } = setUp()
    const heights: unknown[] = []
    const end = watchTip(session, (tip) => heights.push('height' in tip ? tip.height : tip))
    await settled()
    if (typeof end !== 'function') throw new Error(end.code)
    end()
    end()
    world.chain = mine(world.chain, [[]])
    network.announce()
    await settled()
    network.cut()
    clock.advance(500)
    await ping(session)
    expect(heights).toEqual([207])
  })

  test('a subscription keeps trying to connect', async () => {
    const { session, network, clock } = setUp()
    const heights: unknown[] = []
    network.refuse(REFUSED)
    watchTip(session, (tip) => heights.push('height' in tip ? tip.height : tip))
    await settled()
    for (const pause of [500, 1_000, 2_000]) {
      clock.advance(pause)
      await settled()
    }
    expect(network.opened()).toBe(4)
    network.refuse(undefined)
    clock.advance(4_000)
    await settled()
    expect(heights).toEqual([207])
  })

  test('a timer that rings too early does not end the trying', async () => {
    const { world, network, clock } = setUp()
    const early: typeof clock.timer = (milliseconds, ring) => clock.timer(milliseconds - 0.5, ring)
    const session = electrumSession({
      ...{ address: ADDRESS, open: network.open, genesis: GENESIS, timer: early, now: clock.now },
      random: () => 0,
    })
    network.refuse(REFUSED)
    watchTip(session, () => {})
    await settled()
    network.refuse(undefined)
    clock.advance(499.5)
    await settled()
    expect([session.state().kind, world.received.length > 0]).toEqual(['ready', true])
  })

  test('a value of the wrong shape is told as a failure', async () => {
    const { session } = setUp({ lies: ['misshapen'] })
    const seen: unknown[] = []
    watchTip(session, (tip) => seen.push(tip))
    await settled()
    expect(seen).toMatchObject([{ code: 'protocol' }])
  })

  test('a connection kept for subscriptions is pinged, and replaced when it is dead', async () => {
    const { session, network, clock, world } = setUp()
    watchTip(session, () => {})
    await settled()
    clock.advance(PING_AFTER_MS)
    await settled()
    expect(world.received.at(-1)?.method).toBe('server.ping')
    world.wire = ['silent']
    clock.advance(PING_AFTER_MS)
    await settled()
    clock.advance(SILENCE_MS)
    expect(session.state()).toMatchObject({ kind: 'waiting', code: 'timeout' })
    world.wire = []
    clock.advance(500)
    await settled()
    expect(session.state().kind).toBe('ready')
    expect(network.channels()).toBe(1)
  })
})

describe('the end', () => {
  test.each([
    [
      'ban',
      (session: Session) => session.ban('a forged header'),
      { kind: 'banned', reason: 'a forged header' },
    ],
    ['close', (session: Session) => session.close(), { kind: 'closed' }],
  ] as const)(
    '%s: nothing is open, no timer stays, and it never connects again',
    async (_title, end, state) => {
      const { session, network, clock, world, states } = setUp()
      watchTip(session, () => {})
      await ping(session)
      world.wire = ['silent']
      const waiting = ping(session)
      await settled()
      end(session)
      end(session)
      expect(await waiting).toMatchObject({ kind: 'failed', code: 'closed' })
      expect(session.state()).toEqual(state)
      expect([network.channels(), clock.pending()]).toEqual([0, 0])
      clock.advance(3_600_000)
      expect(await ping(session)).toMatchObject({ kind: 'failed', code: state.kind })
      expect(watchTip(session, () => {})).toMatchObject({ code: state.kind })
      expect(network.opened()).toBe(1)
      expect(states.filter((kind) => kind === state.kind)).toHaveLength(1)
    },
  )

  test('while it connects', async () => {
    const { session, network, clock } = setUp({ wire: ['silent'] })
    const reply = ping(session)
    await settled()
    session.ban('lies')
    expect(await reply).toMatchObject({ code: 'banned' })
    await settled()
    expect([network.channels(), clock.pending()]).toEqual([0, 0])
  })

  test('while it waits', async () => {
    const { session, network, clock } = setUp()
    network.refuse(REFUSED)
    watchTip(session, () => {})
    await settled()
    session.close()
    expect(clock.pending()).toBe(0)
  })
})
