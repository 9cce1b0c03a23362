import { equalNames, lowerLabel, lowerName, type Name, nameKey, nameToWire } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import { toBase32Hex } from '../dns/rdata-fields.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { type Denial, deniesType, endsZone, isDelegation, NOT_PROVEN } from './denial.ts'
import { type Effort, MAX_NSEC3_ITERATIONS } from './effort.ts'
import { hasType, isTypeBitMap } from './type-bit-map.ts'
import { bogus, DnssecError, INSECURE, type Security } from './verdict.ts'

/** An NSEC3 record (RFC 5155 §3): no hash of a name lies between `hash` and `next`. */
export interface Nsec3 {
  /** Base32 with the extended hex alphabet in lower case, of which the order is that of the octets. */
  readonly hash: string
  readonly next: string
  /** There may be delegations without DS records between the two hashes. */
  readonly optOut: boolean
  readonly iterations: number
  readonly salt: Uint8Array
  /** A type bit map. */
  readonly types: Uint8Array
}

const SHA_1 = 1
const SHA_1_OCTETS = 20
const HASH_LABEL = /^[0-9a-v]{32}$/
const OPT_OUT = 1

/** @returns undefined for RDATA that is no NSEC3, and for hashes and flags of the future (RFC 5155 §8.1, §8.2) */
export function readNsec3({ name, data }: ResourceRecord, zone: Name): Nsec3 | undefined {
  const hash = lowerLabel(name[0] ?? '')
  const salt = data.subarray(5, 5 + (data[4] ?? 0))
  const start = 5 + salt.length + 1
  const next = data.subarray(start, start + SHA_1_OCTETS)
  const types = data.subarray(start + SHA_1_OCTETS)
  const isOne =
    data[0] === SHA_1 &&
    data[1]! <= OPT_OUT &&
    salt.length === data[4] &&
    data[start - 1] === SHA_1_OCTETS &&
    next.length === SHA_1_OCTETS &&
    isTypeBitMap(types) &&
    HASH_LABEL.test(hash) &&
    equalNames(name.slice(1), zone)
  if (!isOne) return undefined
  return {
    hash,
    next: toBase32Hex(next),
    optOut: data[1] === OPT_OUT,
    iterations: (data[2]! << 8) | data[3]!,
    salt,
    types,
  }
}

/** RFC 5155 §5: the hash of a name, or undefined when the effort is used up. */
async function hashName(
  name: Name,
  { iterations, salt }: Nsec3,
  effort: Effort,
): Promise<string | undefined> {
  effort.hashRounds -= iterations + 1
  if (effort.hashRounds < 0) return undefined
  let hash: Uint8Array = nameToWire(lowerName(name))
  for (let round = 0; round <= iterations; round++) {
    const salted = new Uint8Array(hash.length + salt.length)
    salted.set(hash)
    salted.set(salt, hash.length)
    hash = new Uint8Array(await crypto.subtle.digest('SHA-1', salted))
  }
  return toBase32Hex(hash)
}

const sameParameters = (a: Nsec3, b: Nsec3): boolean =>
  a.iterations === b.iterations &&
  a.salt.length === b.salt.length &&
  a.salt.every((octet, index) => octet === b.salt[index])

const isBetween = (hash: string, { hash: from, next: to }: Nsec3): boolean =>
  from < to ? from < hash && hash < to : from < hash || hash < to

/** The closest name above that exists, and the record that covers the name one label longer (RFC 5155 §8.3). */
interface CloserProof {
  readonly encloser: Name
  readonly cover: Nsec3
}

const SECURE: Security = { kind: 'secure' }

/** RFC 5155 §9.2: where delegations may have been left out, what is not there may be there unsigned. */
const unlessOptOut = ({ optOut }: Nsec3): Security => (optOut ? INSECURE : SECURE)

/**
 * What NSEC3 records prove (RFC 5155 §8, RFC 6840 §4, RFC 9276).
 * @param records signed by the zone, and not as wildcards
 */
