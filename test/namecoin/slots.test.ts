import { expect, test } from 'vitest'
import { boundedSlots, unboundedSlots } from '../../src/namecoin/slots.ts'
import { never, settled } from './clock.ts'

/** Work that ends when it is told. */
function manualWork() {
  const log: string[] = []
  const ends = new Map<string, () => void>()
  return {
    log,
    end: (name: string) => ends.get(name)?.(),
    work: (name: string) => () => {
      log.push(name)
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)))
    },
  }
}

test('no more are under way than there is room for; the others follow in order of arrival', async () => {
  const slots = boundedSlots(2, 10)
  const { log, end, work } = manualWork()
  const results = ['a', 'b', 'c', 'd'].map((name) => slots(never, work(name)))
  await settled()
  expect(log).toEqual(['a', 'b'])
  end('b')
  await settled()
  expect(log).toEqual(['a', 'b', 'c'])
  end('a')
  await settled()
  end('c')
  end('d')
  expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd'])
})

test('when too many wait already, the next is told at once', async () => {
  const slots = boundedSlots(1, 1)
  const { log, work } = manualWork()
  void slots(never, work('a'))
  void slots(never, work('b'))
  expect(await slots(never, work('c'))).toBe('full')
  expect(log).toEqual(['a'])
})

test('who gives up while waiting leaves the queue', async () => {
  const slots = boundedSlots(1, 1)
  const { log, end, work } = manualWork()
  const caller = new AbortController()
  void slots(never, work('a'))
  const impatient = slots(caller.signal, work('b'))
  caller.abort()
  expect(await impatient).toBe('gave-up')
  const patient = slots(never, work('c'))
  end('a')
  await settled()
  end('c')
  expect(await patient).toBe('c')
  expect(log).toEqual(['a', 'c'])
})

test('work that fails gives its room back', async () => {
  const slots = boundedSlots(1, 0)
  await expect(slots(never, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await slots(never, async () => 'next')).toBe('next')
})

test('where nothing is bounded, everything begins at once', async () => {
  const { log, work } = manualWork()
  for (let index = 0; index < 500; index++) void unboundedSlots(never, work(String(index)))
  expect(log).toHaveLength(500)
})
