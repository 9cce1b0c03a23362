import type { Read } from '../../resolver/world.ts'

/** The addresses that were answered, in order. */
export const addressesOf = ({ answer }: Read): readonly string[] =>
  answer.map((line) => line.split(' ').at(-1)!).sort()
