import { afterEach, describe, expect, test, vi } from 'vitest'
import { parseAddress } from '../../../src/namecoin/electrum/address.ts'
import { costBudget, MAX_COST } from '../../../src/namecoin/electrum/budget.ts'
import type { Channel, ChannelEvents } from '../../../src/namecoin/electrum/channel.ts'
import {
  type Client,
  connectClient,
  HEADER_REPLY_OCTETS,
  MAX_LATE,
  MAX_UNASKED,
  MESSAGE_MS,
  PING_AFTER_MS,
  REPLY_OCTETS,
  SILENCE_MS,
} from '../../../src/namecoin/electrum/client.ts'
import { type Failed, failed, type Reply } from '../../../src/namecoin/electrum/failure.ts'
import type { Skipped } from '../../../src/namecoin/electrum/skipping.ts'
import { boundedSlots } from '../../../src/namecoin/slots.ts'
import { nameScripthash } from '../../servers/electrumx-chain.ts'
import { fakeNetwork, newWorld, type Wire, type World } from '../../servers/electrumx-peer.ts'
import { type FakeClock, fakeClock, never, settled } from '../clock.ts'
import { GENESIS } from './genesis.ts'

const ADDRESS = parseAddress('tcp://127.0.0.1:50001')!

/** A client of a world, and what it told. */
async function connect(world: World, clock: FakeClock = fakeClock()) {
  const network = fakeNetwork(world)
  const notifications: [string, readonly unknown[]][] = []
  const ends: Failed[] = []
  const budget = costBudget(clock.now)
  const client = await connectClient(
    {
      open: (events) => network.open(ADDRESS, events, never),
      genesis: GENESIS,
      budget,
      slots: boundedSlots(),
      timer: clock.timer,
      now: clock.now,
      notified: (...notification) => void notifications.push(notification),
      ended: (why) => void ends.push(why),
    },
    never,
  )
  return { client, network, notifications, ends, budget, clock, world }
}

/** The same when it must succeed. */
async function connected(world: World = newWorld(), clock?: FakeClock) {
  const { client, ...rest } = await connect(world, clock)
  if (client.kind === 'failed') throw new Error(client.detail)
  return { client, ...rest }
}

const history = (client: Client, signal = never, maxOctets?: number): Promise<Reply> =>
  client.call('blockchain.scripthash.get_history', ['00'.repeat(32)], {
    signal,
    ...(maxOctets === undefined ? {} : { maxOctets }),
  })
const header = (client: Client, height: number): Promise<Reply> =>
  client.call('blockchain.block.header', [height], { signal: never })

describe('the beginning', () => {
  test('server.version comes first, then server.features', async () => {
    const { client, world } = await connected()
    expect(client).toMatchObject({ software: 'ElectrumX 1.16.0', protocol: [1, 4, 3] })
    expect(world.received.map(({ method }) => method)).toEqual(['server.version', 'server.features'])
    expect(world.received[0]?.params).toEqual(['bitdoh', ['1.4', '1.4.3']])
  })

  test('a server of 1.6 is spoken to in 1.4.3, one of 1.4.2 in its own', async () => {
    expect((await connected(newWorld({ protocol: '1.6' }))).client.protocol).toEqual([1, 4, 3])
    expect((await connected(newWorld({ protocol: '1.4.2' }))).client.protocol).toEqual([1, 4, 2])
  })

  test.each([
    ['a server too old', { protocol: '1.2' }, 'version'],
    ['protocol downgrade', { claims: ['ElectrumX', '1.2'] }, 'version'],
    ['a protocol nobody offered', { claims: ['ElectrumX', '1.6'] }, 'version'],
    ['nonsense for a version', { claims: { no: 'version' } }, 'protocol'],
    ['wrong genesis', { lies: ['wrong-genesis'] }, 'wrong-chain'],
    ['a pruned server', { lies: ['pruned'] }, 'wrong-chain'],
    ['not JSON', { wire: ['not-json'] }, 'protocol'],
  ] as const)('%s: refused, and the channel closed', async (_title, changes, code) => {
    const { client, network } = await connect(newWorld(changes))
    expect(client).toMatchObject({ kind: 'failed', code })
    expect(network.channels()).toBe(0)
  })

  test('silent server: gives up in time', async () => {
    const clock = fakeClock()
    const connecting = connect(newWorld({ wire: ['silent'] }), clock)
    await settled()
    clock.advance(SILENCE_MS)
    expect((await connecting).client).toMatchObject({ code: 'timeout' })
    expect(clock.pending()).toBe(0)
  })

  test('no channel', async () => {
    const network = failed('network', 'ECONNREFUSED')
    const client = await connectClient(
      {
        open: () => Promise.resolve(network),
        genesis: GENESIS,
        budget: costBudget(() => 0),
        slots: boundedSlots(),
        timer: fakeClock().timer,
        now: () => 0,
        notified: () => {},
        ended: () => {},
      },
      never,
    )
    expect(client).toBe(network)
  })
})

