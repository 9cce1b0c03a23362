import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Log } from '../log.ts'
import type { Sha256 } from '../namecoin/chain/hash.ts'
import { NETWORKS, type Network } from '../namecoin/chain/network.ts'
import { runtimeTimer } from '../namecoin/deadline.ts'
import { formatAddress, parseAddress, type ServerAddress } from '../namecoin/electrum/address.ts'
import { type Budget, costBudget } from '../namecoin/electrum/budget.ts'
import { type KnownServer, knownServers, operatorOf } from '../namecoin/electrum/servers.ts'
import { electrumSession, type SessionState } from '../namecoin/electrum/session.ts'
import { bundledCheckpoint } from '../namecoin/light/bundled-checkpoint.ts'
import { type Checkpoint, parseCheckpoint } from '../namecoin/light/checkpoint.ts'
import { type ChainKeeper, keepChain } from '../namecoin/light/keeper.ts'
import type { Server } from '../namecoin/light/server.ts'
import { type LightSource, lightSource } from '../namecoin/light/source.ts'
import type { Settings } from '../settings/settings.ts'
import { nodeChannels } from './electrum-sockets.ts'
import { fileTrust } from './electrum-trust.ts'
import { headerStore } from './header-store.ts'
import { stateFolder } from './settings.ts'
import { syncProgress } from './sync-progress.ts'

/** SHA-256 by the runtime: the fastest there is on Node (`npm run bench`). */
export const nodeSha256: Sha256 = (octets) => {
  const { buffer, byteOffset, length } = hash('sha256', octets, 'buffer')
  // Not the Buffer itself, whose `slice` gives views of the same octets where others give copies.
  return new Uint8Array(buffer, byteOffset, length)
}

export type OpenedLightClient =
  | { readonly kind: 'source'; readonly source: LightSource }
  | { readonly kind: 'failed'; readonly line: string }

/** Opens the light client of the settings. */
export async function openLightClient(settings: Settings, log: Log): Promise<OpenedLightClient> {
  const opened = await openKeeper(settings, log)
  if (opened.kind === 'failed') return opened
  const { keeper, servers, network } = opened
  const source = lightSource({
    sha256: nodeSha256,
    network,
    servers,
    keeper,
    leastConfirmations: settings.minConfirmations,
    maxTipAge: settings.maxTipAge,
    now,
    wallClock: Date.now,
    timer: runtimeTimer,
    log,
  })
  return { kind: 'source', source }
}

export type OpenedKeeper =
  | {
      readonly kind: 'keeper'
      readonly keeper: ChainKeeper
      readonly servers: readonly Server[]
      readonly network: Network
    }
  | { readonly kind: 'failed'; readonly line: string }

const now = () => performance.now()

/** Opens what keeps the headers: the servers, what is known of their certificates, and the state folder. */
export async function openKeeper(settings: Settings, log: Log): Promise<OpenedKeeper> {
  const network = NETWORKS[settings.network]
  // Its blocks of minimum difficulty are not understood: an honest server would look like a liar.
  if (settings.network === 'testnet') {
    return {
      kind: 'failed',
      line: '--network: given "testnet", which the light client does not know: set --core-url',
    }
  }
  const listed = listServers(settings)
  if (typeof listed === 'string') return { kind: 'failed', line: listed }
  const checkpoint = await readCheckpoint(settings)
  if (typeof checkpoint === 'string') return { kind: 'failed', line: checkpoint }
  const state = stateFolder(settings.state)
  const trust = await fileTrust(join(state, 'electrum-servers.json'), (code) =>
    log.warn('state-not-written', { file: 'electrum-servers.json', code }),
  )
  if (trust.kind === 'failed') return trust

  const open = nodeChannels({ trust, now: Date.now })
  const budgets = new Map<string, Budget>()
  const servers = listed.map(({ address, operator }): Server => {
    // Servers keep their accounts by the host that asks, and one may be listed with several ports.
    const budget = budgets.get(address.host) ?? costBudget(now)
    budgets.set(address.host, budget)
    const { genesis } = network
    const session = electrumSession({
      address,
      open,
      genesis,
      timer: runtimeTimer,
      now,
      random: Math.random,
      budget,
      changed: (state) => tell(address, state, log),
    })
    return { session, operator }
  })
  const keeper = keepChain({
    sha256: nodeSha256,
    network,
    checkpoint,
    servers,
    store: headerStore(state, network.name),
    now,
    wallClock: Date.now,
    timer: runtimeTimer,
    pause: () => setImmediate(),
    log,
    onProgress: syncProgress(process.stderr, log),
  })
  return { kind: 'keeper', keeper, servers, network }
}

/** The servers to ask, or the line that says what is wrong with one. */
function listServers({ electrum }: Settings): readonly KnownServer[] | string {
  if (electrum === undefined) return knownServers('node')
  const listed = electrum.map((text) => ({ text, address: parseAddress(text) }))
  const bad = listed.find(({ address }) => address === undefined)
  if (bad !== undefined)
    return `--electrum: given ${JSON.stringify(bad.text)}, which is no address of a server`
  return listed.map(({ address }) => ({ address: address!, operator: operatorOf(address!) }))
}

async function readCheckpoint({ checkpoint, network }: Settings): Promise<Checkpoint | string> {
  if (checkpoint === undefined) return bundledCheckpoint(network)
  const where = `--checkpoint: given ${JSON.stringify(checkpoint)}`
  try {
    const parsed = parseCheckpoint(await readFile(checkpoint, 'utf8'))
    if (parsed.kind === 'bad-checkpoint') return `${where}, ${parsed.detail}`
    return parsed.network === network
      ? parsed
      : `${where}, a checkpoint of ${parsed.network}, not of ${network}`
  } catch (error) {
    return `${where}: ${(error as Error).message}`
  }
}

/** Tells the operator which servers are there, and which are not and why. */
function tell(address: ServerAddress, state: SessionState, log: Log): void {
  const { transport, host, port, path } = address
  const server = formatAddress({ transport, host, port, path })
  if (state.kind === 'ready') {
    const { software, protocol } = state
    log.info('server-connected', { server, software, protocol: protocol.join('.') })
  } else if (state.kind === 'waiting') {
    log.warn('server-unreachable', { server, code: state.code, detail: state.detail })
  }
}
