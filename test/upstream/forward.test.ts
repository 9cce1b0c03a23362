import { describe, expect, test } from 'vitest'
import { boundedSlots } from '../../src/namecoin/slots.ts'
import { failed } from '../../src/upstream/transport.ts'
import { answer, octets, opt } from '../dns/messages.ts'
import { settled } from '../namecoin/clock.ts'
import { ask, dead, explaining, garbage, good, refused, servfail, truncated, upstreamWorld } from './world.ts'

const A = 'https://a.test/'
const B = 'https://b.test/'
const C = 'https://c.test/'
const USUAL_UNKNOWN = 300

describe('in order', () => {
  test('asks the first upstream, and no other when that answers', async () => {
    const { one, asked } = upstreamWorld({ [A]: good, [B]: good })
    expect((await one()).forwarded.kind).toBe('answer')
    expect(asked).toEqual([A])
  })

  test('asks the next one at once when one fails: refused, no answer, then right', async () => {
    const { one, asked } = upstreamWorld({ [A]: dead, [B]: garbage, [C]: good })
    expect(await one()).toMatchObject({ took: 0, forwarded: { kind: 'answer' } })
    expect(asked).toEqual([A, B, C])
  })

  test.each([servfail, refused])('asks the next one when one cannot or will not', async (unwilling) => {
    const { one } = upstreamWorld({ [A]: unwilling, [B]: good })
    expect((await one()).forwarded).toMatchObject({ kind: 'answer', packed: { rcode: 0 } })
  })

  test.each([5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17, 25, 27])(
    'nobody overrules a verdict: SERVFAIL or REFUSED with Extended DNS Error %i',
    async (code) => {
      for (const unwilling of [servfail, refused]) {
        const { one, asked } = upstreamWorld({ [A]: explaining(unwilling, code), [B]: good })
        expect((await one()).forwarded).toMatchObject({
          kind: 'answer',
          packed: { rcode: unwilling === servfail ? 2 : 5, options: octets(0, 15, 0, 2, 0, code) },
        })
        expect(asked).toEqual([A])
      }
    },
  )

  test.each([
    ['of its own trouble', 22],
    ['that it does not serve us', 18],
  ])('asks the next one when one speaks %s', async (_what, code) => {
    const { one } = upstreamWorld({ [A]: explaining(refused, code), [B]: good })
    expect((await one()).forwarded).toMatchObject({ kind: 'answer', packed: { rcode: 0 } })
  })

  test.each(['https://a.test/', 'tls://a.test:853', 'tcp://a.test:53'])(
    'asks the next one when %s cuts its answer off, which it has no reason to',
    async (url) => {
      const { one, asked } = upstreamWorld({ [url]: truncated, [B]: good })
      const { forwarded } = await one()
      expect(forwarded.kind === 'answer' && forwarded.packed.bytes[2]! & 2).toBe(0)
      expect(asked).toEqual([url, B])
    },
  )

  test('passes a part of an answer on when there is no more, says so, and has it kept by nobody', async () => {
    const { forwarded } = await upstreamWorld({ [A]: truncated, [B]: dead }).one()
    if (forwarded.kind !== 'answer') throw new Error(forwarded.code)
    expect(forwarded.packed).toMatchObject({ rcode: 0, lifetime: 0 })
    expect(forwarded.packed.bytes[2]! & 2).toBe(2)
    expect(String.fromCharCode(...forwarded.packed.options.subarray(6))).toMatch(/a part of the answer$/)
  })

  test('when none can, passes on what the first one said, with an Extended DNS Error', async () => {
    // The second one is asked as well after a while, and is the first to speak.
    const { one } = upstreamWorld({
      [A]: (message) => ({ after: 400, reply: servfail(message) }),
      [B]: refused,
    })
    const { forwarded } = await one()
    if (forwarded.kind !== 'answer') throw new Error(forwarded.code)
    expect(forwarded.packed.rcode).toBe(2)
    expect(String.fromCharCode(...forwarded.packed.options.subarray(6))).toBe('the upstream says SERVFAIL')
  })

  test('keeps what is between the upstream and us to itself: BADVERS is no answer', async () => {
    const badvers = answer({ additional: [opt({ extendedRcode: 1 })] })
    const { one } = upstreamWorld({ [A]: () => ({ kind: 'reply', message: badvers }) })
    expect((await one()).forwarded).toEqual({ kind: 'failed', code: 'protocol' })
  })

  test.each([
    ['network', dead],
    ['network', () => failed('tls', 'CERT_HAS_EXPIRED')],
    ['protocol', garbage],
    ['timeout', () => failed('timeout', 'no answer')],
  ] as const)('tells failures apart: %s', async (code, behaviour) => {
    expect((await upstreamWorld({ [A]: behaviour, [B]: behaviour }).one()).forwarded).toEqual({
      kind: 'failed',
      code,
    })
  })

  test('a transport that throws, which none should, is a failure and no query that hangs', async () => {
    const transport = { exchange: () => Promise.reject(new Error('a bug')) }
    const { one } = upstreamWorld({ [A]: good, [B]: good }, { transport })
    expect((await one()).forwarded).toEqual({ kind: 'failed', code: 'network' })
  })
})

