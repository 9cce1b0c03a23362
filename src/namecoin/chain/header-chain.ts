import { type Sha256, sameOctets } from './hash.ts'
import type { Header, PureHeader } from './header.ts'
import { type Block, HeaderWindow } from './header-window.ts'
import type { Network } from './network.ts'
import { type ProofOfWorkCode, proofOfWorkFault } from './proof-of-work.ts'
import { type Refused, refused } from './refused.ts'
import { RETARGET_INTERVAL, retarget, timespanStart, workOfBlocks } from './target.ts'
import { type VersionCode, versionFault } from './version.ts'

/**
 * The chain with the most work above a block that we trust, checked header by header. Sources: light-client.md §6, §8,
 * §10; `ContextualCheckBlockHeader` (namecoin-core validation.cpp).
 */

/** A block that is trusted for another reason than its work: bundled, or written by ourselves. */
export interface Anchor {
  readonly height: number
  readonly hash: Uint8Array
  readonly bits: number
  /** Seconds since 1970. */
  readonly time: number
  /** Time of the block at `timespanStart` of the next retarget: of the last block of the interval before. */
  readonly periodStartTime: number
  /** Work of all blocks up to this one. */
  readonly chainwork: bigint
  /** Times of the blocks right below, oldest first; with fewer than ten, the first medians cannot be checked. */
  readonly previousTimes: readonly number[]
}

/** The best chain's newest block. */
export interface Tip {
  readonly height: number
  readonly hash: Uint8Array
  readonly time: number
  readonly bits: number
  readonly chainwork: bigint
}

export type ChainCode =
  | ProofOfWorkCode
  | VersionCode
  | 'unknown-parent' // grows from no block of ours within reach: another chain, or too deep a reorganisation
  | 'broken-link' // a header that does not follow the one before it
  | 'bad-diffbits' // another target than the retarget rules give
  | 'time-too-old' // not later than the median of the eleven blocks before
  | 'time-too-new' // more than two hours ahead of our clock
  | 'no-room' // backfill: more than the window holds

/** What some headers were good for. Only `extended` and `reorganised` changed the chain. */
export type Appended =
  | { readonly kind: 'extended'; readonly tip: Tip; readonly added: number }
  /** Blocks above `fork` were replaced: they had less work. */
  | { readonly kind: 'reorganised'; readonly tip: Tip; readonly added: number; readonly fork: number }
  /** Every header was there already. */
  | { readonly kind: 'known' }
  /** Valid, but not more work than what is there above `fork`: the chain stays. */
  | { readonly kind: 'lighter'; readonly fork: number; readonly work: bigint; readonly ours: bigint }
  /** `height` is that of the header refused. */
  | (Refused<ChainCode> & { readonly height?: number })

/** Blocks that a heavier chain may replace. Deeper, an operator has to look: light-client.md §10. */
export const MAX_REORGANISATION = 100
/**
 * Blocks kept: a living name's newest update is among the last 36,000, and the reorganisations above them; a multiple
 * of the retarget interval.
 */
export const WINDOW_BLOCKS = 18 * RETARGET_INTERVAL
/** What the rules look back on, with the deepest reorganisation: a window must hold more. */
export const LEAST_WINDOW_BLOCKS = 128
/** Seconds that a block may be ahead of our clock (`MAX_FUTURE_BLOCK_TIME`, namecoin-core src/chain.h). */
export const MAX_FUTURE_SECONDS = 2 * 60 * 60
/** Blocks whose median time the next one must exceed (`nMedianTimeSpan`). */
export const MEDIAN_BLOCKS = 11

export class HeaderChain {
  readonly network: Network
  readonly anchor: Anchor
  readonly #sha256: Sha256
  readonly #window: HeaderWindow
  /** Times by height that later retargets count from, even when the window no longer holds the block. */
  readonly #marks: Map<number, number>
  #chainwork: bigint

  /** @param state - only for `chain-snapshot.ts`: what was there when the chain was written, which becomes the chain's */
  constructor(
    sha256: Sha256,
    network: Network,
    anchor: Anchor,
    capacity = WINDOW_BLOCKS,
    state: ChainState = {
      window: emptyWindow(capacity, anchor.height + 1, anchor.hash),
      marks: [],
      chainwork: anchor.chainwork,
    },
  ) {
    this.network = network
    this.anchor = anchor
    this.#sha256 = sha256
    this.#window = state.window
    this.#marks = new Map(state.marks)
    this.#marks.set(timespanStart(network, nextRetarget(anchor.height)), anchor.periodStartTime)
    this.#mark(anchor.height, anchor.time)
    this.#chainwork = state.chainwork
  }

