import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import type { LightRuntime, LightTerms } from '../../src/cloudflare/light-terms.ts'
import { OBJECT_URL, type ObjectQuestion, unpackOutcome } from '../../src/cloudflare/object-protocol.ts'
import { type ObjectNamespace, objectSource } from '../../src/cloudflare/object-source.ts'
import { type ObjectStorage, objectStore } from '../../src/cloudflare/object-store.ts'
import {
  ALARM_MS,
  IDLE_MS,
  type ResidentClient,
  residentClient,
  SYNCING_ALARM_MS,
} from '../../src/cloudflare/resident-client.ts'
import type { LogFields } from '../../src/log.ts'
import { runtimeTimer } from '../../src/namecoin/deadline.ts'
import { parseAddress } from '../../src/namecoin/electrum/address.ts'
import { bundledCheckpoint } from '../../src/namecoin/light/bundled-checkpoint.ts'
import { REGISTERED, regtest, TIP } from '../namecoin/chain/recording.ts'
import { fakeClock, never } from '../namecoin/clock.ts'
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
): Resident {
  const worlds = HOSTS.map(() => newWorld(changes))
  const networks = worlds.map(fakeNetwork)
  const events: Resident['events'][number][] = []
  const record = (event: string, fields?: LogFields) => void events.push({ event, fields })
  const runtime: LightRuntime = {
    open: (address, ...rest) => networks[HOSTS.indexOf(address.host)]!.open(address, ...rest),
    now: () => performance.now(),
    wallClock,
    timer: runtimeTimer,
    log: { info: record, warn: record, error: record },
  }
  const client = residentClient(terms, storage, runtime)
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
const eventsOf = ({ events }: Resident) => events.map(({ event }) => event)

test('every name of the recording is proven', () =>
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
  }))

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

test('eight megabytes are kept, in chunks of 64 KiB', () =>
  inObject(async (storage) => {
    const octets = Uint8Array.from({ length: 9_000_001 }, (_, index) => index % 251)
    await objectStore(storage).save(octets)
    expect(Buffer.compare((await objectStore(storage).load())!, octets)).toBe(0)
    expect((await storage.get('headers a 130')) as Uint8Array).toHaveLength(65_536)
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