describe('the one deadline', () => {
  test('ends it, whatever upstreams are left, and whether the transport heeds the signal or not', async () => {
    const transport = { exchange: () => new Promise<never>(() => {}) }
    const { forward } = upstreamWorld({ [A]: good, [B]: good }, { transport })
    const deadline = new AbortController()
    const forwarded = forward(ask(), deadline.signal)
    deadline.abort()
    expect(await forwarded).toEqual({ kind: 'failed', code: 'timeout' })
  })

  test('that has passed already asks nobody', async () => {
    const { forward, asked } = upstreamWorld({ [A]: good })
    expect(await forward(ask(), AbortSignal.abort())).toEqual({ kind: 'failed', code: 'timeout' })
    expect(asked).toEqual([])
  })

  test('brings what an upstream said, when that is all there is', async () => {
    const { forward } = upstreamWorld({ [A]: servfail, [B]: () => undefined })
    const deadline = new AbortController()
    const forwarded = forward(ask(), deadline.signal)
    await settled()
    deadline.abort()
    expect(await forwarded).toMatchObject({ kind: 'answer', packed: { rcode: 2 } })
  })

  test('leaves no timer and no attempt behind', async () => {
    const { one, aborted, clock } = upstreamWorld({ [A]: () => undefined, [B]: good })
    await one()
    expect([aborted, clock.pending()]).toEqual([[A], 0])
    const healthy = upstreamWorld({ [A]: good, [B]: good })
    await healthy.one()
    expect(healthy.clock.pending()).toBe(0)
  })

  test('is bounded: beyond the room there is, queries fail at once', async () => {
    const { forward } = upstreamWorld({ [A]: () => undefined }, { slots: boundedSlots(2, 0) })
    const deadline = new AbortController()
    const waiting = [forward(ask(), deadline.signal), forward(ask(), deadline.signal)]
    expect(await forward(ask(), deadline.signal)).toEqual({ kind: 'failed', code: 'overloaded' })
    deadline.abort()
    expect(await Promise.all(waiting)).toEqual([
      { kind: 'failed', code: 'timeout' },
      { kind: 'failed', code: 'timeout' },
    ])
  })
})