export function nsec3Denial(records: readonly Nsec3[], zone: Name, effort: Effort): Denial {
  // RFC 5155 §8.2: the records of one proof have one set of parameters.
  const chain = records.filter((record) => sameParameters(record, records[0]!))
  const hashes = new Map<string, string | undefined>()

  const hashOf = async (name: Name): Promise<string | undefined> => {
    const parameters = chain[0]
    if (parameters === undefined) return undefined
    const key = nameKey(name)
    if (!hashes.has(key)) hashes.set(key, await hashName(name, parameters, effort))
    return hashes.get(key)
  }
  const matching = async (name: Name): Promise<Nsec3 | undefined> => {
    const hash = await hashOf(name)
    return hash === undefined ? undefined : chain.find((record) => record.hash === hash)
  }
  const covering = async (name: Name): Promise<Nsec3 | undefined> => {
    const hash = await hashOf(name)
    return hash === undefined ? undefined : chain.find((record) => isBetween(hash, record))
  }

  /** For a name without a record of its own. None denies names below a cut or a DNAME, which are not its zone's. */
  const closerProof = async (name: Name): Promise<CloserProof | undefined> => {
    for (let labels = 1; labels <= name.length - zone.length; labels++) {
      const encloser = name.slice(labels)
      const match = await matching(encloser)
      if (match === undefined) continue
      const cover = endsZone(match.types) ? undefined : await covering(name.slice(labels - 1))
      return cover && { encloser, cover }
    }
    return undefined
  }

  const denial: Denial = {
    async noData(name, type) {
      const record = await matching(name)
      if (record !== undefined) return deniesType(record.types, type) ? SECURE : NOT_PROVEN
      const closer = await closerProof(name)
      if (closer === undefined) return NOT_PROVEN
      const wildcard = await matching(['*', ...closer.encloser])
      if (wildcard !== undefined)
        return deniesType(wildcard.types, type) ? unlessOptOut(closer.cover) : NOT_PROVEN
      // §8.6, and a name that exists only for the delegations below it that were left out.
      return closer.cover.optOut ? INSECURE : NOT_PROVEN
    },
    async noName(name) {
      const closer = (await matching(name)) === undefined ? await closerProof(name) : undefined
      if (closer === undefined || (await covering(['*', ...closer.encloser])) === undefined) return NOT_PROVEN
      return unlessOptOut(closer.cover)
    },
    async noCloserName(name, wildcard) {
      const cover = await covering(name.slice(name.length - wildcard.length))
      return cover === undefined ? NOT_PROVEN : unlessOptOut(cover)
    },
    async noDs(name) {
      const record = await matching(name)
      if (record === undefined) {
        const cover = (await closerProof(name))?.cover
        return cover === undefined ? NOT_PROVEN : cover.optOut ? INSECURE : { kind: 'uncut' }
      }
      if (!hasType(record.types, Type.NS)) return { kind: 'uncut' }
      return isDelegation(record.types) && !hasType(record.types, Type.DS) ? INSECURE : NOT_PROVEN
    },
  }
  return limited(denial, chain, effort)
}

const TOO_MUCH = bogus(
  DnssecError.UNSUPPORTED_NSEC3_ITERATIONS,
  'the NSEC3 proofs take more hashing than is done',
)

/**
 * Fails closed where the proof is not followed for its cost. RFC 9276 §3.2 allows to call that insecure as well, but
 * whoever stands between could then make any name of the zone not exist.
 */
function limited(denial: Denial, chain: readonly Nsec3[], effort: Effort): Denial {
  if ((chain[0]?.iterations ?? 0) > MAX_NSEC3_ITERATIONS) {
    const refuse = async () => TOO_MUCH
    return { noData: refuse, noName: refuse, noCloserName: refuse, noDs: refuse }
  }
  const orTooMuch = async <T>(proof: Promise<T>): Promise<T | typeof TOO_MUCH> => {
    const proven = await proof
    return effort.hashRounds < 0 ? TOO_MUCH : proven
  }
  return {
    noData: (name, type) => orTooMuch(denial.noData(name, type)),
    noName: (name) => orTooMuch(denial.noName(name)),
    noCloserName: (name, wildcard) => orTooMuch(denial.noCloserName(name, wildcard)),
    noDs: (name) => orTooMuch(denial.noDs(name)),
  }
}
