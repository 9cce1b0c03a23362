import { HASH_OCTETS } from './hash.ts'
import type { PureHeader } from './header.ts'

/** A verified block of the best chain. The octets are views into the window: copy them to keep them. */
export interface Block extends Omit<PureHeader, 'previous'> {
  readonly height: number
}

const FIELDS = 4

/**
 * Consecutive headers by height, in a ring of typed arrays: 80 octets a block, found at once, the lowest dropped when
 * it is full. What `previous` says is the hash of the block below, so it is not kept.
 */
export class HeaderWindow {
  readonly capacity: number
  readonly #hashes: Uint8Array
  readonly #roots: Uint8Array
  /** version, time, bits, nonce */
  readonly #fields: Uint32Array
  #lowest: number
  #tip: number

  /** An empty window; the first block that is pushed has the height `next`. */
  constructor(capacity: number, next: number) {
    this.capacity = capacity
    this.#hashes = new Uint8Array(capacity * HASH_OCTETS)
    this.#roots = new Uint8Array(capacity * HASH_OCTETS)
    this.#fields = new Uint32Array(capacity * FIELDS)
    this.#lowest = next
    this.#tip = next - 1
  }

  /** Height of the lowest block held; one above `tip` when there is none. */
  get lowest(): number {
    return this.#lowest
  }

  /** Height of the highest block held. */
  get tip(): number {
    return this.#tip
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
  push(header: Omit<PureHeader, 'previous'>): void {
    this.#tip += 1
    this.#put(this.#tip, header)
    this.#lowest = Math.max(this.#lowest, this.#tip - this.capacity + 1)
  }

  /** Puts a block below the lowest one; there must be room. */
  unshift(header: Omit<PureHeader, 'previous'>): void {
    this.#lowest -= 1
    this.#put(this.#lowest, header)
  }

  /** Drops all blocks above a height, down to an empty window at most. */
  truncate(height: number): void {
    this.#tip = Math.min(this.#tip, Math.max(height, this.#lowest - 1))
  }

  #put(height: number, header: Omit<PureHeader, 'previous'>): void {
    const slot = height % this.capacity
    this.#hashes.set(header.hash, slot * HASH_OCTETS)
    this.#roots.set(header.merkleRoot, slot * HASH_OCTETS)
    this.#fields.set([header.version >>> 0, header.time, header.bits, header.nonce], slot * FIELDS)
  }
}
