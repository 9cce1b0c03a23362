/** A sequence that can be gone through any number of times. */
export type Sequence<T> = () => AsyncIterable<T>

/**
 * The sequence, produced once: each element when it is first asked for, and kept. Elements never asked for are
 * never produced, which is how an import that does not matter is never fetched. One may wait for an element at a time.
 *
 * Where producing failed it fails again for everyone: what lies behind is unknown, and must not look like the end.
 *
 * @param onStep called for each look at an element or at the end; what it throws ends the look, and that one alone
 */
export function remember<T>(produce: Sequence<T>, onStep: () => void): Sequence<T> {
  const kept: T[] = []
  let source: AsyncIterator<T> | undefined
  let failure: { readonly error: unknown } | undefined
  const produceNext = async (): Promise<IteratorResult<T>> => {
    if (failure !== undefined) throw failure.error
    try {
      source ??= produce()[Symbol.asyncIterator]()
      return await source.next()
    } catch (error) {
      failure = { error }
      throw error
    }
  }
  return async function* () {
    for (let index = 0; ; index++) {
      onStep()
      if (index === kept.length) {
        const next = await produceNext()
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
