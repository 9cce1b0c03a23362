import { describe, expect, test } from 'vitest'
import { packAnswer } from '../../src/dns/packed.ts'
import { secureRandom } from '../../src/random.ts'
import { lruAnswerCache, MAX_RESIDENCE } from '../../src/resolver/cache.ts'
import { answer, QUESTION_NAME, record } from '../dns/messages.ts'

const withTtl = (ttl: number, flags = 0x8180) =>
  packAnswer(
    answer({ flags, answer: flags === 0x8180 ? [record(QUESTION_NAME, 1, ttl, [192, 0, 2, 1])] : [] }),
  )!

const opened = (entries = 10, octets = 1_000_000, staleFor = 0) => {
  let now = 0
  const cache = lruAnswerCache({ entries, octets }, () => now, staleFor)
  return { cache, at: (seconds: number) => (now = seconds * 1000) }
}

describe('the cache of answers', () => {
  test('keeps an answer as long as its smallest TTL, and tells its age', () => {
    const { cache, at } = opened()
    cache.set('k', '1', withTtl(60))
    at(59)
    expect(cache.get('k', '1')?.age).toBe(59)
    at(60)
    expect(cache.get('k', '1')).toBeUndefined()
  })
  test(`keeps nothing longer than ${MAX_RESIDENCE} s`, () => {
    const { cache, at } = opened()
    cache.set('k', '1', withTtl(86_400))
    at(MAX_RESIDENCE - 1)
    expect(cache.get('k', '1')).toBeDefined()
    at(MAX_RESIDENCE)
    expect(cache.get('k', '1')).toBeUndefined()
  })
  test('does not keep what has no lifetime', () => {
    const { cache } = opened()
    cache.set('k', '1', withTtl(0))
    expect(cache.get('k', '1')).toBeUndefined()
  })
  test('keeps no failure: there is another cache for them', () => {
    const { cache } = opened()
    cache.set('k', '1', withTtl(0, 0x8182))
    expect(cache.get('k', '1')).toBeUndefined()
  })
  test('gives no answer of another epoch, and does not take it back later', () => {
    const { cache } = opened()
    cache.set('k', '1', withTtl(60))
    expect(cache.get('k', '2')).toBeUndefined()
    expect(cache.get('k', '1')).toBeUndefined()
  })
  test('is bounded in entries', () => {
    const { cache } = opened(3)
    for (let key = 0; key < 100; key++) cache.set(String(key), '1', withTtl(60))
    expect(Array.from({ length: 100 }, (_, key) => cache.get(String(key), '1')).filter(Boolean)).toHaveLength(
      3,
    )
  })
  test('is bounded in octets', () => {
    const { cache } = opened(1_000, 10_000)
    for (let key = 0; key < 1_000; key++) cache.set(String(key), '1', withTtl(60))
    const kept = Array.from({ length: 1_000 }, (_, key) => cache.get(String(key), '1')).filter(Boolean)
    expect(kept.length).toBeGreaterThan(1)
    expect(kept.length).toBeLessThan(20)
  })
  test('of no entries keeps nothing', () => {
    const { cache } = opened(0)
    cache.set('k', '1', withTtl(60))
    expect(cache.get('k', '1')).toBeUndefined()
  })
})

describe('what has run out', () => {
  test('is kept for need as long as it is told, and tells nobody that it is fresh', () => {
    const { cache, at } = opened(10, 1_000_000, 100)
    cache.set('k', '1', withTtl(60))
    at(60)
    expect(cache.get('k', '1')).toBeUndefined()
    expect(cache.stale('k', '1')).toBeDefined()
    at(159)
    expect(cache.stale('k', '1')).toBeDefined()
    at(160)
    expect(cache.stale('k', '1')).toBeUndefined()
  })
  test('of another epoch is kept from when it was stored', () => {
    const { cache, at } = opened(10, 1_000_000, 100)
    cache.set('k', '1', withTtl(60))
    at(99)
    expect(cache.stale('k', '2')).toBeDefined()
    at(100)
    expect(cache.stale('k', '2')).toBeUndefined()
  })
  test('is not kept beyond the seconds that it is usable for', () => {
    const { cache, at } = opened(10, 1_000_000, 100)
    cache.set('k', '1', withTtl(60), 70)
    at(69)
    expect(cache.stale('k', '1')).toBeDefined()
    at(70)
    expect(cache.stale('k', '1')).toBeUndefined()
  })
  test('is dropped when it is of no more use, so that it takes no room', () => {
    const { cache, at } = opened(10, 1_000_000, 100)
    cache.set('k', '1', withTtl(60))
    at(160)
    expect(cache.get('k', '1')).toBeUndefined()
    at(0)
    expect(cache.stale('k', '1')).toBeUndefined()
  })
  test('is not used when it was said not to be, fresh or not', () => {
    const { cache, at } = opened(10, 1_000_000, 100)
    cache.set('k', '1', withTtl(60))
    cache.neverStale('k')
    expect(cache.get('k', '1')).toBeDefined()
    at(60)
    expect(cache.stale('k', '1')).toBeUndefined()
  })
})

describe('what to renew', () => {
  test('an answer in the last tenth of its time says so', () => {
    const { cache, at } = opened()
    cache.set('k', '1', withTtl(60))
    at(53)
    expect(cache.get('k', '1')?.isEnding).toBe(false)
    at(54)
    expect(cache.get('k', '1')?.isEnding).toBe(true)
  })
  test('outdated keys that were asked for often enough, last used first', () => {
    const { cache } = opened(10, 1_000_000, 100)
    for (const key of ['rare', 'often', 'more often', 'newest']) cache.set(key, '1', withTtl(60))
    for (const [key, times] of [
      ['rare', 1],
      ['often', 2],
      ['more often', 3],
    ] as const)
      for (let time = 0; time < times; time++) cache.get(key, '1')
    cache.set('newest', '2', withTtl(60))
    for (let time = 0; time < 5; time++) cache.get('newest', '2')
    expect(cache.outdated('2', 2)).toEqual(['more often', 'often'])
  })
})

describe('random numbers', () => {
  test('are uniform where the modulo would not be', () => {
    // Octets that run through all 16-bit numbers once: a modulo alone would draw 0 and 1 once more than the rest.
    let next = 0
    const random = secureRandom((lot) => {
      for (let index = 0; index < lot.length; index++) lot[index] = next++ & 0xffff
    })
    const bound = 6
    const counts = new Array<number>(bound).fill(0)
    for (let draw = 0; draw < 65_536 - (65_536 % bound); draw++) counts[random(bound)]!++
    expect(new Set(counts).size).toBe(1)
  })
  test('fill the pool only when it is empty', () => {
    let filled = 0
    const random = secureRandom(() => filled++)
    for (let draw = 0; draw < 4_096; draw++) random(2)
    expect(filled).toBe(2)
  })
})
