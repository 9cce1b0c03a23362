import { equalNames, type Name, nameKey } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { readSignature, type Signature } from './signature.ts'

/** Records of one owner and type (RFC 2181 §5), and what claims to sign them. */
export interface RrSet {
  readonly owner: Name
  readonly type: number
  readonly records: readonly [ResourceRecord, ...ResourceRecord[]]
  readonly signatures: readonly Signature[]
}

const setKey = (owner: Name, type: number): string => `${type} ${nameKey(owner)}`

/** The RRsets of a section by owner and type; RRSIG records are with what they cover, those of nothing left out. */
export interface RrSets {
  readonly all: readonly RrSet[]
  find(owner: Name, type: number): RrSet | undefined
  /** Those of one owner. */
  allOf(owner: Name): readonly RrSet[]
}

/** A section is read several times on the way to a verdict, and its RRsets are made once: hundreds of long names take a while. */
const known = new WeakMap<readonly ResourceRecord[], RrSets>()

export function rrSetsOf(section: readonly ResourceRecord[]): RrSets {
  const sets = known.get(section) ?? groupIntoSets(section)
  known.set(section, sets)
  return sets
}

function groupIntoSets(section: readonly ResourceRecord[]): RrSets {
  const signatures = new Map<string, Signature[]>()
  const records = new Map<string, [ResourceRecord, ...ResourceRecord[]]>()
  for (const record of section) {
    if (record.type === Type.RRSIG) {
      const signature = readSignature(record)
      if (signature !== undefined) add(signatures, setKey(record.name, signature.typeCovered), signature)
    } else {
      add(records, setKey(record.name, record.type), record)
    }
  }
  const sets = new Map<string, RrSet>()
  for (const [key, set] of records)
    sets.set(key, {
      owner: set[0].name,
      type: set[0].type,
      records: set,
      signatures: signatures.get(key) ?? [],
    })
  const all = [...sets.values()]
  return {
    all,
    find: (owner, type) => sets.get(setKey(owner, type)),
    allOf: (owner) => all.filter((set) => equalNames(set.owner, owner)),
  }
}

function add<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
