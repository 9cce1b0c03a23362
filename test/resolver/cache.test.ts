import { describe, expect, test } from 'vitest'
import { packAnswer } from '../../src/dns/packed.ts'
import { secureRandom } from '../../src/random.ts'
import { FAILURE_RESIDENCE, lruAnswerCache, MAX_RESIDENCE } from '../../src/resolver/cache.ts'
import { answer, QUESTION_NAME, record } from '../dns/messages.ts'

const withTtl = (ttl: number, flags = 0x8180) =>
  packAnswer(
    answer({ flags, answer: flags === 0x8180 ? [record(QUESTION_NAME, 1, ttl, [192, 0, 2, 1])] : [] }),
  )!

const opened = (entries = 10, octets = 1_000_000) => {
  let now = 0
  const cache = lruAnswerCache({ entries, octets }, () => now)
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
  test('RFC 9520: keeps a failure for a second', () => {
    const { cache, at } = opened()
    cache.set('k', '1', withTtl(0, 0x8182))
    expect(cache.get('k', '1')).toBeDefined()
    at(FAILURE_RESIDENCE)
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
