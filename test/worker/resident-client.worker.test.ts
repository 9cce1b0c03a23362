import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import type { LightRuntime, LightTerms } from '../../src/cloudflare/light-terms.ts'
import { OBJECT_URL, type ObjectQuestion, unpackOutcome } from '../../src/cloudflare/object-protocol.ts'
import { type ObjectNamespace, objectSource } from '../../src/cloudflare/object-source.ts'
import { type ObjectStorage, objectStore } from '../../src/cloudflare/object-store.ts'
import {
  ALARM_MS,
  AWAKE_MS,
  IDLE_MS,
  type ResidentClient,
  residentClient,
  SYNCING_ALARM_MS,
} from '../../src/cloudflare/resident-client.ts'
import type { LogFields } from '../../src/log.ts'
import { WINDOW_BLOCKS } from '../../src/namecoin/chain/header-chain.ts'
import { TIP_FRESH_MS, TIP_PATIENCE_MS } from '../../src/namecoin/core.ts'
import { runtimeTimer } from '../../src/namecoin/deadline.ts'
import { parseAddress } from '../../src/namecoin/electrum/address.ts'
import { MAX_UNDER_WAY } from '../../src/namecoin/electrum/session.ts'
import { CALL_TIMEOUT_MS } from '../../src/namecoin/json-rpc.ts'
import { bundledCheckpoint } from '../../src/namecoin/light/bundled-checkpoint.ts'
import { checkpointAt } from '../../src/namecoin/light/checkpoint.ts'
import { PROOF_TIMEOUT_MS } from '../../src/proofs.ts'
import { NOW, REGISTERED, recordedChain, regtest, TIP } from '../namecoin/chain/recording.ts'
import { fakeClock, never } from '../namecoin/clock.ts'
import { answer } from '../servers/electrumx.ts'
import { mine } from '../servers/electrumx-chain.ts'
import { fakeNetwork, newWorld, type World } from '../servers/electrumx-peer.ts'

// The storage is workerd's; the servers are data.

const namespace = env['LIGHT_CLIENT'] as ObjectNamespace
let objects = 0

/** Runs something in a Durable Object of its own. */
const inObject = (work: (storage: ObjectStorage) => Promise<void>) =>
  runInDurableObject(namespace.get(namespace.idFromName(`resident ${objects++}`)), (_, { storage }) =>
    work(storage),
  )

const HOSTS = ['one.test', 'two.test']
const terms: LightTerms = {
  network: regtest,
  servers: HOSTS.map((host) => ({ address: parseAddress(`tcp://${host}:50001`)!, operator: host })),
  checkpoint: bundledCheckpoint('regtest'),
  leastConfirmations: 12,
  maxTipAge: undefined,
}

interface Resident extends ResidentClient {
  readonly events: { readonly event: string; readonly fields: LogFields | undefined }[]
  readonly worlds: readonly World[]
  announce(): void
  refuse(): void
  ask(question: ObjectQuestion): Promise<unknown>
}

function resident(
  storage: ObjectStorage,
  changes: Partial<World> = {},
  wallClock = () => Date.now(),
  ownTerms: Partial<LightTerms> = {},
  timer = runtimeTimer,
): Resident {
  const worlds = HOSTS.map(() => newWorld(changes))
  const networks = worlds.map(fakeNetwork)
  const events: Resident['events'][number][] = []
  const record = (event: string, fields?: LogFields) => void events.push({ event, fields })
  const runtime: LightRuntime = {
    open: (address, ...rest) => networks[HOSTS.indexOf(address.host)]!.open(address, ...rest),
    now: () => performance.now(),
    wallClock,
    timer,
    log: { info: record, warn: record, error: record },
  }
  const client = residentClient({ ...terms, ...ownTerms }, storage, runtime)
  return {
    ...client,
    ...{ events, worlds },
    announce() {
      for (const network of networks) network.announce()
    },
    refuse() {
      for (const network of networks) {
        network.refuse({ kind: 'failed', code: 'network', detail: 'refused' })
        network.cut()
      }
    },
    async ask(question) {
      const body = JSON.stringify(question)
      return (await client.fetch(new Request(OBJECT_URL, { method: 'POST', body }))).json()
    },
  }
}

const headersAsked = ({ worlds }: Resident) =>
  worlds.flatMap(({ received }) => received.filter(({ method }) => method === 'blockchain.block.headers'))
    .length
