import { describe, expect, test } from 'vitest'
import { query } from '../dns/messages.ts'
import { dataOf, dnsPath, messageIn } from './client.ts'
import { clientOf, openGateway } from './gateway.ts'

const ANSWERS = 10_000
const ADDRESSES = ['192.0.2.1', '192.0.2.2', '192.0.2.3']
/** Orders of three addresses. */
const ORDERS = 6
/** χ² with five degrees of freedom is beyond this once in a million times. */
const CRITICAL = 35.888187

/** Pearson's χ² of how often each order came, against all coming equally often. */
function chiSquared(orders: readonly string[]): number {
  const counts = new Map<string, number>()
  for (const order of orders) counts.set(order, (counts.get(order) ?? 0) + 1)
  const expected = orders.length / ORDERS
  const missing = ORDERS - counts.size
  return [...counts.values(), ...Array<number>(missing).fill(0)].reduce(
    (sum, count) => sum + (count - expected) ** 2 / expected,
    0,
  )
}

/** The orders in which dual.bit is answered from the cache, ids counted up. */
async function ordersAnswered(fillRandom: (lot: Uint16Array<ArrayBuffer>) => unknown): Promise<string[]> {
  const { app, upstream } = openGateway({ runtime: { fillRandom } })
  const client = clientOf((request) => app.fetch(request), {
    asked: async () => upstream.asked,
    close: async () => {},
  })
  const orders: string[] = []
  for (let id = 0; id < ANSWERS; id++) {
    const found = dataOf(messageIn(await client.request(dnsPath(query({ id, question: 'dual.bit' })))), 'A')
    if ([...found].sort().join() !== ADDRESSES.join()) throw new Error(`not all addresses: ${found.join()}`)
    orders.push(found.join())
  }
  return orders
}

describe('10,000 answers from the cache for a name with three addresses', { timeout: 60_000 }, () => {
  test('all addresses each time, all six orders equally often (χ², once in a million wrong)', async () => {
    const orders = await ordersAnswered((lot) => crypto.getRandomValues(lot))
    expect(new Set(orders).size).toBe(ORDERS)
    expect(chiSquared(orders)).toBeLessThan(CRITICAL)
  })
  test('the test would see random numbers that are none', async () => {
    expect(chiSquared(await ordersAnswered((lot) => lot.fill(0)))).toBeGreaterThan(CRITICAL)
  })
})

describe('the test sees other shuffles for what they are', () => {
  /** Marsaglia's xorshift32: the same numbers in every run, so that these tests never fail by chance. */
  const random = (() => {
    let state = 2_463_534_242
    return (bound: number) => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (state >>> 0) % bound
    }
  })()
  const shuffledBy = (shuffle: (addresses: string[], id: number) => void) =>
    Array.from({ length: ANSWERS }, (_, id) => {
      const addresses = [...ADDRESSES]
      shuffle(addresses, id)
      return addresses.join()
    })
  const swap = (addresses: string[], a: number, b: number) => {
    const kept = addresses[a]!
    addresses[a] = addresses[b]!
    addresses[b] = kept
  }

  test('Fisher and Yates pass', () => {
    const fair = shuffledBy((addresses) => {
      for (let last = 2; last > 0; last--) swap(addresses, last, random(last + 1))
    })
    expect(chiSquared(fair)).toBeLessThan(CRITICAL)
  })
  test('each swapped with any, the common mistake, does not', () => {
    const naive = shuffledBy((addresses) => {
      for (let index = 0; index < 3; index++) swap(addresses, index, random(3))
    })
    expect(new Set(naive).size).toBe(ORDERS)
    expect(chiSquared(naive)).toBeGreaterThan(CRITICAL)
  })
  test('turned by the id, as resolvers do, does not', () => {
    const turned = shuffledBy((addresses, id) => {
      addresses.push(...addresses.splice(0, id % 3))
    })
    expect(chiSquared(turned)).toBeGreaterThan(CRITICAL)
  })
})
