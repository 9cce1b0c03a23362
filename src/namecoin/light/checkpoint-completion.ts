import { sameOctets } from '../chain/hash.ts'
import type { PureHeader } from '../chain/header.ts'
import { type Anchor, nextRetarget } from '../chain/header-chain.ts'
import { NETWORKS } from '../chain/network.ts'
import { timespanStart } from '../chain/target.ts'
import { type Checkpoint, PREVIOUS_TIMES } from './checkpoint.ts'
import { ban, type HeaderServer, isReady, leastBusy, mayAsk } from './header-sync-servers.ts'
import { fetchSlice, type Tools } from './header-sync-slice.ts'

/** A checkpoint with all that a chain's rules look back on. */
export interface Completed {
  readonly anchor: Anchor
  /** The checkpoint's header and those below it that were fetched, in the order of the chain. */
  readonly headers: readonly PureHeader[]
}

/**
 * What was fetched of a checkpoint that is not complete yet, in the order of the chain. Each slice led to the checkpoint
 * by its hashes, whoever sent it: none of it has to be asked for again.
 */
const begun = new WeakMap<Checkpoint, readonly PureHeader[]>()

/**
 * Fetches what a checkpoint does not say: the headers from the block that the next change of the target counts from up
 * to the checkpoint, at most 2,027. Each slice ends in a hash that we know, so nothing in it can be false, and a server
 * whose slice does not is banned. Undefined when no server can be asked now: call it again later, and it goes on there.
 */
export async function completeCheckpoint(
  checkpoint: Checkpoint,
  servers: () => readonly HeaderServer[],
  tools: Tools,
  signal: AbortSignal,
): Promise<Completed | undefined> {
  const { height, hash, chainwork } = checkpoint
  const start = timespanStart(NETWORKS[checkpoint.network], nextRetarget(height))
  const lowest = Math.max(0, Math.min(start, height - PREVIOUS_TIMES))
  let headers = begun.get(checkpoint) ?? []
  while (headers.length < height - lowest + 1) {
    const top = height - headers.length
    const slice = await fetchLinked(headers[0]?.previous ?? hash, lowest, top, servers, tools, signal)
    if (slice === undefined) return undefined
    headers = [...slice, ...headers]
    begun.set(checkpoint, headers)
  }
  begun.delete(checkpoint)
  const { bits, time } = headers.at(-1)!
  const anchor: Anchor = {
    ...{ height, hash, chainwork },
    bits: checkpoint.bits ?? bits,
    time: checkpoint.time ?? time,
    periodStartTime: checkpoint.periodStartTime ?? headers[start - lowest]!.time,
    previousTimes: checkpoint.previousTimes ?? headers.slice(-PREVIOUS_TIMES - 1, -1).map((one) => one.time),
  }
  return { anchor, headers }
}

/**
 * Headers down from a height whose block is known by its hash, as many as can be asked of one server at once, and none
 * below `lowest`: of the first server that has them. Undefined when none can be asked now.
 */
export async function fetchLinked(
  last: Uint8Array,
  lowest: number,
  top: number,
  servers: () => readonly HeaderServer[],
  tools: Tools,
  signal: AbortSignal,
): Promise<readonly PureHeader[] | undefined> {
  const countOf = ({ most }: HeaderServer) => Math.min(most, top - lowest + 1)
  const tried = new Set<HeaderServer>()
  for (;;) {
    const able = servers().filter(
      (server) => !tried.has(server) && isReady(server) && mayAsk(server, countOf(server), tools.now()),
    )
    const server = leastBusy(able)
    if (server === undefined) return undefined
    tried.add(server)
    const count = countOf(server)
    const first = top - count + 1
    const headers = await fetchSlice(server, first, count, tools, signal)
    if (signal.aborted) return undefined
    if (headers === undefined || headers.length < count) continue
    if (isLinked(headers, last)) return headers
    const detail = `headers from ${first} on do not lead to the block that we know at ${top}`
    ban(server, 'broken-link', detail, tools.log)
  }
}

function isLinked(headers: readonly PureHeader[], last: Uint8Array): boolean {
  let expected = last
  for (const { hash, previous } of headers.toReversed()) {
    if (!sameOctets(hash, expected)) return false
    expected = previous
  }
  return true
}