/** Servers take everything from now on, and answer nothing. */
function silence({ worlds }: Resident): void {
  for (const world of worlds) {
    world.received.splice(0)
    world.wire = ['silent']
  }
}
const turn = () => new Promise((resolve) => void setTimeout(resolve, 1))
const eventsOf = ({ events }: Resident) => events.map(({ event }) => event)

test('every name of the recording is proven', { timeout: 30_000 }, () =>
  inObject(async (storage) => {
    const client = resident(storage)
    await client.ask({ ask: 'tip' })
    await client.alarm()
    const source = objectSource({
      object: () => ({ fetch: (url, init) => client.fetch(new Request(url, init)) }),
      now: () => performance.now(),
      timer: runtimeTimer,
    })
    for (const name of REGISTERED) {
      const outcome = await source.lookup(name, never)
      if (name === 'd/expired') expect(outcome).toEqual({ kind: 'expired' })
      else expect([name, outcome]).toMatchObject([name, { kind: 'found', value: expect.any(Uint8Array) }])
      expect(outcome).not.toHaveProperty('caveat')
    }
    expect(await source.lookup('d/never-was', never)).toEqual({ kind: 'absent' })
    expect(await source.state(never)).toMatchObject({
      kind: 'ready',
      tip: { height: TIP, assurance: 'proven' },
    })
    expect(await source.tip()).toMatchObject({ height: TIP, epoch: expect.stringMatching(/^[0-9a-f]{64}$/) })
    await client.close()
  }),
)

test('an alarm advances to the new block, and what is saved is where the next one begins', () =>
  inObject(async (storage) => {
    const first = resident(storage)
    await first.ask({ ask: 'tip' })
    await first.alarm()
    await first.close()
    const octets = (await objectStore(storage).load())!.length

    const second = resident(storage, { chain: mine(newWorld().chain, Array(3).fill([])) })
    await second.alarm()
    expect(await second.ask({ ask: 'tip' })).toMatchObject({ height: TIP + 3, assurance: 'proven' })
    expect(second.events[0]).toEqual({ event: 'chain-starts', fields: { height: TIP, checkpoint: 0 } })
    expect((await objectStore(storage).load())!.length).toBeGreaterThan(octets)
    await second.close()

    const third = resident(storage, { chain: second.worlds[0]!.chain })
    await third.alarm()
    expect(headersAsked(third)).toBe(0)
    await third.close()
  }))

test.each<[string, (storage: ObjectStorage) => Promise<unknown>]>([
  ['a chunk that was changed', (storage) => storage.put('headers a 0', new Uint8Array(20_000).fill(7))],
  ['a chunk that is gone', (storage) => storage.delete(['headers a 0'])],
  ['a length that is wrong', (storage) => storage.put('headers', { copy: 'a', octets: 40 })],
  ['something else', (storage) => storage.put('headers', 'hello')],
])('%s is refused, and all is fetched again', (_title, tamper) =>
  inObject(async (storage) => {
    const first = resident(storage)
    await first.ask({ ask: 'tip' })
    await first.alarm()
    await first.close()
    expect(await storage.get('headers')).toMatchObject({ copy: 'a' })
    await tamper(storage)
    const second = resident(storage)
    await second.alarm()
    expect(await second.ask({ ask: 'tip' })).toMatchObject({ height: TIP, assurance: 'proven' })
    expect(headersAsked(second)).toBeGreaterThan(0)
    await second.close()
    const third = resident(storage)
    await third.alarm()
    expect(headersAsked(third)).toBe(0)
    await third.close()
  }),
)

test('stopped in the middle of saving, the last whole copy is found', () =>
  inObject(async (storage) => {
    const store = objectStore(storage)
    const [one, two] = [1, 2].map((fill) => new Uint8Array(200_000).fill(fill)) as [Uint8Array, Uint8Array]
    // `toEqual` takes seconds for so many octets.
    const isKept = async (octets: Uint8Array) => Buffer.compare((await store.load())!, octets) === 0
    expect(await store.load()).toBeUndefined()
    await store.save(one)
    for (const stopAt of [0, 1]) {
      let puts = 0
      const dying: ObjectStorage = {
        ...{ get: storage.get.bind(storage), delete: storage.delete.bind(storage) },
        ...{ getAlarm: storage.getAlarm.bind(storage), setAlarm: storage.setAlarm.bind(storage) },
        put: (async (...entry: [string, unknown]) => {
          if (puts++ === stopAt) throw new Error('stopped')
          await storage.put(...entry)
        }) as ObjectStorage['put'],
      } as ObjectStorage
      await expect(objectStore(dying).save(two)).rejects.toThrow('stopped')
      expect(await isKept(one)).toBe(true)
    }
    await store.save(two)
    expect(await isKept(two)).toBe(true)
    await store.save(one.slice(0, 10))
    expect(await store.load()).toEqual(one.slice(0, 10))
  }))

