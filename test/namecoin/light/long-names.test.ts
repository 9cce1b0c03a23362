import { describe, expect, test } from 'vitest'
import { MAX_MESSAGE_OCTETS } from '../../../src/namecoin/electrum/channel.ts'
import { REPLY_OCTETS } from '../../../src/namecoin/electrum/client.ts'
import { answer } from '../../servers/electrumx.ts'
import {
  type BlockUpdates,
  type ChainData,
  type HistoryItem,
  mine,
  nameScripthash,
  nameUpdate,
  valueProof,
} from '../../servers/electrumx-chain.ts'
import { addressesOf } from './addresses.ts'
import { recorded } from './keeper-world.ts'
import {
  type LightWorld,
  passing,
  type ServerPlan,
  syncedWorld,
  syncingWorld,
  TIP_TIME,
} from './light-world.ts'

/** Names whose updates are more than a reply may be: by their number, or by their length. */

const MATURE = ['192.0.2.107', '192.0.2.108']
/** As many octets as a value may have. */
const LONG_VALUE = JSON.stringify({ ip: '203.0.113.1', info: 'x'.repeat(980) })
/** Longer than a transaction that is read, and than what a message may be, in hex. */
const HUGE = 1_100_000

type Young = readonly { readonly value: string; readonly padding?: number }[]

const times = (count: number, value: string): Young => Array.from({ length: count }, () => ({ value }))

/** The recorded chain with eleven more blocks, of which the first have these updates of a name. */
function withYoung(name: string, young: Young, blocks = 11): ChainData {
  const updates = Array.from({ length: blocks }, (): BlockUpdates[number][] => [])
  for (const [index, { value, padding }] of young.entries()) {
    const block = Math.floor((index * blocks) / young.length)
    updates[block]!.push({ name, transaction: nameUpdate(name, value, index, padding) })
  }
  return mine(recorded, updates)
}

const proofOctets = (chain: ChainData, name: string, checkpoint = 207) =>
  JSON.stringify(valueProof(chain, nameScripthash(name), checkpoint)).length

const LONG = withYoung('d/updated', times(300, LONG_VALUE))
const LONGER = withYoung('d/updated', times(1_000, LONG_VALUE))
const HUGE_YOUNG = withYoung('d/updated', [{ value: '{}', padding: HUGE }, { value: '{}' }])

/** The methods that a server was called with since. */
function since({ servers }: LightWorld) {
  const from = servers.map(({ world }) => world.received.length)
  const budgets = servers.map(({ session }) => session.budget.left())
  return {
    methods: (index: number) => servers[index]!.world.received.slice(from[index]).map(({ method }) => method),
    spent: (index: number) => budgets[index]! - servers[index]!.session.budget.left(),
  }
}

const PROOF = 'blockchain.name.get_value_proof'
const HISTORY = 'blockchain.scripthash.get_history'
const TRANSACTION = 'blockchain.transaction.get'

const nobodyIsPunished = ({ servers }: LightWorld): void => {
  for (const { session, network } of servers) {
    expect(session.state().kind).toBe('ready')
    expect(network.opened()).toBe(1)
  }
}

test('what these tests are about is longer than what is read', () => {
  expect(proofOctets(LONG, 'd/updated')).toBeGreaterThan(REPLY_OCTETS)
  expect(proofOctets(LONG, 'd/updated')).toBeLessThan(MAX_MESSAGE_OCTETS)
  expect(proofOctets(LONGER, 'd/updated')).toBeGreaterThan(MAX_MESSAGE_OCTETS)
  expect(proofOctets(HUGE_YOUNG, 'd/updated')).toBeGreaterThan(MAX_MESSAGE_OCTETS)
})