describe('replies', () => {
  test('each request gets its own, out of order', async () => {
    const { client } = await connected(newWorld({ wire: ['out-of-order'] }))
    const [first, second] = await Promise.all([header(client, 1), header(client, 2)])
    expect(first).toEqual(await result(1))
    expect(second).toEqual(await result(2))
  })

  test.each<[Wire]>([['notification-between'], ['unknown-messages'], ['duplicate-id']])(
    '%s changes nothing',
    async (wire) => {
      const { client, ends } = await connected(newWorld({ wire: [wire] }))
      expect(await header(client, 3)).toEqual(await result(3))
      expect(await header(client, 4)).toEqual(await result(4))
      expect(ends).toEqual([])
    },
  )

  test('notifications are handed on', async () => {
    const { client, network, notifications, world } = await connected()
    await client.call('blockchain.headers.subscribe', [], { signal: never })
    world.chain = { ...world.chain, headers: world.chain.headers.slice(0, 200) }
    network.announce()
    await settled()
    expect(notifications).toEqual([
      ['blockchain.headers.subscribe', [{ height: 199, hex: world.chain.headers[199] }]],
    ])
  })

  test('the server’s errors are values', async () => {
    const { client } = await connected()
    expect(await header(client, 99_999)).toEqual({ kind: 'error', code: 1, message: 'bad request' })
    const unknown = await client.call('blockchain.name.show', ['d/x'], { signal: never })
    expect(unknown).toEqual({ kind: 'error', code: -32_601, message: 'unknown method' })
  })

  test('garbage mid-stream ends the connection', async () => {
    const { client, ends, network } = await connected(newWorld({ wire: ['garbage'] }))
    expect(await header(client, 1)).toMatchObject({ code: 'protocol' })
    expect(ends).toMatchObject([{ code: 'protocol' }])
    expect(network.channels()).toBe(0)
    expect(await header(client, 2)).toMatchObject({ code: 'protocol' })
  })

  test('a bomb of brackets ends the connection', async () => {
    const { client, ends } = await connected(newWorld({ wire: ['bomb'] }))
    expect(await header(client, 1)).toMatchObject({ code: 'too-long' })
    expect(ends).toHaveLength(1)
  })

  test.each<[Wire, string]>([
    ['endless', 'too-long'],
    ['closes', 'network'],
  ])('%s: everybody who waits is told', async (wire, code) => {
    const { client, ends } = await connected(newWorld({ wire: [wire] }))
    const replies = await Promise.all([header(client, 1), header(client, 2)])
    expect(replies).toMatchObject([{ code }, { code }])
    expect(ends).toMatchObject([{ code }])
  })

  test('-101 then close: an error for who asked, and the connection is over', async () => {
    const { client, ends } = await connected(newWorld({ wire: ['excessive-use'] }))
    expect(await header(client, 1)).toMatchObject({ kind: 'error', code: -101 })
    expect(ends).toMatchObject([{ code: 'overused' }])
  })

  test('a flood of notifications ends the connection', async () => {
    const { client, ends, notifications } = await connected(newWorld({ wire: ['flood'] }))
    expect(await header(client, 1)).toMatchObject({ code: 'protocol' })
    expect(ends).toHaveLength(1)
    expect(notifications).toHaveLength(MAX_UNASKED)
  })

  async function result(height: number): Promise<Reply> {
    return { kind: 'result', result: newWorld().chain.headers[height] }
  }
})

