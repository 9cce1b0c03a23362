import { keepExtendedErrors } from './edns.ts'
import { nameKey, readName, skipName } from './name.ts'
import { Flag, HEADER_LENGTH, isFailure, MAX_MESSAGE_LENGTH, Type } from './protocol.ts'

/**
 * The packed answer: the one value that is cached everywhere. Wire bytes, and where in them the parts lie that
 * differ from response to response. Answering from it is copy, patch, shuffle, send (`patch.ts`).
 */
export interface PackedAnswer {
  /** The message without its OPT record, id 0, RD and CD clear. The question's case is of no account. */
  readonly bytes: Uint8Array
  /** All twelve bits (RFC 6891 §6.1.3). */
  readonly rcode: number
  /** Extended DNS Errors for the OPT record, as options on the wire. */
  readonly options: Uint8Array
  /** Offset behind QNAME. */
  readonly nameEnd: number
  /** Offset of each record's TTL. */
  readonly ttls: Uint16Array
  /** For each A and AAAA RRset of the answer section with two or more addresses: where their RDATA lies. */
  readonly addressSets: readonly AddressSet[]
  /** Offset behind the answer section. */
  readonly answerEnd: number
  /** Records in the answer section. */
  readonly answerCount: number
  /** Offsets of the A and AAAA records that end the answer section: the ones that can be left off. */
  readonly trailingAddresses: Uint16Array
  /** Whether it holds signatures: a validating client needs all of it. */
  readonly isSigned: boolean
  /**
   * Seconds it may be kept: the smallest TTL of the answer section; without one, the negative TTL of the SOA
   * (RFC 2308 §5); 0 when there is neither, and for failures.
   */
  readonly lifetime: number
  /** Seconds that a client may keep it at the most, from whenever it is sent; left out: what its TTLs say. */
  readonly maxTtl?: number
}

export interface AddressSet {
  /** Octets of one address: 4 or 16. */
  readonly length: number
  readonly offsets: Uint16Array
}

const RECORD_FIXED_LENGTH = 10
/** What an answer can hold without holding what was asked for: the way there, and signatures. */
const ALIAS_TYPES = new Set<number>([Type.CNAME, Type.DNAME, Type.RRSIG])

/** A record's place in a message, without its contents. */
interface Place {
  readonly start: number
  readonly type: number
  /** Offset of TYPE. */
  readonly fixed: number
  readonly data: number
  readonly end: number
}

const word = (bytes: Uint8Array, offset: number): number => (bytes[offset]! << 8) | bytes[offset + 1]!
const setWord = (bytes: Uint8Array, offset: number, value: number): void => {
  bytes[offset] = value >> 8
  bytes[offset + 1] = value & 0xff
}

/** A TTL; one with the top bit set means 0 (RFC 2181 §8). */
const ttlAt = (bytes: Uint8Array, offset: number): number =>
  bytes[offset]! >= 0x80
    ? 0
    : ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | word(bytes, offset + 2)) >>> 0

const setTtl = (bytes: Uint8Array, offset: number, ttl: number): void => {
  setWord(bytes, offset, ttl >>> 16)
  setWord(bytes, offset + 2, ttl & 0xffff)
}

function placeAt(bytes: Uint8Array, start: number): Place | undefined {
  const fixed = skipName(bytes, start)
  if (fixed === -1 || fixed + RECORD_FIXED_LENGTH > bytes.length) return undefined
  const data = fixed + RECORD_FIXED_LENGTH
  const end = data + word(bytes, fixed + 8)
  return end > bytes.length ? undefined : { start, type: word(bytes, fixed), fixed, data, end }
}

/**
 * Indexes an answer once. The OPT record is taken out (it belongs to one hop, RFC 6891 §6.2.6) with its Extended
 * DNS Errors kept; the TTL of the SOA in a negative answer becomes min(TTL, MINIMUM), as RFC 2308 §5 has it and
 * as clients differ in reading it; all other octets stay as they are.
 *
 * @param message an answer; not changed
 * @param extendedErrors options to send besides those in the message's own OPT record
 * @returns undefined for a message that is no well-formed answer with one question
 */
