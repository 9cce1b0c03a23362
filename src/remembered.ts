/** What a function returned, for so many milliseconds: for what costs much to find out and seldom changes. */
export function remembered<Value>(read: () => Value, milliseconds: number, now: () => number): () => Value {
  let value: Value | undefined
  let readAt = Number.NEGATIVE_INFINITY
  return () => {
    if (value === undefined || now() - readAt >= milliseconds) {
      value = read()
      readAt = now()
    }
    return value
  }
}
