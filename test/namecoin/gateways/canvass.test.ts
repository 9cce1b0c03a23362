import { describe, expect, test } from 'vitest'
import { canvass, SLOW_MS } from '../../../src/namecoin/gateways/canvass.ts'
import { fakeClock, never, settled } from '../clock.ts'

type Said = 'yes' | 'silent'

/** Asks these, in their order; `hangs` says nothing. */
function asking(needed: number, behaviours: readonly (Said | 'hangs')[], signal: AbortSignal = never) {
  const clock = fakeClock()
  const asked: number[] = []
  const aborted: number[] = []
  const outcome = canvass(
    [...behaviours.keys()],
    needed,
    (index, until) => {
      asked.push(index)
      return new Promise<Said>((resolve) => {
        until.addEventListener('abort', () => void aborted.push(index))
        const behaviour = behaviours[index]!
        if (behaviour !== 'hangs') resolve(behaviour)
      })
    },
    (said) => said === 'yes',
    { timer: clock.timer, signal },
  )
  return { clock, asked, aborted, outcome }
}

describe('asking several', () => {
  test('so many at once, and no others when they speak', async () => {
    const { outcome, asked, clock } = asking(2, ['yes', 'yes', 'yes'])
    expect(await outcome).toEqual(['yes', 'yes'])
    expect(asked).toEqual([0, 1])
    expect(clock.pending()).toBe(0)
  })

  test('another one when one is silent', async () => {
    const { outcome, asked } = asking(2, ['silent', 'yes', 'yes'])
    expect(await outcome).toEqual(['silent', 'yes', 'yes'])
    expect(asked).toEqual([0, 1, 2])
  })

  test('another one when one is slow, which is then no longer waited for', async () => {
    const { outcome, asked, aborted, clock } = asking(2, ['hangs', 'yes', 'yes'])
    await settled()
    expect(asked).toEqual([0, 1])
    clock.advance(SLOW_MS)
    expect(await outcome).toEqual(['yes', 'yes'])
    expect(aborted).toContain(0)
  })

  test('what was said when there is nobody left', async () => {
    expect(await asking(2, ['silent', 'yes']).outcome).toEqual(['silent', 'yes'])
    expect(await asking(2, []).outcome).toEqual([])
  })

  test('what was said when the time is over', async () => {
    const controller = new AbortController()
    const { outcome } = asking(2, ['yes', 'hangs'], controller.signal)
    await settled()
    controller.abort()
    expect(await outcome).toEqual(['yes'])
    expect(await asking(2, ['yes', 'yes'], controller.signal).outcome).toEqual([])
  })
})
