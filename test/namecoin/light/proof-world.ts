import { type LightSource, lightSource } from '../../../src/namecoin/light/source.ts'
import type { World } from '../../servers/electrumx-peer.ts'
import { sha256 } from '../chain/hashing.ts'
import { NOW, regtest } from '../chain/recording.ts'
import { eventually, isSynced, type KeptWorld, keptWorld } from './keeper-world.ts'

/** A light client in front of servers that have these chains, or behave in these ways; its headers are in. */
export async function provingWorld(
  worlds: readonly Partial<World>[] = [{}, {}],
): Promise<KeptWorld & { readonly source: LightSource }> {
  const world = openWorld(worlds)
  await eventually(world, () => isSynced(world))
  return world
}

/** The same, with the headers still on their way. */
export function openWorld(worlds: readonly Partial<World>[]): KeptWorld & { readonly source: LightSource } {
  const world = keptWorld(worlds)
  const { keeper, clock, events } = world
  const record = (event: string, fields?: Parameters<typeof console.log>[1]) =>
    void events.push({ event, fields })
  const source = lightSource({
    ...{ sha256, network: regtest, keeper, leastConfirmations: 12, maxTipAge: undefined },
    ...{ now: clock.now, wallClock: () => NOW * 1000, timer: clock.timer },
    servers: world.servers.map(({ session }, index) => ({ session, operator: `operator${index}` })),
    log: { info: record, warn: record, error: record },
  })
  return { ...world, source }
}
