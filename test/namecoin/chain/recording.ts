import { type Header, parseHeaders } from '../../../src/namecoin/chain/header.ts'
import { type Anchor, HeaderChain } from '../../../src/namecoin/chain/header-chain.ts'
import { scriptHash } from '../../../src/namecoin/chain/name-script.ts'
import { NETWORKS } from '../../../src/namecoin/chain/network.ts'
import { workOfBits } from '../../../src/namecoin/chain/target.ts'
import type { Evidence } from '../../../src/namecoin/chain/value-proof.ts'
import old from '../../fixtures/electrumx-1.4.3.json' with { type: 'json' }
import { hash, hex, octets, sha256 } from './hashing.ts'

/** What a real ElectrumX said about a regtest chain of 207 blocks: see regtest/README.md. */

export interface Call {
  readonly method: string
  readonly params: readonly unknown[]
  readonly result?: unknown
}

/** An entry of a `get_value_proof` reply. */
export interface ProofEntry {
  readonly height: number
  readonly tx: string
  readonly tx_merkle: { readonly merkle: readonly string[]; readonly pos: number }
  readonly header?: { readonly header: string; readonly branch: readonly string[]; readonly root: string }
}

export const { regtest } = NETWORKS
export const TIP = 207
/** A moment after the recorded chain. */
export const NOW = 2_000_000_000

export const calls = old.calls as unknown as readonly Call[]

export function result(method: string, ...params: unknown[]): unknown {
  const wanted = JSON.stringify(params)
  const call = calls.find((one) => one.method === method && JSON.stringify(one.params) === wanted)
  if (call === undefined) throw new Error(`not recorded: ${method} ${wanted}`)
  return call.result
}

/** All 208 headers, genesis first. */
export const recordedOctets: Uint8Array = hex(
  (result('blockchain.block.headers', 0, 208) as { hex: string }).hex,
)
export const recordedHeaders: readonly Header[] = headersOf(recordedOctets, TIP + 1)

export function headersOf(octets: Uint8Array, count: number): readonly Header[] {
  const parsed = parseHeaders(sha256, octets, count)
  if (parsed.kind === 'refused') throw new Error(`${parsed.code}: ${parsed.detail}`)
  return parsed.headers
}

const genesis = recordedHeaders[0]!

export const GENESIS_ANCHOR: Anchor = {
  height: 0,
  hash: genesis.hash,
  bits: genesis.bits,
  time: genesis.time,
  periodStartTime: genesis.time,
  chainwork: workOfBits(genesis.bits),
  previousTimes: [],
}

/** The recorded chain up to a height, above genesis. */
export function recordedChain(height = TIP, capacity?: number): HeaderChain {
  const chain = new HeaderChain(sha256, regtest, GENESIS_ANCHOR, capacity)
  const appended = chain.append(recordedHeaders.slice(1, height + 1), NOW)
  if (appended.kind !== 'extended') throw new Error(`${appended.kind}: ${JSON.stringify(appended, String)}`)
  return chain
}

export function proofEntries(name: string, checkpoint: number): readonly ProofEntry[] {
  const key = scriptHash(sha256, octets(name))
  const reply = result('blockchain.name.get_value_proof', key, checkpoint) as Record<
    string,
    readonly ProofEntry[]
  >
  return reply[key]!
}

/** A proof entry as evidence for the name. */
export function evidenceOf(name: string, entry: ProofEntry): Evidence {
  const evidence = {
    name: octets(name),
    height: entry.height,
    transaction: hex(entry.tx),
    branch: entry.tx_merkle.merkle.map(hash),
    position: entry.tx_merkle.pos,
  }
  if (entry.header === undefined) return evidence
  return { ...evidence, header: hex(entry.header.header), headerBranch: entry.header.branch.map(hash) }
}

/** Every name of the recording that has, or had, a value. */
export const REGISTERED: readonly string[] = [
  ...['jordia65', 'ha-demo', 'single', 'dual', 'wild', 'importer', 'delegated', 'mail', 'secure', 'offsite'],
  ...['translated', 'onion', 'unicode', 'notjson', 'empty', 'emptyobj', 'xn--bcher-kva', 'UPPER', '123'],
  ...['max520', 'updated', 'expired', 'reborn', 'loop-a', 'loop-b'],
]
  .map((name) => `d/${name}`)
  .concat('dd/shared', 'id/alice')
