/**
 * Reads the little-endian fields of Bitcoin's serialization out of octets that nobody vouches for.
 *
 * After the first field that is not there, or not canonical, `ok` is false and stays so: every read from then on gives
 * zero or no octets. So a parser reads straight on and asks once, before it believes anything. Counts are held against
 * what is left to read before a loop runs over them: a few octets cannot make it allocate or spin.
 */
export class OctetReader {
  readonly octets: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #offset: number
  #ok = true

  constructor(octets: Uint8Array, offset = 0, end = octets.length) {
    this.octets = octets
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
    this.#offset = offset
    this.#end = Math.min(end, octets.length)
  }

  /** Whether everything read so far was there and well formed. */
  get ok(): boolean {
    return this.#ok
  }

  get offset(): number {
    return this.#offset
  }

  /** Octets not yet read. */
  get left(): number {
    return this.#end - this.#offset
  }

  /** The next octets, as a view into the source; none when there are not so many. */
  take(length: number): Uint8Array {
    const start = this.#advance(length)
    return start === undefined ? EMPTY : this.octets.subarray(start, start + length)
  }

  uint8(): number {
    const at = this.#advance(1)
    return at === undefined ? 0 : this.#view.getUint8(at)
  }

  uint16(): number {
    const at = this.#advance(2)
    return at === undefined ? 0 : this.#view.getUint16(at, true)
  }

  uint32(): number {
    const at = this.#advance(4)
    return at === undefined ? 0 : this.#view.getUint32(at, true)
  }

  int32(): number {
    const at = this.#advance(4)
    return at === undefined ? 0 : this.#view.getInt32(at, true)
  }

  /**
   * A count or length. Only the shortest form is accepted, as in Core's `ReadCompactSize` (serialize.h): two forms of
   * one number would be two octet strings of one transaction. Eight-octet numbers are never canonical here, since
   * nothing with 2^32 parts is read.
   */
  compactSize(): number {
    const first = this.uint8()
    if (first < 0xfd) return first
    if (first === 0xff) return this.#fail()
    const value = first === 0xfd ? this.uint16() : this.uint32()
    return value < (first === 0xfd ? 0xfd : 0x1_0000) ? this.#fail() : value
  }

  /** A count of things that take at least `octetsEach` octets: no more than are left to be read. */
  count(octetsEach: number): number {
    const count = this.compactSize()
    return count * octetsEach > this.left ? this.#fail() : count
  }

  /** Octets with their length in front. */
  lengthAndOctets(): Uint8Array {
    return this.take(this.compactSize())
  }

  #advance(length: number): number | undefined {
    if (!this.#ok || length > this.left) {
      this.#fail()
      return undefined
    }
    const start = this.#offset
    this.#offset += length
    return start
  }

  #fail(): 0 {
    this.#ok = false
    return 0
  }
}

const EMPTY = new Uint8Array(0)
