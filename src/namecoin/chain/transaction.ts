import { concatenated, type Sha256, sha256d } from './hash.ts'
import { OctetReader } from './octets.ts'
import { type Refused, refused } from './refused.ts'

/** Transactions, as much of them as names and merge mining need. Source: namecoin-core `src/primitives/transaction.h`. */

/** A transaction. All octets are views into what was parsed. */
export interface Transaction {
  readonly kind: 'transaction'
  readonly version: number
  readonly inputs: readonly Input[]
  /** The outputs' scripts. Amounts are nothing to us. */
  readonly scripts: readonly Uint8Array[]
  /** The octets that the id is the hash of: without witnesses. */
  readonly stripped: Uint8Array
}

export interface Input {
  /** The transaction whose output is spent. */
  readonly txid: Uint8Array
  /** Which of its outputs. */
  readonly output: number
  readonly script: Uint8Array
}

export type TransactionCode = 'bad-transaction'

/** A block, witnesses not counted, has no more (`MAX_BLOCK_SERIALIZED_SIZE` / 4, consensus/consensus.h). */
export const MAX_TRANSACTION_OCTETS = 1_000_000

/** Outpoint, empty script, sequence. */
const LEAST_INPUT_OCTETS = 41
/** Amount and empty script. */
const LEAST_OUTPUT_OCTETS = 9
const WITNESS_FLAG = 1

/** The id of a transaction: the hash of what it is without witnesses. */
export function txidOf(sha256: Sha256, transaction: Transaction): Uint8Array {
  return sha256d(sha256, transaction.stripped)
}

/** One transaction and nothing behind it. */
export function parseTransaction(octets: Uint8Array): Transaction | Refused<TransactionCode> {
  if (octets.length > MAX_TRANSACTION_OCTETS) {
    return refused('bad-transaction', `longer than ${MAX_TRANSACTION_OCTETS} octets`)
  }
  const reader = new OctetReader(octets)
  const transaction = readTransaction(reader)
  if (transaction === undefined) return refused('bad-transaction', 'cut off or not canonical')
  if (reader.left !== 0) return refused('bad-transaction', `${reader.left} octets behind the transaction`)
  return transaction
}

/**
 * Reads a transaction in either serialization (`UnserializeTransaction`): with witnesses it has no inputs where they
 * should be, and a flag. Zero outputs are fine: merge-mining parents on regtest and testnet have none.
 */
export function readTransaction(reader: OctetReader): Transaction | undefined {
  const version = reader.take(4)
  let start = reader.offset
  let inputs = readInputs(reader)
  let scripts: Uint8Array[] = []
  let witnesses = false
  if (inputs.length === 0 && reader.ok) {
    const flag = reader.uint8()
    if (flag !== 0 && flag !== WITNESS_FLAG) return undefined
    witnesses = flag === WITNESS_FLAG
    if (witnesses) {
      start = reader.offset
      inputs = readInputs(reader)
      scripts = readScripts(reader)
    }
  } else {
    scripts = readScripts(reader)
  }
  const end = reader.offset
  // A flag without a single witness would be a second way to write one transaction: Core refuses it.
  if (witnesses && !readWitnesses(reader, inputs.length)) return undefined
  const lockTime = reader.take(4)
  if (!reader.ok) return undefined
  const stripped = concatenated([version, reader.octets.subarray(start, end), lockTime])
  return { kind: 'transaction', version: new OctetReader(version).int32(), inputs, scripts, stripped }
}

function readInputs(reader: OctetReader): Input[] {
  const count = reader.count(LEAST_INPUT_OCTETS)
  const inputs: Input[] = []
  for (let index = 0; index < count && reader.ok; index++) {
    const txid = reader.take(32)
    const output = reader.uint32()
    const script = reader.lengthAndOctets()
    reader.take(4)
    inputs.push({ txid, output, script })
  }
  return inputs
}

function readScripts(reader: OctetReader): Uint8Array[] {
  const count = reader.count(LEAST_OUTPUT_OCTETS)
  const scripts: Uint8Array[] = []
  for (let index = 0; index < count && reader.ok; index++) {
    reader.take(8)
    scripts.push(reader.lengthAndOctets())
  }
  return scripts
}

/** Passes over the witnesses; whether there are any. */
function readWitnesses(reader: OctetReader, inputs: number): boolean {
  let any = false
  for (let index = 0; index < inputs && reader.ok; index++) {
    const items = reader.count(1)
    any ||= items > 0
    for (let item = 0; item < items && reader.ok; item++) reader.lengthAndOctets()
  }
  return any
}
