import { describe, expect, test } from 'vitest'
import { encodeAnswer } from '../src/dns/encode.ts'
import { readMessage } from '../src/dns/message.ts'
import { nameToWire } from '../src/dns/name.ts'
import { packAnswer } from '../src/dns/packed.ts'
import { Rcode, Type } from '../src/dns/protocol.ts'
import type { ResourceRecord } from '../src/dns/record.ts'
import { unboundedSlots } from '../src/namecoin/slots.ts'
import { DISAGREEMENT_LINE_MS, HOPELESS_MS, otherGateways } from '../src/other-gateways.ts'
import { substanceOf } from '../src/upstream/agreement.ts'
import { failed, type UpstreamReply } from '../src/upstream/transport.ts'
import { fakeClock, settled } from './namecoin/clock.ts'
import { ask as queryFor } from './upstream/world.ts'

const NAME = ['example', 'bit']
const query = queryFor('example.bit')

const address = (last: number, ttl = 300): ResourceRecord => ({
  name: NAME,
  type: Type.A,
  ttl,
  data: Uint8Array.of(203, 0, 113, last),
})
const alias = (target: string, ttl = 300): ResourceRecord => ({
  name: NAME,
  type: Type.CNAME,
  ttl,
  data: nameToWire(target.split('.')),
})
const soa: ResourceRecord = {
  name: ['bit'],
  type: Type.SOA,
  ttl: 300,
  data: Uint8Array.of(0, 0, ...Array<number>(19).fill(0), 60),
}

function message(answer: readonly ResourceRecord[], rcode: number = Rcode.NOERROR): Uint8Array {
  const packed = encodeAnswer({
    question: { name: NAME, type: Type.A, class: 1 },
    rcode,
    authoritative: true,
    answer,
    authority: answer.length > 0 || rcode === Rcode.SERVFAIL ? [] : [soa],
  })
  return packed.bytes
}
const said = (...parameters: Parameters<typeof message>): UpstreamReply => ({
  kind: 'reply',
  message: message(...parameters),
})
const good = said([address(1), address(2)])
const other = said([address(1), address(3)])
const servfail = said([], Rcode.SERVFAIL)
const down = failed('network', 'ECONNREFUSED')

type Behaviour = UpstreamReply | { readonly after: number; readonly reply: UpstreamReply } | 'hangs'

/** Gateways a, b, c … that behave so, of which some must say the same. */
function world(agree: number, ...behaviours: Behaviour[]) {
  const clock = fakeClock()
  const asked: string[] = []
  const lines: string[] = []
  const urls = behaviours.map((_, index) => `https://${'abcdef'[index]}.example/dns-query`)
  const letter = (url: string) => url[8]!
  const log = (event: string, fields?: object) => void lines.push(`${event} ${JSON.stringify(fields)}`)
  const gateways = otherGateways({
    upstreams: urls,
    agree,
    spread: 'first',
    transport: {
      exchange: ({ url }, _message, signal) =>
        new Promise((resolve) => {
          asked.push(letter(url))
          signal.addEventListener('abort', () => resolve(failed('timeout', 'aborted')))
          const behaviour = behaviours[urls.indexOf(url)]!
          if (behaviour === 'hangs') return
          if ('after' in behaviour) clock.timer(behaviour.after, () => resolve(behaviour.reply))
          else resolve(behaviour)
        }),
    },
    log: { info: log, warn: log, error: log },
    now: clock.now,
    timer: clock.timer,
    random: () => 0,
    slots: unboundedSlots,
  })
  /** What comes of a query, in whatever time it takes. */
  async function one(patience = 10_000) {
    const deadline = new AbortController()
    let over = false
    const outcome = gateways.ask(query, deadline.signal).finally(() => {
      over = true
    })
    await settled()
    let took = 0
    for (; !over; took += 50) {
      if (took >= patience) deadline.abort()
      clock.advance(50)
      await settled()
    }
    return { outcome: await outcome, took }
  }
  return { clock, asked, lines, one, gateways, behaviours }
}

