import { describe, expect, test } from 'vitest'
import { backoff, OVERUSED_MS, pauseAfter, UNFIT_MS } from '../../../src/namecoin/electrum/backoff.ts'
import {
  bandwidthCost,
  callCost,
  costBudget,
  MAX_COST,
  settledCost,
} from '../../../src/namecoin/electrum/budget.ts'
import { type FailureCode, failed, type Reply, serverError } from '../../../src/namecoin/electrum/failure.ts'
import { fakeClock } from '../clock.ts'

describe('budget', () => {
  test('one unit a second comes back, up to the whole', () => {
    const clock = fakeClock()
    const budget = costBudget(clock.now)
    budget.spend(1_000)
    expect(budget.left()).toBe(MAX_COST - 1_000)
    clock.advance(100_000)
    expect(budget.left()).toBe(MAX_COST - 900)
    clock.advance(10_000_000)
    expect(budget.left()).toBe(MAX_COST)
  })

  test('the account of the server itself never exceeds the maximum, however it is used', () => {
    const clock = fakeClock()
    const budget = costBudget(clock.now)
    let atServer = 0
    for (let second = 0; second < 20_000; second++) {
      while (budget.allows(7, 'lookup')) {
        budget.spend(7)
        atServer += 7
      }
      expect(atServer).toBeLessThanOrEqual(MAX_COST)
      clock.advance(1_000)
      atServer = Math.max(0, atServer - 1)
    }
  })

  test('headers leave something for lookups', () => {
    const budget = costBudget(fakeClock().now)
    while (budget.allows(10, 'bulk')) budget.spend(10)
    expect(budget.left()).toBe(1_000)
    expect(budget.allows(10, 'lookup')).toBe(true)
  })

  test('what a server sends unasked is paid for, too', () => {
    const budget = costBudget(fakeClock().now)
    budget.spend(bandwidthCost(50_000_000))
    expect(budget.left()).toBeLessThan(0)
    expect(budget.allows(0, 'lookup')).toBe(false)
  })

  test('what a call has cost, by its reply', () => {
    const proof = (updates: unknown) => ({ kind: 'result', result: { ab: updates } }) as const
    const update = { tx: '00', tx_merkle: { merkle: Array(8).fill('') } }
    const method = 'blockchain.name.get_value_proof'
    const cost = (reply: Reply, octets = 0) => settledCost(method, ['ab', 1], reply, octets)
    expect(cost(proof([]))).toBeCloseTo(0.45)
    expect(cost(proof([{ ...update, header: {} }]))).toBeCloseTo(0.45 + 1 + 0.378 + 1.25)
    expect(cost(proof([update, update]))).toBeCloseTo(0.45 + 2 * 1.378)
    expect(cost(failed('too-long', ''), 1_000_000)).toBeCloseTo(0.45 + 800 * 1.25)
    const reserved = callCost(method, ['ab', 1])
    expect(reserved).toBeGreaterThan(cost(proof([{ ...update, header: {} }])))
    for (const reply of [serverError(2), proof(1), proof([1]), { kind: 'result', result: 1 } as const]) {
      expect(cost(reply)).toBeLessThanOrEqual(reserved)
      expect(cost(reply)).toBeGreaterThan(0)
    }
    const history = { kind: 'result', result: Array(1_000).fill({}) } as const
    expect(settledCost('blockchain.scripthash.get_history', ['ab'], history, 0)).toBeCloseTo(1.45)
    const branch = { kind: 'result', result: { merkle: Array(30).fill('') } } as const
    expect(settledCost('blockchain.transaction.get_merkle', ['ab', 1], branch, 0)).toBe(1.25)
  })

  test('costs by method', () => {
    expect(bandwidthCost(5_000)).toBe(1)
    expect(callCost('blockchain.block.headers', [0, 500])).toBe(11)
    expect(callCost('blockchain.block.headers', [])).toBe(1)
    expect(callCost('blockchain.transaction.get', ['00'])).toBe(1)
    expect(callCost('server.ping', [])).toBeLessThan(1)
  })
})

describe('backoff', () => {
  test('is long for what does not pass by itself', () => {
    const pause = (code: FailureCode) => pauseAfter(code, 1, () => 0)
    expect([pause('wrong-chain'), pause('version')]).toEqual([UNFIT_MS, UNFIT_MS])
    expect([pause('overused'), pause('network')]).toEqual([OVERUSED_MS, 500])
  })

  test.each([
    [1, 500, 1_000],
    [2, 1_000, 2_000],
    [5, 8_000, 16_000],
    [9, 128_000, 256_000],
    [10, 150_000, 300_000],
    [1_000_000, 150_000, 300_000],
  ])('after %i failures between %i and %i ms', (failures, least, most) => {
    expect(backoff(failures, () => 0)).toBe(least)
    expect(backoff(failures, () => 1)).toBe(most)
  })
})
