import { concatenated, hashToText, type Sha256, sameOctets } from './hash.ts'
import { OctetReader } from './octets.ts'
import { type Refused, refused } from './refused.ts'
import type { Transaction } from './transaction.ts'

/**
 * Names in transactions: what they are indexed under, and how they are read. Sources: light-client.md §2 and §3,
 * namecoin-core `src/script/names.cpp`, `src/names/main.cpp`; electrumx `NameIndexMixin`.
 */

/** A name operation that gives a name a value. NAME_NEW only reserves one in secret, and is passed over. */
export interface NameOperation {
  readonly operation: 'first-update' | 'update'
  readonly name: Uint8Array
  readonly value: Uint8Array
}

export type NameCode =
  | 'not-a-name-transaction' // a version that name operations do not count in
  | 'wrong-name' // no operation for the name that was asked for
  | 'several-name-outputs' // consensus allows one
  | 'value-too-long'

/** The version that makes a transaction one of names (`NAMECOIN_TX_VERSION`). */
export const NAME_TRANSACTION_VERSION = 0x7100
/** Octets (`MAX_NAME_LENGTH`). */
export const MAX_NAME_OCTETS = 255
/** Octets (`MAX_VALUE_LENGTH`): consensus; the 520 of wallets is policy. */
export const MAX_VALUE_OCTETS = 1023

const OP_0 = 0x00
const OP_PUSHDATA1 = 0x4c
const OP_PUSHDATA2 = 0x4d
const OP_PUSHDATA4 = 0x4e
const OP_NAME_FIRSTUPDATE = 0x52
const OP_NAME_UPDATE = 0x53
const OP_NOP = 0x61
const OP_RETURN = 0x6a
const OP_2DROP = 0x6d
const OP_DROP = 0x75

/** The script that servers index all operations of a name under: an update without value or owner. */
export function indexScript(name: Uint8Array): Uint8Array {
  const end = Uint8Array.of(OP_0, OP_2DROP, OP_DROP, OP_RETURN)
  return concatenated([Uint8Array.of(OP_NAME_UPDATE), push(name), end])
}

/** What a name is asked for by: SHA-256 (once) of its index script, reversed, in hex. */
export function scriptHash(sha256: Sha256, name: Uint8Array): string {
  return hashToText(sha256(indexScript(name)))
}

/** Octets of an index script's hash, the first ones, by which servers tell scripts apart (electrumx `HASHX_LEN`). */
const INDEXED_OCTETS = 11

/**
 * Whether a transaction updates another name that servers cannot tell from `name`, and so honestly send for it. Two such
 * names can be made with 2^44 hashes; one for a name that is there already takes 2^88.
 */
export function isIndexedAlike(sha256: Sha256, transaction: Transaction, name: Uint8Array): boolean {
  const [operation, ...more] = operationsOf(transaction).map((one) => one.operation)
  if (operation === undefined || more.length > 0) return false
  const key = (of: Uint8Array) => sha256(indexScript(of)).subarray(0, INDEXED_OCTETS)
  return sameOctets(key(operation.name), key(name))
}

/** The one operation on `name` in a transaction. */
export function nameOperation(
  transaction: Transaction,
  name: Uint8Array,
):
  | { readonly kind: 'operation'; readonly operation: NameOperation; readonly output: number }
  | Refused<NameCode> {
  if (transaction.version !== NAME_TRANSACTION_VERSION) {
    return refused('not-a-name-transaction', `version ${transaction.version}`)
  }
  const found = operationsOf(transaction)
  const [first] = found.filter(({ operation }) => sameOctets(operation.name, name))
  if (first === undefined) return refused('wrong-name', `${found.length} operations on other names`)
  if (found.length > 1) return refused('several-name-outputs', `${found.length}`)
  const { value } = first.operation
  if (value.length > MAX_VALUE_OCTETS) return refused('value-too-long', `${value.length} octets`)
  return { kind: 'operation', ...first }
}

const operationsOf = ({ scripts }: Transaction) =>
  scripts.flatMap((script, output) => {
    const operation = readNameScript(script)
    return operation === undefined ? [] : [{ operation, output }]
  })

/**
 * The name operation at the start of an output's script, undefined when there is none (`CNameScript`): the operation,
 * its arguments, then any of OP_DROP, OP_2DROP and OP_NOP, then the owner's script.
 */
export function readNameScript(script: Uint8Array): NameOperation | undefined {
  const reader = new OctetReader(script)
  const opcode = reader.uint8()
  if (opcode !== OP_NAME_FIRSTUPDATE && opcode !== OP_NAME_UPDATE) return undefined
  const first = opcode === OP_NAME_FIRSTUPDATE
  const count = first ? 3 : 2
  const pushed: Uint8Array[] = []
  while (pushed.length < count) {
    const data = readPush(reader)
    if (data === undefined) return undefined
    pushed.push(data)
  }
  const end = reader.uint8()
  if (!reader.ok || (end !== OP_DROP && end !== OP_2DROP && end !== OP_NOP)) return undefined
  return { operation: first ? 'first-update' : 'update', name: pushed[0]!, value: pushed[count - 1]! }
}

function push(octets: Uint8Array): Uint8Array {
  const { length } = octets
  if (length < OP_PUSHDATA1) return concatenated([Uint8Array.of(length), octets])
  if (length <= 0xff) return concatenated([Uint8Array.of(OP_PUSHDATA1, length), octets])
  return concatenated([Uint8Array.of(OP_PUSHDATA2, length & 0xff, length >> 8), octets])
}

/** The octets that an opcode pushes; undefined for any other opcode: OP_1 and its like are no arguments. */
function readPush(reader: OctetReader): Uint8Array | undefined {
  const opcode = reader.uint8()
  if (opcode > OP_PUSHDATA4) return undefined
  const octets = reader.take(pushLength(reader, opcode))
  return reader.ok ? octets : undefined
}

function pushLength(reader: OctetReader, opcode: number): number {
  if (opcode === OP_PUSHDATA1) return reader.uint8()
  if (opcode === OP_PUSHDATA2) return reader.uint16()
  return opcode === OP_PUSHDATA4 ? reader.uint32() : opcode
}
