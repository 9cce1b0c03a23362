import { describe, expect, test } from 'vitest'
import { failed } from '../../../src/namecoin/electrum/failure.ts'
import type { Checkpoint } from '../../../src/namecoin/light/checkpoint.ts'
import { LONG_PATIENCE_MS } from '../../../src/namecoin/light/hearing.ts'
import { GATHER_MS } from '../../../src/namecoin/light/keeper-synced.ts'
import { UNREACHED_MS } from '../../../src/namecoin/light/source.ts'
import type { Read } from '../../resolver/world.ts'
import { answer, truncated } from '../../servers/electrumx.ts'
import { type BlockUpdates, type ChainData, mine, nameUpdate } from '../../servers/electrumx-chain.ts'
import { recordedHeaders } from '../chain/recording.ts'
import { grown, recorded } from './keeper-world.ts'
import {
  type LightPlan,
  type LightWorld,
  liesOf,
  lightWorld,
  passing,
  type ServerPlan,
  syncedWorld,
  syncingWorld,
  TIP_TIME,
} from './light-world.ts'

/** Six gateways, and many seconds of theirs. */
const LONG_MS = 60_000

const HONEST: ServerPlan = {}

/** What is true at the recorded tip. */
const TRUTH: Readonly<Record<string, readonly string[]>> = {
  'updated.bit': ['192.0.2.107', '192.0.2.108'],
  'reborn.bit': ['192.0.2.113'],
  'single.bit': ['192.0.2.1'],
  'importer.bit': ['203.0.113.1', '203.0.113.2'],
}
const NEVER = ['nope.bit', 'expired.bit']

const addresses = ({ answer }: Read): readonly string[] =>
  answer.map((line) => line.split(' ').at(-1)!).sort()

const empty = (count: number): BlockUpdates[] => Array.from({ length: count }, () => [])
const update = (name: string, value: string, salt = 0) => ({
  name,
  transaction: nameUpdate(name, value, salt),
})
const STOLEN = update('d/updated', '{"ip":"203.0.113.66"}')

/** The recorded chain up to a height, then blocks of an attacker's that give a name another value. */
const fork = (above: number, blocks: number): ChainData =>
  mine(recorded, [[STOLEN], ...empty(blocks - 1)], above, 666)

/** How a server lies, and what becomes of it: `banned` for life, or not believed. */
type Attack = readonly [title: string, liar: ServerPlan, fate: 'banned' | 'not believed']

/** A server that says nothing false, but not everything: nobody can tell, unless somebody else says more. */
const WITHHOLDING: readonly Attack[] = [
  ['the newest update is withheld', { lies: ['withheld-update'] }, 'not believed'],
  ['what has expired is all there is', { lies: ['expired-value'] }, 'not believed'],
  ['no name was ever registered', { lies: ['never-existed'] }, 'not believed'],
  ['the last twenty blocks are withheld: a stale tip', { lies: ['stale-tip'] }, 'not believed'],
  ['a weaker fork, 17 blocks deep', { chain: fork(190, 14) }, 'not believed'],
  ['a weaker fork, 107 blocks deep', { chain: fork(100, 100) }, 'not believed'],
]

const FORGED: readonly Attack[] = [
  ['a forged Merkle branch', { lies: ['forged-branch'] }, 'banned'],
  // An older server does not send it along, and its own Merkle branches lead to ours.
  ['a forged header', { lies: ['forged-header'], protocol: '1.4.3' }, 'banned'],
  ['another name in the transaction', { lies: ['wrong-name'] }, 'banned'],
  ['a foreign output', { lies: ['foreign-output'] }, 'banned'],
  ['a foreign transaction', { lies: ['foreign-transaction'] }, 'banned'],
  ['a made-up height', { lies: ['fake-height'] }, 'banned'],
  ['replies of another shape', { lies: ['misshapen'] }, 'not believed'],
  ['errors only', { lies: ['daemon-error'] }, 'not believed'],
  ['always busy', { lies: ['busy'] }, 'not believed'],
  ['headers cut in the wrong places', { lies: ['array-headers'] }, 'not believed'],
  ['a false root of all headers', { lies: ['lying-root'] }, 'not believed'],
  ['another genesis block', { lies: ['wrong-genesis'] }, 'not believed'],
  ['half of the histories', { lies: ['pruned'] }, 'not believed'],
]