describe('a second chance', () => {
  test('the next one is asked as well once the first has taken longer than is usual, and the first may still win', async () => {
    const { one, asked, aborted } = upstreamWorld({
      [A]: (message) => ({ after: USUAL_UNKNOWN + 10, reply: good(message) }),
      [B]: () => undefined,
    })
    expect(await one()).toMatchObject({ took: USUAL_UNKNOWN + 10, forwarded: { kind: 'answer' } })
    expect([asked, aborted]).toEqual([[A, B], [B]])
  })

  test('nobody else is asked before that', async () => {
    const { one, asked } = upstreamWorld({
      [A]: (message) => ({ after: USUAL_UNKNOWN - 1, reply: good(message) }),
      [B]: good,
    })
    await one()
    expect(asked).toEqual([A])
  })

  test('what is usual is learnt from the answers', async () => {
    const world = upstreamWorld({ [A]: (message) => ({ after: 50, reply: good(message) }), [B]: good })
    for (let query = 0; query < 20; query++) await world.one()
    world.behaviours[A] = () => undefined
    expect((await world.one()).took).toBe(50)
  })

  test('a third one waits for a failure, or for long', async () => {
    const { one, asked } = upstreamWorld({ [A]: () => undefined, [B]: () => undefined, [C]: good })
    const { took } = await one()
    expect(took).toBe(USUAL_UNKNOWN + 1_500)
    expect(asked).toEqual([A, B, C])
    const failing = upstreamWorld({ [A]: () => undefined, [B]: dead, [C]: good })
    expect((await failing.one()).took).toBe(USUAL_UNKNOWN)
  })

  test('is given to one query in ten and to a hundred at once: no upstream gets the load of all', async () => {
    // Never six slow ones in a row, so that the circuit stays closed.
    let count = 0
    const slowly = (message: Uint8Array) => ({ after: 1_200, reply: good(message) })
    const world = upstreamWorld({
      [A]: (message) => (count++ % 5 === 0 ? good(message) : slowly(message)),
      [B]: (message) => ({ after: 250, reply: good(message) }),
    })
    for (let query = 0; query < 500; query++) await world.one()
    expect(world.events).toEqual([])
    const second = world.asked.filter((url) => url === B).length
    expect(second).toBeGreaterThan(100)
    expect(second).toBeLessThanOrEqual(100 + 500 / 10)
  })

  test('that there is no budget for comes when the first is silent for too long', async () => {
    const world = upstreamWorld({ [A]: () => undefined, [B]: good })
    const waiting = Array.from({ length: 150 }, () => world.forward(ask(), new AbortController().signal))
    let answered = 0
    for (const forwarded of waiting) void forwarded.then(() => answered++)
    await world.pass(USUAL_UNKNOWN)
    expect(answered).toBe(100)
    // By now it is known to fail: the others need no budget.
    await world.pass(USUAL_UNKNOWN / 4)
    expect(answered).toBe(150)
  })
})

describe('a lone upstream', () => {
  test('is asked once more when it refuses or cuts the connection, after a moment', async () => {
    let count = 0
    const { one, asked } = upstreamWorld({ [A]: (message) => (count++ === 0 ? dead() : good(message)) })
    expect(await one()).toMatchObject({ took: 100, forwarded: { kind: 'answer' } })
    expect(asked).toEqual([A, A])
  })

  test('is asked once more when it is silent', async () => {
    let count = 0
    const { one, asked } = upstreamWorld({ [A]: (message) => (count++ === 0 ? undefined : good(message)) })
    expect(await one()).toMatchObject({ took: 750, forwarded: { kind: 'answer' } })
    expect(asked).toEqual([A, A])
  })

  test.each([
    ['what it sends is no answer', garbage],
    ['it says that it cannot', servfail],
  ])('is not asked again when %s', async (_what, behaviour) => {
    const { one, asked } = upstreamWorld({ [A]: behaviour })
    await one()
    expect(asked).toEqual([A])
  })

  test('is always asked, however often it failed', async () => {
    const world = upstreamWorld({ [A]: dead })
    for (let query = 0; query < 10; query++) await world.one()
    expect(world.events).toEqual([`${A} ECONNREFUSED`])
    world.behaviours[A] = good
    expect((await world.one()).forwarded.kind).toBe('answer')
    expect(world.events).toEqual([`${A} ECONNREFUSED`, `${A} works`])
  })
})

