import type { Log, LogFields } from '../../../src/log.ts'
import type { Sha256 } from '../../../src/namecoin/chain/hash.ts'
import { parseAddress } from '../../../src/namecoin/electrum/address.ts'
import type { ChannelEvents, OpenChannel } from '../../../src/namecoin/electrum/channel.ts'
import { electrumSession, type Session } from '../../../src/namecoin/electrum/session.ts'
import { bundledCheckpoint } from '../../../src/namecoin/light/bundled-checkpoint.ts'
import type { Checkpoint } from '../../../src/namecoin/light/checkpoint.ts'
import { type ChainKeeper, keepChain } from '../../../src/namecoin/light/keeper.ts'
import { type LightSource, lightSource } from '../../../src/namecoin/light/source.ts'
import type { UpstreamTransport } from '../../../src/upstream/transport.ts'
import { world as gatewayWorld, type Read } from '../../resolver/world.ts'
import { recorded143, replay } from '../../servers/electrumx.ts'
import { sha256 as nativeSha256 } from '../../servers/electrumx-chain.ts'
import { type FakeNetwork, fakeNetwork, newWorld, type World } from '../../servers/electrumx-peer.ts'
import { regtest } from '../chain/recording.ts'
import { type FakeClock, fakeClock } from '../clock.ts'
import { GENESIS } from '../electrum/genesis.ts'
import { memoryStore } from './keeper-world.ts'

/** A whole gateway over a light client and its servers, without sockets and without time that passes by itself. */

/** The time of the recorded chain's newest block, seconds since 1970. */
export const TIP_TIME = 1_795_288_055

/** The runtime's own: a hundred gateways take up the recorded chain in these tests. */
export const sha256 = (octets: Uint8Array): Uint8Array => new Uint8Array(nativeSha256(octets))

/** A server: what it says and how, who runs it, and how far away it is. */
export type ServerPlan = Partial<World> & { readonly operator?: string; readonly delayMs?: number }

export interface LightServer {
  readonly session: Session
  readonly world: World
  readonly network: FakeNetwork
  /** Milliseconds until what it sends arrives. */
  delayMs: number
}

export interface LightWorld {
  readonly servers: readonly LightServer[]
  readonly keeper: ChainKeeper
  readonly source: LightSource
  readonly clock: FakeClock
  readonly events: { readonly event: string; readonly fields: LogFields | undefined }[]
  /** Lets the headers in that `holdHeaders` kept out. */
  releaseHeaders(): void
  /** Asks the gateway; time passes until it answers. */
  ask(name: string, type?: string): Promise<Read>
}

export interface LightPlan {
  /** The keeper takes up no more than the first slice, as if the rest were minutes away. */
  readonly holdHeaders?: boolean
  readonly maxTipAge?: number
  /** Seconds since 1970; by default ten minutes after the recorded tip. */
  readonly wallTime?: number
  readonly transport?: UpstreamTransport
  readonly cacheEntries?: number
  /** By default the first block. */
  readonly checkpoint?: Checkpoint
  /** By default the true one. */
  readonly sha256?: Sha256
}

