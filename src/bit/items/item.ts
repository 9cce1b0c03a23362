import type { Qualify } from '../relative.ts'
import { isList, type Value } from '../value.ts'

/** What an item reader may want to know besides the item. */
export interface ItemContext {
  /** Makes names in the item absolute. */
  readonly qualify: Qualify
  /** Told why a part of the item is left out; undefined when nobody listens. */
  readonly report: ((reason: string) => void) | undefined
}

/** The RDATA that an item stands for, in its order. Parts that are not valid are reported and left out. */
export type ItemReader = (value: Value, context: ItemContext) => Uint8Array[]

/** The RDATA of one entry, or the reason why it has none. */
export type EntryReader = (entry: Value, qualify: Qualify) => readonly Uint8Array[] | string

/**
 * An item that is an array, one record an entry. Bad entries do not harm the others, wherever they stand
 * (ifa-0001, Error Recovery Considerations).
 */
export const list =
  (read: EntryReader): ItemReader =>
  (value, { qualify, report }) => {
    if (!isList(value)) {
      report?.('not an array')
      return []
    }
    return value.flatMap((entry, index) => {
      const rdata = read(entry, qualify)
      if (typeof rdata !== 'string') return rdata
      report?.(`entry ${index}: ${rdata}`)
      return []
    })
  }

/** As `list`, but a string stands for an array with that string. */
export function listOrString(read: EntryReader): ItemReader {
  const readList = list(read)
  return (value, context) => readList(typeof value === 'string' ? [value] : value, context)
}