  /** The newest block of the chain with the most work. */
  get tip(): Tip {
    const { hash, time, bits } = this.#window.at(this.#window.tip) ?? this.anchor
    return { height: this.#window.tip, hash: hash.slice(), time, bits, chainwork: this.#chainwork }
  }

  /** Height of the lowest block that `at` knows; one above the tip when there is none. */
  get lowest(): number {
    return this.#window.lowest
  }

  /** Octets of memory that the headers take. */
  get octets(): number {
    return this.#window.octets
  }

  /** The verified block at a height of the best chain; undefined below `lowest` and above the tip. O(1). */
  at(height: number): Block | undefined {
    return this.#window.at(height)
  }

  /** The hash of the block at a height, if it is known: also of the block right below `lowest`. */
  hashAt(height: number): Uint8Array | undefined {
    return height === this.#window.lowest - 1 ? this.#window.below : this.#window.at(height)?.hash
  }

  /**
   * Takes up consecutive headers, the first of which follows a block of ours: on top of the tip, or up to
   * `MAX_REORGANISATION` below it and never below the anchor. All of them are checked before any is taken up. More work
   * wins, not more blocks; of two equal chains the one that was first stays.
   *
   * Costs some 0.1 ms a header: callers hand over slices of some 300 to keep a thread responsive.
   *
   * @param now - seconds since 1970
   */
  append(headers: readonly Header[], now: number): Appended {
    const first = headers[0]
    if (first === undefined) return { kind: 'known' }
    const parent = this.#forkHeight(first.previous)
    if (parent === undefined) return refused('unknown-parent', 'follows no block of ours within reach')
    const known = this.#knownAbove(parent, headers)
    const fork = parent + known
    const candidate = headers.slice(known)
    if (candidate.length === 0) return { kind: 'known' }
    for (let index = 0; index < candidate.length; index++) {
      const fault = this.#fault(fork, candidate, index, now)
      if (fault !== undefined) return { ...fault, height: fork + 1 + index }
    }
    return this.#choose(fork, candidate)
  }

  /**
   * Takes up blocks below the window, in the order of the chain: the last of them is the parent of the lowest block,
   * or at first the anchor itself. They need no AuxPoW: the hash of a block that we know is the proof for all before.
   */
  backfill(headers: readonly PureHeader[]): Refused<'broken-link' | 'no-room'> | undefined {
    const window = this.#window
    if (window.blocks + headers.length > window.capacity || window.lowest < headers.length) {
      return refused('no-room', `${headers.length} headers below ${window.lowest}`)
    }
    let expected = window.below
    for (const header of headers.toReversed()) {
      if (!sameOctets(header.hash, expected))
        return refused('broken-link', 'not the parent of a block of ours')
      expected = header.previous
    }
    for (const header of headers.toReversed()) {
      window.unshift(header)
      this.#mark(window.lowest, header.time)
    }
    return undefined
  }

  /** What the chain is now, in memory of its own, for `chain-snapshot.ts`. */
  state(): ChainState {
    return { window: this.#window.copy(), marks: [...this.#marks], chainwork: this.#chainwork }
  }

  /** The height of a block with this hash, as far down as a reorganisation may go. */
  #forkHeight(hash: Uint8Array): number | undefined {
    const { tip } = this.#window
    const deepest = Math.max(tip - MAX_REORGANISATION, this.anchor.height)
    for (let height = tip; height >= deepest; height--) {
      const ours = height === this.anchor.height ? this.anchor.hash : this.#window.at(height)?.hash
      if (ours !== undefined && sameOctets(ours, hash)) return height
    }
    return undefined
  }

  /** How many of the headers above `parent` are those of our chain. */
  #knownAbove(parent: number, headers: readonly Header[]): number {
    const other = headers.findIndex(({ hash }, index) => {
      const ours = this.#window.at(parent + 1 + index)
      return ours === undefined || !sameOctets(ours.hash, hash)
    })
    return other < 0 ? headers.length : other
  }

