import { isList, type Value } from '../value.ts'
import { listOrString } from './item.ts'

/** RFC 1035 §3.3: a character-string has one octet for its length. */
const MAX_STRING_LENGTH = 255

const utf8 = new TextEncoder()

/**
 * `txt`: TXT records (ifa-0001). A string is cut every 255 octets of its UTF-8, in the middle of a character if that
 * is where they end; an array gives the strings of one record. Nothing is escaped: backslashes are text.
 */
export const txt = listOrString((entry) => {
  const strings =
    typeof entry === 'string' ? cut(utf8.encode(entry)) : isList(entry) ? segments(entry) : undefined
  return strings === undefined ? 'not a string, nor strings of 255 octets at most' : [concatenate(strings)]
})

function cut(octets: Uint8Array): Uint8Array[] {
  const strings = [octets.subarray(0, MAX_STRING_LENGTH)]
  for (let start = MAX_STRING_LENGTH; start < octets.length; start += MAX_STRING_LENGTH)
    strings.push(octets.subarray(start, start + MAX_STRING_LENGTH))
  return strings
}

/** A record with a segment that is too long is left out whole: without one of its strings it says something else. */
function segments(entry: readonly Value[]): Uint8Array[] | undefined {
  if (entry.length === 0 || !entry.every((segment) => typeof segment === 'string')) return undefined
  const strings = entry.map((segment) => utf8.encode(segment))
  return strings.every((string) => string.length <= MAX_STRING_LENGTH) ? strings : undefined
}

const concatenate = (strings: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(strings.flatMap((string) => [string.length, ...string]))
