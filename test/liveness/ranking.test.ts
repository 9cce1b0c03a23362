import { describe, expect, test } from 'vitest'
import { encodeAnswer } from '../../src/dns/encode.ts'
import { readMessage } from '../../src/dns/message.ts'
import { nameToWire } from '../../src/dns/name.ts'
import type { PackedAnswer } from '../../src/dns/packed.ts'
import { respond } from '../../src/dns/patch.ts'
import { Rcode, Type } from '../../src/dns/protocol.ts'
import { parseQuery } from '../../src/dns/query.ts'
import { DEAD_TTL, ranking } from '../../src/liveness/ranking.ts'
import { secureRandom } from '../../src/random.ts'
import { query as queryMessage } from '../dns/messages.ts'
import { hostWorld } from './hosts.ts'

const random = secureRandom((lot) => crypto.getRandomValues(lot))
const owner = ['example', 'bit']

/** An answer with A records whose last octets are these. */
const answerOf = (lasts: readonly number[], ttl = 300): PackedAnswer =>
  encodeAnswer({
    question: { name: owner, type: Type.A, class: 1 },
    rcode: Rcode.NOERROR,
    authoritative: true,
    answer: lasts.map((last) => ({
      name: owner,
      type: Type.A,
      ttl,
      data: Uint8Array.of(203, 0, last >> 8, last & 0xff),
    })),
  })

const parsed = parseQuery(queryMessage({ question: 'example.bit' }))
if (parsed.kind !== 'query') throw new Error(parsed.kind)
const { query } = parsed

const sent = (packed: PackedAnswer, age = 0) => readMessage(respond(query, packed, age, random))!.answer
const lastsOf = (packed: PackedAnswer): number[] => sent(packed).map(({ data }) => (data[2]! << 8) | data[3]!)

/** A ranking of hosts of which some are dead, once it has found that out. */
async function rankingWith(dead: readonly number[], answers: readonly PackedAnswer[]) {
  const world = hostWorld((address) => (dead.includes(Number(address)) ? 'refused' : 'accepted'))
  const contactable = ([, , high, low]: Uint8Array): string => String((high! << 8) | low!)
  const ranked = ranking({
    connect: world.connect,
    timer: world.clock.timer,
    now: world.clock.now,
    contactable,
  })
  for (const answer of answers) ranked.rank(answer)
  await world.pass(29, () => {
    for (const answer of answers) ranked.rank(answer)
  })
  return { ...ranked, world }
}

