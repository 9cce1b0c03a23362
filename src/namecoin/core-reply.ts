import { fromHex } from './hex.ts'
import { isRecord, type RpcReply } from './json-rpc.ts'
import type { NameOutcome, Tip } from './source.ts'
import { type Unreachable, unreachable } from './unreachable.ts'

/** What Namecoin Core's replies mean. Pure. Sources: namecoin-core `src/rpc/names.cpp`, `src/rpc/protocol.h`. */

/** Longest value, octets: consensus (`MAX_VALUE_LENGTH`, namecoin-core `src/names/main.h`). */
export const MAX_VALUE_OCTETS = 1023

/** A network, in the words of our settings. */
export type Network = 'mainnet' | 'testnet' | 'regtest'

/** What a node says about its chain: the tip that lookups can be believed for, or why they cannot. */
export type ChainView = { readonly kind: 'tip'; readonly tip: Tip } | Unreachable

/** RPC_WALLET_ERROR, which `name_show` uses for names that do not exist. */
const NAME_ERROR = -4
/** RPC_CLIENT_IN_INITIAL_DOWNLOAD */
const INITIAL_DOWNLOAD = -10
/** RPC_IN_WARMUP */
const WARMUP = -28

const BLOCK_OR_TX = /^[0-9a-f]{64}$/

const networks: ReadonlyMap<unknown, Network> = new Map([
  ['main', 'mainnet'],
  ['test', 'testnet'],
  ['regtest', 'regtest'],
])

/**
 * The outcome of `name_show` with both encodings hex.
 *
 * @param nameHex - the name that was asked for: a result for another name is no answer
 */
export function readNameShow(reply: RpcReply, nameHex: string): NameOutcome {
  if (reply.kind === 'unreachable') return reply
  if (reply.kind === 'error') return readNameError(reply.code, reply.message)
  const { result } = reply
  if (!isRecord(result)) return unreachable('protocol', 'name_show: the result is no object')
  if (result['name'] !== nameHex || result['name_encoding'] !== 'hex') {
    return unreachable('protocol', 'name_show: the result is about another name')
  }
  const { height, expires_in: expiresIn, expired, txid } = result
  if (!isHeight(height) || !Number.isInteger(expiresIn) || !isId(txid)) {
    return unreachable('protocol', 'name_show: the result has no height, expires_in or txid')
  }
  // A node before 0.21, or one with -allowexpired, gives the last value of an expired name away as if it held.
  if (expired === true || (expiresIn as number) <= 0) return { kind: 'expired' }
  if (result['value_encoding'] !== 'hex')
    return { kind: 'invalid', detail: 'name_show: the value is not in hex' }
  const value = typeof result['value'] === 'string' ? fromHex(result['value']) : undefined
  if (value === undefined) return { kind: 'invalid', detail: 'name_show: the value is no hex' }
  if (value.length > MAX_VALUE_OCTETS) {
    return { kind: 'invalid', detail: `name_show: the value is longer than ${MAX_VALUE_OCTETS} octets` }
  }
  return { kind: 'found', value, height, expiresIn: expiresIn as number, txid }
}

/**
 * Only the node's two sentences mean that a name does not exist. -4 is also the code of everything that can go wrong
 * with a wallet, and a name that exists must not become NXDOMAIN: any other sentence is no answer.
 */
function readNameError(code: number, message: string): NameOutcome {
  if (code !== NAME_ERROR) return readCommonError(code)
  if (message.startsWith('name expired')) return { kind: 'expired' }
  // `name not found`: before 0.21, where expired names are found.
  if (message.startsWith('name never existed') || message.startsWith('name not found'))
    return { kind: 'absent' }
  return unreachable('protocol', 'RPC error -4 for another reason than the name')
}

/**
 * What `getblockchaininfo` says.
 *
 * @param network - the one that the node must be on; undefined takes any
 */
export function readChainInfo(reply: RpcReply, network: Network | undefined): ChainView {
  if (reply.kind === 'unreachable') return reply
  if (reply.kind === 'error') return readCommonError(reply.code)
  const { result } = reply
  if (!isRecord(result)) return unreachable('protocol', 'getblockchaininfo: the result is no object')
  const { chain, blocks, bestblockhash, time, initialblockdownload } = result
  if (!isHeight(blocks) || !isId(bestblockhash) || typeof chain !== 'string') {
    return unreachable('protocol', 'getblockchaininfo: the result has no chain, blocks or bestblockhash')
  }
  const served = networks.get(chain)
  if (network !== undefined && served !== network) {
    return unreachable('protocol', `the node is on ${served ?? 'another network'}, ${network} is wanted`)
  }
  // On test networks a day without a block looks the same, and is none of it; there name_show's own -10 tells.
  if (served === 'mainnet' && initialblockdownload !== false) return syncing()
  return { kind: 'tip', tip: { epoch: bestblockhash, height: blocks, ...(isHeight(time) ? { time } : {}) } }
}

function readCommonError(code: number): Unreachable {
  if (code === WARMUP) return unreachable('warming-up', 'the node is starting')
  if (code === INITIAL_DOWNLOAD) return syncing()
  return unreachable('protocol', `RPC error ${code}`)
}

function syncing(): Unreachable {
  return unreachable('syncing', 'the node is downloading blocks: it does not know the newest values')
}

/** A height, or a time: a whole number from 0. */
function isHeight(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && BLOCK_OR_TX.test(value)
}
