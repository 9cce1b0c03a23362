import type { Header } from '../chain/header.ts'
import { type Appended, type HeaderChain, MAX_REORGANISATION } from '../chain/header-chain.ts'
import {
  ban,
  CLOCK_HINT,
  type HeaderServer,
  leastBusy,
  mayAsk,
  nameOf,
  rest,
  SLICE_HEADERS,
  settleClaims,
} from './header-sync-servers.ts'
import { fetchSlice, isOnePiece, maySlice, piecesOf, type Tools } from './header-sync-slice.ts'

/**
 * Brings a chain up to the newest blocks that servers claim. Nobody is believed: a claim says only where to look, and
 * each header is checked by the chain. Source: light-client.md §10.
 *
 * Slices are asked for ahead, of all servers in turn, and taken up in order. Who hands out a header that is false is
 * banned, who has none to hand out or is slow is left alone for a while, and the others are asked for what is missing.
 */
export interface SyncRun {
  readonly chain: HeaderChain
  /** Those that may be asked; read anew each time. */
  readonly servers: () => readonly HeaderServer[]
  readonly tools: Tools
  readonly signal: AbortSignal
  /** Called after each change of the chain. */
  readonly changed: (appended: Appended, server: HeaderServer) => void
}

/** Slices asked for ahead of the one that is checked: what they hold in memory is some 0.5 MB each. */
const MAX_AHEAD = 8

/** How far below the tip another branch is looked for: mostly the last blocks differ, else all that may be replaced. */
const WALK_BACK = [12, MAX_REORGANISATION]

interface Asked {
  readonly server: HeaderServer
  readonly start: number
  readonly count: number
  readonly headers: Promise<readonly Header[] | undefined>
}

/**
 * Goes on until no server that can be asked now claims a block that has not been looked into. Call it again after new
 * claims, and after a while when servers rest or have no budget left.
 */
export async function syncHeaders(run: SyncRun): Promise<void> {
  const { chain, servers, tools, signal } = run
  for (;;) {
    await fetchAhead(run)
    if (signal.aborted) return
    settleClaims(servers(), chain)
    const odd = servers().find((server) => isElsewhere(server, chain) && maySlice(server, tools.now()))
    if (odd !== undefined) await findFork(run, odd)
    else if (!servers().some((server) => mayFetch(run, server, chain.tip.height + 1))) return
    if (signal.aborted) return
  }
}

/** Whether it claims a block at a height that we have, but not this block. */
const isElsewhere = ({ standing, claim }: HeaderServer, chain: HeaderChain): boolean =>
  standing === 'unknown' && claim !== undefined && claim.height <= chain.tip.height

/** Whether it claims to have the headers from `start` on, and may be asked for them. */
function mayFetch({ tools }: SyncRun, server: HeaderServer, start: number): boolean {
  const { claim, standing } = server
  if (claim === undefined || claim.height < start || standing !== 'unknown') return false
  return mayAsk(server, Math.min(server.most, claim.height - start + 1), tools.now())
}

/** Fetches slices above the tip, and takes them up, until there are none or something else must be done first. */
async function fetchAhead(run: SyncRun): Promise<void> {
  const { chain, servers, tools } = run
  const lane = new AbortController()
  const signal = AbortSignal.any([run.signal, lane.signal])
  const asked: Asked[] = []
  let next = chain.tip.height + 1

  function ask(start: number, most: number): Asked | undefined {
    const server = leastBusy(servers().filter((one) => mayFetch(run, one, start)))
    if (server === undefined) return undefined
    const count = Math.min(most, server.most, server.claim!.height - start + 1)
    return { server, start, count, headers: fetchSlice(server, start, count, tools, signal) }
  }

  for (;;) {
    while (asked.length < MAX_AHEAD) {
      const one = ask(next, SLICE_HEADERS)
      if (one === undefined) break
      asked.push(one)
      next += one.count
    }
    const slice = asked.shift()
    if (slice === undefined) return
    const headers = await slice.headers
    if (run.signal.aborted) return
    if (headers === undefined) {
      const instead = ask(slice.start, slice.count)
      if (instead?.count !== slice.count) break // What was asked for beyond would not link.
      asked.unshift(instead)
      continue
    }
    const goesOn = await take(run, slice, headers)
    if (!goesOn || run.signal.aborted) break
  }
  lane.abort()
}

