/** Numbers as people read them. */

const SECONDS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const

/** `12 minutes`, `1 day`: the largest unit that fits, rounded down. */
export function span(seconds: number): string {
  const [size, unit] = SECONDS.find(([size]) => seconds >= size) ?? [1, 'second']
  return count(Math.floor(Math.max(0, seconds) / size), unit)
}

/** `1 block`, `1,234 blocks`. */
export const count = (number: number, unit: string): string =>
  `${number.toLocaleString('en')} ${unit}${number === 1 ? '' : 's'}`
