/** A uniform random whole number from 0 up to, not including, `bound` (1 to 65,536). */
export type Random = (bound: number) => number

/** Random numbers are drawn from the runtime in lots of this many: one call a number would cost more than the shuffle. */
const LOT = 2_048

/**
 * Random numbers from a cryptographically secure source.
 *
 * Order is chosen anew for every response and never from the query's id: DoH clients send id 0, so resolvers that
 * rotate by id give them the same order for ever.
 *
 * Numbers that would favour the low results (the modulo bias) are thrown away.
 *
 * @param fill fills an array with random octets: `crypto.getRandomValues`
 */
export function secureRandom(fill: (lot: Uint16Array<ArrayBuffer>) => unknown): Random {
  const lot = new Uint16Array(LOT)
  let next = LOT
  return function random(bound) {
    const unbiased = 65_536 - (65_536 % bound)
    for (;;) {
      if (next === LOT) {
        fill(lot)
        next = 0
      }
      const drawn = lot[next++]!
      if (drawn < unbiased) return drawn % bound
    }
  }
}
