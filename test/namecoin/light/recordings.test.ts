import { describe, expect, test } from 'vitest'
import { readMessage } from '../../../src/dns/message.ts'
import { nameToText } from '../../../src/dns/name.ts'
import type { UpstreamTransport } from '../../../src/upstream/transport.ts'
import { answer, octets, QUESTION_NAME, record, soaData, wire } from '../../dns/messages.ts'
import { coreWorld, type Read } from '../../resolver/world.ts'
import { type LightWorld, oldServer, recordedServer, syncedWorld, syncingWorld } from './light-world.ts'

/** Knows two names of the ICANN root, as in the tests of the recorded Namecoin Core. */
const upstream: UpstreamTransport = {
  async exchange(_upstream, message) {
    const { name, type } = readMessage(message)!.question!
    const question = nameToText(name).slice(0, -1)
    const isKnown = type === 1 && (question === 'www.example.com' || question.endsWith('example.org'))
    const body = isKnown
      ? answer({ question, answer: [record(QUESTION_NAME, 1, 120, [203, 0, 113, 80])] })
      : answer({ question, type, authority: [record(wire('example.com'), 6, 900, soaData(60))] })
    return { kind: 'reply', message: octets(body) }
  },
}

/** Every name of the recording, what is below some of them, and names that never were. */
const NAMES = [
  ...['jordia65', 'nothing.jordia65', 'ha-demo', 'single', 'dual', 'wild', 'any.thing.wild', 'ftp.wild'],
  ...['www.wild', 'importer', 'www.importer', 'delegated', 'www.delegated', 'ns1.delegated', 'mail'],
  ...['_tcp.mail', '_smtp._tcp.mail', 'mx1._tcp.mail', 'secure', '_443._tcp.secure', 'offsite', 'translated'],
  ...['www.translated', 'onion', '_tor.onion', 'unicode', 'notjson', 'empty', 'emptyobj', 'xn--bcher-kva'],
  ...['UPPER', '123', 'max520', 'updated', 'expired', 'reborn', 'loop-a', 'loop-b', 'alice', 'nope'],
  ...['never-registered', 'a.never-registered', 'foo_bar', 'a--b', '-x'],
].map((name) => `${name}.bit`)
const TYPES = ['A', 'AAAA', 'TXT', 'MX', 'SRV', 'TLSA', 'DS', 'NS', 'SOA']
const ATTESTED = 'height and expiry are attested by two operators, not proven'

/** Values are kept, as they are in a gateway that runs: each name is looked up once. */
const PLAN = { transport: upstream, cacheEntries: 1_000 }
const core = coreWorld({ transport: upstream })
const sorted = (read: Read): Read => ({ ...read, answer: read.answer.toSorted() })

const QUESTIONS = ['bit', ...NAMES].flatMap((name) => TYPES.map((type) => ({ name, type })))
const throughCore = Promise.all(QUESTIONS.map(async ({ name, type }) => sorted(await core.ask(name, type))))

/** Four hundred questions to each of two gateways. */
const LONG_MS = 60_000

/** What is resolved otherwise than through Namecoin Core. */
async function differences({ ask }: LightWorld, change: (read: Read) => Read): Promise<unknown[]> {
  const expected = await throughCore
  const found: unknown[] = []
  for (const [index, { name, type }] of QUESTIONS.entries()) {
    const read = change(sorted(await ask(name, type)))
    if (JSON.stringify(read) !== JSON.stringify(expected[index])) {
      found.push({ name, type, read, expected: expected[index] })
    }
  }
  return found
}

const SERVERS = [
  ['servers of 1.4.3', [recordedServer, recordedServer]],
  ['servers of 1.4.2, without value proofs', [oldServer, oldServer]],
  ['one of each', [recordedServer, oldServer]],
  [
    'three of each, two by one operator',
    [oldServer, recordedServer, { ...oldServer, operator: 'operator0' }],
  ],
] as const

describe.each(SERVERS)('the recorded names, over %s', (_title, servers) => {
  test(
    'resolve as through Namecoin Core, proven',
    async () => {
      const world = await syncedWorld(servers, PLAN)
      expect(await differences(world, (read) => read)).toEqual([])
      expect(world.source.tip()).toMatchObject({ height: 207, assurance: 'proven' })
    },
    LONG_MS,
  )

  test(
    'resolve as through Namecoin Core, attested, while the headers are on their way',
    async () => {
      const world = await syncingWorld(servers, PLAN)
      const unattested = (read: Read): Read => ({
        ...read,
        errors: read.errors.filter(({ text }) => text !== ATTESTED),
      })
      expect(await differences(world, unattested)).toEqual([])
      for (const name of ['jordia65.bit', 'nope.bit', 'expired.bit']) {
        expect((await world.ask(name)).errors).toContainEqual({ code: 0, text: ATTESTED })
      }
      expect(world.source.tip()).toMatchObject({ height: 207, assurance: 'attested' })
    },
    LONG_MS,
  )

  test('no lie is found in them', async () => {
    const world = await syncedWorld(servers, PLAN)
    for (const name of NAMES) await world.ask(name)
    expect(world.servers.map(({ session }) => session.state().kind)).toEqual(servers.map(() => 'ready'))
  })
})

describe.each([
  ['proven', syncedWorld],
  ['attested', syncingWorld],
] as const)('%s', (_assurance, open) => {
  test("single.bit: the update that no block has is not served; reborn.bit: the new owner's value", async () => {
    const { ask } = await open([recordedServer, oldServer])
    expect((await ask('single.bit')).answer).toEqual(['single.bit. 600 A 192.0.2.1'])
    expect((await ask('reborn.bit')).answer).toEqual(['reborn.bit. 600 A 192.0.2.113'])
    expect((await ask('expired.bit')).rcode).toBe('NXDOMAIN')
  })
})

test('one server of 1.4.3, proven: values as through Namecoin Core, absence with a short life', async () => {
  const { ask } = await syncedWorld([recordedServer])
  expect(sorted(await ask('dual.bit'))).toEqual(sorted(await core.ask('dual.bit')))
  const absent = await ask('nope.bit')
  expect(absent).toMatchObject({ rcode: 'NXDOMAIN', errors: [{ code: 0 }] })
  expect(absent.errors[0]!.text).toContain('the word of one operator')
  expect(absent.authority[0]).toMatch(/^bit\. 30 SOA /)
})