test('eight megabytes are kept, in chunks of 64 KiB', { timeout: 30_000 }, () =>
  inObject(async (storage) => {
    const octets = Uint8Array.from({ length: 9_000_001 }, (_, index) => index % 251)
    await objectStore(storage).save(octets)
    expect(Buffer.compare((await objectStore(storage).load())!, octets)).toBe(0)
    expect((await storage.get('headers a 130')) as Uint8Array).toHaveLength(65_536)
  }),
)

/** A storage of which a part is another. */
const changed = (storage: ObjectStorage, changes: Partial<ObjectStorage>): ObjectStorage =>
  ({
    ...{ get: storage.get.bind(storage), put: storage.put.bind(storage) },
    ...{ delete: storage.delete.bind(storage) },
    ...{ getAlarm: storage.getAlarm.bind(storage), setAlarm: storage.setAlarm.bind(storage) },
    ...changes,
  }) as ObjectStorage

test('what was saved above another checkpoint is refused, though it is whole', () =>
  inObject(async (storage) => {
    const alien = mine(newWorld().chain, Array(200).fill([]), 50, 1)
    const checkpoint = checkpointAt(recordedChain(), 100)!
    const later = () => NOW * 1000
    const first = resident(storage, { chain: alien }, later)
    await first.ask({ ask: 'tip' })
    await first.alarm()
    expect(await first.ask({ ask: 'tip' })).toMatchObject({ height: 250, assurance: 'proven' })
    await first.close()
    const second = resident(storage, {}, later, { checkpoint })
    await second.alarm()
    expect(second.events).toContainEqual({
      event: 'headers-refused',
      fields: { reason: 'other-anchor', detail: expect.any(String) },
    })
    expect(await second.ask({ ask: 'tip' })).toMatchObject({ height: TIP, assurance: 'proven' })
    await second.close()
  }))

/** Octets that a value may take in the older storage, its key among them; and pairs in one call. */
const MAX_VALUE_OCTETS = 128 * 1024
const MAX_PAIRS = 128

test('a full window keeps to the limits of a Durable Object, the older ones too', () =>
  inObject(async (storage) => {
    const calls: number[] = []
    const values: number[] = []
    const limited = changed(storage, {
      put: (async (...entry: [Record<string, unknown>] | [string, unknown]) => {
        const pairs = typeof entry[0] === 'string' ? [entry as [string, unknown]] : Object.entries(entry[0])
        calls.push(pairs.length)
        for (const [key, value] of pairs) {
          // What is cloned is the whole buffer, not only the part that a view shows.
          const octets = value instanceof Uint8Array ? value.buffer.byteLength : JSON.stringify(value).length
          values.push(key.length + octets)
        }
        await storage.put(...(entry as [string, unknown]))
      }) as ObjectStorage['put'],
    })
    const sizes: number[] = []
    for (const chain of [newWorld().chain, mine(newWorld().chain, Array(100).fill([]))]) {
      const client = resident(storage, { chain }, () => NOW * 1000)
      await client.ask({ ask: 'tip' })
      await client.alarm()
      await client.close()
      sizes.push((await objectStore(storage).load())!.length)
    }
    const [some, more] = sizes as [number, number]
    const full = more + ((WINDOW_BLOCKS - TIP - 100) * (more - some)) / 100
    expect(full).toBeGreaterThan(WINDOW_BLOCKS * 40)
    await objectStore(limited).save(new Uint8Array(full).fill(1))
    expect((await objectStore(storage).load())!).toHaveLength(full)
    expect(Math.max(...calls)).toBeLessThanOrEqual(MAX_PAIRS)
    expect(Math.max(...values)).toBeLessThan(MAX_VALUE_OCTETS)
  }))

test('an alarm does not end before what it found is saved', () =>
  inObject(async (storage) => {
    let letGo = (): void => {}
    const gate = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const slow = changed(storage, {
      put: (async (...entry: [string, unknown]) => {
        if (entry[0] !== 'asked-at') await gate
        await storage.put(...entry)
      }) as ObjectStorage['put'],
    })
    const client = resident(slow)
    await client.ask({ ask: 'tip' })
    let isOver = false
    const alarm = client.alarm().then(() => {
      isOver = true
    })
    while (!eventsOf(client).includes('chain-synced')) await turn()
    for (let turns = 0; turns < 20; turns++) await turn()
    expect(isOver).toBe(false)
    letGo()
    await alarm
    expect(await storage.get('headers')).toMatchObject({ copy: 'a' })
    await client.close()
  }))