const ON_THE_WIRE: readonly Attack[] = [
  ['silence', { wire: ['silent'] }, 'not believed'],
  ['silence after the handshake', { wire: ['stalls'] }, 'not believed'],
  ['no JSON from the beginning', { wire: ['not-json'] }, 'not believed'],
  ['garbage in the middle', { wire: ['garbage'] }, 'not believed'],
  ['a reply without end', { wire: ['endless'] }, 'not believed'],
  ['an end instead of a reply', { wire: ['closes'] }, 'not believed'],
  ['replies nobody asked for', { wire: ['wrong-id'] }, 'not believed'],
  ['two replies to each request', { wire: ['duplicate-id'] }, 'not believed'],
  ['a flood of notifications', { wire: ['flood'] }, 'not believed'],
  ['excessive use', { wire: ['excessive-use'] }, 'not believed'],
  ['a bomb of brackets', { wire: ['bomb'] }, 'not believed'],
  ['a downgrade to protocol 1.2', { claims: ['ElectrumX 1.8.0', '1.2'] }, 'not believed'],
  ['a protocol that was not offered', { claims: ['ElectrumX 2.0', '1.7'] }, 'not believed'],
  ['no protocol at all', { claims: 'welcome' }, 'not believed'],
]

const ATTACKS = [...WITHHOLDING, ...FORGED, ...ON_THE_WIRE]

/** Who comes first, who is quick and who is slow; servers of both kinds. */
const CONSTELLATIONS = [
  { protocol: '1.4.3', liarMs: 0, honestMs: 0, place: 0 },
  { protocol: '1.4.2', liarMs: 0, honestMs: 0, place: 1 },
  { protocol: '1.4.3', liarMs: 0, honestMs: 700, place: 1 },
  { protocol: '1.4.2', liarMs: 0, honestMs: 500, place: 0 },
  { protocol: '1.4.3', liarMs: 700, honestMs: 0, place: 0 },
  { protocol: '1.4.2', liarMs: 500, honestMs: 0, place: 1 },
]

/** Time enough for whoever will ever say anything. */
async function started(plans: readonly ServerPlan[], plan: LightPlan = {}): Promise<LightWorld> {
  const world = lightWorld(plans, plan)
  const start = world.clock.now()
  await passing(
    world.clock,
    () => world.keeper.state().kind === 'synced' || world.clock.now() > start + 20_000,
    500,
  )
  return world
}

/** The height that the client has come to. */
function tipOf({ keeper }: LightWorld): number | undefined {
  const state = keeper.state()
  return state.kind === 'synced' ? state.chain.tip.height : undefined
}

/** Nothing wrong: the truth, or a failure that says why. */
async function expectNothingFalse({ ask }: LightWorld): Promise<void> {
  for (const [name, truth] of Object.entries(TRUTH)) {
    const read = await ask(name)
    if (read.rcode === 'NOERROR') expect(addresses(read), name).toEqual(truth)
    else expect(read, name).toMatchObject({ rcode: 'SERVFAIL', errors: [{ text: expect.any(String) }] })
  }
  for (const name of NEVER) expect((await ask(name)).rcode, name).toMatch(/^(NXDOMAIN|SERVFAIL)$/)
}

