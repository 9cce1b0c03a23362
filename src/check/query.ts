import { OPT_LENGTH } from '../dns/edns.ts'
import { type Name, nameToWire } from '../dns/name.ts'
import { Class, Flag, Type } from '../dns/protocol.ts'

/** Queries with all that a client may put into them, right or wrong. */
export interface QueryParts {
  readonly id?: number
  /** The second header word: RD alone when left out. */
  readonly flags?: number
  readonly name: Name
  readonly type?: number
  /** Records of the additional section, on the wire. */
  readonly additional?: readonly Uint8Array[]
  /** How many questions the header claims: the one that there is when left out. */
  readonly questions?: number
}

export const word = (value: number): readonly number[] => [value >> 8, value & 0xff]

/** Octets one behind the other. */
export function joined(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

/** The entry of a question section, class IN. */
export const questionEntry = (name: Name, type: number): Uint8Array =>
  joined(nameToWire(name), word(type), word(Class.IN))

/** A query on the wire (RFC 1035 §4). */
export function query({
  id = 0,
  flags = Flag.RD,
  name,
  type = Type.A,
  additional = [],
  questions = 1,
}: QueryParts) {
  const header = [id, flags, questions, 0, 0, additional.length].flatMap(word)
  return joined(header, questionEntry(name, type), ...additional)
}

/** One option of an OPT record (RFC 6891 §6.1.2). */
export const option = (code: number, data: ArrayLike<number> = []): Uint8Array =>
  joined(word(code), word(data.length), data)

export interface OptParts {
  readonly size?: number
  readonly version?: number
  readonly dnssecOk?: boolean
  readonly options?: readonly Uint8Array[]
}

/** An OPT record (RFC 6891 §6.1.2). */
export function opt({
  size = 4_096,
  version = 0,
  dnssecOk = false,
  options = [],
}: OptParts = {}): Uint8Array {
  const data = joined(...options)
  return joined(
    [0],
    word(Type.OPT),
    word(size),
    [0, version, dnssecOk ? 0x80 : 0, 0],
    word(data.length),
    data,
  )
}

/** Octets of padding that make a query with one OPT and these options a multiple of a block (RFC 8467 §4.1). */
export function paddingFor(name: Name, block: number, optionsLength = 0): Uint8Array {
  const unpadded = query({ name }).length + OPT_LENGTH + optionsLength + option(0).length
  return new Uint8Array((block - (unpadded % block)) % block)
}