describe.each([
  ['hundreds of updates that wait for confirmations', LONG],
  ['so many that the channel lets the reply go by', LONGER],
  ['a transaction that waits and is longer than is read', HUGE_YOUNG],
])('%s', (_title, chain) => {
  test('the confirmed value is served, proven, and no server is punished', async () => {
    const world = await syncedWorld([{ chain }, { chain }])
    const read = await world.ask('updated.bit')
    expect(addressesOf(read)).toEqual(MATURE)
    expect(read.errors.map(({ text }) => text)).toEqual(['a newer value waits for confirmations'])
    nobodyIsPunished(world)
    expect(addressesOf(await world.ask('reborn.bit'))).toEqual(['192.0.2.113'])
    expect((await world.ask('nope.bit')).rcode).toBe('NXDOMAIN')
  })

  test('lookups again and again cost what the history does', async () => {
    const world = await syncedWorld([{ chain }, { chain }])
    await world.ask('updated.bit')
    const first = since(world)
    for (let lookup = 0; lookup < 20; lookup++) {
      expect(addressesOf(await world.ask('updated.bit'))).toEqual(MATURE)
      world.clock.advance(10)
    }
    for (const index of [0, 1]) {
      expect(first.methods(index)).not.toContain(PROOF)
      expect(first.methods(index).filter((method) => method === HISTORY)).toHaveLength(20)
      expect(first.methods(index).filter((method) => method === TRANSACTION).length).toBeLessThanOrEqual(100)
      expect(first.spent(index) / 20).toBeLessThan(35)
    }
    nobodyIsPunished(world)
  })

  test('while the headers are on their way: servers of both kinds say the same', async () => {
    const world = await syncingWorld([{ chain }, { chain, protocol: '1.4.2' }])
    const read = await world.ask('updated.bit')
    expect(addressesOf(read)).toEqual(MATURE)
    nobodyIsPunished(world)
  })
})

describe.each([
  ['proven', syncedWorld, 'a newer value waits for confirmations'],
  ['attested', syncingWorld, 'height and expiry are attested by two operators, not proven'],
] as const)('one newer update, too long to be read: %s', (_assurance, open, text) => {
  test.each(['1.4.3', '1.4.2'])('it waits all the same, at protocol %s', async (protocol) => {
    const plan = { chain: withYoung('d/updated', [{ value: '{}', padding: HUGE }]), protocol }
    const read = await (await open([plan, plan])).ask('updated.bit')
    expect(addressesOf(read)).toEqual(MATURE)
    expect(read.answer[0]).toMatch(/^updated\.bit\. 60 A /)
    expect(read.errors.map((error) => error.text)).toEqual([text])
  })
})

test('once the updates are confirmed, a value proof is asked for again', async () => {
  const world = await syncedWorld([{ chain: LONG }], { wallTime: TIP_TIME + 20_000 })
  await world.ask('updated.bit')
  const server = world.servers[0]!
  const later = mine(LONG, Array(12).fill([]))
  server.world.chain = later
  server.network.announce()
  await passing(world.clock, () => {
    const state = world.keeper.state()
    return state.kind === 'synced' && state.chain.tip.height === later.headers.length - 1
  })
  const again = since(world)
  expect(addressesOf(await world.ask('updated.bit'))).toEqual(['203.0.113.1'])
  expect(again.methods(0)).toEqual([PROOF])
})

test('dozens of updates are read once; then the history is cheaper', async () => {
  const chain = withYoung('d/updated', times(40, '{}'))
  expect(proofOctets(chain, 'd/updated')).toBeLessThan(REPLY_OCTETS)
  const world = await syncedWorld([{ chain }])
  const first = since(world)
  expect(addressesOf(await world.ask('updated.bit'))).toEqual(MATURE)
  expect(first.methods(0)).toEqual([PROOF])
  const second = since(world)
  expect(addressesOf(await world.ask('updated.bit'))).toEqual(MATURE)
  expect(second.methods(0)).toContain(HISTORY)
  expect(second.spent(0)).toBeLessThan(first.spent(0) / 2)
})

test('a server that has its own limit is asked for the history', async () => {
  const limited: ServerPlan = {
    backend: (method, params) =>
      method === PROOF
        ? { error: { code: -32_600, message: 'response too large (over 10,000,000 bytes)' } }
        : answer(LONG, method, params),
  }
  const world = await syncedWorld([limited])
  expect(addressesOf(await world.ask('updated.bit'))).toEqual(MATURE)
  const again = since(world)
  await world.ask('updated.bit')
  expect(again.methods(0)).not.toContain(PROOF)
})

