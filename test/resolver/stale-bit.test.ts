import { describe, expect, test } from 'vitest'
import { readMessage } from '../../src/dns/message.ts'
import { inOrder } from '../../src/namecoin/in-order.ts'
import { namesSource, parseNames } from '../../src/namecoin/names.ts'
import type { Caveat, NameOutcome, NameSource } from '../../src/namecoin/source.ts'
import type { UpstreamTransport } from '../../src/upstream/transport.ts'
import { answer, QUESTION_NAME, record } from '../dns/messages.ts'
import { settled } from '../namecoin/clock.ts'
import { coreWorld, world } from './world.ts'

const HOUR_MS = 3_600_000
const STALE = { code: 3 }

/** A recorded Namecoin Core that can be switched off, and can find another block. */
function core() {
  let isDown = false
  let block = 0
  const opened = coreWorld({
    serveStale: HOUR_MS,
    changes: () => {
      if (isDown) throw new Error('down')
      if (block === 0) return {}
      return {
        chain: { bestblockhash: String(block).padStart(64, '0'), blocks: 207 + block },
        names: new Map([['d/single', `{"ip":"192.0.2.${100 + block}"}`]]),
      }
    },
  })
  return {
    ...opened,
    stop: () => {
      isDown = true
    },
    start: () => {
      isDown = false
    },
    newBlock: () => {
      block++
    },
  }
}

describe('a node that stops', () => {
  test('what it said is served stale, and fresh answers come with it', async () => {
    const { ask, clock, stop, start } = core()
    expect((await ask('single.bit')).answer).toEqual(['single.bit. 600 A 192.0.2.1'])
    stop()
    clock.advance(600_000)
    expect(await ask('single.bit')).toMatchObject({
      rcode: 'NOERROR',
      flags: ['AA'],
      answer: ['single.bit. 30 A 192.0.2.1'],
      errors: [STALE],
    })
    start()
    clock.advance(2_000)
    expect(await ask('single.bit')).toMatchObject({ answer: ['single.bit. 600 A 192.0.2.1'], errors: [] })
  })

  test('with a new block that nobody can be asked about', async () => {
    const { ask, clock, stop, newBlock } = core()
    await ask('single.bit')
    newBlock()
    clock.advance(2_000)
    // The block is seen by a question for another name.
    await ask('dual.bit')
    stop()
    expect(await ask('single.bit')).toMatchObject({ answer: ['single.bit. 30 A 192.0.2.1'], errors: [STALE] })
  })

  test('a name that was not asked for before is SERVFAIL, and so is one that did not exist', async () => {
    const { ask, clock, stop } = core()
    expect((await ask('nope.bit')).rcode).toBe('NXDOMAIN')
    stop()
    clock.advance(600_000)
    for (const name of ['dual.bit', 'nope.bit'])
      expect(await ask(name)).toMatchObject({ rcode: 'SERVFAIL', errors: [{ code: 23 }] })
  })

  test('a new block with a node that answers: never the old answer', async () => {
    const { ask, clock, newBlock } = core()
    await ask('single.bit')
    newBlock()
    clock.advance(2_000)
    expect(await ask('single.bit')).toMatchObject({ answer: ['single.bit. 600 A 192.0.2.101'], errors: [] })
  })
})

/** A chain that says this of every name, until it is silent. */
function silencing(outcome: NameOutcome) {
  let said = outcome
  const source: NameSource = {
    name: 'test',
    covers: 'every-name',
    lookup: async () => said,
    tip: () => ({ epoch: '1', height: 9 }),
    state: async () => ({ kind: 'ready', tip: { epoch: '1' } }),
    close: () => {},
  }
  return {
    source,
    silence: (code: 'network' | 'stale-tip' = 'network') => {
      said = { kind: 'unreachable', code, detail: '' }
    },
  }
}

const found = (
  value: string,
  rest: { expiresIn?: number; caveat?: Caveat; maxTtl?: number },
): NameOutcome => ({
  kind: 'found',
  value: new TextEncoder().encode(value),
  ...rest,
})