test('nobody to be heard: an alarm waits for them, and no other comes sooner for it', () =>
  inObject(async (storage) => {
    let time = 1_800_000_000_000
    const patience = new Set<() => void>()
    const ownTimer: LightRuntime['timer'] = (milliseconds, ring) => {
      if (milliseconds !== AWAKE_MS) return runtimeTimer(milliseconds, ring)
      patience.add(ring)
      return () => patience.delete(ring)
    }
    async function outlast(client: Resident): Promise<void> {
      let isOver = false
      void client.alarm().then(() => {
        isOver = true
      })
      for (let turns = 0; turns < 20; turns++) await turn()
      expect(isOver).toBe(false)
      while (!isOver) {
        for (const ring of patience) ring()
        await turn()
      }
    }
    const client = resident(storage, {}, () => time, {}, ownTimer)
    await client.ask({ ask: 'tip' })
    await client.alarm()
    client.refuse()
    time += ALARM_MS
    await outlast(client)
    expect(await storage.getAlarm()).toBe(time + ALARM_MS)
    await client.close()

    const fresh = resident(storage, {}, () => time, {}, ownTimer)
    fresh.refuse()
    time += ALARM_MS
    await outlast(fresh)
    expect(await storage.getAlarm()).toBe(time + ALARM_MS)
    await fresh.close()
  }))

test.each<[string, (honest: { hex: string }) => { hex: string; height: number }]>([
  ['of a block that we have', ({ hex }) => ({ hex, height: 1_000_000 })],
  [
    'of a block that does not exist',
    // Another block before it than any that there is, and no AuxPoW.
    ({ hex }) => ({ hex: `04000100${'99'.repeat(32)}${hex.slice(72, 160)}`, height: 1_000_000 }),
  ],
])('a height that is made up, %s, keeps nothing awake', (_title, lie) =>
  inObject(async (storage) => {
    const time = 1_800_000_000_000
    // Its patience never ends.
    const client = resident(...[storage, {}, () => time, {}], (milliseconds, ring) =>
      milliseconds === AWAKE_MS ? () => {} : runtimeTimer(milliseconds, ring),
    )
    const { chain } = client.worlds[1]!
    client.worlds[1]!.backend = (method, params) => {
      const outcome = answer(chain, method, params)
      return method === 'blockchain.headers.subscribe' && 'result' in outcome
        ? { result: lie(outcome.result as { hex: string }) }
        : outcome
    }
    await client.ask({ ask: 'tip' })
    await client.alarm()
    expect(eventsOf(client)).toContain('chain-synced')
    expect(await storage.getAlarm()).toBe(time + ALARM_MS)
    await client.close()
  }),
)

test('a storage that fails is no reason not to answer, and the question is noted later', () =>
  inObject(async (storage) => {
    let isBroken = true
    const client = resident(
      changed(storage, {
        put: (async (...entry: [string, unknown]) => {
          if (isBroken) throw new Error('no storage today')
          await storage.put(...entry)
        }) as ObjectStorage['put'],
      }),
    )
    expect(await client.ask({ ask: 'state' })).toMatchObject({ kind: expect.any(String) })
    expect(eventsOf(client)).toContain('question-not-noted')
    expect(await storage.getAlarm()).toBeNull()
    isBroken = false
    await client.ask({ ask: 'state' })
    expect(await storage.getAlarm()).not.toBeNull()
    await client.close()
  }))

test('many questions for one name are one lookup', () =>
  inObject(async (storage) => {
    const client = resident(storage)
    await client.ask({ ask: 'tip' })
    await client.alarm()
    silence(client)
    const asked = Array.from({ length: 50 }, () => client.ask({ ask: 'lookup', name: 'd/jordia65' }))
    for (let turns = 0; turns < 50; turns++) await turn()
    for (const { received } of client.worlds) expect(received).toHaveLength(1)
    await client.close()
    for (const answer of await Promise.all(asked)) expect(answer).toMatchObject({ kind: 'unreachable' })
  }))

test('a proof may take longer than a lookup', () =>
  inObject(async (storage) => {
    const client = resident(storage)
    const patience = vi.spyOn(AbortSignal, 'timeout')
    for (const ask of ['lookup', 'prove'] as const) await client.ask({ ask, name: 'd/jordia65' })
    expect(patience.mock.calls).toEqual([[CALL_TIMEOUT_MS], [PROOF_TIMEOUT_MS]])
    patience.mockRestore()
    await client.close()
  }))