async function outcomeOf(agree: number, ...behaviours: Behaviour[]) {
  const { one, asked } = world(agree, ...behaviours)
  const { outcome } = await one()
  const records = outcome.kind === 'answer' ? readMessage(outcome.packed.bytes)!.answer : []
  return {
    outcome,
    said: outcome.kind === 'failed' ? outcome.code : outcome.packed.rcode,
    addresses: records.map(({ data }) => data.at(-1)),
    ttls: records.map(({ ttl }) => ttl),
    asked: asked.join(''),
  }
}

describe('one gateway is enough', () => {
  test('the first one is asked', async () => {
    expect(await outcomeOf(1, good, good)).toMatchObject({ addresses: [1, 2], asked: 'a' })
  })

  test.each([
    ['SERVFAIL', servfail],
    ['REFUSED', said([], Rcode.REFUSED)],
    ['no connection', down],
    ['an HTTP error', failed('protocol', 'HTTP 500')],
    ['no DNS message', { kind: 'reply', message: Uint8Array.of(1, 2, 3) } as const],
  ])('%s is no answer: the next one is asked', async (_, behaviour) => {
    expect(await outcomeOf(1, behaviour, good)).toMatchObject({ addresses: [1, 2], asked: 'ab' })
  })
})

describe('two must say the same', () => {
  test('as many are asked at once, and no third one', async () => {
    const { one, asked, lines } = world(2, { after: 100, reply: good }, { after: 100, reply: good }, good)
    expect((await one()).took).toBeLessThan(200)
    expect(asked.join('')).toBe('ab')
    expect(lines).toEqual([])
  })

  test('in whatever order, each record once or twice, in whatever case', async () => {
    const shuffled = said([address(2), address(1), address(1)])
    expect(await outcomeOf(2, good, shuffled)).toMatchObject({ addresses: [1, 2] })
    const spelt = said([{ ...address(1), name: ['Example', 'BIT'] }])
    expect(await outcomeOf(2, said([address(1)]), spelt)).toMatchObject({ said: 0 })
  })

  test('for the shortest time that one of them says', async () => {
    const shorter = said([address(1, 200), address(2, 200)])
    expect(await outcomeOf(2, good, shorter)).toMatchObject({ ttls: [200, 200] })
    const { outcome } = await outcomeOf(2, good, shorter)
    expect(outcome.kind === 'answer' && outcome.packed.lifetime).toBe(200)
  })

  test('that there is no such name, or no such record, too', async () => {
    const [nxdomain, nodata] = [said([], Rcode.NXDOMAIN), said([])]
    expect(await outcomeOf(2, nxdomain, nxdomain)).toMatchObject({ said: Rcode.NXDOMAIN })
    expect(await outcomeOf(2, nodata, nodata)).toMatchObject({ said: Rcode.NOERROR, addresses: [] })
    expect(await outcomeOf(2, nxdomain, nodata)).toMatchObject({ said: 'disagreement' })
    expect(await outcomeOf(2, nodata, good)).toMatchObject({ said: 'disagreement' })
    expect(await outcomeOf(2, nxdomain, good)).toMatchObject({ said: 'disagreement' })
  })

  test.each([
    ['another address', [address(1), address(3)]],
    ['one address less', [address(1)]],
    ['one address more', [address(1), address(2), address(3)]],
    ['an alias', [alias('example.org')]],
  ])('%s is something else', async (_, records) => {
    expect(await outcomeOf(2, good, said(records))).toMatchObject({ said: 'disagreement' })
  })

  test('when they differ, a third one decides; the log says who differs, and not about what', async () => {
    const { one, asked, lines } = world(2, other, good, good)
    const { outcome } = await one()
    expect(outcome.kind).toBe('answer')
    expect(asked.join('')).toBe('abc')
    expect(lines).toEqual([
      'gateways-disagree {"sides":"https://a.example/dns-query | https://b.example/dns-query,https://c.example/dns-query","times":1}',
    ])
  })

  test('when one fails or refuses, the next is asked', async () => {
    for (const behaviour of [down, servfail, failed('protocol', 'HTTP 500')]) {
      expect(await outcomeOf(2, behaviour, good, good)).toMatchObject({ addresses: [1, 2], asked: 'abc' })
    }
  })

  test('when one is slow, the next is asked as well', async () => {
    const { one, asked } = world(2, 'hangs', good, good)
    const { outcome, took } = await one()
    expect(outcome.kind).toBe('answer')
    expect(asked.join('')).toBe('abc')
    expect(took).toBeLessThan(1_000)
  })

  test('one alone is not believed', async () => {
    expect(await outcomeOf(2, good, down)).toMatchObject({ said: 'too-few' })
    expect(await outcomeOf(2, good, servfail, down)).toMatchObject({ said: 'too-few' })
    expect(await outcomeOf(2, good, 'hangs')).toMatchObject({ said: 'timeout' })
  })

  test('when none answers, it is what happened, or the words of the first that refused', async () => {
    expect(await outcomeOf(2, down, down)).toMatchObject({ said: 'network' })
    expect(await outcomeOf(2, down, servfail)).toMatchObject({ said: Rcode.SERVFAIL })
    expect(await outcomeOf(2, 'hangs', 'hangs')).toMatchObject({ said: 'timeout' })
  })

  test('a time limit that finds them at odds says so', async () => {
    expect(await outcomeOf(2, good, other, 'hangs')).toMatchObject({ said: 'disagreement' })
  })

  test('one that failed often is asked after the others, until it works again', async () => {
    const { one, asked, behaviours, clock, gateways } = world(2, down, good, good)
    for (let time = 0; time < 3; time++) await one()
    asked.length = 0
    await one()
    expect(asked.join('')).toBe('bc')
    expect(gateways.isAnyWorking()).toBe(true)
    // On trial, beside the others: they are as many as they must be without it.
    behaviours[0] = 'hangs'
    clock.advance(60_000)
    asked.length = 0
    expect((await one()).outcome.kind).toBe('answer')
    expect([...asked].sort().join('')).toBe('abc')
  })

  test('one on trial is not counted on: when another one fails, the next is asked at once', async () => {
    const { one, asked, behaviours, clock } = world(2, down, good, good, good)
    for (let time = 0; time < 3; time++) await one()
    behaviours[0] = 'hangs'
    behaviours[2] = down
    clock.advance(60_000)
    asked.length = 0
    const { outcome, took } = await one()
    expect(outcome.kind).toBe('answer')
    expect([...asked].sort().join('')).toBe('abcd')
    expect(took).toBe(0)
  })

  test('with all of them failing none is working, until nobody has asked for a minute', async () => {
    const { one, gateways, clock } = world(2, down, down)
    for (let time = 0; time < 3; time++) await one()
    expect(gateways.isAnyWorking()).toBe(false)
    clock.advance(HOPELESS_MS)
    expect(gateways.isAnyWorking()).toBe(true)
    await one()
    expect(gateways.isAnyWorking()).toBe(false)
  })

  test('the log has one line a minute about it, with how often it was', async () => {
    const { one, lines, clock } = world(2, good, other)
    for (let time = 0; time < 5; time++) await one()
    expect(lines).toHaveLength(1)
    clock.advance(DISAGREEMENT_LINE_MS)
    await one()
    expect(lines[1]).toContain('"times":5')
  })
})

test('signatures do not count: a zone may have several that are good', () => {
  const signature = (octet: number): ResourceRecord => ({
    name: NAME,
    type: Type.RRSIG,
    ttl: 300,
    data: Uint8Array.of(0, 1, 13, 2, ...Array<number>(14).fill(octet), 0, octet),
  })
  const [one, two, none] = [[signature(1)], [signature(2)], []].map(
    (signatures) => packAnswer(message([address(1), ...signatures]))!,
  )
  expect(substanceOf(one!)).toBe(substanceOf(two!))
  expect(substanceOf(one!)).toBe(substanceOf(none!))
})