describe('how long a name’s answer is served', () => {
  test('not when the name may have expired, however fast blocks come', async () => {
    for (const [expiresIn, rcode] of [
      [5, 'NOERROR'],
      [4, 'SERVFAIL'],
    ] as const) {
      const { source, silence } = silencing(found('{"ip":"192.0.2.1"}', { expiresIn }))
      const { ask, clock } = world({ source, serveStale: HOUR_MS })
      await ask('a.bit')
      silence()
      clock.advance(650_000)
      expect((await ask('a.bit')).rcode).toBe(rcode)
    }
  })

  test('not when the chain may be hidden from us', async () => {
    const { source, silence } = silencing(found('{"ip":"192.0.2.1"}', { expiresIn: 30_000 }))
    const { ask, clock } = world({ source, serveStale: HOUR_MS })
    await ask('a.bit')
    silence('stale-tip')
    clock.advance(600_000)
    expect((await ask('a.bit')).rcode).toBe('SERVFAIL')
  })

  test('with what was to be said of it then', async () => {
    const { source, silence } = silencing(
      found('{"ip":"192.0.2.1"}', { expiresIn: 30_000, caveat: 'attested', maxTtl: 60 }),
    )
    const { ask, clock } = world({ source, serveStale: HOUR_MS })
    await ask('a.bit')
    silence()
    clock.advance(60_000)
    expect((await ask('a.bit')).errors).toMatchObject([
      STALE,
      { code: 0, text: expect.stringContaining('attested') },
    ])
  })
})

test('a names file is never stale: what was taken out of it is gone, though the node behind it is down', async () => {
  const parse = (content: object) => {
    const parsed = parseNames(JSON.stringify(content))
    if (parsed.kind === 'bad-names') throw new Error(parsed.detail)
    return parsed
  }
  const file = namesSource(parse({ 'd/a': { ip: '192.0.2.1' } }))
  const chain = silencing(found('{}', { expiresIn: 30_000 }))
  chain.silence()
  const { ask } = world({ source: inOrder([file, chain.source]), serveStale: HOUR_MS })
  expect((await ask('a.bit')).answer).toEqual(['a.bit. 600 A 192.0.2.1'])
  file.replace(parse({}))
  expect((await ask('a.bit')).rcode).toBe('SERVFAIL')
})

test('an alias that leads out of .bit, to where nobody can be reached: stale, and fresh as soon as somebody can', async () => {
  let isDown = false
  const transport: UpstreamTransport = {
    exchange: async (_upstream, sent) =>
      isDown
        ? { kind: 'failed', code: 'network', detail: 'ECONNREFUSED' }
        : {
            kind: 'reply',
            message: answer({
              question: readMessage(sent)!.question!.name.join('.'),
              answer: [record(QUESTION_NAME, 1, 60, [192, 0, 2, 7])],
            }),
          },
  }
  const { source } = silencing(found('{"alias":"www.example."}', { expiresIn: 30_000 }))
  const { ask, clock } = world({ source, transport, serveStale: HOUR_MS })
  await ask('a.bit')
  isDown = true
  clock.advance(60_000)
  const asked = ask('a.bit')
  await settled()
  // The upstream is given its second chance.
  clock.advance(1_800)
  expect(await asked).toMatchObject({
    answer: ['a.bit. 30 CNAME www.example.', 'www.example. 30 A 192.0.2.7'],
    errors: [STALE],
  })
  isDown = false
  clock.advance(1_000)
  expect(await ask('a.bit')).toMatchObject({
    answer: ['a.bit. 600 CNAME www.example.', 'www.example. 60 A 192.0.2.7'],
    errors: [],
  })
})

test('a source with too much to do is asked again at once: that says nothing about the name', async () => {
  let isFull = true
  const { source } = silencing(found('{"ip":"192.0.2.1"}', {}))
  const { ask } = world({
    source: {
      ...source,
      lookup: async (name, signal) =>
        isFull ? { kind: 'unreachable', code: 'overloaded', detail: '' } : source.lookup(name, signal),
    },
  })
  expect((await ask('a.bit')).rcode).toBe('SERVFAIL')
  isFull = false
  expect((await ask('a.bit')).rcode).toBe('NOERROR')
})

test('a private answer stays stripped when it is stale, and says both', async () => {
  const { source, silence } = silencing(found('{"ip":["192.0.2.1","10.0.0.1"]}', { expiresIn: 30_000 }))
  const { ask, clock } = world({ source, serveStale: HOUR_MS, privateAnswers: 'strip' })
  await ask('a.bit')
  silence()
  clock.advance(600_000)
  expect(await ask('a.bit')).toMatchObject({
    answer: ['a.bit. 30 A 192.0.2.1'],
    errors: [STALE, { code: 17 }],
  })
})
