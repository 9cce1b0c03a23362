import { describe, expect, test } from 'vitest'
import { AT_ONCE, PER_MINUTE } from '../../src/liveness/budget.ts'
import type { Contact } from '../../src/liveness/probe.ts'
import { MAX_HOSTS, MAX_UNDER_WAY, watch } from '../../src/liveness/watch.ts'
import { fakeClock, settled } from '../namecoin/clock.ts'
import { hostWorld } from './hosts.ts'

function watching(behaviourOf?: Parameters<typeof hostWorld>[0]) {
  const world = hostWorld(behaviourOf)
  const { connect, clock } = world
  return { ...world, world, watched: watch({ connect, timer: clock.timer, now: clock.now }) }
}
const verdictOf = async (behaviourOf: Parameters<typeof hostWorld>[0]) => {
  const { watched, pass } = watching(behaviourOf)
  watched.asked('192.0.2.1')
  await pass(8)
  return watched.asked('192.0.2.1')?.verdict
}

describe('what is thought of a host', () => {
  test('live: it accepts connections on port 443, and no other port is tried', async () => {
    const { watched, pass, world } = watching()
    watched.asked('192.0.2.1')
    await pass(1)
    expect(watched.asked('192.0.2.1')?.verdict).toBe('live')
    expect(world.connections).toEqual(['0 192.0.2.1 443'])
  })

  test.each(['refused', 'silent'] as const)('live: 443 is %s, and 80 accepts', async (behaviour) => {
    expect(await verdictOf((_, port) => (port === 80 ? 'accepted' : behaviour))).toBe('live')
  })

  test('dead: both ports refuse', async () => {
    expect(await verdictOf(() => 'refused')).toBe('dead')
  })

  test('dead: both ports are silent for 3 seconds', async () => {
    const { watched, pass } = watching(() => 'silent')
    watched.asked('192.0.2.1')
    await pass(5)
    expect(watched.asked('192.0.2.1')?.verdict).toBe('unknown')
    await pass(1)
    expect(watched.asked('192.0.2.1')?.verdict).toBe('dead')
  })

  test('unknown: a failure of our own says nothing about the host', async () => {
    expect(await verdictOf((_, port) => (port === 80 ? 'refused' : 'unknown'))).toBe('unknown')
  })

  test('it changes', async () => {
    const { watched, pass, world } = watching(() => 'refused')
    const host = () => watched.asked('192.0.2.1')
    host()
    await pass(25, host)
    expect(host()?.verdict).toBe('dead')
    world.behaviourOf = () => 'accepted'
    await pass(10, host)
    expect(host()?.verdict).toBe('live')
  })

  test('it is known at once: the turn is another one', async () => {
    const clock = fakeClock()
    const connect = () => new Promise<Contact>((resolve) => void clock.timer(100, () => resolve('refused')))
    const watched = watch({ connect, timer: clock.timer, now: clock.now })
    const host = watched.asked('192.0.2.1')
    const turns: number[] = []
    for (const milliseconds of [0, 100, 100, 100]) {
      clock.advance(milliseconds)
      await settled()
      turns.push(watched.turn())
    }
    expect(host?.verdict).toBe('dead')
    expect(turns).toEqual([1, 1, 2, 2])
  })
})

