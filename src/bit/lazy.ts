/** A sequence that can be gone through any number of times. */
export type Sequence<T> = () => AsyncIterable<T>

/**
 * The sequence, produced once: each element when it is first asked for, and kept. Elements never asked for are
 * never produced, which is how an import that does not matter is never fetched. One may wait for an element at a time.
 */
export function remember<T>(produce: Sequence<T>): Sequence<T> {
  const kept: T[] = []
  let source: AsyncIterator<T> | undefined
  return async function* () {
    for (let index = 0; ; index++) {
      if (index === kept.length) {
        source ??= produce()[Symbol.asyncIterator]()
        const next = await source.next()
        if (next.done === true) return
        kept.push(next.value)
      }
      yield kept[index]!
    }
  }
}

/** The first element, or undefined when there is none. */
export async function first<T>(sequence: Sequence<T>): Promise<T | undefined> {
  for await (const element of sequence()) return element
  return undefined
}
