/** Rings once after so many milliseconds, unless the function it returns is called before. */
export type Timer = (milliseconds: number, ring: () => void) => () => void

/**
 * Between half and all of a time by chance: what begins together (a restart, an outage) must not come back together.
 * @param chance from 0 up to, not including, 1
 */
export const jittered = (milliseconds: number, chance: () => number): number =>
  milliseconds / 2 + (milliseconds / 2) * chance()
