import { expect, test } from 'vitest'
import { within } from '../../src/namecoin/deadline.ts'
import { fakeClock, never } from './clock.ts'

test('work that ends in time gives its result and leaves no timer behind', async () => {
  const clock = fakeClock()
  expect(await within(10, never, clock.timer, async () => 7)).toBe(7)
  expect(clock.pending()).toBe(0)
})

test('work that takes too long is told to stop, and not waited for', async () => {
  const clock = fakeClock()
  let told: AbortSignal | undefined
  const result = within(10, never, clock.timer, (signal) => {
    told = signal
    return new Promise(() => {})
  })
  clock.advance(10)
  expect(await result).toBe('timeout')
  expect(told?.aborted).toBe(true)
})

test('the caller may have less time', async () => {
  const clock = fakeClock()
  const caller = new AbortController()
  const result = within(10, caller.signal, clock.timer, () => new Promise(() => {}))
  caller.abort()
  expect(await result).toBe('timeout')
  expect(clock.pending()).toBe(0)
})

test('nothing is begun for a caller that has gone', async () => {
  const begun = within(10, AbortSignal.abort(), fakeClock().timer, () => Promise.reject(new Error('begun')))
  expect(await begun).toBe('timeout')
})

test('a failure is passed on, unless it comes too late', async () => {
  const clock = fakeClock()
  await expect(within(10, never, clock.timer, () => Promise.reject(new Error('broken')))).rejects.toThrow(
    'broken',
  )
  const late = within(10, never, clock.timer, (signal) => {
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  })
  clock.advance(10)
  expect(await late).toBe('timeout')
})