export function packAnswer(
  message: Uint8Array,
  extendedErrors: Uint8Array = new Uint8Array(),
): PackedAnswer | undefined {
  if (message.length < HEADER_LENGTH || message.length > MAX_MESSAGE_LENGTH) return undefined
  if ((message[2]! & 0x80) === 0 || word(message, 4) !== 1) return undefined
  const nameEnd = readName(message, HEADER_LENGTH)?.end
  if (nameEnd === undefined || nameEnd + 4 > message.length) return undefined

  const counts = [word(message, 6), word(message, 8), word(message, 10)]
  const sections: Place[][] = [[], [], []]
  let opt: Place | undefined
  let offset = nameEnd + 4
  for (const [section, count] of counts.entries()) {
    for (let record = 0; record < count; record++) {
      const place = placeAt(message, offset)
      if (place === undefined) return undefined
      if (place.type !== Type.OPT) sections[section]!.push(place)
      else if (opt !== undefined || section !== 2) return undefined
      else opt = place
      offset = place.end
    }
  }
  // Octets behind the last record belong to nobody, and Firefox refuses an answer that has some.
  const whole = message.subarray(0, offset)
  const bytes = opt === undefined ? Uint8Array.from(whole) : withoutRecord(whole, opt, sections[2]!)
  if (bytes === undefined) return undefined
  const removed = opt === undefined ? 0 : opt.end - opt.start

  const [answer, authority] = sections as [Place[], Place[], Place[]]
  const ttls = sections
    .flat()
    .map(({ fixed }) => (opt !== undefined && fixed > opt.start ? fixed - removed : fixed) + 4)
  const lowRcode = word(message, 2) & 0xf
  const rcode = opt === undefined ? lowRcode : (message[opt.fixed + 4]! << 4) | lowRcode
  setWord(bytes, 0, 0)
  setWord(bytes, 2, word(bytes, 2) & ~(Flag.RD | Flag.CD))

  for (const ttl of ttls) setTtl(bytes, ttl, ttlAt(bytes, ttl))
  const asked = word(message, nameEnd)
  const isNegative = !answer.some(({ type }) => type === asked || !ALIAS_TYPES.has(type))
  const soa = isNegative ? authority.find(({ type }) => type === Type.SOA) : undefined
  if (soa !== undefined) {
    if (soa.end - soa.data < 22) return undefined // two root names and five numbers at the least
    setTtl(bytes, soa.fixed + 4, Math.min(ttlAt(bytes, soa.fixed + 4), ttlAt(bytes, soa.end - 4)))
  }
  const lasting = soa === undefined ? answer : [...answer, soa]
  // A negative answer without a SOA must not be kept (RFC 2308 §5), whatever aliases stand in it.
  const isKept = !isFailure(rcode) && lasting.length > 0 && (!isNegative || soa !== undefined)

  return {
    bytes,
    rcode,
    options: joinOptions(opt === undefined ? undefined : message.subarray(opt.data, opt.end), extendedErrors),
    nameEnd,
    ttls: Uint16Array.from(ttls),
    addressSets: addressSets(message, answer),
    answerEnd: answer.at(-1)?.end ?? nameEnd + 4,
    answerCount: answer.length,
    trailingAddresses: trailingAddresses(answer),
    isSigned: sections.flat().some(({ type }) => type === Type.RRSIG),
    lifetime: isKept ? Math.min(...lasting.map(({ fixed }) => ttlAt(bytes, fixed + 4))) : 0,
  }
}

/** The packed answer as it is after so many seconds: TTLs and lifetime counted down. For answers kept elsewhere. */
export function agedAnswer<Answer extends PackedAnswer>(packed: Answer, seconds: number): Answer {
  const bytes = Uint8Array.from(packed.bytes)
  for (const ttl of packed.ttls) setTtl(bytes, ttl, Math.max(0, ttlAt(bytes, ttl) - seconds))
  return { ...packed, bytes, lifetime: Math.max(0, packed.lifetime - seconds) }
}

/** The packed answer with another TTL in each of its records, and an option in front of its own. */
export function withTtl(packed: PackedAnswer, ttl: number, option: Uint8Array): PackedAnswer {
  const bytes = Uint8Array.from(packed.bytes)
  for (const offset of packed.ttls) setTtl(bytes, offset, ttl)
  return { ...packed, bytes, lifetime: ttl, options: Uint8Array.of(...option, ...packed.options) }
}