  /** What is wrong with one of the headers above `fork`. What costs least is looked at first. */
  #fault(
    fork: number,
    headers: readonly Header[],
    index: number,
    now: number,
  ): Refused<ChainCode> | undefined {
    const header = headers[index]!
    const height = fork + 1 + index
    const last = headers[index - 1]
    if (last !== undefined && !sameOctets(header.previous, last.hash)) {
      return refused('broken-link', `at ${height}`)
    }
    const timeAt = (at: number) => (at > fork ? headers[at - fork - 1]?.time : this.#timeAt(at))
    const bits = this.#bitsAfter(last?.bits ?? this.#bitsAt(fork), height, timeAt)
    if (header.bits !== bits) {
      return refused(
        'bad-diffbits',
        `${header.bits.toString(16)} instead of ${bits.toString(16)} at ${height}`,
      )
    }
    const median = medianBefore(height, timeAt)
    if (median !== undefined && header.time <= median) {
      return refused('time-too-old', `${header.time} at ${height}, median ${median}`)
    }
    if (header.time > now + MAX_FUTURE_SECONDS) {
      return refused('time-too-new', `${header.time - now} s ahead at ${height}`)
    }
    return versionFault(this.network, header, height) ?? proofOfWorkFault(this.#sha256, this.network, header)
  }

  #bitsAfter(bits: number, height: number, timeAt: (height: number) => number | undefined): number {
    if (!this.network.retargets || height % RETARGET_INTERVAL !== 0) return bits
    const start = timeAt(timespanStart(this.network, height))
    const end = timeAt(height - 1)
    // Marks reach back as far as any fork within reach: without them nothing is believed.
    return start === undefined || end === undefined ? 0 : retarget(this.network, bits, end - start)
  }

  #choose(fork: number, headers: readonly Header[]): Appended {
    const work = workOfBlocks(headers)
    const ours = this.#workAbove(fork)
    if (work <= ours) return { kind: 'lighter', fork, work, ours }
    const replaced = this.#window.tip > fork
    this.#window.truncate(fork)
    for (const header of headers) this.#keep(header)
    this.#chainwork += work - ours
    const added = headers.length
    return replaced
      ? { kind: 'reorganised', tip: this.tip, added, fork }
      : { kind: 'extended', tip: this.tip, added }
  }

  /** Puts a checked header on top. */
  #keep(header: PureHeader): void {
    this.#window.push(header)
    this.#mark(this.#window.tip, header.time)
  }

  #workAbove(fork: number): bigint {
    const above = Array.from(
      { length: this.#window.tip - fork },
      (_, index) => this.#window.at(fork + 1 + index)!,
    )
    return workOfBlocks(above)
  }

  #bitsAt(height: number): number {
    return this.#window.at(height)?.bits ?? (height === this.anchor.height ? this.anchor.bits : 0)
  }

  #timeAt(height: number): number | undefined {
    const { anchor } = this
    const time = this.#window.at(height)?.time ?? this.#marks.get(height)
    if (time !== undefined) return time
    if (height === anchor.height) return anchor.time
    return height < anchor.height ? anchor.previousTimes.at(height - anchor.height) : undefined
  }

  /** Remembers a time that a retarget will count from, and forgets those that none can any more. */
  #mark(height: number, time: number): void {
    const place = height % RETARGET_INTERVAL
    if (place !== 0 && place !== RETARGET_INTERVAL - 1) return
    this.#marks.set(height, time)
    const oldest = this.#window.tip - 3 * RETARGET_INTERVAL
    for (const marked of this.#marks.keys()) if (marked < oldest) this.#marks.delete(marked)
  }
}

/** All that a chain is, besides its anchor. */
export interface ChainState {
  readonly window: HeaderWindow
  readonly marks: readonly (readonly [height: number, time: number])[]
  readonly chainwork: bigint
}

/** A window with room for all that the rules look back on; `next` and `below` as in `HeaderWindow`. */
export const emptyWindow = (capacity: number, next: number, below: Uint8Array): HeaderWindow =>
  new HeaderWindow(Math.max(capacity, LEAST_WINDOW_BLOCKS), next, below)

/** The first height above this one at which the target changes. */
export function nextRetarget(height: number): number {
  return (Math.floor(height / RETARGET_INTERVAL) + 1) * RETARGET_INTERVAL
}

/**
 * The median time of the blocks below a height (`GetMedianTimePast`); undefined when not all of them are known. Near
 * genesis there are fewer than eleven.
 */
function medianBefore(height: number, timeAt: (height: number) => number | undefined): number | undefined {
  const times: number[] = []
  for (let at = Math.max(0, height - MEDIAN_BLOCKS); at < height; at++) {
    const time = timeAt(at)
    if (time === undefined) return undefined
    times.push(time)
  }
  return times.sort((one, other) => one - other)[Math.floor(times.length / 2)]
}
