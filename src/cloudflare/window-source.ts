import type { Budget } from '../namecoin/electrum/budget.ts'
import type { KnownServer } from '../namecoin/electrum/servers.ts'
import type { ChainKeeper } from '../namecoin/light/keeper.ts'
import { operatorsOf, type Server } from '../namecoin/light/server.ts'
import { type LightSource, lightSource } from '../namecoin/light/source.ts'
import { windowKeeper } from '../namecoin/light/window-keeper.ts'
import { proveBy, unprovable } from '../namecoin/proof.ts'
import type { NameSource, Tip } from '../namecoin/source.ts'
import { unreachable } from '../namecoin/unreachable.ts'
import { changing } from './changing.ts'
import {
  addressKey,
  type LightRuntime,
  type LightTerms,
  openSessions,
  workerSha256 as sha256,
} from './light-terms.ts'

/**
 * Values without a Durable Object. A socket of a Worker dies with the request that opened it, and nothing is kept, so
 * each lookup connects to servers of two operators at least and takes what both say and twelve blocks of work stand on:
 * all answers are attested, none is proven. Caches keep values for a block's time, without hearing of new blocks.
 */

/** Servers for one lookup: a request has six connections, and the upstream and the cache need some. */
const MAX_SERVERS = 4

/** There is no chain whose blocks could tell one epoch from another. */
const TIP: Tip = { epoch: 'window', assurance: 'attested' }

const TOO_FEW = unreachable('disagreement', 'without a Durable Object, servers of two operators are needed')

export function windowSource(terms: LightTerms, runtime: LightRuntime): NameSource {
  const { network, leastConfirmations, maxTipAge } = terms
  const { now, wallClock, timer, log } = runtime
  // What one lookup leaves to the next; nothing in it is tied to a request.
  const budgets = new Map<string, Budget>()
  const banned = new Set<string>()
  let { checkpoint } = terms

  /** A light client for one lookup. */
  async function withClient<Result>(
    work: (client: {
      source: LightSource
      keeper: ChainKeeper
      servers: readonly Server[]
    }) => Promise<Result>,
  ): Promise<Result> {
    const listed = chosen(terms.servers.filter((server) => !banned.has(addressKey(server))))
    const servers = openSessions(listed, network, runtime, { budgets })
    const keeper = windowKeeper({ sha256, checkpoint, servers, maxTipAge, wallClock, log })
    const source = lightSource({
      ...{ sha256, network, servers, keeper, leastConfirmations, maxTipAge },
      ...{ now, wallClock, timer, log },
    })
    try {
      return await work({ source, keeper, servers })
    } finally {
      const state = keeper.state()
      // The next lookup need not ask for them.
      if (state.kind === 'syncing') checkpoint = { ...checkpoint, bits: state.anchor.bits }
      for (const { session } of servers)
        if (session.state().kind === 'banned') banned.add(addressKey(session))
      source.close()
    }
  }

  const isTooFew = operatorsOfListed(terms.servers) < 2

  return {
    name: 'electrum',
    covers: 'every-name',
    tip: () => TIP,
    lookup: async (name, signal) =>
      isTooFew ? TOO_FEW : withClient(({ source }) => source.lookup(name, signal)),
    prove: async (name, signal) =>
      isTooFew
        ? unprovable('electrum', name, TOO_FEW)
        : withClient(({ source }) => proveBy(source, name, signal)),
    async state(signal) {
      const { code, detail } = TOO_FEW
      if (isTooFew) return { kind: 'unready', code, detail }
      return withClient(async ({ source, keeper, servers }) => {
        await changing(keeper, signal, () => hasTwoTips(keeper, servers))
        if (hasTwoTips(keeper, servers)) return source.state(signal)
        return { kind: 'unready', code: 'network', detail: 'fewer than two operators can be reached' }
      })
    },
    close() {
      // Nothing outlives a lookup.
    },
  }
}

const operatorsOfListed = (listed: readonly KnownServer[]): number =>
  new Set(listed.map(({ operator }) => operator)).size

/** One of each operator first. */
function chosen(listed: readonly KnownServer[]): readonly KnownServer[] {
  const seen = new Set<string>()
  const first = listed.filter(({ operator }) => !seen.has(operator) && seen.add(operator))
  return [...first, ...listed.filter((server) => !first.includes(server))].slice(0, MAX_SERVERS)
}

const hasTwoTips = (keeper: ChainKeeper, servers: readonly Server[]): boolean => {
  const tips = keeper.serverTips()
  return (
    keeper.state().kind !== 'starting' && operatorsOf(servers.filter(({ session }) => tips.has(session))) > 1
  )
}
