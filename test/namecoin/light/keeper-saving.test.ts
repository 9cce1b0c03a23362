import { expect, test } from 'vitest'
import type { Log } from '../../../src/log.ts'
import { chainSaving, FIRST_RETRY_MS, LONGEST_RETRY_MS } from '../../../src/namecoin/light/keeper-saving.ts'
import { fakeClock, settled } from '../clock.ts'

/** A store whose writings end when the test says. */
function savingWorld() {
  const clock = fakeClock()
  const writings: { end(): void; fail(): void }[] = []
  const events: string[] = []
  const record = (event: string) => void events.push(event)
  const log: Log = { info: record, warn: record, error: record }
  const write = () =>
    new Promise<void>((resolve, reject) => {
      writings.push({ end: resolve, fail: () => reject(new Error('ENOSPC')) })
    })
  const saving = chainSaving({ write, timer: clock.timer, log })
  const fails = async () => {
    writings.at(-1)!.fail()
    await settled()
  }
  const ends = async () => {
    writings.at(-1)!.end()
    await settled()
  }
  return { saving, clock, writings, events, fails, ends }
}

test('saves once there are so many blocks, and nothing where nothing is unsaved', async () => {
  const { saving, writings, ends } = savingWorld()
  await saving.now()
  saving.count(143, 144)
  expect(writings).toHaveLength(0)
  saving.count(1, 144)
  expect(writings).toHaveLength(1)
  await ends()
  await saving.now()
  expect(writings).toHaveLength(1)
})

test('what failed is tried again on the timer, less and less often, and not at every block', async () => {
  const { saving, clock, writings, events, fails, ends } = savingWorld()
  saving.count(144, 144)
  await fails()
  const waits: number[] = []
  for (let wait = FIRST_RETRY_MS; waits.length < 8; wait = Math.min(LONGEST_RETRY_MS, wait * 2)) {
    waits.push(wait)
    saving.count(200, 144)
    clock.advance(wait - 1)
    expect(writings).toHaveLength(waits.length)
    clock.advance(1)
    expect(writings).toHaveLength(waits.length + 1)
    await fails()
  }
  expect(waits.at(-1)).toBe(LONGEST_RETRY_MS)
  expect(events).toEqual(Array(9).fill('headers-not-saved'))
  clock.advance(LONGEST_RETRY_MS)
  await ends()
  expect(clock.pending()).toBe(0)
  // The back-off begins anew.
  saving.count(144, 144)
  await fails()
  clock.advance(FIRST_RETRY_MS)
  expect(writings).toHaveLength(12)
})

test('blocks that come while it writes are written next, by one of those who wait', async () => {
  const { saving, writings, ends } = savingWorld()
  saving.count(1, 1)
  saving.count(1, 2)
  const done: string[] = []
  void saving.now().then(() => done.push('now'))
  void saving.now().then(() => done.push('now'))
  void saving.close().then(() => done.push('close'))
  await ends()
  expect({ done, writings: writings.length }).toEqual({ done: [], writings: 2 })
  await ends()
  expect(done.sort()).toEqual(['close', 'now', 'now'])
  expect(writings).toHaveLength(2)
})

test('the end tries once more what fails, whoever of those who wait was writing it', async () => {
  const { saving, clock, writings, ends, fails } = savingWorld()
  saving.count(1, 1)
  saving.count(1, 1)
  const closed = saving.close()
  await ends()
  await fails()
  expect(writings).toHaveLength(3)
  await fails()
  await closed
  expect([writings.length, clock.pending()]).toEqual([3, 0])
})

test('the end saves what nobody has asked to be saved yet', async () => {
  const { saving, writings, ends } = savingWorld()
  saving.count(1, 144)
  const closed = saving.close()
  await ends()
  await closed
  expect(writings).toHaveLength(1)
})

test('the end waits for what is being written, saves what failed, and leaves no timer', async () => {
  const { saving, clock, writings, fails } = savingWorld()
  saving.count(5, 5)
  const closed = saving.close()
  await fails()
  expect(writings).toHaveLength(2)
  await fails()
  await closed
  expect(clock.pending()).toBe(0)
})
