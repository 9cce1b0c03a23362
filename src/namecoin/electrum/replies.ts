import { HEADER_OCTETS, MAX_HEADER_OCTETS } from '../chain/header.ts'
import { isRecord } from '../json-rpc.ts'
import { readHash, readHex } from './octets.ts'

/**
 * The shapes of replies, checked before anything else reads them: undefined for what is none. Hashes come out as octets
 * in their own order, the reverse of how they are displayed; only txids stay text, as they are sent back.
 */

/** Heights, positions: what Namecoin Core keeps in 31 bits. */
const MAX_INTEGER = 0x7fff_ffff

/** Longest transaction: what fits in a reply. Nodes relay at most 100,000 octets. */
const MAX_TRANSACTION_OCTETS = 262_144

/** A transaction without inputs and outputs. */
const MIN_TRANSACTION_OCTETS = 10

/** Longest branch: a tree of 2^30 leaves. */
const MAX_BRANCH = 30

/** The newest block that a server knows. */
export interface ServerTip {
  readonly height: number
  /** With its AuxPoW. */
  readonly header: Uint8Array
}

/** `{"hex":"…","height":843000}` */
export function readTip(value: unknown): ServerTip | undefined {
  if (!isRecord(value)) return undefined
  const height = readInteger(value['height'])
  const header = readHeader(value['hex'])
  return height === undefined || header === undefined ? undefined : { height, header }
}

export interface BlockHeaders {
  readonly count: number
  /** So many headers with their AuxPoW, without anything between: where one ends, only parsing tells. */
  readonly headers: Uint8Array
}

/**
 * `{"hex":"…","count":500,"max":2016}`, or from protocol 1.6 on `{"headers":["…",…],…}`, which ElectrumX 1.19 and 2.0
 * cut every 80 octets whatever a header's length (`block_headers_array`): joined they are right again.
 */
export function readBlockHeaders(value: unknown, asked: number): BlockHeaders | undefined {
  if (!isRecord(value)) return undefined
  const count = readInteger(value['count'])
  if (count === undefined || count > asked) return undefined
  const hex = value['hex'] ?? joined(value['headers'])
  const headers = readHex(hex, count * HEADER_OCTETS, count * MAX_HEADER_OCTETS)
  return headers === undefined ? undefined : { count, headers }
}

const joined = (parts: unknown): string | undefined =>
  Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts.join('') : undefined

/** `"<header>"`, with its AuxPoW. */
export const readHeader = (value: unknown): Uint8Array | undefined =>
  readHex(value, HEADER_OCTETS, MAX_HEADER_OCTETS)

/** A header's place in the tree over all headers up to a checkpoint. */
export interface HeaderProof {
  /** 80 octets, without AuxPoW. */
  readonly header: Uint8Array
  /** From the leaf up. */
  readonly branch: readonly Uint8Array[]
  /** What the server says it comes to; believe your own. */
  readonly root: Uint8Array
}

/** `{"header":"<80 octets>","branch":[…],"root":"…"}`; at protocol 1.4 servers leave the AuxPoW on. */
export function readHeaderProof(value: unknown): HeaderProof | undefined {
  if (!isRecord(value)) return undefined
  const header = readHeader(value['header'])?.slice(0, HEADER_OCTETS)
  const branch = readBranch(value['branch'])
  const root = readHash(value['root'])
  return header === undefined || branch === undefined || root === undefined
    ? undefined
    : { header, branch, root }
}

export interface HistoryEntry {
  /** Hex as it is displayed, lower case. */
  readonly txid: string
  /** 0 or -1 for a transaction that is in no block yet. */
  readonly height: number
}

/** `[{"tx_hash":"…","height":495000},…]`, oldest first. */
export function readHistory(value: unknown): readonly HistoryEntry[] | undefined {
  return readList(value, (entry) => {
    if (!isRecord(entry)) return undefined
    const txid = readTxid(entry['tx_hash'])
    const height = readInteger(entry['height'], -1)
    return txid === undefined || height === undefined ? undefined : { txid, height }
  })
}

/** `"<hex>"` */
export const readTransaction = (value: unknown): Uint8Array | undefined =>
  readHex(value, MIN_TRANSACTION_OCTETS, MAX_TRANSACTION_OCTETS)

/** A transaction's place in its block. */
export interface TransactionProof {
  /** From the leaf up. */
  readonly branch: readonly Uint8Array[]
  readonly position: number
}

/** `{"block_height":h,"merkle":[…],"pos":11}` */
export function readTransactionProof(value: unknown, height: number): TransactionProof | undefined {
  return isRecord(value) && value['block_height'] === height ? readBranchAndPosition(value) : undefined
}

function readBranchAndPosition(value: unknown): TransactionProof | undefined {
  if (!isRecord(value)) return undefined
  const branch = readBranch(value['merkle'])
  const position = readInteger(value['pos'])
  return branch === undefined || position === undefined ? undefined : { branch, position }
}

/** One update of a name. */
export interface ValueProofEntry {
  readonly height: number
  readonly transaction: Uint8Array
  readonly proof: TransactionProof
  /** With the newest update at the checkpoint or below; the others are above it. */
  readonly header?: HeaderProof
}

/**
 * `{"<scripthash>":[{"height":…,"tx":"…","tx_merkle":{"merkle":[…],"pos":n}[,"header":{…}]},…]}`, newest first. Other
 * scripthashes may be there as hints, and are left out.
 */
export function readValueProof(value: unknown, scripthash: string): readonly ValueProofEntry[] | undefined {
  if (!isRecord(value) || !Object.hasOwn(value, scripthash)) return undefined
  return readList(value[scripthash], (entry) => {
    if (!isRecord(entry)) return undefined
    const height = readInteger(entry['height'])
    const transaction = readTransaction(entry['tx'])
    const proof = readBranchAndPosition(entry['tx_merkle'])
    if (height === undefined || transaction === undefined || proof === undefined) return undefined
    if (entry['header'] === undefined) return { height, transaction, proof }
    const header = readHeaderProof(entry['header'])
    return header === undefined ? undefined : { height, transaction, proof, header }
  })
}

const readBranch = (value: unknown): readonly Uint8Array[] | undefined =>
  Array.isArray(value) && value.length <= MAX_BRANCH ? readList(value, readHash) : undefined

const readTxid = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : undefined

const readInteger = (value: unknown, min = 0): number | undefined =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= MAX_INTEGER
    ? (value as number)
    : undefined

/** Every entry of a list, or undefined when one of them is wrong. */
function readList<Entry>(
  value: unknown,
  reader: (entry: unknown) => Entry | undefined,
): readonly Entry[] | undefined {
  if (!Array.isArray(value)) return undefined
  const entries: Entry[] = []
  for (const one of value) {
    const entry = reader(one)
    if (entry === undefined) return undefined
    entries.push(entry)
  }
  return entries
}