describe('what cannot be read is no absence', () => {
  const unreadable = async (plan: ServerPlan, name: string) => {
    const world = await syncedWorld([plan, plan])
    for (const _ of [1, 2, 3]) {
      const outcome = await world.source.lookup(name, new AbortController().signal)
      expect(outcome).toMatchObject({ kind: 'unreachable' })
      if (outcome.kind !== 'unreachable') throw new Error(outcome.kind)
      nobodyIsPunished(world)
      expect((await world.ask('nope.bit')).rcode).toBe('NXDOMAIN')
      if (outcome.code === 'unconfirmed') continue
      expect(outcome).toMatchObject({ code: 'protocol', detail: expect.stringContaining('too long') })
    }
    const last = since(world)
    await world.source.lookup(name, new AbortController().signal)
    expect(last.spent(0)).toBeLessThan(30)
    return world
  }

  test('a new name with hundreds of updates', async () => {
    await unreadable({ chain: withYoung('d/fresh', times(300, LONG_VALUE)) }, 'd/fresh')
  })

  test('an expired name with a renewal that is too long', async () => {
    const chain = withYoung('d/expired', [{ value: '{}', padding: HUGE }])
    await unreadable({ chain }, 'd/expired')
  })

  test('a confirmed transaction that is too long', async () => {
    const chain = mine(recorded, [
      [{ name: 'd/updated', transaction: nameUpdate('d/updated', '{}', 0, HUGE) }],
      ...Array(11).fill([]),
    ])
    const world = await unreadable({ chain }, 'd/updated')
    const last = since(world)
    await world.source.lookup('d/updated', new AbortController().signal)
    expect(last.methods(0)).toEqual([HISTORY])
  })

  test('a history that is too long, of a server that has nothing else', async () => {
    const key = nameScripthash('d/updated')
    const old = Array.from({ length: 6_000 }, (_, index): HistoryItem => {
      return { tx_hash: index.toString(16).padStart(64, '0'), height: 5 }
    })
    const histories = new Map(recorded.histories).set(key, [...old, ...recorded.histories.get(key)!])
    const chain = { ...recorded, histories }
    const world = await unreadable({ chain, protocol: '1.4.2' }, 'd/updated')
    const last = since(world)
    await world.source.lookup('d/updated', new AbortController().signal)
    expect(last.methods(0)).toEqual([])
    // Where there are value proofs, it is none of their business.
    const modern = await syncedWorld([{ chain }])
    expect(addressesOf(await modern.ask('updated.bit'))).toEqual(MATURE)
  })
})

describe('when servers have nothing left for us', () => {
  test('the others are asked', async () => {
    const world = await syncedWorld([{}, {}, {}, {}])
    for (const { session } of world.servers.slice(0, 2)) session.budget.spend(3_500)
    const asked = since(world)
    expect(addressesOf(await world.ask('updated.bit'))).toEqual(MATURE)
    expect([0, 1, 2, 3].map((index) => asked.methods(index).length)).toEqual([0, 0, 1, 1])
  })

  test('no server has: a failure that says so, and all is well when it has come back', async () => {
    const world = await syncedWorld([{}, {}])
    for (const { session } of world.servers) session.budget.spend(4_000)
    const lookup = () => world.source.lookup('d/updated', new AbortController().signal)
    expect(await lookup()).toMatchObject({ kind: 'unreachable', code: 'overloaded' })
    expect(await world.source.lookup('d/nope', new AbortController().signal)).toMatchObject({
      kind: 'unreachable',
    })
    world.clock.advance(60_000)
    expect(await lookup()).toMatchObject({ kind: 'found' })
  })

  test('a flood of made-up names leaves room for thousands', async () => {
    const world = await syncedWorld([{}, {}])
    const flood = since(world)
    for (let lookup = 0; lookup < 100; lookup++) {
      const signal = new AbortController().signal
      expect(await world.source.lookup(`d/made-up-${lookup}`, signal)).toMatchObject({ kind: 'absent' })
    }
    for (const index of [0, 1]) expect(flood.spent(index) / 100).toBeLessThan(0.6)
  })
})