describe('the order of addresses', () => {
  test('live ones first, dead ones behind; all of them, for 30 seconds', async () => {
    const answer = answerOf([1, 2, 3, 4])
    const { rank } = await rankingWith([2, 4], [answer])
    for (let time = 0; time < 50; time++) {
      const lasts = lastsOf(rank(answer))
      expect(lasts.slice(0, 2).toSorted()).toEqual([1, 3])
      expect(lasts.slice(2).toSorted()).toEqual([2, 4])
    }
    expect(sent(rank(answer)).map(({ ttl }) => ttl)).toEqual([30, 30, 30, 30])
    // What is left of a TTL may be less.
    expect(sent(rank(answer), 290)[0]?.ttl).toBe(10)
    expect(rank(answer).maxTtl).toBe(DEAD_TTL)
  })

  test('with every host live, or nothing known yet, it is the very answer that came', async () => {
    const answer = answerOf([1, 2, 3])
    expect((await rankingWith([], [answer])).rank(answer)).toBe(answer)
    const world = hostWorld()
    const { clock, connect } = world
    const fresh = ranking({ connect, timer: clock.timer, now: clock.now, contactable: () => 'a' })
    expect(fresh.rank(answer)).toBe(answer)
  })

  test('with every host dead, too: as likely the fault is ours', async () => {
    const answer = answerOf([1, 2, 3])
    expect((await rankingWith([1, 2, 3], [answer])).rank(answer)).toBe(answer)
  })

  test('a host that is dead in one answer is in all others', async () => {
    const [answer, other] = [answerOf([1, 2]), answerOf([2, 3])]
    const { rank } = await rankingWith([2], [answer])
    expect(lastsOf(rank(other))).toEqual([3, 2])
  })

  test('a host that comes back is among the others again', async () => {
    const answer = answerOf([1, 2])
    const { rank, world } = await rankingWith([2], [answer])
    expect(rank(answer)).not.toBe(answer)
    world.behaviourOf = () => 'accepted'
    await world.pass(31, () => rank(answer))
    expect(rank(answer)).toBe(answer)
  })

  test('addresses that must not be contacted are never connected to, and stand in front', async () => {
    const answer = answerOf([1, 2, 3])
    const world = hostWorld(() => 'refused')
    const { connect, clock } = world
    const contactable = ([, , , last]: Uint8Array) => (last === 3 ? undefined : `host ${last}`)
    const { rank } = ranking({ connect, timer: clock.timer, now: clock.now, contactable })
    rank(answer)
    await world.pass(3, () => rank(answer))
    expect(lastsOf(rank(answer))[0]).toBe(3)
    expect(new Set(world.connections.map((line) => line.split(' ').slice(1, 3).join(' ')))).toEqual(
      new Set(['host 1', 'host 2']),
    )
  })

  test('of too many addresses the live ones are in the answer', async () => {
    const lasts = Array.from({ length: 250 }, (_, index) => index)
    const dead = lasts.filter((last) => last % 2 === 0)
    const answer = answerOf(lasts)
    const { rank } = await rankingWith(dead, [answer])
    const kept = lastsOf(rank(answer))
    expect(kept.length).toBeLessThan(200)
    expect(lasts.filter((last) => !dead.includes(last) && !kept.includes(last))).toEqual([])
  })

  test('each RRset by itself: IPv4 of two owners behind an alias, which stays in front', async () => {
    const target = ['target', 'bit']
    const address = (name: string[], last: number) => ({
      name,
      type: Type.A,
      ttl: 300,
      data: Uint8Array.of(203, 0, 0, last),
    })
    const answer = encodeAnswer({
      question: { name: owner, type: Type.A, class: 1 },
      rcode: Rcode.NOERROR,
      authoritative: true,
      answer: [
        { name: owner, type: Type.CNAME, ttl: 300, data: nameToWire(target) },
        ...[1, 2, 3].map((last) => address(target, last)),
        ...[4, 5].map((last) => address(owner, last)),
      ],
    })
    const { rank } = await rankingWith([1, 4], [answer])
    const [alias, ...addresses] = sent(rank(answer))
    expect(alias?.type).toBe(Type.CNAME)
    const lasts = addresses.map(({ data }) => data[3])
    expect(lasts.slice(2)).toEqual([1, 5, 4])
    expect(rank(answer).bytes.length).toBe(answer.bytes.length)
  })

  test('live ones are in uniform order, and dead ones behind them, too (χ², p = 10⁻⁶)', async () => {
    const answer = answerOf([1, 2, 3, 4, 5])
    const { rank } = await rankingWith([4, 5], [answer])
    const rounds = 12_000
    const seen = new Map<string, number>()
    for (let round = 0; round < rounds; round++) {
      const order = lastsOf(rank(answer)).join('')
      seen.set(order, (seen.get(order) ?? 0) + 1)
    }
    const expected = rounds / 12 // 3! orders of the live ones, 2! of the dead ones
    expect(seen.size).toBe(12)
    const chiSquare = [...seen.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect(chiSquare).toBeLessThan(48.6) // 11 degrees of freedom
  })

  test('so many answers are remembered; others are read again, and ranked all the same', async () => {
    const answers = Array.from({ length: 1_100 }, () => answerOf([1, 2]))
    const { clock, connect, pass } = hostWorld((address) => (address === '2' ? 'refused' : 'accepted'))
    let read = 0
    const contactable = ([, , , last]: Uint8Array): string => {
      read += 1
      return String(last)
    }
    const { rank } = ranking({ connect, timer: clock.timer, now: clock.now, contactable })
    rank(answers[0]!)
    await pass(1)
    for (const answer of answers) expect(rank(answer).maxTtl).toBe(DEAD_TTL)
    read = 0
    rank(answers.at(-1)!)
    expect(read).toBe(0)
    expect(rank(answers[0]!).maxTtl).toBe(DEAD_TTL)
    expect(read).toBe(2)
  })
})