describe('time', () => {
  test('wrong id: nobody’s reply; the request ends with its signal, and the connection with the silence', async () => {
    const { client, ends, clock } = await connected(newWorld({ wire: ['wrong-id'] }))
    const controller = new AbortController()
    const reply = history(client, controller.signal)
    await settled()
    controller.abort()
    expect(await reply).toMatchObject({ code: 'timeout' })
    expect(ends).toEqual([])
    clock.advance(SILENCE_MS)
    expect(ends).toMatchObject([{ code: 'timeout' }])
  })

  test('silent server: the connection is given up, no timer stays', async () => {
    const { client, ends, clock, world } = await connected()
    world.wire = ['silent']
    const reply = history(client)
    await settled()
    clock.advance(SILENCE_MS - 1)
    expect(ends).toEqual([])
    clock.advance(1)
    expect(await reply).toMatchObject({ code: 'timeout' })
    expect(ends).toMatchObject([{ code: 'timeout' }])
    expect(clock.pending()).toBe(0)
  })

  test('a server that is slow but not silent keeps its connection', async () => {
    const { client, ends, clock, world, network } = await connected()
    await client.call('blockchain.headers.subscribe', [], { signal: never })
    world.wire = ['silent']
    void history(client)
    await settled()
    for (let round = 0; round < 5; round++) {
      clock.advance(SILENCE_MS - 1)
      network.announce()
      await settled()
    }
    expect(ends).toEqual([])
  })

  test('a late reply is nobody’s', async () => {
    const { client, ends, world } = await connected(newWorld({ wire: ['out-of-order'] }))
    const controller = new AbortController()
    const gone = history(client, controller.signal)
    await settled()
    controller.abort()
    expect(await gone).toMatchObject({ code: 'timeout' })
    expect(await header(client, 1)).toMatchObject({ kind: 'result' })
    await settled()
    world.wire = []
    expect(await header(client, 2)).toMatchObject({ kind: 'result' })
    expect(ends).toEqual([])
  })

  test('a server that never replies is not asked for ever', async () => {
    const { client, ends, world } = await connected()
    world.wire = ['silent']
    for (let count = 0; count <= MAX_LATE && ends.length === 0; count++) {
      const controller = new AbortController()
      const reply = history(client, controller.signal)
      await settled()
      controller.abort()
      await reply
    }
    expect(ends).toMatchObject([{ code: 'timeout' }])
  })

  test('a signal that has aborted already: nothing is sent', async () => {
    const { client, world } = await connected()
    expect(await history(client, AbortSignal.abort())).toMatchObject({ code: 'timeout' })
    expect(world.received).toHaveLength(2)
  })

  test('server.ping after idleness, again and again', async () => {
    const { world, clock, ends } = await connected()
    for (const count of [1, 2, 3]) {
      clock.advance(PING_AFTER_MS)
      await settled()
      expect(world.received.filter(({ method }) => method === 'server.ping')).toHaveLength(count)
    }
    expect(PING_AFTER_MS).toBeLessThanOrEqual(450_000)
    expect(ends).toEqual([])
  })

  test('no ping while there is something else to say', async () => {
    const { client, world, clock } = await connected()
    for (let round = 0; round < 5; round++) {
      clock.advance(PING_AFTER_MS - 1)
      await history(client)
    }
    expect(world.received.filter(({ method }) => method === 'server.ping')).toHaveLength(0)
  })

  test('a ping without a reply ends the connection', async () => {
    const { world, clock, ends } = await connected()
    world.wire = ['silent']
    clock.advance(PING_AFTER_MS)
    await settled()
    clock.advance(SILENCE_MS)
    expect(ends).toMatchObject([{ code: 'timeout' }])
  })
})

