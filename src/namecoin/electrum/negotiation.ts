import { isRecord } from '../json-rpc.ts'
import { type Answer, type Failed, failed, type Reply, result } from './failure.ts'

/** The first two calls on a connection: which protocol, which chain. */

/** A protocol version: 1.4.3 is `[1, 4, 3]`. */
export type ProtocolVersion = readonly [major: number, minor: number, patch: number]

/** What a server said of itself. */
export interface ServerInfo {
  /** `ElectrumX 1.16.0`: its own words, printable ASCII, at most 60 characters. */
  readonly software: string
  readonly protocol: ProtocolVersion
}

/** How we name ourselves. No version of ours: servers need not tell installations apart. */
const CLIENT_NAME = 'bitdoh'

const OLDEST: ProtocolVersion = [1, 4, 0]

/**
 * The newest version we speak. From 1.6 on `blockchain.block.headers` cuts AuxPoW headers in the wrong places
 * (spesmilo/electrumx, `block_headers_array`), and 1.7 has no `blockchain.scripthash.*`.
 */
const NEWEST: ProtocolVersion = [1, 4, 3]

/** The parameters of `server.version`, which must be the first message (enforced since ElectrumX 1.19). */
export const VERSION_PARAMS: readonly unknown[] = [CLIENT_NAME, ['1.4', '1.4.3']]

/** The reply to `server.version`: `["ElectrumX 1.16.0", "1.4.2"]`. Attack: a version that was not offered. */
export function readVersion(reply: Reply): Answer<ServerInfo> {
  if (reply.kind !== 'result') return reply
  if (!Array.isArray(reply.result)) return failed('protocol', 'server.version: no list')
  const [software, version] = reply.result as readonly unknown[]
  const protocol = typeof version === 'string' ? parseVersion(version) : undefined
  if (typeof software !== 'string' || protocol === undefined) {
    return failed('protocol', 'server.version: no version')
  }
  if (compareVersions(protocol, OLDEST) < 0 || compareVersions(protocol, NEWEST) > 0) {
    return failed('version', `the server wants protocol ${protocol.join('.')}`)
  }
  return result({ software: printable(software), protocol })
}

/**
 * The reply to `server.features`: undefined when it is the chain wanted, and all of it.
 *
 * @param genesis hash of the first block, hex as it is displayed
 */
export function featuresProblem(reply: Reply, genesis: string): Failed | undefined {
  if (reply.kind === 'failed') return reply
  if (reply.kind === 'error' || !isRecord(reply.result)) return failed('protocol', 'server.features: none')
  const { genesis_hash, pruning } = reply.result
  if (typeof genesis_hash !== 'string') return failed('protocol', 'server.features: no genesis_hash')
  if (genesis_hash.toLowerCase() !== genesis) return failed('wrong-chain', 'it has another genesis block')
  if ((pruning ?? null) !== null) return failed('wrong-chain', 'it has only part of the histories')
  return undefined
}

/** Whether `blockchain.name.get_value_proof` is there: since 1.4.3. */
export const hasValueProof = (protocol: ProtocolVersion): boolean => compareVersions(protocol, [1, 4, 3]) >= 0

/** Negative, 0 or positive, as the first is older, the same or newer. */
export const compareVersions = (one: ProtocolVersion, other: ProtocolVersion): number =>
  one[0] - other[0] || one[1] - other[1] || one[2] - other[2]

function parseVersion(text: string): ProtocolVersion | undefined {
  if (!/^\d{1,4}(?:\.\d{1,4}){0,2}$/.test(text)) return undefined
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number)
  return [major, minor, patch]
}

/** Attack: terminal escapes and megabytes in a log. */
const printable = (text: string): string => text.slice(0, 60).replace(/[^\x20-\x7e]/g, '?')