/** The packed answer with no TTL longer than so many seconds. */
export function cappedAnswer(packed: PackedAnswer, seconds: number): PackedAnswer {
  const bytes = Uint8Array.from(packed.bytes)
  for (const offset of packed.ttls) setTtl(bytes, offset, Math.min(ttlAt(bytes, offset), seconds))
  return { ...packed, bytes, lifetime: Math.min(packed.lifetime, seconds) }
}

function joinOptions(own: Uint8Array | undefined, more: Uint8Array): Uint8Array {
  if (own === undefined) return more
  const kept = keepExtendedErrors(own)
  const joined = new Uint8Array(more.length + kept.length)
  joined.set(more)
  joined.set(kept, more.length)
  return joined
}

/** The A and AAAA RRsets of the answer section that have an order to choose (RFC 2181 §5: same owner and type). */
function addressSets(message: Uint8Array, answer: readonly Place[]): AddressSet[] {
  const sets = new Map<string, number[]>()
  for (const { start, type, data, end } of answer) {
    const length = addressLength(type)
    if (length === undefined || end - data !== length) continue
    const owner = readName(message, start)
    if (owner === undefined) continue
    const key = `${length} ${nameKey(owner.name)}`
    const offsets = sets.get(key)
    if (offsets === undefined) sets.set(key, [data])
    else offsets.push(data)
  }
  return Array.from(sets, ([key, offsets]) => ({
    length: Number.parseInt(key, 10),
    offsets: Uint16Array.from(offsets),
  })).filter(({ offsets }) => offsets.length > 1)
}

const addressLength = (type: number): number | undefined =>
  type === Type.A ? 4 : type === Type.AAAA ? 16 : undefined

function trailingAddresses(answer: readonly Place[]): Uint16Array {
  let first = answer.length
  while (first > 0 && addressLength(answer[first - 1]!.type) !== undefined) first--
  return Uint16Array.from(answer.slice(first).map(({ start }) => start))
}

/**
 * The message without one record of its additional section. What stands behind it moves up, so pointers over it
 * are shortened: in owners, and in the RDATA of the types that may hold compressed names (RFC 3597 §4).
 *
 * Nearly every server writes OPT last, then nothing moves.
 *
 * @returns undefined when something points into the record
 */
function withoutRecord(
  message: Uint8Array,
  gone: Place,
  additional: readonly Place[],
): Uint8Array | undefined {
  const removed = gone.end - gone.start
  const bytes = new Uint8Array(message.length - removed)
  bytes.set(message.subarray(0, gone.start))
  bytes.set(message.subarray(gone.end), gone.start)
  setWord(bytes, 10, word(message, 10) - 1)
  for (const place of additional) {
    if (place.start < gone.start) continue
    const names = [place.start, ...namesInRdata(message, place)]
    for (const name of names) {
      const pointer = pointerOf(message, name)
      if (pointer === undefined) continue
      const target = word(message, pointer) & 0x3fff
      if (target < gone.start) continue
      if (target < gone.end) return undefined
      setWord(bytes, pointer - removed, 0xc000 | (target - removed))
    }
  }
  return bytes
}

/** Where the names in RDATA begin that a sender may have compressed, for the types that can stand in an additional section. */
function namesInRdata(message: Uint8Array, { type, data }: Place): number[] {
  switch (type) {
    case Type.NS:
    case Type.CNAME:
    case Type.PTR:
      return [data]
    case Type.MX:
    case Type.AFSDB:
      return [data + 2]
    case Type.SRV:
      return [data + 6]
    case Type.SOA:
    case Type.RP: {
      const second = skipName(message, data)
      return second === -1 ? [data] : [data, second]
    }
    default:
      return []
  }
}

/** The offset of the compression pointer that ends the name at `offset`, if one does. */
function pointerOf(message: Uint8Array, offset: number): number | undefined {
  const end = skipName(message, offset)
  return end >= 2 && message[end - 1] !== undefined && isPointerEnd(message, offset, end)
    ? end - 2
    : undefined
}

function isPointerEnd(message: Uint8Array, offset: number, end: number): boolean {
  while (offset < end) {
    const length = message[offset]!
    if (length >= 0xc0) return true
    offset += length + 1
  }
  return false
}
