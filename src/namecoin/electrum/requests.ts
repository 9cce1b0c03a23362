import type { Use } from './budget.ts'
import { type Call, HEADER_REPLY_OCTETS, REPLY_OCTETS } from './client.ts'
import { type Answer, type Failed, failed, type Reply, result } from './failure.ts'
import {
  type BlockHeaders,
  type HeaderProof,
  type HistoryEntry,
  readBlockHeaders,
  readHeader,
  readHeaderProof,
  readHistory,
  readTip,
  readTransaction,
  readTransactionProof,
  readValueProof,
  type ServerTip,
  type TransactionProof,
  type ValueProofEntry,
} from './replies.ts'
import type { Session } from './session.ts'

/** The requests a light client makes, with the shapes of their replies checked. Nothing in them is proven by that. */

/** Who is asked: a session or a client. */
export interface Asked {
  readonly call: Call
}

/** Headers in one request: what servers answer (`MAX_CHUNK_SIZE`). */
export const MAX_HEADERS = 2_016

/** Octets of hex to expect for a header with its AuxPoW: 1,250 octets in 2026. */
const HEADER_HEX_OCTETS = 2_500

/** Octets of hex allowed for each in a slice on average; single ones have 41,438. */
const MAX_HEADER_HEX_OCTETS = 8_192

/** The newest block of the server's chain. */
export async function getTip(server: Asked, signal: AbortSignal): Promise<Answer<ServerTip>> {
  const options = { signal, maxOctets: HEADER_REPLY_OCTETS }
  return read(await server.call('blockchain.headers.subscribe', [], options), 'headers.subscribe', readTip)
}

/**
 * Headers with their AuxPoW, one after the other: at most `count`, fewer where the chain ends.
 *
 * Never with a checkpoint: since ElectrumX 1.19 such replies are cut in the wrong places.
 *
 * @param count at most `MAX_HEADERS`; 500 are some 1.3 MB
 */
export async function getBlockHeaders(
  server: Asked,
  start: number,
  count: number,
  signal: AbortSignal,
  use: Use = 'bulk',
): Promise<Answer<BlockHeaders>> {
  const reply = await server.call('blockchain.block.headers', [start, count], {
    signal,
    maxOctets: Math.max(HEADER_REPLY_OCTETS, REPLY_OCTETS + count * MAX_HEADER_HEX_OCTETS),
    expectedOctets: count * HEADER_HEX_OCTETS,
    use,
  })
  return read(reply, 'block.headers', (value) => readBlockHeaders(value, count))
}

/** One header with its AuxPoW. */
export async function getBlockHeader(
  server: Asked,
  height: number,
  signal: AbortSignal,
): Promise<Answer<Uint8Array>> {
  const options = { signal, maxOctets: HEADER_REPLY_OCTETS }
  return read(await server.call('blockchain.block.header', [height], options), 'block.header', readHeader)
}

/** One header without AuxPoW, and its branch to the root over all headers up to `checkpoint` (at least `height`). */
export async function getHeaderProof(
  server: Asked,
  height: number,
  checkpoint: number,
  signal: AbortSignal,
): Promise<Answer<HeaderProof>> {
  const options = { signal, maxOctets: HEADER_REPLY_OCTETS } // At protocol 1.4 it has its AuxPoW.
  const reply = await server.call('blockchain.block.header', [height, checkpoint], options)
  return read(reply, 'block.header', readHeaderProof)
}

/** All updates of a name, oldest first; none for a name that never existed. */
export async function getHistory(
  server: Asked,
  scripthash: string,
  signal: AbortSignal,
  onTooLong: () => void = () => {},
): Promise<Answer<readonly HistoryEntry[]>> {
  const params = [scripthash]
  const reply = await server.call('blockchain.scripthash.get_history', params, { signal, onTooLong })
  return read(reply, 'get_history', readHistory)
}

/** A transaction as it is in the block, witness included. */
export async function getTransaction(
  server: Asked,
  txid: string,
  signal: AbortSignal,
  onTooLong: () => void = () => {},
): Promise<Answer<Uint8Array>> {
  const reply = await server.call('blockchain.transaction.get', [txid], { signal, onTooLong })
  return read(reply, 'transaction.get', readTransaction)
}

/** A transaction's branch to the Merkle root in the header of the block at `height`. */
export async function getTransactionProof(
  server: Asked,
  txid: string,
  height: number,
  signal: AbortSignal,
): Promise<Answer<TransactionProof>> {
  const reply = await server.call('blockchain.transaction.get_merkle', [txid, height], { signal })
  return read(reply, 'get_merkle', (value) => readTransactionProof(value, height))
}

/**
 * A name's updates, newest first, down to the first at `checkpoint` or below, which comes with its header; none for a
 * name that never existed. Only where `hasValueProof`; others answer -32601.
 *
 * @param onTooLong called when the reply is, even after the signal has aborted
 */
export async function getValueProof(
  server: Asked,
  scripthash: string,
  checkpoint: number,
  signal: AbortSignal,
  onTooLong: () => void = () => {},
): Promise<Answer<readonly ValueProofEntry[]>> {
  const params = [scripthash, checkpoint]
  const reply = await server.call('blockchain.name.get_value_proof', params, { signal, onTooLong })
  return read(reply, 'get_value_proof', (value) => readValueProof(value, scripthash))
}

/**
 * Tells of the newest block, now and whenever there is another, over every reconnection; a failure for what is no
 * header. The function returned ends it.
 */
export function watchTip(
  session: Session,
  changed: (tip: ServerTip | Failed) => void,
): (() => void) | Failed {
  return session.subscribe({
    method: 'blockchain.headers.subscribe',
    changed: (value) => changed(readTip(value) ?? misshapen('headers.subscribe')),
  })
}

function read<Value>(
  reply: Reply,
  what: string,
  reader: (value: unknown) => Value | undefined,
): Answer<Value> {
  if (reply.kind !== 'result') return reply
  const value = reader(reply.result)
  return value === undefined ? misshapen(what) : result(value)
}

const misshapen = (what: string): Failed => failed('protocol', `${what}: a reply of the wrong shape`)
