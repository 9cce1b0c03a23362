import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { OBJECT_URL, type ObjectQuestion } from '../../src/cloudflare/object-protocol.ts'
import type { ObjectNamespace, ObjectStub } from '../../src/cloudflare/object-source.ts'
import type { ObjectStorage } from '../../src/cloudflare/object-store.ts'
import { TIP } from '../namecoin/chain/recording.ts'

// The Durable Object as Cloudflare runs it: its class, storage, alarms and ends are workerd's, its servers are in
// vitest's own process.

const logged: string[] = []
for (const level of ['log', 'warn', 'error'] as const)
  vi.spyOn(console, level).mockImplementation((...parts) => void logged.push(parts.join(' ')))
beforeEach(() => void logged.splice(0))
afterAll(() => void vi.restoreAllMocks())

const namespace = env['LIGHT_CLIENT'] as ObjectNamespace
const objectNamed = (name: string) => namespace.get(namespace.idFromName(name))

async function ask(stub: ObjectStub, question: ObjectQuestion): Promise<unknown> {
  const response = await stub.fetch(OBJECT_URL, { method: 'POST', body: JSON.stringify(question) })
  return response.json()
}

const inStorage = <Result>(stub: ObjectStub, work: (storage: ObjectStorage) => Promise<Result>) =>
  runInDurableObject(stub, (_, { storage }) => work(storage))
const alarmOf = (stub: ObjectStub) => inStorage(stub, (storage) => storage.getAlarm())
const savedIn = (stub: ObjectStub) => inStorage(stub, (storage) => storage.get('headers'))

/** Where each client that was made since the test began found its chain. */
const starts = () => logged.filter((line) => line.startsWith('chain-starts '))
const startsAt = (height: number) => `chain-starts {"height":${height},"checkpoint":0}`

const SYNCED = { height: TIP, assurance: 'proven' }

/** An object that has all headers, and has saved them. */
async function synced(name: string): Promise<ObjectStub> {
  const stub = objectNamed(name)
  await ask(stub, { ask: 'tip' })
  expect(await runDurableObjectAlarm(stub)).toBe(true)
  expect(await ask(stub, { ask: 'tip' })).toMatchObject(SYNCED)
  expect(await savedIn(stub)).toMatchObject({ octets: expect.any(Number) })
  return stub
}

describe('alarms', () => {
  test('one is set by the first question, catches up, saves, and sets the next', async () => {
    const stub = await synced('alarm')
    expect((await alarmOf(stub))! - Date.now()).toBeGreaterThan(9 * 60_000)
  })

  test('one is no reason for another when nobody has ever asked', async () => {
    const stub = objectNamed('never-asked')
    await inStorage(stub, (storage) => storage.setAlarm(Date.now() + 60_000))
    expect(await runDurableObjectAlarm(stub)).toBe(true)
    expect(await alarmOf(stub)).toBeNull()
  })
})

/** Throws the object away as it is, and everything in its memory; a stub goes with it. */
async function thrownAway(name: string): Promise<ObjectStub> {
  await abortAllDurableObjects()
  return objectNamed(name)
}

async function expectSyncedByAlarm(stub: ObjectStub): Promise<void> {
  expect(await runDurableObjectAlarm(stub)).toBe(true)
  expect(await ask(stub, { ask: 'tip' })).toMatchObject(SYNCED)
}

describe('an object that is thrown away', () => {
  test('goes on from what it saved, and its alarms go on', async () => {
    const alarm = await alarmOf(await synced('thrown-away'))
    const again = await thrownAway('thrown-away')
    expect(await alarmOf(again)).toBe(alarm)
    await expectSyncedByAlarm(again)
    expect(starts()).toEqual([startsAt(0), startsAt(TIP)])
    expect(await alarmOf(again)).toBeGreaterThan(alarm!)
  })

  test('while it fetches headers: they are fetched again', async () => {
    await ask(objectNamed('interrupted'), { ask: 'tip' })
    const again = await thrownAway('interrupted')
    await expectSyncedByAlarm(again)
    const third = await thrownAway('interrupted')
    await expectSyncedByAlarm(third)
    expect(starts().at(-1)).toBe(startsAt(TIP))
  })

  test.each<[string, (storage: ObjectStorage) => Promise<unknown>]>([
    [
      'a chunk is other octets',
      async (storage) => {
        const chunk = (await storage.get('headers a 0')) as Uint8Array
        await storage.put(
          'headers a 0',
          chunk.map((octet) => octet ^ 1),
        )
      },
    ],
    ['a chunk is too long', (storage) => storage.put('headers a 0', new Uint8Array(65_536))],
    ['a chunk is another thing', (storage) => storage.put('headers a 0', { no: 'octets' })],
    ['a chunk is gone', (storage) => storage.delete(['headers a 0'])],
    ['the length is wrong', (storage) => storage.put('headers', { copy: 'a', octets: 40 })],
    ['there is something else', (storage) => storage.put('headers', 'hello')],
  ])('and %s in its storage: begins anew, and saves again', async (title, tamper) => {
    await inStorage(await synced(title), tamper)
    await expectSyncedByAlarm(await thrownAway(title))
    await expectSyncedByAlarm(await thrownAway(title))
    expect(starts()).toEqual([startsAt(0), startsAt(0), startsAt(TIP)])
  })
})
