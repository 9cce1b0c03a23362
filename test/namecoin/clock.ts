import type { Timer } from '../../src/namecoin/deadline.ts'

/** A clock that stands still until it is told, and timers that ring by it. */
export interface FakeClock {
  readonly now: () => number
  readonly timer: Timer
  /** Timers that would still ring. */
  readonly pending: () => number
  advance(milliseconds: number): void
}

export function fakeClock(start = 1_000_000): FakeClock {
  let time = start
  const alarms = new Set<{ readonly at: number; readonly ring: () => void }>()
  return {
    now: () => time,
    timer: (milliseconds, ring) => {
      const alarm = { at: time + milliseconds, ring }
      alarms.add(alarm)
      return () => alarms.delete(alarm)
    },
    pending: () => alarms.size,
    advance(milliseconds) {
      time += milliseconds
      for (const alarm of [...alarms]) {
        if (alarm.at > time) continue
        alarms.delete(alarm)
        alarm.ring()
      }
    },
  }
}

/** A signal that never aborts. */
export const never: AbortSignal = new AbortController().signal

/** Lets everything run that needs no more than promises. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}
