import { HASH_OCTETS } from './hash.ts'
import type { PureHeader } from './header.ts'

/** A verified block of the best chain. The octets are views into the window: copy them to keep them. */
export interface Block extends Omit<PureHeader, 'previous'> {
  readonly height: number
}

const FIELDS = 4

/**
 * Consecutive headers by height, in a ring of typed arrays: 80 octets a block, found at once, the lowest dropped when
 * it is full. What `previous` says is the hash of the block below, so only the lowest one's is kept.
 */
export class HeaderWindow {
  readonly capacity: number
  readonly #hashes: Uint8Array
  readonly #roots: Uint8Array
  /** version, time, bits, nonce */
  readonly #fields: Uint32Array
  #lowest: number
  #tip: number
  #below: Uint8Array

  /** An empty window; the first block that is pushed has the height `next` and follows the one with the hash `below`. */
  constructor(capacity: number, next: number, below: Uint8Array) {
    this.capacity = capacity
    this.#hashes = new Uint8Array(capacity * HASH_OCTETS)
    this.#roots = new Uint8Array(capacity * HASH_OCTETS)
    this.#fields = new Uint32Array(capacity * FIELDS)
    this.#lowest = next
    this.#tip = next - 1
    this.#below = below.slice()
  }

  /** The same blocks in memory of their own: what becomes of this window does not change them. Costs a moment. */
  copy(): HeaderWindow {
    const copy = new HeaderWindow(this.capacity, this.#lowest, this.#below)
    copy.#hashes.set(this.#hashes)
    copy.#roots.set(this.#roots)
    copy.#fields.set(this.#fields)
    copy.#tip = this.#tip
    return copy
  }

  /** Height of the lowest block held; one above `tip` when there is none. */
  get lowest(): number {
    return this.#lowest
  }

  /** Height of the highest block held. */
  get tip(): number {
    return this.#tip
  }

  /** Blocks held. */
  get blocks(): number {
    return this.#tip - this.#lowest + 1
  }

  /** Hash of the block right below the lowest one. */
  get below(): Uint8Array {
    return this.#below
  }

  /** Octets of memory. */
  get octets(): number {
    return this.#hashes.byteLength + this.#roots.byteLength + this.#fields.byteLength
  }

  at(height: number): Block | undefined {
    if (!Number.isInteger(height) || height < this.#lowest || height > this.#tip) return undefined
    const slot = height % this.capacity
    const start = slot * HASH_OCTETS
    const fields = slot * FIELDS
    return {
      height,
      hash: this.#hashes.subarray(start, start + HASH_OCTETS),
      merkleRoot: this.#roots.subarray(start, start + HASH_OCTETS),
      version: this.#fields[fields]! | 0,
      time: this.#fields[fields + 1]!,
      bits: this.#fields[fields + 2]!,
      nonce: this.#fields[fields + 3]!,
    }
  }

  /** Puts a block on top; drops the lowest one when there is no room. */
  push(header: PureHeader): void {
    if (this.blocks === this.capacity) {
      this.#below = this.at(this.#lowest)!.hash.slice()
      this.#lowest += 1
    }
    this.#tip += 1
    this.#put(this.#tip, header)
  }

  /** Puts a block below the lowest one; there must be room. */
  unshift(header: PureHeader): void {
    this.#lowest -= 1
    this.#put(this.#lowest, header)
    this.#below = header.previous.slice()
  }

  /** Drops all blocks above a height, down to an empty window at most. */
  truncate(height: number): void {
    this.#tip = Math.min(this.#tip, Math.max(height, this.#lowest - 1))
  }

  #put(height: number, header: PureHeader): void {
    const slot = height % this.capacity
    this.#hashes.set(header.hash, slot * HASH_OCTETS)
    this.#roots.set(header.merkleRoot, slot * HASH_OCTETS)
    this.#fields.set([header.version >>> 0, header.time, header.bits, header.nonce], slot * FIELDS)
  }
}