describe('an upstream that fails', () => {
  test('is passed over after two failures in a row, and the log says so once', async () => {
    const { one, whoIsAsked, events } = upstreamWorld({ [A]: dead, [B]: good })
    await one()
    expect(events).toEqual([])
    await one()
    expect(events).toEqual([`${A} ECONNREFUSED`])
    expect(await whoIsAsked()).toEqual([B])
    expect(events).toEqual([`${A} ECONNREFUSED`])
  })

  test('is not passed over when an answer came in between', async () => {
    let count = 0
    const { one, events } = upstreamWorld({
      [A]: (message) => (count++ % 2 === 0 ? dead() : good(message)),
      [B]: good,
    })
    for (let query = 0; query < 20; query++) await one()
    expect(events).toEqual([])
  })

  test('is passed over when it is slower than usual six times in a row', async () => {
    const { one, whoIsAsked, events } = upstreamWorld({ [A]: () => undefined, [B]: good })
    for (let query = 0; query < 5; query++) expect((await one()).took).toBe(USUAL_UNKNOWN)
    expect(events).toEqual([])
    await one()
    expect(events).toEqual([`${A} slower than usual`])
    expect(await whoIsAsked()).toEqual([B])
  })

  test.each([servfail, refused])(
    'is not one that cannot answer: its names may be broken',
    async (unwilling) => {
      const { one, events } = upstreamWorld({ [A]: unwilling, [B]: good })
      for (let query = 0; query < 10; query++) await one()
      expect(events).toEqual([])
    },
  )

  test('is tried after its wait with one query, beside one that works, and used again at its first answer', async () => {
    const world = upstreamWorld({ [A]: dead, [B]: good })
    await world.one()
    await world.one()
    await world.pass(499)
    expect(await world.whoIsAsked()).toEqual([B])
    await world.pass(1)
    expect(await world.whoIsAsked()).toEqual([B, A])
    expect(await world.whoIsAsked()).toEqual([B])
    world.behaviours[A] = (message) => ({ after: 20, reply: good(message) })
    await world.pass(1_000)
    // The user does not wait for it.
    expect(await world.one()).toMatchObject({ took: 0, forwarded: { kind: 'answer' } })
    expect(world.events).toEqual([`${A} ECONNREFUSED`])
    await world.pass(20)
    expect(world.events).toEqual([`${A} ECONNREFUSED`, `${A} works`])
    expect(await world.whoIsAsked()).toEqual([A])
  })

  test('that fails its trial does not have a third one asked', async () => {
    const world = upstreamWorld({
      [A]: dead,
      [B]: (message) => ({ after: 50, reply: good(message) }),
      [C]: good,
    })
    await world.one()
    await world.one()
    await world.pass(500)
    expect(await world.whoIsAsked()).toEqual([B, A])
  })

  test('waits longer each time, and no longer than a minute', async () => {
    const world = upstreamWorld({ [A]: dead, [B]: good })
    await world.one()
    await world.one()
    const trials: number[] = []
    let began = world.clock.now()
    for (let second = 0; second < 300; second += 0.25) {
      world.clock.advance(250)
      if ((await world.whoIsAsked()).length === 2) {
        trials.push((world.clock.now() - began) / 1000)
        began = world.clock.now()
      }
    }
    expect(trials).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30, 30])
  })

  test('that still takes longer than a second when it is tried stays passed over', async () => {
    const world = upstreamWorld({ [A]: dead, [B]: good })
    await world.one()
    await world.one()
    world.behaviours[A] = (message) => ({ after: 1_001, reply: good(message) })
    await world.pass(500)
    expect(await world.whoIsAsked()).toEqual([B, A])
    await world.pass(1_500)
    expect(world.aborted).toEqual([A])
    expect(world.events).toEqual([`${A} ECONNREFUSED`])
  })

  test('is asked all the same when the others fail as well', async () => {
    const world = upstreamWorld({ [A]: dead, [B]: good })
    await world.one()
    await world.one()
    Object.assign(world.behaviours, { [A]: good, [B]: dead })
    expect((await world.one()).forwarded.kind).toBe('answer')
    expect(world.events).toEqual([`${A} ECONNREFUSED`, `${A} works`])
  })

  test('is asked in its order when all do, its wait over or not', async () => {
    const world = upstreamWorld({ [A]: dead, [B]: dead })
    await world.one()
    await world.one()
    expect(await world.whoIsAsked()).toEqual([A, B])
    await world.pass(1_000)
    expect(await world.whoIsAsked()).toEqual([A, B])
  })

  test.each([
    ['dead', dead],
    ['hanging', () => undefined],
    ['answering garbage', garbage],
    ['slow', (message: Uint8Array) => ({ after: 1_000, reply: good(message) })],
  ] as const)(
    '%s: of a thousand queries none is lost, and none waits for longer than is usual',
    async (_what, behaviour) => {
      const world = upstreamWorld({ [A]: behaviour, [B]: (message) => ({ after: 15, reply: good(message) }) })
      const times: number[] = []
      for (let query = 0; query < 1_000; query++) {
        const { took, forwarded } = await world.one()
        expect(forwarded.kind).toBe('answer')
        times.push(took)
      }
      expect(Math.max(...times)).toBeLessThanOrEqual(USUAL_UNKNOWN + 15 + 1)
      expect(times.filter((took) => took > 16).length).toBeLessThanOrEqual(20)
    },
  )
})