describe('limits', () => {
  /** A client whose server sends what the test tells it to. */
  async function scripted() {
    let events: ChannelEvents | undefined
    const sent: { id: number }[] = []
    const world = newWorld()
    const network = fakeNetwork(world)
    const clock = fakeClock()
    const ends: Failed[] = []
    const budget = costBudget(clock.now)
    const client = await connectClient(
      {
        open: (theirs) => {
          events = theirs
          return network.open(ADDRESS, theirs, never).then((channel) =>
            channel.kind === 'failed'
              ? channel
              : ({
                  ...channel,
                  send(text) {
                    sent.push(JSON.parse(text))
                    channel.send(text)
                  },
                } satisfies Channel),
          )
        },
        genesis: GENESIS,
        budget,
        slots: boundedSlots(2, 1),
        timer: clock.timer,
        now: clock.now,
        notified: () => {},
        ended: (why) => void ends.push(why),
      },
      never,
    )
    if (client.kind === 'failed') throw new Error(client.detail)
    world.wire = ['silent']
    const say = (message: object, octets?: number): void => {
      const text = JSON.stringify(message)
      events!.message(text, octets ?? text.length)
    }
    return {
      ...{ client, say, sent, ends, budget, clock },
      pass: (left: Skipped) => events!.skipped(left),
      heard: () => events!.heard(),
    }
  }

  test('a long reply on a slow line: octets are heard, whole or not', async () => {
    const { client, say, heard, sent, ends, clock } = await scripted()
    const reply = history(client)
    await settled()
    for (let passed = 0; passed + SILENCE_MS <= MESSAGE_MS; passed += SILENCE_MS) {
      heard()
      clock.advance(SILENCE_MS - 1)
    }
    say({ id: sent.at(-1)!.id, result: [] })
    expect(await reply).toMatchObject({ kind: 'result' })
    expect(ends).toEqual([])
  })

  test('octet by octet, for longer than any message takes, it ends the connection', async () => {
    const { client, heard, ends, clock } = await scripted()
    const reply = history(client)
    await settled()
    heard()
    for (let passed = 0; passed < MESSAGE_MS; passed += 1_000) {
      expect(ends).toEqual([])
      heard()
      clock.advance(1_000)
    }
    expect(await reply).toMatchObject({ code: 'timeout' })
    expect(ends).toMatchObject([{ code: 'timeout' }])
  })

  test('what came while nothing was owed, and became no message, is not held against a reply', async () => {
    const { client, say, heard, sent, ends, clock } = await scripted()
    heard()
    clock.advance(MESSAGE_MS)
    const reply = history(client)
    await settled()
    clock.advance(1)
    say({ id: sent.at(-1)!.id, result: [] })
    expect(await reply).toMatchObject({ kind: 'result' })
    expect(ends).toEqual([])
  })

  test('news of a block with a very long header do not end the connection', async () => {
    const { pass, ends } = await scripted()
    const news = { head: '{"jsonrpc":"2.0","method":"blockchain.headers.subscribe","params"', tail: '}]}' }
    pass({ ...news, octets: HEADER_REPLY_OCTETS })
    expect(ends).toEqual([])
    pass({ ...news, octets: HEADER_REPLY_OCTETS + 1 })
    expect(ends).toMatchObject([{ code: 'too-long' }])
  })

  test('a reply longer than its request allows is a failure of that request alone', async () => {
    const { client, say, sent, ends } = await scripted()
    const reply = history(client, never, 10_000)
    await settled()
    say({ id: sent.at(-1)!.id, result: 'x'.repeat(10_001) })
    expect(await reply).toMatchObject({ code: 'too-long' })
    expect(ends).toEqual([])
  })

  test('a message longer than its request allows is not parsed; nobody else loses anything by it', async () => {
    const { client, say, sent, ends, budget } = await scripted()
    const [reply, other] = [history(client), header(client, 1)]
    await settled()
    const parse = vi.spyOn(JSON, 'parse')
    const before = budget.left()
    say({ id: sent.at(-2)!.id, result: 'x' }, REPLY_OCTETS + 1)
    expect(parse).not.toHaveBeenCalled()
    expect(await reply).toMatchObject({ kind: 'failed', code: 'too-long' })
    expect(before - budget.left()).toBeGreaterThan(REPLY_OCTETS / 5_000)
    say({ id: sent.at(-1)!.id, result: '00' })
    expect(await other).toEqual({ kind: 'result', result: '00' })
    expect(ends).toEqual([])
  })

  test('nor is it while a longer one is expected for another request', async () => {
    const { client, say, sent, ends } = await scripted()
    const [short, long] = [history(client), history(client, never, 2 * REPLY_OCTETS)]
    await settled()
    const parse = vi.spyOn(JSON, 'parse')
    say({ id: sent.at(-2)!.id, result: 'x' }, REPLY_OCTETS + 1)
    expect(parse).not.toHaveBeenCalled()
    expect(await short).toMatchObject({ code: 'too-long' })
    say({ id: sent.at(-1)!.id, result: 'x' }, REPLY_OCTETS + 1)
    expect(await long).toMatchObject({ kind: 'result' })
    expect(ends).toEqual([])
  })

  test('one that the channel let go by, too; and its caller is told even when he has left', async () => {
    const { client, pass, sent, ends } = await scripted()
    const controller = new AbortController()
    const tooLong: string[] = []
    const ask = (what: string, signal: AbortSignal) =>
      client.call('blockchain.transaction.get', [what], { signal, onTooLong: () => tooLong.push(what) })
    const [gone, there] = [ask('gone', controller.signal), ask('there', never)]
    await settled()
    controller.abort()
    expect(await gone).toMatchObject({ code: 'timeout' })
    pass({ octets: 5_000_000, head: '{"jsonrpc":"2.0"', tail: `","id":${sent.at(-2)!.id}}` })
    pass({ octets: 5_000_000, head: '{"jsonrpc":"2.0"', tail: `","id":${sent.at(-1)!.id}}` })
    expect(await there).toMatchObject({ code: 'too-long' })
    expect([tooLong, ends]).toEqual([['gone', 'there'], []])
  })

  test.each([
    ['that nobody asked for', `,"id":99}`],
    ['that does not say what it answers', `"}`],
  ])('an overlong message %s ends the connection', async (_title, tail) => {
    const { client, pass, ends } = await scripted()
    const reply = history(client)
    await settled()
    pass({ octets: 5_000_000, head: '{"jsonrpc":"2.0"', tail })
    expect(await reply).toMatchObject({ code: 'too-long' })
    expect(ends).toMatchObject([{ code: 'too-long' }])
  })

  test('a long reply where one was asked for', async () => {
    const { client, say, sent } = await scripted()
    const reply = history(client, never, 2 * REPLY_OCTETS)
    await settled()
    say({ id: sent.at(-1)!.id, result: 'x'.repeat(REPLY_OCTETS + 1) })
    expect(await reply).toMatchObject({ kind: 'result' })
  })

  test('so many requests under way, so many waiting, the others are refused', async () => {
    const { client, sent, say } = await scripted()
    const before = sent.length
    const replies = [1, 2, 3, 4].map(() => history(client))
    expect(await replies[3]).toMatchObject({ code: 'busy' })
    expect(sent.length - before).toBe(2)
    say({ id: sent.at(-1)!.id, result: [] })
    await settled()
    expect(sent.length - before).toBe(3)
  })

  test('over the budget: refused with a value, and nothing is sent', async () => {
    const { client, budget, world } = await connected()
    budget.spend(MAX_COST)
    expect(await history(client)).toMatchObject({ code: 'budget' })
    expect(world.received).toHaveLength(2)
  })

  test('over the budget: not even a connection is made', async () => {
    const clock = fakeClock()
    const budget = costBudget(clock.now)
    budget.spend(MAX_COST)
    const client = await connectClient(
      {
        open: () => expect.unreachable(),
        ...{ genesis: GENESIS, budget, slots: boundedSlots(), timer: clock.timer, now: clock.now },
        ...{ notified: () => {}, ended: () => {} },
      },
      never,
    )
    expect(client).toMatchObject({ kind: 'failed', code: 'budget' })
  })

  test('a name that does not exist costs a fraction of what is reserved for it', async () => {
    const { client, budget, world } = await connected()
    const ask = (name: string) =>
      client.call('blockchain.name.get_value_proof', [nameScripthash(name), 195], { signal: never })
    const costOf = async (name: string) => {
      const before = budget.left()
      expect(await ask(name)).toMatchObject({ kind: 'result' })
      return before - budget.left()
    }
    expect(await costOf('d/nope')).toBeLessThan(0.6)
    expect(await costOf('d/updated')).toBeGreaterThan(3)
    world.wire = ['silent']
    const before = budget.left()
    void ask('d/nope')
    await settled()
    expect(before - budget.left()).toBeGreaterThan(3.9)
  })

  test('what waits for its turn is reserved, and given back when it is not sent', async () => {
    const { client, budget, sent } = await scripted()
    const before = budget.left()
    const controller = new AbortController()
    const replies = [1, 2, 3, 4].map(() => history(client, controller.signal))
    await settled()
    expect(sent).toHaveLength(4)
    expect(before - budget.left()).toBeGreaterThan(3)
    controller.abort()
    expect((await Promise.all(replies)).map((reply) => 'code' in reply && reply.code)).toEqual([
      'timeout',
      'timeout',
      'timeout',
      'busy',
    ])
    expect(before - budget.left()).toBeLessThan(2.2)
  })

  test('requests and replies are paid for by their octets', async () => {
    const { client, budget } = await connected()
    const before = budget.left()
    const slice = { signal: never, maxOctets: 2_000_000, use: 'bulk' } as const
    const reply = await client.call('blockchain.block.headers', [0, 208], slice)
    const octets = JSON.stringify(reply).length
    expect(before - budget.left()).toBeGreaterThan(octets / 5_000 + 208 / 50)
    expect(before - budget.left()).toBeLessThan(octets / 5_000 + 208 / 50 + 2)
  })
})

describe('the end', () => {
  test('close: who waits is told, the channel is gone, no timer stays, and `ended` is not called', async () => {
    const { client, network, ends, clock, world } = await connected()
    world.wire = ['silent']
    const reply = history(client)
    await settled()
    client.close()
    client.close()
    expect(await reply).toMatchObject({ code: 'closed' })
    expect(await history(client)).toMatchObject({ code: 'closed' })
    expect([network.channels(), clock.pending(), ends.length]).toEqual([0, 0, 0])
  })
})

afterEach(() => vi.restoreAllMocks())