test('a flood of names: so many requests are under way to a server, and no more', () =>
  inObject(async (storage) => {
    const client = resident(storage)
    await client.ask({ ask: 'tip' })
    await client.alarm()
    silence(client)
    const flood = Array.from({ length: 400 }, (_, index) =>
      client.ask({ ask: 'lookup', name: `d/x${index}` }),
    )
    for (let turns = 0; turns < 50; turns++) await turn()
    for (const { received } of client.worlds) expect(received).toHaveLength(MAX_UNDER_WAY)
    await client.close()
    for (const answer of await Promise.all(flood)) expect(answer).toMatchObject({ kind: 'unreachable' })
  }))

test('alarms come soon while headers are missing, every ten minutes after, and never when nobody asks', () =>
  inObject(async (storage) => {
    let time = 1_800_000_000_000
    const client = resident(storage, {}, () => time)
    await client.ask({ ask: 'tip' })
    expect(await storage.getAlarm()).toBe(time + SYNCING_ALARM_MS)
    await client.alarm()
    expect(await storage.getAlarm()).toBe(time + ALARM_MS)
    time += IDLE_MS
    await client.alarm()
    expect(await storage.getAlarm()).toBe(time + ALARM_MS)
    time += 1
    await client.alarm()
    // Still the one before, which Cloudflare has taken away when it calls.
    expect(await storage.getAlarm()).toBe(time - 1 + ALARM_MS)
    await client.close()
  }))

test('a block that a server tells of is there at once', () =>
  inObject(async (storage) => {
    const client = resident(storage)
    await client.ask({ ask: 'tip' })
    await client.alarm()
    for (const world of client.worlds) world.chain = mine(world.chain, [[]])
    client.announce()
    await new Promise((resolve) => void setTimeout(resolve, 50))
    expect(await client.ask({ ask: 'tip' })).toMatchObject({ height: TIP + 1, assurance: 'proven' })
    await client.close()
  }))

test('servers out of reach: not ready, and no name is in the log', () =>
  inObject(async (storage) => {
    const client = resident(storage)
    client.refuse()
    expect(await client.ask({ ask: 'state' })).toMatchObject({ kind: 'unready', code: 'syncing' })
    expect(unpackOutcome((await client.ask({ ask: 'lookup', name: 'd/jordia65' })) as never)).toMatchObject({
      kind: 'unreachable',
    })
    expect(JSON.stringify(client.events)).not.toContain('jordia65')
    expect(eventsOf(client)).not.toContain('chain-keeper-failed')
    await client.close()
  }))

test('a stub that fails is unreachable, and the last tip stays', async () => {
  const clock = fakeClock()
  const replies: (() => Promise<Response>)[] = [
    async () => Response.json({ epoch: 'e1', height: 7 }),
    async () => Promise.reject(Object.assign(new Error('busy'), { overloaded: true })),
    async () => new Response('no', { status: 500 }),
    async () => Promise.reject(new Error('gone')),
  ]
  const source = objectSource({
    object: () => ({ fetch: () => replies.shift()!() }),
    now: clock.now,
    timer: clock.timer,
  })
  expect(await source.tip()).toEqual({ epoch: 'e1', height: 7 })
  expect(source.tip()).toEqual({ epoch: 'e1', height: 7 })
  expect(await source.lookup('d/x', never)).toMatchObject({ kind: 'unreachable', code: 'overloaded' })
  expect(await source.state(never)).toMatchObject({ kind: 'unready', code: 'network' })
  clock.advance(2_000)
  expect(await source.tip()).toEqual({ epoch: 'e1', height: 7 })
})

test('an object that hangs is waited for once in two seconds, and heard when it does answer', async () => {
  const clock = fakeClock()
  const waiting: ((response: Response) => void)[] = []
  const source = objectSource({
    object: () => ({ fetch: () => new Promise((resolve) => void waiting.push(resolve)) }),
    now: clock.now,
    timer: clock.timer,
  })
  const first = source.tip()
  clock.advance(TIP_PATIENCE_MS)
  expect(await first).toBeUndefined()
  expect(source.tip()).toBeUndefined()
  expect(waiting).toHaveLength(1)
  waiting[0]!(Response.json({ epoch: 'e1', height: 7 }))
  while (source.tip() === undefined) await turn()
  expect(source.tip()).toEqual({ epoch: 'e1', height: 7 })
  clock.advance(TIP_FRESH_MS)
  expect(source.tip()).toBeInstanceOf(Promise)
  expect(waiting).toHaveLength(2)
})