describe('consistent', () => {
  const behaviours = { [A]: good, [B]: good, [C]: good }
  const names = Array.from({ length: 300 }, (_, index) => `site${index}.example`)

  test('no upstream is asked for all names, and each for some', async () => {
    const { whoIsAsked } = upstreamWorld({ ...behaviours }, { spread: 'consistent' })
    const counts = new Map<string, number>()
    for (const name of names) {
      const [first, ...others] = await whoIsAsked(name)
      expect(others).toEqual([])
      counts.set(first!, (counts.get(first!) ?? 0) + 1)
    }
    for (const url of [A, B, C]) expect(counts.get(url)).toBeGreaterThan(70)
  })

  test('all names of a site go to one, in every gateway, whatever the order they are configured in', async () => {
    const one = upstreamWorld({ ...behaviours }, { spread: 'consistent' })
    const other = upstreamWorld({ ...behaviours }, { spread: 'consistent', upstreams: [C, A, B] })
    for (const name of names.slice(0, 50)) {
      const [asked] = await one.whoIsAsked(name)
      for (const sub of [`www.${name}`, `a.b.${name.toUpperCase()}`])
        expect(await one.whoIsAsked(sub)).toEqual([asked])
      expect(await other.whoIsAsked(name)).toEqual([asked])
    }
  })

  test('names of one that fails go to others, and come back; names of others stay', async () => {
    const world = upstreamWorld({ ...behaviours }, { spread: 'consistent' })
    const before = new Map<string, string>()
    for (const name of names) before.set(name, (await world.whoIsAsked(name))[0]!)
    world.behaviours[A] = dead
    const lost = names.filter((name) => before.get(name) === A)
    for (const name of lost) expect((await world.one(name)).forwarded.kind).toBe('answer')
    const now = new Set<string>()
    for (const name of lost) now.add((await world.whoIsAsked(name))[0]!)
    expect(now).toEqual(new Set([B, C]))
    for (const name of names.filter((name) => before.get(name) !== A))
      expect((await world.whoIsAsked(name))[0]).toBe(before.get(name))
    world.behaviours[A] = good
    await world.pass(1_000)
    await world.one()
    expect((await world.whoIsAsked(lost[0]))[0]).toBe(A)
  })

  test.each(['.', 'com'])('the name %j has its upstream, too', async (name) => {
    const { whoIsAsked } = upstreamWorld({ ...behaviours }, { spread: 'consistent' })
    expect(await whoIsAsked(name)).toHaveLength(1)
  })
})

describe('nobody but the upstreams that are configured', () => {
  test.each(['first', 'consistent'] as const)('is ever asked, when all of them fail: %s', async (spread) => {
    const world = upstreamWorld({ [A]: dead, [B]: () => undefined, [C]: garbage }, { spread })
    for (let query = 0; query < 30; query++) {
      const forwarded = world.forward(ask(`n${query}.example`), new AbortController().signal)
      await world.pass(10)
      void forwarded
    }
    await world.pass(10_000)
    expect(new Set(world.asked)).toEqual(new Set([A, B, C]))
  })
  test('and none of them without a query', async () => {
    const world = upstreamWorld({ [A]: dead, [B]: good })
    await world.one()
    await world.one()
    world.asked.length = 0
    world.clock.advance(3_600_000)
    await settled()
    expect([world.asked, world.clock.pending()]).toEqual([[], 0])
  })
})
