import { hash } from 'node:crypto'
import type { Log } from '../log.ts'
import type { Sha256 } from '../namecoin/chain/hash.ts'
import { NETWORKS, type Network } from '../namecoin/chain/network.ts'
import type { Timer } from '../namecoin/deadline.ts'
import { formatAddress, isWebSocket, parseAddress, type ServerAddress } from '../namecoin/electrum/address.ts'
import { type Budget, costBudget } from '../namecoin/electrum/budget.ts'
import type { OpenChannel } from '../namecoin/electrum/channel.ts'
import { type KnownServer, knownServers, operatorOf } from '../namecoin/electrum/servers.ts'
import { electrumSession } from '../namecoin/electrum/session.ts'
import { bundledCheckpoint } from '../namecoin/light/bundled-checkpoint.ts'
import { type Checkpoint, parseCheckpoint } from '../namecoin/light/checkpoint.ts'
import type { Server } from '../namecoin/light/server.ts'
import { type Slots, unboundedSlots } from '../namecoin/slots.ts'
import type { Settings } from '../settings/settings.ts'

/**
 * SHA-256 by workerd's `node:crypto`. Measured in workerd on 64 octets: 6 to 11 µs, against 35 to 64 µs of
 * `@noble/hashes`. Never a Buffer, whose `slice` copies nothing.
 */
export const workerSha256: Sha256 = (octets) => {
  const { buffer, byteOffset, length } = hash('sha256', octets, 'buffer')
  return new Uint8Array(buffer, byteOffset, length)
}

/** What the settings say of the light client. */
export interface LightTerms {
  readonly network: Network
  readonly servers: readonly KnownServer[]
  readonly checkpoint: Checkpoint
  readonly leastConfirmations: number
  readonly maxTipAge: number | undefined
}

/** What a light client needs of the runtime; the same for both ways of having one on Workers. */
export interface LightRuntime {
  readonly open: OpenChannel
  /** Milliseconds, of a clock that never goes back. */
  readonly now: () => number
  /** Milliseconds since 1970. */
  readonly wallClock: () => number
  readonly timer: Timer
  readonly log: Log
}

/** The terms, or the line that says what is wrong with a setting. */
export function lightTerms(settings: Settings): LightTerms | string {
  const { electrum, network, minConfirmations: leastConfirmations, maxTipAge } = settings
  // Its blocks of minimum difficulty would make liars of honest servers.
  if (network === 'testnet') return 'BITDOH_NETWORK: given "testnet", which the light client does not know'
  const servers = electrum === undefined ? knownServers('workers') : electrum.map(readServer)
  const bad = servers.find((server) => typeof server === 'string')
  if (bad !== undefined) return bad
  const checkpoint = readCheckpoint(settings)
  if (typeof checkpoint === 'string') return checkpoint
  return {
    network: NETWORKS[network],
    servers: servers as readonly KnownServer[],
    checkpoint,
    leastConfirmations,
    maxTipAge,
  }
}

function readServer(text: string): KnownServer | string {
  const address = parseAddress(text)
  const given = `BITDOH_ELECTRUM: given ${JSON.stringify(text)}`
  if (address === undefined) return `${given}, which is no address of a server`
  const why = outOfReach(address)
  return why === undefined ? { address, operator: operatorOf(address) } : `${given}: ${why}`
}

/** Why no Worker will ever reach a server, whatever it is: better said at the start than at every lookup. */
function outOfReach({ transport, host, pin }: ServerAddress): string | undefined {
  if (pin !== undefined) return 'Workers cannot check a #sha256= of a certificate'
  // Error 1003 of Cloudflare, whose `fetch` goes to names only; `wrangler dev` reaches its own machine all the same.
  if (isWebSocket(transport) && isIpAddress(host) && !isLoopback(host)) {
    return 'Workers open WebSockets to host names only; an IP address needs tcp:// or tls://'
  }
  const top = host.slice(host.lastIndexOf('.') + 1)
  if (top === 'onion' || top === 'bit') return `Workers cannot find the address of a .${top} name`
  return undefined
}

const isIpAddress = (host: string): boolean => host.includes(':') || /^[\d.]+$/.test(host)

const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.')

/** On Workers the variable holds the checkpoint itself. */
function readCheckpoint({ checkpoint, network }: Settings): Checkpoint | string {
  if (checkpoint === undefined) return bundledCheckpoint(network)
  const parsed = parseCheckpoint(checkpoint)
  if (parsed.kind === 'bad-checkpoint') return `BITDOH_CHECKPOINT: ${parsed.detail}`
  return parsed.network === network
    ? parsed
    : `BITDOH_CHECKPOINT: a checkpoint of ${parsed.network}, not of ${network}`
}

/**
 * Sessions to some servers.
 *
 * @param lasting what outlives a session: budgets by host, as servers keep their accounts by the host that asks, and
 *   bounds of the requests under way to one server
 */
export function openSessions(
  listed: readonly KnownServer[],
  { genesis }: Network,
  { open, now, timer }: Pick<LightRuntime, 'open' | 'now' | 'timer'>,
  lasting: { readonly budgets?: Map<string, Budget>; readonly newSlots?: () => Slots } = {},
): readonly Server[] {
  const { budgets = new Map<string, Budget>(), newSlots = () => unboundedSlots } = lasting
  return listed.map(({ address, operator }) => {
    const budget = budgets.get(address.host) ?? costBudget(now)
    budgets.set(address.host, budget)
    const session = electrumSession({
      ...{ address, open, genesis, timer, now, budget },
      random: Math.random,
      slots: newSlots(),
    })
    return { session, operator }
  })
}

/** The address, as a key. */
export const addressKey = ({ address }: Pick<KnownServer, 'address'>): string => formatAddress(address)
