import type { UpstreamAddress } from './address.ts'
import type { Health } from './health.ts'

/** An upstream and what is known of it. */
export interface Peer {
  readonly address: UpstreamAddress
  readonly health: Health
}

/** Who is asked for one query. */
export interface Plan {
  /** One after the other: the next one when one fails, or takes long. */
  readonly attempts: readonly Peer[]
  /** Asked beside the first one, to learn whether it works again. */
  readonly trial: Peer | undefined
}

/**
 * The plan for the upstreams in this order: those that are passed over come last, one of them may be on trial. It is
 * never the only one asked: no user waits for an upstream only because it might work again. A lone upstream gets a
 * second chance; there is nobody else.
 */
export function plan(order: readonly Peer[]): Plan {
  const [first] = order
  if (first !== undefined && order.length === 1) return { attempts: [first, first], trial: undefined }
  const open = order.filter(({ health }) => health.isOpen())
  if (open.length === 0 || open.length === order.length) return { attempts: order, trial: undefined }
  const trial = open.find(({ health }) => health.beginTrial())
  const working = order.filter((peer) => !open.includes(peer))
  return { attempts: [...working, ...open.filter((peer) => peer !== trial)], trial }
}
