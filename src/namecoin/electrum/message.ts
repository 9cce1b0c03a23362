import { isRecord } from '../json-rpc.ts'
import { type Failed, failed, type Reply, result, serverError } from './failure.ts'

/** What a server sends: JSON-RPC 2.0. */

export type Message =
  /** To a request of ours, or of nobody's. */
  | { readonly kind: 'reply'; readonly id: number; readonly reply: Reply }
  | { readonly kind: 'notification'; readonly method: string; readonly params: readonly unknown[] }
  /** JSON-RPC that we have no use for: requests (`server.ping` at protocol 1.7), errors about nothing. */
  | { readonly kind: 'other' }

/**
 * Opening brackets and braces, commas and colons that one message may have. A history has 5 for each update, a slice
 * of 2,016 headers at most one for each 80 octets' worth.
 *
 * Attack: `JSON.parse` takes 2 ms for a MB of hex, 120 for `[[[[…` and 150 for objects of ever new shapes; with no
 * more than this 2 MB of anything take less than 20 ms.
 */
export const MAX_PARTS = 32_768

/** Reads a message; a failure means that whoever sends it does not speak the protocol. */
export function readMessage(text: string): Message | Failed {
  if (!isParsable(text)) return failed('too-long', 'a message of too many parts')
  const message = parse(text)
  if (!isRecord(message)) return failed('protocol', 'a message that is no JSON object')
  const { id, method, params, error } = message
  if (typeof method === 'string') {
    return id === undefined && Array.isArray(params)
      ? { kind: 'notification', method, params }
      : { kind: 'other' }
  }
  if (typeof id !== 'number') return { kind: 'other' }
  if (error !== undefined && error !== null) return { kind: 'reply', id, reply: readError(error) }
  if (!('result' in message)) return failed('protocol', 'a reply with neither result nor error')
  return { kind: 'reply', id, reply: result(message['result']) }
}

function readError(error: unknown): Reply {
  const code = isRecord(error) ? error['code'] : undefined
  return Number.isSafeInteger(code)
    ? serverError(code as number)
    : failed('protocol', 'an error without a code')
}

/**
 * Whether parsing is worth its time. Strings are not told from the rest: hex, which is what is long, has none of these.
 * `indexOf` because it takes 1 ms for 4 MB, and looking at every character 30.
 */
function isParsable(text: string): boolean {
  let parts = 0
  for (const mark of ['[', '{', ',', ':']) {
    for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + 1)) {
      parts += 1
      if (parts > MAX_PARTS) return false
    }
  }
  return true
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