const namesNobody = ({ events }: LightWorld): void => {
  expect(JSON.stringify(events)).not.toMatch(/updated|reborn|single|importer|nope|expired\b|d\//)
}

describe.each(ATTACKS)('%s', (title, liar, fate) => {
  test(
    'with one honest server beside it: the right answer, every time',
    async () => {
      for (const { protocol, liarMs, honestMs, place } of CONSTELLATIONS) {
        const plans: ServerPlan[] = [{ protocol, delayMs: honestMs }]
        plans.splice(place, 0, { protocol, ...liar, delayMs: liarMs })
        const world = await started(plans)
        for (const [name, truth] of Object.entries(TRUTH)) {
          const read = await world.ask(name)
          expect(addresses(read), `${name}: ${JSON.stringify(read)}`).toEqual(truth)
        }
        for (const name of NEVER) expect((await world.ask(name)).rcode, name).toMatch(/^(NXDOMAIN|SERVFAIL)$/)
        expect(world.servers[1 - place]!.session.state().kind).toBe('ready')
        const { kind } = world.servers[place]!.session.state()
        expect({ isBanned: kind === 'banned', lies: liesOf(world).length }).toEqual({
          isBanned: fate === 'banned',
          lies: fate === 'banned' ? 1 : 0,
        })
        namesNobody(world)
      }
    },
    LONG_MS,
  )

  test('beside two honest servers: absence, too', async () => {
    const world = await started([liar, HONEST, HONEST])
    for (const name of NEVER) expect((await world.ask(name)).rcode, name).toBe('NXDOMAIN')
    for (const [name, truth] of Object.entries(TRUTH)) {
      expect(addresses(await world.ask(name)), name).toEqual(truth)
    }
  })

  test('while the headers are on their way: nothing false, whoever is beside it', async () => {
    for (const plans of [
      [liar, HONEST],
      [HONEST, liar],
      [liar, HONEST, HONEST],
    ]) {
      const world = await syncingWorldSoon(plans)
      await expectNothingFalse(world)
      namesNobody(world)
    }
  })

  if (WITHHOLDING.some(([one]) => one === title)) {
    test('alone: it may say an older truth, which nobody can tell, and absence says whose word it is', async () => {
      const { ask } = await started([liar])
      for (const name of [...Object.keys(TRUTH), ...NEVER]) {
        const read = await ask(name)
        if (read.rcode === 'NXDOMAIN') expect(read.errors.at(-1)?.text, name).toContain('one operator')
      }
    })
  } else {
    test('alone: nothing false', async () => {
      const world = await started([liar])
      await expectNothingFalse(world)
      expect(liesOf(world).length).toBe(fate === 'banned' ? 1 : 0)
      namesNobody(world)
    })
  }
})

/** A world that waits for headers, however its servers behave. */
async function syncingWorldSoon(plans: readonly ServerPlan[]): Promise<LightWorld> {
  const world = lightWorld(plans, { holdHeaders: true })
  const start = world.clock.now()
  await passing(world.clock, () => world.clock.now() > start + 1_000, 500)
  return world
}

describe('a weaker fork on a server that is faster than the honest one', () => {
  test.each([0, 500, 1_500])('by %i ms a message never shows', async (delayMs) => {
    const plan = { wallTime: TIP_TIME + 6 * 3_600 }
    const world = lightWorld([{ chain: fork(190, 14) }, { delayMs }], plan)
    const seen = new Set<number | undefined>()
    world.keeper.onChange(() => seen.add(tipOf(world)))
    await passing(world.clock, () => world.keeper.state().kind === 'synced', 100)
    expect([...seen]).toEqual([undefined, 207])
  })
})

describe('a server that comes late, when a weaker fork has been taken for the chain', () => {
  test(
    'is not banned for its proofs; its chain has more work, and wins',
    async () => {
      const world = lightWorld([{ chain: fork(190, 14) }, HONEST])
      const { session, network } = world.servers[1]!
      network.refuse(failed('network', 'away'))
      await passing(world.clock, () => world.keeper.state().kind === 'synced', 1_000)
      expect(tipOf(world)).toBe(204)
      network.refuse(undefined)
      await passing(world.clock, () => session.state().kind === 'ready', 10_000)
      await world.ask('updated.bit')
      expect(session.state().kind).toBe('ready')
      await passing(world.clock, () => tipOf(world) === 207, 1_000)
      for (const [name, truth] of Object.entries(TRUTH)) {
        expect(addresses(await world.ask(name))).toEqual(truth)
      }
      expect(world.servers.map(({ session }) => session.state().kind)).toEqual(['ready', 'ready'])
    },
    LONG_MS,
  )
})

describe('a stale tip', () => {
  const HOURS = 3_600
  const plan = { maxTipAge: 8 * HOURS * 1000, wallTime: TIP_TIME + 9 * HOURS }

  test.each([
    ['proven', syncedWorld],
    ['attested', syncingWorld],
  ] as const)('%s: SERVFAIL that says so', async (_assurance, open) => {
    const { ask } = await open([HONEST, HONEST], plan)
    expect(await ask('updated.bit')).toMatchObject({
      rcode: 'SERVFAIL',
      errors: [{ code: 22, text: 'no new Namecoin block for too long' }],
    })
  })

  test('is no stale tip as long as one server has newer blocks', async () => {
    // Blocks of the recorded chain's miner come every ten minutes: fifteen are two and a half hours.
    const newer = { chain: grown(15) }
    const { ask } = await syncedWorld([HONEST, newer], plan)
    expect(addresses(await ask('updated.bit'))).toEqual(TRUTH['updated.bit'])
  })

  test('is told by readiness', async () => {
    const { source } = await syncedWorld([HONEST], plan)
    expect(await source.state(new AbortController().signal)).toMatchObject({
      kind: 'unready',
      code: 'stale-tip',
    })
  })
})

describe('no server to be reached any more', () => {
  const never = new AbortController().signal
  const away = failed('network', 'ECONNREFUSED')

  async function lostWorld(open: typeof syncedWorld): Promise<LightWorld> {
    const world = await open([HONEST, HONEST], { cacheEntries: 100 })
    await world.ask('updated.bit')
    for (const { network } of world.servers) {
      network.refuse(away)
      network.cut()
    }
    return world
  }

  test.each([
    ['proven', syncedWorld],
    ['attested', syncingWorld],
  ] as const)('%s: readiness says so, but not of a network that blinks', async (assurance, open) => {
    const world = await lostWorld(open)
    const before = await world.source.state(never)
    expect(before).toMatchObject(assurance === 'proven' ? { kind: 'ready' } : { code: 'syncing' })
    world.clock.advance(UNREACHED_MS)
    expect(await world.source.state(never)).toEqual(before)
    world.clock.advance(1)
    expect(await world.source.state(never)).toMatchObject({ kind: 'unready', code: 'network' })
    for (const { network } of world.servers) network.refuse(undefined)
    await passing(world.clock, () => world.keeper.serverTips().size === 2)
    expect(await world.source.state(never)).toMatchObject({ kind: 'ready' })
  })

  test('a network that blinks after nobody has asked for long', async () => {
    const world = await syncedWorld([HONEST, HONEST])
    for (let minute = 0; minute < 5; minute++) {
      world.clock.advance(60_000)
      await passing(world.clock, () => world.keeper.serverTips().size === 2)
    }
    for (const { network } of world.servers) {
      network.refuse(away)
      network.cut()
    }
    expect(world.keeper.serverTips().size).toBe(0)
    expect(await world.source.state(never)).toMatchObject({ kind: 'ready' })
  })

  test('what is cached is served, what is not is SERVFAIL at once', async () => {
    const world = await lostWorld(syncedWorld)
    world.clock.advance(UNREACHED_MS + 1)
    expect(await world.source.state(never)).toMatchObject({ kind: 'unready' })
    expect(addresses(await world.ask('updated.bit'))).toEqual(TRUTH['updated.bit'])
    const { rcode, errors } = await world.ask('single.bit')
    expect({ rcode, codes: errors.map(({ code }) => code) }).toEqual({ rcode: 'SERVFAIL', codes: [23] })
    expect(await world.source.lookup('d/single', never)).toMatchObject({
      kind: 'unreachable',
      code: 'network',
    })
  })

  test('from the start on: readiness waits as long, and says so', async () => {
    const world = lightWorld([HONEST])
    for (const { network } of world.servers) network.refuse(away)
    await passing(world.clock, () => world.servers[0]!.session.state().kind === 'waiting')
    expect(await world.source.state(never)).toMatchObject({ kind: 'unready', code: 'syncing' })
    world.clock.advance(UNREACHED_MS + 1)
    expect(await world.source.state(never)).toMatchObject({ kind: 'unready', code: 'network' })
  })
})

describe('a value of which one operator has spoken', () => {
  const WORD = 'that there is nothing, or nothing newer, is the word of one operator'
  const ttls = ({ answer }: Read) => new Set(answer.map((line) => Number(line.split(' ')[1])))
  const NEWER = ['192.0.2.200']
  const chain = mine(recorded, [[update('d/updated', '{"ip":"192.0.2.200"}')], ...empty(11)])
  const plans: readonly ServerPlan[] = [{ chain, lies: ['withheld-update'] }, { chain }]

  /** The second one is slower than anybody waits. */
  async function slowWorld() {
    const world = await syncedWorld(plans, { cacheEntries: 100 })
    world.servers[1]!.delayMs = LONG_PATIENCE_MS + 500
    return world
  }

  test('where two are configured: for thirty seconds, and whose word it is; then the newer one', async () => {
    const world = await slowWorld()
    const read = await world.ask('updated.bit')
    expect(addresses(read)).toEqual(TRUTH['updated.bit'])
    expect({ ttls: ttls(read), errors: read.errors.map(({ text }) => text) }).toEqual({
      ttls: new Set([30]),
      errors: [WORD],
    })
    world.servers[1]!.delayMs = 0
    const until = world.clock.now() + 30_000
    await passing(world.clock, () => world.clock.now() >= until, 1_000)
    const later = await world.ask('updated.bit')
    expect({ addresses: addresses(later), errors: later.errors }).toEqual({ addresses: NEWER, errors: [] })
  })

  test('thirty seconds in all, whichever cache it comes out of', async () => {
    const world = await slowWorld()
    await world.ask('updated.bit', 'TXT')
    world.clock.advance(20_000)
    expect(ttls(await world.ask('updated.bit'))).toEqual(new Set([10]))
    world.servers[1]!.delayMs = 0
    world.clock.advance(10_000)
    expect(addresses(await world.ask('updated.bit'))).toEqual(NEWER)
  })

  test('while the other one reconnects, too', async () => {
    const world = await syncedWorld(plans)
    const { network } = world.servers[1]!
    network.refuse(failed('network', 'away'))
    network.cut()
    expect((await world.ask('updated.bit')).errors.map(({ text }) => text)).toEqual([WORD])
  })

  test('the only one that is configured: nothing is said, as there is nobody else to be heard', async () => {
    const { ask } = await syncedWorld([HONEST])
    expect((await ask('updated.bit')).errors).toEqual([])
  })
})

describe('absence', () => {
  test('of one operator where two are configured: SERVFAIL, and why', async () => {
    const { ask } = await started([HONEST, { ...HONEST, operator: 'operator0' }, { wire: ['silent'] }])
    const expected = {
      rcode: 'SERVFAIL',
      errors: [{ code: 22, text: 'too few independent servers say the same' }],
    }
    expect(await ask('nope.bit')).toMatchObject(expected)
    expect(await ask('expired.bit')).toMatchObject(expected)
    expect(addresses(await ask('updated.bit'))).toEqual(TRUTH['updated.bit'])
  })

  test('of the only operator configured: for thirty seconds, and whose word it is', async () => {
    const { ask } = await syncedWorld([HONEST, { ...HONEST, operator: 'operator0' }])
    const { rcode, authority, errors } = await ask('nope.bit')
    expect({ rcode, ttl: authority[0]?.split(' ')[1] }).toEqual({ rcode: 'NXDOMAIN', ttl: '30' })
    expect(errors.map(({ text }) => text)).toEqual([
      'that there is nothing, or nothing newer, is the word of one operator',
    ])
  })

  test('of a name whose update cannot be proven yet is no absence', async () => {
    const ahead = { chain: mine(recorded, [[update('d/fresh', '{}')]]) }
    const world = await syncedWorld([HONEST, HONEST])
    world.servers[0]!.world.chain = ahead.chain
    world.servers[1]!.world.chain = ahead.chain
    expect((await world.ask('fresh.bit')).rcode).toBe('SERVFAIL')
  })
})

describe('an update below the checkpoint', () => {
  /** The recorded block at 200, as a checkpoint: all names were last updated below. */
  const checkpoint: Checkpoint = {
    ...{ network: 'regtest', height: 200, hash: recordedHeaders[200]!.hash, bits: 0x207f_ffff },
    ...{ chainwork: 402n, time: recordedHeaders[200]!.time, periodStartTime: recordedHeaders[0]!.time },
    previousTimes: recordedHeaders.slice(190, 200).map(({ time }) => time),
  }
  /** Has none of the headers that are fetched downwards from the checkpoint. */
  const withoutOld: ServerPlan = {
    backend: (method, params) =>
      method === 'blockchain.block.headers' && Number(params[0]) < 190
        ? { error: { code: -102, message: 'busy' } }
        : answer(recorded, method, params),
  }

  test('is attested while its header is on its way, and no absence', async () => {
    const { ask } = await syncedWorld([withoutOld, withoutOld], { checkpoint })
    const read = await ask('updated.bit')
    expect(addresses(read)).toEqual(TRUTH['updated.bit'])
    expect(read.errors[0]?.text).toContain('attested')
    expect((await ask('nope.bit')).rcode).toBe('NXDOMAIN')
    expect((await ask('expired.bit')).rcode).toBe('NXDOMAIN')
  })

  test('is kept no longer than that: proven when it is in, by the same tip', async () => {
    const world = await syncedWorld([withoutOld, withoutOld], { checkpoint, cacheEntries: 100 })
    expect((await world.ask('updated.bit')).errors[0]?.text).toContain('attested')
    for (const { world: server } of world.servers) delete server.backend
    await passing(world.clock, () => world.events.some(({ event }) => event === 'chain-filled'))
    const read = await world.ask('updated.bit')
    expect({ addresses: addresses(read), errors: read.errors }).toEqual({
      addresses: TRUTH['updated.bit'],
      errors: [],
    })
  })

  test('with one operator: SERVFAIL until then', async () => {
    const { ask } = await syncedWorld([withoutOld], { checkpoint })
    expect((await ask('updated.bit')).rcode).toBe('SERVFAIL')
  })

  test('is proven when it is in', async () => {
    const world = await syncedWorld([HONEST], { checkpoint })
    await passing(world.clock, () => world.events.some(({ event }) => event === 'chain-filled'))
    const read = await world.ask('updated.bit')
    expect({ addresses: addresses(read), errors: read.errors }).toEqual({
      addresses: TRUTH['updated.bit'],
      errors: [],
    })
  })
})

describe('while the headers are on their way', () => {
  test('one operator: SERVFAIL that says so, and the value once they are in', async () => {
    const world = await syncingWorld([HONEST])
    expect(await world.ask('updated.bit')).toMatchObject({
      rcode: 'SERVFAIL',
      errors: [{ text: 'the Namecoin backend is still downloading the chain' }],
    })
    expect(await world.source.state(new AbortController().signal)).toMatchObject({
      kind: 'unready',
      code: 'syncing',
    })
    world.releaseHeaders()
    await passing(world.clock, () => world.keeper.state().kind === 'synced')
    world.clock.advance(2_000)
    expect(addresses(await world.ask('updated.bit'))).toEqual(TRUTH['updated.bit'])
  })

  describe('a server that never says what its newest block is', () => {
    const mute: ServerPlan = {
      backend: (method, params) =>
        method === 'blockchain.headers.subscribe'
          ? { error: { code: -102, message: 'busy' } }
          : answer(recorded, method, params),
    }

    /** What lookups come to while no time passes. */
    async function atOnce({ source }: LightWorld) {
      const outcomes: unknown[] = []
      void source.lookup('d/updated', new AbortController().signal).then((one) => outcomes.push(one))
      for (let turn = 0; turn < 2_000; turn++) await Promise.resolve()
      return outcomes
    }

    test.each<[string, readonly ServerPlan[], object]>([
      ['beside an honest one', [mute, HONEST], { kind: 'unreachable', code: 'disagreement' }],
      ['alone', [mute, mute], { kind: 'unreachable', code: 'syncing' }],
    ])('%s keeps lookups waiting no longer than servers have to gather', async (_title, plans, outcome) => {
      const world = lightWorld(plans, { holdHeaders: true })
      expect(await atOnce(world)).toEqual([])
      world.clock.advance(GATHER_MS)
      expect(await atOnce(world)).toMatchObject([outcome])
    })

    test('beside two honest ones keeps nobody waiting', async () => {
      const world = lightWorld([mute, HONEST, HONEST], { holdHeaders: true })
      expect(await atOnce(world)).toMatchObject([{ kind: 'found', caveat: 'attested' }])
    })
  })

  test('two operators that do not say the same: SERVFAIL, and why', async () => {
    const { ask } = await syncingWorld([HONEST, { lies: ['withheld-update'] }])
    expect(await ask('updated.bit')).toMatchObject({
      rcode: 'SERVFAIL',
      errors: [{ code: 22, text: 'too few independent servers say the same' }],
    })
  })

  describe.each<[string, ServerPlan]>([
    ['withholds the newest update', { lies: ['withheld-update'] }],
    ['says that there is nothing', { lies: ['never-existed'] }],
    ['speaks of an update that is not there', { chain: mine(recorded, [[update('d/updated', '{}')]]) }],
    [
      'does not say the same and is at another block',
      { lies: ['never-existed'], chain: truncated(recorded, 205) },
    ],
  ])('one server of three that %s', (_title, liar) => {
    test.each([0, 1, 2])(
      'does not keep the value of the others from being served, at place %i',
      async (place) => {
        const plans: ServerPlan[] = [HONEST, { ...HONEST, delayMs: 700 }]
        plans.splice(place, 0, liar)
        const { ask } = await syncingWorld(plans)
        expect(addresses(await ask('updated.bit'))).toEqual(TRUTH['updated.bit'])
      },
    )
  })

  test('two that withhold the newest update do not get the older one served beside one that proves it', async () => {
    const liar: ServerPlan = { lies: ['withheld-update'] }
    const { ask } = await syncingWorld([liar, liar, HONEST])
    expect((await ask('updated.bit')).rcode).toBe('SERVFAIL')
  })

  test('absence is what all say who spoke', async () => {
    const { ask } = await syncingWorld([{ lies: ['never-existed'] }, { lies: ['never-existed'] }, HONEST])
    expect((await ask('updated.bit')).rcode).toBe('SERVFAIL')
    expect((await ask('nope.bit')).rcode).toBe('NXDOMAIN')
  })

  test('one of two that goes back and forth does not move the epoch', async () => {
    const world = await syncingWorld([HONEST, HONEST])
    const before = await world.source.tip()
    expect(before).toMatchObject({ height: 207 })
    const { world: server, network } = world.servers[1]!
    for (const height of [204, 206, 207]) {
      server.chain = truncated(recorded, height)
      network.announce()
      const isTold = () => world.keeper.serverTips().get(world.servers[1]!.session)?.height === height
      await passing(world.clock, isTold)
      expect(await world.source.tip()).toBe(before)
    }
    // What it alone says, when the other one is away, does neither.
    world.servers[0]!.network.refuse(failed('network', 'away'))
    world.servers[0]!.network.cut()
    server.chain = grown(9)
    network.announce()
    await passing(world.clock, () => world.keeper.serverTips().size === 1)
    expect(await world.source.tip()).toBe(before)
  })

  test.each([['low', truncated(recorded, 20)] as const, ['high', grown(12)] as const])(
    'a server whose tip is too %s does not keep two others from being believed',
    async (_which, chain) => {
      const { ask } = await syncingWorld([{ chain }, HONEST, HONEST])
      expect(addresses(await ask('updated.bit'))).toEqual(TRUTH['updated.bit'])
    },
  )

  test('attested answers say so, and are dropped when the headers are in', async () => {
    const world = await syncingWorld([HONEST, HONEST], { cacheEntries: 100 })
    expect((await world.ask('updated.bit')).errors.map(({ text }) => text)).toEqual([
      expect.stringContaining('attested'),
    ])
    const before = await world.source.state(new AbortController().signal)
    expect(before).toMatchObject({ kind: 'ready', tip: { height: 207, assurance: 'attested' } })
    world.releaseHeaders()
    await passing(world.clock, () => world.keeper.state().kind === 'synced')
    const read = await world.ask('updated.bit')
    expect({ errors: read.errors, addresses: addresses(read) }).toEqual({
      errors: [],
      addresses: TRUTH['updated.bit'],
    })
    const after = await world.source.state(new AbortController().signal)
    expect(after).toMatchObject({ kind: 'ready', tip: { height: 207, assurance: 'proven' } })
  })
})

test('the tip is the same object until it changes', async () => {
  const world = await syncedWorld([HONEST])
  const tip = world.source.tip()
  expect(tip).toMatchObject({ height: 207 })
  expect(world.source.tip()).toBe(tip)
  const { world: server, network } = world.servers[0]!
  server.chain = grown(1)
  network.announce()
  await passing(world.clock, () => tipOf(world) === 208)
  expect(world.source.tip()).toMatchObject({ height: 208 })
})

describe('a newer update', () => {
  const value = '{"ip":"192.0.2.200"}'
  const withUpdate = (blocks: number) => mine(recorded, [[update('d/updated', value)], ...empty(blocks - 1)])

  async function after(blocks: number): Promise<Read> {
    const world = await syncedWorld([HONEST, HONEST], { cacheEntries: 100 })
    expect(addresses(await world.ask('updated.bit'))).toEqual(TRUTH['updated.bit'])
    const asked = world.servers[0]!.world.received.length
    await world.ask('updated.bit')
    expect(world.servers[0]!.world.received).toHaveLength(asked)
    for (const { world: server, network } of world.servers) {
      server.chain = withUpdate(blocks)
      network.announce()
    }
    await passing(world.clock, () => tipOf(world) === 207 + blocks)
    return world.ask('updated.bit')
  }

  test('with twelve blocks on it is served: a new block drops cached answers', async () => {
    expect(addresses(await after(12))).toEqual(['192.0.2.200'])
  })

  test('with fewer is not yet, and the older one has a short life', async () => {
    const read = await after(3)
    expect(addresses(read)).toEqual(TRUTH['updated.bit'])
    expect(read.answer[0]).toMatch(/^updated\.bit\. 60 A /)
    expect(read.errors.map(({ text }) => text)).toEqual(['a newer value waits for confirmations'])
  })

  test('is served by a source that asks a slow honest server beside a quick one that withholds it', async () => {
    const chain = withUpdate(12)
    const plans = [
      { chain, lies: ['withheld-update'] as const },
      { chain, delayMs: 900 },
    ]
    const { ask } = await syncedWorld(plans)
    expect(addresses(await ask('updated.bit'))).toEqual(['192.0.2.200'])
  })
})

describe('the log', () => {
  test('says what a server lied about', async () => {
    const world = await started([{ lies: ['wrong-name'] }, HONEST])
    await world.ask('updated.bit')
    expect(world.events).toContainEqual({
      event: 'server-lied',
      fields: expect.objectContaining({ server: 'tcp://server0.test:50001', about: 'wrong-name' }),
    })
  })
})