export function lightWorld(plans: readonly ServerPlan[], plan: LightPlan = {}): LightWorld {
  const clock = fakeClock()
  const { now, timer } = clock
  const wallClock = () => (plan.wallTime ?? TIP_TIME + 600) * 1000 + now() - 1_000_000
  const events: LightWorld['events'] = []
  const record = (event: string, fields?: LogFields) => void events.push({ event, fields })
  const log: Log = { info: record, warn: record, error: record }

  const built = plans.map(({ operator, delayMs = 0, ...changes }, index) => {
    const world = newWorld(changes)
    const network = fakeNetwork(world)
    const server = { world, network, delayMs }
    const session = electrumSession({
      ...{ address: parseAddress(`tcp://server${index}.test:50001`)!, genesis: GENESIS },
      ...{ open: delayed(network.open, () => server.delayMs, clock), timer, now, random: () => 0 },
    })
    return { server: Object.assign(server, { session }), operator: operator ?? `operator${index}` }
  })
  const servers = built.map(({ server }) => server)
  const peers = built.map(({ server: { session }, operator }) => ({ session, operator }))

  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const keeper = keepChain({
    ...{
      sha256,
      network: regtest,
      checkpoint: plan.checkpoint ?? bundledCheckpoint('regtest'),
      store: memoryStore(),
    },
    ...{ now, wallClock, timer, log, servers: peers },
    pause: () => (plan.holdHeaders === true ? held : Promise.resolve()),
  })
  const source = lightSource({
    ...{ sha256: plan.sha256 ?? sha256, network: regtest, servers: peers, keeper, leastConfirmations: 12 },
    ...{ maxTipAge: plan.maxTipAge, now, wallClock, timer, log },
  })
  const { cacheEntries = 0, transport } = plan
  const gateway = gatewayWorld({
    ...{ source, clock, cacheEntries },
    ...(transport === undefined ? {} : { transport }),
  })
  return {
    ...{ servers, keeper, source, clock, events },
    releaseHeaders: release,
    ask: (name, type) => inTime(clock, gateway.ask(name, type)),
  }
}

/** A world whose headers are in. */
export async function syncedWorld(plans: readonly ServerPlan[], plan: LightPlan = {}): Promise<LightWorld> {
  const world = lightWorld(plans, plan)
  await passing(world.clock, () => world.keeper.state().kind === 'synced')
  return world
}

/** A world whose headers are on their way, with servers that have told their tips. */
export async function syncingWorld(plans: readonly ServerPlan[], plan: LightPlan = {}): Promise<LightWorld> {
  const world = lightWorld(plans, { ...plan, holdHeaders: true })
  const isTold = ({ session }: LightServer) =>
    world.keeper.serverTips().has(session) || ['waiting', 'banned'].includes(session.state().kind)
  await passing(world.clock, () => world.servers.every(isTold))
  return world
}

/** What the recorded ElectrumX answers, at 1.4.3 and, without value proofs, before. */
export const recordedServer: ServerPlan = {
  backend: (method, params) => replay(recorded143, method, params),
}
export const oldServer: ServerPlan = {
  protocol: '1.4.2',
  backend: (method, params) =>
    method === 'blockchain.name.get_value_proof'
      ? { error: { code: -32_601, message: 'unknown method' } }
      : replay(recorded143, method, params),
}

/** Lets promises run, and time pass where they are not enough, until a condition holds. */
export async function passing(clock: FakeClock, condition: () => boolean, stepMs = 100): Promise<void> {
  for (let step = 0; step < 2_000; step++) {
    for (let turn = 0; turn < 2_000; turn++) {
      if (condition()) return
      await Promise.resolve()
    }
    clock.advance(stepMs)
  }
  throw new Error('it never came about')
}

/** What some work comes to, however long it takes. */
export async function inTime<Result>(clock: FakeClock, work: Promise<Result>): Promise<Result> {
  let isDone = false
  const finish = (): void => {
    isDone = true
  }
  work.then(finish, finish)
  await passing(clock, () => isDone)
  return work
}

/** The servers that were banned, and for what lie, by any part of the client. */
export const liesOf = ({ events }: LightWorld): readonly string[] =>
  events
    .filter(({ event }) => event === 'server-lied' || event === 'server-banned')
    .map(({ fields }) => String(fields?.['about'] ?? fields?.['lie']))

/** A channel on which what the server sends takes its time. */
function delayed(open: OpenChannel, delay: () => number, { timer }: FakeClock): OpenChannel {
  return (address, events, signal) => {
    const later = (work: () => void): void => {
      if (delay() === 0) work()
      else timer(delay(), work)
    }
    const late = {
      message: (text, octets) => later(() => events.message(text, octets)),
      heard: () => {},
      skipped: (left) => later(() => events.skipped(left)),
      end: (why) => later(() => events.end(why)),
    } satisfies ChannelEvents
    return open(address, late, signal)
  }
}
