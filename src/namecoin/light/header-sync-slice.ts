import type { Log } from '../../log.ts'
import type { Sha256 } from '../chain/hash.ts'
import { type Header, parseHeaders } from '../chain/header.ts'
import { type Timer, within } from '../deadline.ts'
import { getBlockHeaders } from '../electrum/requests.ts'
import {
  ban,
  FIRST_REST_MS,
  type HeaderServer,
  mayAsk,
  praise,
  rest,
  SLICE_HEADERS,
  shrink,
} from './header-sync-servers.ts'

/** What synchronising needs of the runtime. */
export interface Tools {
  readonly sha256: Sha256
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number
  /** Milliseconds since 1970. */
  readonly wallClock: () => number
  readonly timer: Timer
  /** Lets the event loop have its turn: `setImmediate` on Node. */
  readonly pause: () => Promise<void>
  readonly log: Log
}

/** Milliseconds for a slice: 25 KB a second; slower servers are asked for less. */
const SLICE_TIMEOUT_MS = 20_000

/**
 * Hashes of AuxPoW branches that are checked without a pause, some 20 ms in pure JavaScript. Real headers have 20
 * on average, so this is half a slice; a hostile slice has as many as fit in a message, 30,000.
 */
const PIECE_FOLDS = 2_048

/**
 * Headers from a server; undefined when there are none, and then the server has been dealt with: banned for what is no
 * header, otherwise left alone for a while.
 *
 * @returns fewer than asked for where the server's chain ends
 */
export async function fetchSlice(
  server: HeaderServer,
  start: number,
  count: number,
  { sha256, now, timer, pause, log }: Tools,
  signal: AbortSignal,
): Promise<readonly Header[] | undefined> {
  server.underWay += 1
  const reply = await within(SLICE_TIMEOUT_MS, signal, timer, (limit) =>
    getBlockHeaders(server.session, start, count, limit),
  )
  server.underWay -= 1
  if (signal.aborted) return undefined
  if (reply === 'timeout' || reply.kind !== 'result') {
    // What we have spent is no fault of the server, nor is the length of headers.
    const code = reply !== 'timeout' && reply.kind === 'failed' ? reply.code : undefined
    if (code === 'budget') server.restUntil = now() + FIRST_REST_MS
    else if (code !== 'too-long' || !shrink(server, count)) rest(server, now())
    return undefined
  }
  await pause()
  const { headers, count: got } = reply.result
  const parsed = parseHeaders(sha256, headers, got)
  if (parsed.kind === 'refused') {
    ban(server, parsed.code, `headers from ${start} on: ${parsed.detail}`, log)
    return undefined
  }
  praise(server, got)
  await pause()
  return parsed.headers
}

/** A server's slice, if one may be asked for now. */
export const maySlice = (server: HeaderServer, now: number): boolean => mayAsk(server, SLICE_HEADERS, now)

/** Headers in pieces that cost no more than a moment each. */
export function piecesOf(headers: readonly Header[]): Header[][] {
  const pieces: Header[][] = []
  let left = 0
  for (const header of headers) {
    const folds = foldsOf(header)
    if (left < folds || pieces.length === 0) {
      pieces.push([])
      left = PIECE_FOLDS
    }
    left -= folds
    pieces.at(-1)!.push(header)
  }
  return pieces
}

/** Whether headers that must be checked at once, as a branch, can be: no real ones cannot. */
export const isOnePiece = (headers: readonly Header[]): boolean =>
  headers.reduce((folds, header) => folds + foldsOf(header), 0) <= 4 * PIECE_FOLDS

const foldsOf = ({ auxPow }: Header): number =>
  auxPow === undefined ? 1 : auxPow.coinbaseBranch.length + auxPow.chainBranch.length + 3