/** Takes up a slice. Whether the slices after it may still be of use. */
async function take(
  run: SyncRun,
  { server, start, count }: Asked,
  headers: readonly Header[],
): Promise<boolean> {
  const { chain, tools, signal } = run
  for (const piece of piecesOf(headers)) {
    const appended = chain.append(piece, seconds(tools))
    if (appended.kind === 'refused' && appended.code === 'unknown-parent') {
      await findFork(run, server)
      return false
    }
    if (!told(run, server, appended)) return false
    await tools.pause()
    if (signal.aborted) return false
  }
  if (headers.length < count) {
    // It claimed to have them. Attack: a height that does not exist, to keep us waiting for it.
    server.standing = 'unproven'
    return false
  }
  // Attack: blocks that we have, or that weigh less, in place of those asked for, again and again, so that there is
  // always something left to ask.
  const hasGrown = chain.tip.height >= start + count - 1
  if (!hasGrown) server.standing = 'unproven'
  return hasGrown
}

/** Tells what came of some headers, and deals with who sent them. Whether they were on top of our chain. */
function told({ changed, tools }: SyncRun, server: HeaderServer, appended: Appended): boolean {
  switch (appended.kind) {
    case 'extended':
      server.owesSince = tools.now()
      changed(appended, server)
      return true
    case 'known':
      return true
    case 'reorganised':
      server.owesSince = tools.now()
      changed(appended, server)
      return false
    case 'lighter':
      server.standing = 'unproven'
      return false
    case 'refused':
      if (appended.code === 'time-too-new') {
        tools.log.warn('header-from-the-future', { server: nameOf(server), detail: CLOCK_HINT })
        rest(server, tools.now())
      } else {
        ban(server, appended.code, appended.detail, tools.log)
      }
      return false
  }
}

/**
 * Looks where the chain of a server leaves ours, and takes its blocks up if they have more work. A server whose chain
 * leaves ours further below becomes a stray.
 */
async function findFork(run: SyncRun, server: HeaderServer): Promise<void> {
  const { chain, tools, signal } = run
  const { claim } = server
  if (claim === undefined) return
  for (const depth of WALK_BACK) {
    const top = Math.min(chain.tip.height, claim.height)
    const start = Math.max(chain.anchor.height, top - depth) + 1
    const headers = await fetchSlice(server, start, SLICE_HEADERS, tools, signal)
    if (headers === undefined || signal.aborted) return
    if (!isOnePiece(headers)) {
      // Attack: branches that take long to check, and must be checked in one go.
      server.standing = 'unproven'
      return
    }
    const appended = chain.append(headers, seconds(tools))
    const isStranger = appended.kind === 'refused' && appended.code === 'unknown-parent'
    if (isStranger && start === chain.anchor.height + 1) {
      ban(
        server,
        'other-chain',
        `its chain does not hold our checkpoint at ${chain.anchor.height}`,
        tools.log,
      )
      return
    }
    if (isStranger) continue
    if (appended.kind === 'known') server.standing = 'unproven' // It has nothing that we do not have.
    if (appended.kind === 'lighter') {
      const isAll = headers.length < SLICE_HEADERS || start + headers.length > claim.height
      if (isAll) server.standing = 'lighter'
      else stray(server, tools)
    }
    told(run, server, appended)
    return
  }
  stray(server, tools)
}

function stray(server: HeaderServer, { now, log }: Tools): void {
  server.standing = 'stray'
  server.strayedAt = now()
  log.warn('server-on-another-chain', { server: nameOf(server), operator: server.operator })
}

const seconds = ({ wallClock }: Tools): number => Math.floor(wallClock() / 1000)
