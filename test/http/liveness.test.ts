import { describe, expect, test } from 'vitest'
import { addressBlock } from '../../src/addresses.ts'
import { buildQuery } from '../../src/dns/build-query.ts'
import { readMessage } from '../../src/dns/message.ts'
import { hostWorld } from '../liveness/hosts.ts'
import { givenNames, openGateway } from './gateway.ts'

const NAMES = {
  'd/two': { ip: ['198.41.0.4', '199.9.14.201'], ip6: ['2001:500:2::c', '2001:500:2f::f'] },
  'd/one': { ip: '198.41.0.4' },
  'd/private': { ip: ['10.0.0.1', '10.0.0.2', '127.0.0.1', '169.254.169.254', '0.0.0.0', '224.0.0.1'] },
  'd/alias': { alias: 'three.example.' },
  'd/own': { ip: ['198.41.0.4', '192.112.36.4'] },
}
const DEAD = '198.41.0.4'

function open(allowPrivate?: string) {
  const world = hostWorld((address) =>
    address === DEAD || address.startsWith('10.') ? 'refused' : 'accepted',
  )
  const { connect, clock } = world
  const gateway = openGateway({
    source: givenNames(NAMES),
    settings: allowPrivate === undefined ? {} : { allowPrivate: [addressBlock(allowPrivate)!] },
    runtime: {
      now: clock.now,
      timer: clock.timer,
      probing: { connect, timer: clock.timer },
      ownAddresses: () => ['192.112.36.4'],
    },
  })
  const get = (path: string, accept = 'application/dns-json') =>
    gateway.app.fetch(new Request(`https://gateway.example${path}`, { headers: { accept } }))
  const hosts = () => new Set(world.connections.map((line) => line.split(' ')[1]))
  return { gateway, world, get, hosts }
}
const wire = (name: string, type = 1) =>
  buildQuery({ name: name.split('.'), type, dnssecOk: false, checkingDisabled: false })
const json = async (response: Promise<Response> | Response) =>
  (await (await response).json()) as { Answer: { data: string; TTL: number }[] }

describe('hosts of .bit names that are asked for', () => {
  test('a dead one comes last, for 30 seconds, in messages, on the short way and in JSON', async () => {
    const { gateway, world, get } = open()
    await get('/resolve?name=two.bit')
    await world.pass(2)
    for (let time = 0; time < 20; time++) {
      const { Answer } = await json(get('/resolve?name=two.bit'))
      expect(Answer.map(({ data, TTL }) => [data, TTL])).toEqual([
        ['199.9.14.201', 30],
        [DEAD, 30],
      ])
    }
    const quick = gateway.exchange.atOnce(wire('two.bit'))
    expect(quick?.cacheControl).toBe('private, max-age=30')
    expect(readMessage(quick!.body)!.answer.map(({ data }) => data.join('.'))).toEqual(['199.9.14.201', DEAD])
    expect(gateway.probes).toEqual({ live: 1, dead: 1, unknown: 0, deferred: 0 })
  })

  test('one with a single address is not probed: there is no order to choose', async () => {
    const { world, get } = open()
    await get('/resolve?name=one.bit')
    await world.pass(5)
    expect(world.connections).toEqual([])
  })

  test('private addresses are not, nor is this machine', async () => {
    const { world, get, hosts } = open()
    await get('/resolve?name=private.bit')
    await get('/resolve?name=own.bit')
    await world.pass(5)
    expect(hosts()).toEqual(new Set([DEAD]))
  })

  test('private ones are where allow-private says so', async () => {
    const { world, get, hosts } = open('10.0.0.0/8')
    await get('/resolve?name=private.bit')
    await world.pass(5)
    expect(hosts()).toEqual(new Set(['10.0.0.1', '10.0.0.2']))
    const { Answer } = await json(get('/resolve?name=private.bit'))
    expect(new Set(Answer.slice(-2).map(({ data }) => data))).toEqual(new Set(['10.0.0.1', '10.0.0.2']))
  })

  test('IPv6 by itself', async () => {
    const { world, get, hosts } = open()
    await get('/resolve?name=two.bit&type=AAAA')
    await world.pass(5)
    expect(hosts()).toEqual(new Set(['2001:500:2::c', '2001:500:2f::f']))
  })

  test('hosts of other names are not probed', async () => {
    const { world, gateway, hosts } = open('203.0.113.0/24')
    await gateway.exchange(wire('three.example'))
    await world.pass(5)
    expect(world.connections).toEqual([])
    // They are when a .bit name leads to them.
    await gateway.exchange(wire('alias.bit'))
    await world.pass(5)
    expect(hosts()).toEqual(new Set(['203.0.113.1', '203.0.113.2', '203.0.113.3']))
  })
})
