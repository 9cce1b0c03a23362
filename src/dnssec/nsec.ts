import { equalNames, isAtOrBelow, lowerLabel, type Name, nameLength, readName } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { compareNames } from './canonical.ts'
import { type Denial, deniesType, endsZone, isDelegation, isNonexistent, NOT_PROVEN } from './denial.ts'
import { hasType, isTypeBitMap } from './type-bit-map.ts'
import { INSECURE, type Security } from './verdict.ts'

/** An NSEC record (RFC 4034 §4): no name lies between `owner` and `next`. */
export interface Nsec {
  readonly owner: Name
  readonly next: Name
  /** A type bit map. */
  readonly types: Uint8Array
}

/** @returns undefined for RDATA that is no NSEC */
export function readNsec({ name: owner, data }: ResourceRecord): Nsec | undefined {
  const read = readName(data, 0)
  if (read === undefined || read.end !== nameLength(read.name)) return undefined
  const types = data.subarray(read.end)
  return isTypeBitMap(types) ? { owner, next: read.name, types } : undefined
}

const SECURE: Security = { kind: 'secure' }

/** The longest common ancestor of two names. */
function commonAncestor(a: Name, b: Name): Name {
  let length = 0
  while (
    length < Math.min(a.length, b.length) &&
    lowerLabel(a[a.length - 1 - length]!) === lowerLabel(b[b.length - 1 - length]!)
  )
    length++
  return a.slice(a.length - length)
}

/**
 * What NSEC records prove (RFC 4035 §5.4, RFC 4592, RFC 6840 §4, RFC 9824).
 * @param records signed by the zone, and not as wildcards
 */
export function nsecDenial(records: readonly Nsec[], zone: Name): Denial {
  const matching = (name: Name): Nsec | undefined => records.find(({ owner }) => equalNames(owner, name))

  /** The last record leads back to the apex. None denies names below a cut or a DNAME, which are not its zone's. */
  const isCovered = (name: Name, { owner, next, types }: Nsec): boolean =>
    compareNames(owner, name) < 0 &&
    (compareNames(name, next) < 0 || equalNames(next, zone)) &&
    !(isAtOrBelow(name, owner) && endsZone(types))
  const covering = (name: Name): Nsec | undefined => records.find((record) => isCovered(name, record))

  /** A name without records above one that has some exists (RFC 4592 §2.2.2). */
  const isEmptyNonterminal = (name: Name): boolean => {
    const record = covering(name)
    return record !== undefined && isAtOrBelow(record.next, name)
  }

  /** The closest name above that exists, for a name that is proven not to. */
  const closestEncloser = (name: Name): Name | undefined => {
    const record = covering(name)
    if (record === undefined || isAtOrBelow(record.next, name)) return undefined
    const [before, behind] = [commonAncestor(name, record.owner), commonAncestor(name, record.next)]
    return before.length > behind.length ? before : behind
  }

  const lacksType = (name: Name, type: number): boolean => {
    const record = matching(name)
    return record === undefined ? isEmptyNonterminal(name) : deniesType(record.types, type)
  }

  return {
    async noData(name, type) {
      if (lacksType(name, type)) return SECURE
      const encloser = closestEncloser(name)
      return encloser !== undefined && lacksType(['*', ...encloser], type) ? SECURE : NOT_PROVEN
    },
    async noName(name) {
      const record = matching(name)
      if (record !== undefined) return isNonexistent(record.types) ? SECURE : NOT_PROVEN
      const encloser = closestEncloser(name)
      return encloser !== undefined && closestEncloser(['*', ...encloser]) !== undefined ? SECURE : NOT_PROVEN
    },
    async noCloserName(name, wildcard) {
      const encloser = closestEncloser(name)
      return encloser !== undefined && equalNames(encloser, wildcard.slice(1)) ? SECURE : NOT_PROVEN
    },
    async noDs(name) {
      const record = matching(name)
      if (record === undefined) return covering(name) === undefined ? NOT_PROVEN : { kind: 'uncut' }
      if (!hasType(record.types, Type.NS)) return { kind: 'uncut' }
      return isDelegation(record.types) && !hasType(record.types, Type.DS) ? INSECURE : NOT_PROVEN
    },
  }
}