describe('who is probed, and when', () => {
  test('nobody before somebody asks', async () => {
    const { pass, world, clock } = watching()
    await pass(120)
    expect(world.connections).toEqual([])
    expect(clock.pending()).toBe(0)
  })

  test('a host every 30 seconds at the most, however often it is asked for', async () => {
    const { watched, pass, world } = watching()
    const ask = () => void watched.asked('192.0.2.1')
    ask()
    await pass(95, () => Array.from({ length: 20 }, ask))
    expect(world.connections).toEqual([0, 30, 60, 90].map((second) => `${second} 192.0.2.1 443`))
  })

  test('for ten minutes after it was asked for, and then no longer; then nothing is left to ring', async () => {
    const { watched, pass, world, clock } = watching()
    watched.asked('192.0.2.1')
    await pass(1_000)
    expect(world.connections.at(-1)).toBe('570 192.0.2.1 443')
    expect(clock.pending()).toBe(0)
    watched.asked('192.0.2.1')
    await pass(1)
    expect(world.connections.at(-1)).toBe('1000 192.0.2.1 443')
  })

  test('a host that is forgotten for want of room is not probed again within 30 seconds', async () => {
    const { watched, pass, world } = watching()
    watched.asked('192.0.2.1')
    await pass(1)
    for (let host = 0; host < 2 * MAX_HOSTS; host++) watched.asked(`host ${host}`)
    await pass(28, () => watched.asked('192.0.2.1'))
    expect(world.connections.filter((line) => line.includes('192.0.2.1'))).toHaveLength(1)
  })

  test('so many hosts are looked after', async () => {
    const { watched, pass, world } = watching()
    for (let host = 0; host < 3 * MAX_HOSTS; host++) watched.asked(`host ${host}`)
    await pass(400)
    expect(new Set(world.connections.map((line) => line.split(' ')[2])).size).toBe(MAX_HOSTS)
  })

  test('those asked for last stay', async () => {
    const { watched, pass } = watching()
    for (let host = 0; host < MAX_HOSTS; host++) watched.asked(`host ${host}`)
    await pass(35)
    watched.asked('host 0')
    for (let host = 0; host < 10; host++) watched.asked(`new ${host}`)
    // Its verdict is still known: it is no new one.
    expect(watched.asked('host 0')?.verdict).toBe('live')
    expect(watched.asked('host 1')?.verdict).toBe('unknown')
  })

  test('no room is made of hosts that were probed lately', async () => {
    const { watched, pass } = watching()
    const askAll = () => {
      for (let host = 0; host < MAX_HOSTS; host++) watched.asked(`host ${host}`)
    }
    askAll()
    await pass(20)
    const known = Array.from({ length: MAX_HOSTS }, (_, host) => `host ${host}`)
    const probed = known.filter((host) => watched.asked(host)?.verdict === 'live')
    for (let host = 0; host < 2 * MAX_HOSTS; host++) watched.asked(`new ${host}`)
    expect(probed.every((host) => watched.asked(host)?.verdict === 'live')).toBe(true)
    expect(probed.length).toBeGreaterThan(AT_ONCE)
  })

  test('within a budget: so many at once, so many a minute, so many under way', async () => {
    const { watched, pass, world } = watching()
    const askAll = () => {
      for (let host = 0; host < 900; host++) watched.asked(`host ${host}`)
    }
    askAll()
    await pass(59, askAll)
    const seconds = world.connections.map((line) => line.split(' ')[0])
    const inSecond = (second: number) => seconds.filter((each) => each === String(second)).length
    for (let second = 0; second < 60; second++) expect(inSecond(second)).toBeLessThanOrEqual(MAX_UNDER_WAY)
    expect(world.connections.length).toBeLessThanOrEqual(AT_ONCE + PER_MINUTE)
    expect(world.connections.length).toBeGreaterThan(PER_MINUTE * 0.9)
    expect(watched.counts.deferred).toBeGreaterThan(0)
  })

  test('silent hosts hold no more than so many sockets', async () => {
    const { watched, pass, world } = watching(() => 'silent')
    const askAll = () => {
      for (let host = 0; host < 200; host++) watched.asked(`host ${host}`)
    }
    askAll()
    await pass(20, askAll)
    expect(world.mostUnderWay).toBe(MAX_UNDER_WAY)
  })

  test('those that have waited longest first: with too many, every one has its turn', async () => {
    const { watched, pass, world } = watching()
    const askAll = () => {
      for (let host = 0; host < 900; host++) watched.asked(`host ${host}`)
    }
    askAll()
    await pass(110, askAll)
    expect(new Set(world.connections.map((line) => line.split(' ')[2])).size).toBe(900)
  })

  test('what was done is counted', async () => {
    const { watched, pass } = watching((address) =>
      address === 'a' ? 'accepted' : address === 'b' ? 'refused' : 'unknown',
    )
    for (const address of ['a', 'b', 'c']) watched.asked(address)
    await pass(35)
    expect(watched.counts).toEqual({ live: 2, dead: 2, unknown: 2, deferred: 0 })
  })
})
