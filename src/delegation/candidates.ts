import { isAtOrBelow, type Name, nameKey } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import { type Timer, within } from '../namecoin/deadline.ts'
import type { Random } from '../random.ts'
import { type ContactRules, contactable } from './contact.ts'
import type { Cut } from './cuts.ts'
import { lookingUpServersOf, spendLookup, type Trail } from './effort.ts'
import {
  MAX_ADDRESSES_OF_CUT,
  MAX_ADDRESSES_OF_SERVER,
  MAX_SERVER_NAMES,
  MAX_TTL,
  NAME_LOOKUP_TIMEOUT_MS,
} from './limits.ts'
import { type ServerStatistics, shuffled } from './servers.ts'

/**
 * The addresses of a name, those of one type: of .bit from here, of any other from the upstream. Never rejects; none is an
 * answer.
 */
export type AddressesOf = (
  name: Name,
  type: typeof Type.A | typeof Type.AAAA,
  trail: Trail,
  signal: AbortSignal,
) => Promise<{
  readonly addresses: readonly Uint8Array[]
  /** Seconds. */
  readonly ttl: number
}>

export interface CandidateTools {
  readonly addressesOf: AddressesOf
  readonly contact: ContactRules
  readonly servers: ServerStatistics
  readonly now: () => number
  readonly random: Random
  readonly timer: Timer
}

/** What is found out about a cut's servers while they are asked one thing. */
export interface Canvass {
  /** Addresses that are of no use for this question: they answer, but not what helps. */
  readonly useless: Set<string>
  /** Whether an address was there that must not be contacted. */
  isForbidden: boolean
}

/**
 * The addresses to ask about a cut, best first, each twice: a datagram may be lost. Names are looked up when no address
 * that is known answers, two at a time, and what is found is tried as it comes.
 */
export async function* candidates(
  cut: Cut,
  trail: Trail,
  canvass: Canvass,
  signal: AbortSignal,
  tools: CandidateTools,
): AsyncGenerator<string, undefined> {
  const taken = new Set<string>()
  /** Those of the addresses that are new and may be contacted, best first. */
  function take(addresses: readonly Uint8Array[]): readonly string[] {
    const fresh = new Set<string>()
    for (const address of addresses) {
      const text = contactable(address, tools.contact)
      if (text === undefined) canvass.isForbidden = true
      else if (!taken.has(text) && taken.size + fresh.size < MAX_ADDRESSES_OF_CUT) fresh.add(text)
    }
    for (const text of fresh) taken.add(text)
    return tools.servers.order([...fresh])
  }

  const known = cut.servers.flatMap((server) => knownAddresses(cut, server, tools.now()) ?? [])
  yield* take([...cut.addresses, ...known])
  for await (const found of lookedUp(cut, trail, signal, tools)) yield* take(found)
  for (const address of tools.servers.order([...taken])) if (!canvass.useless.has(address)) yield address
}

/** The addresses of a server's name that came with the cut or were looked up; undefined when it is to be looked up. */
function knownAddresses({ glue, learnt }: Cut, server: Name, now: number): readonly Uint8Array[] | undefined {
  const given = glue.get(nameKey(server))
  if (given !== undefined) return given.slice(0, MAX_ADDRESSES_OF_SERVER)
  const looked = learnt.addresses.get(nameKey(server))
  return looked !== undefined && now < looked.until ? looked.found : undefined
}

/**
 * The addresses of servers of which only the names are known, in the order in which they come: an upstream that never
 * tells a server's AAAA must not keep us from its A, nor one server's from another's.
 */
async function* lookedUp(
  cut: Cut,
  trail: Trail,
  signal: AbortSignal,
  tools: CandidateTools,
): AsyncGenerator<readonly Uint8Array[]> {
  const deeper = lookingUpServersOf(cut.zone, trail)
  if (deeper === undefined) return
  // A name in the zone itself can only be had from the servers that are being looked for: it needs glue.
  const unknown = cut.servers.filter(
    (server) => !isAtOrBelow(server, cut.zone) && knownAddresses(cut, server, tools.now()) === undefined,
  )
  const names = shuffled(unknown, tools.random).slice(0, MAX_SERVER_NAMES)
  const underWay = new Map<
    LookUp,
    Promise<{ readonly lookUp: LookUp; readonly found: readonly Uint8Array[] }>
  >()
  while (names.length > 0 || underWay.size > 0) {
    // With half of the look-ups done there is room for another name: the other half may never be.
    while (names.length > 0 && underWay.size <= TYPES.length * (AT_ONCE - 1)) {
      const name = names.pop()!
      if (!spendLookup(trail.effort)) continue
      for (const type of TYPES) {
        const lookUp: LookUp = { name, type }
        const finding = addresses(cut, lookUp, deeper, signal, tools)
        underWay.set(
          lookUp,
          finding.then((found) => ({ lookUp, found })),
        )
      }
    }
    if (underWay.size === 0) return
    const { lookUp, found } = await Promise.race(underWay.values())
    underWay.delete(lookUp)
    yield found
  }
}

/** Names looked up at once, as long as each takes its time. */
const AT_ONCE = 2
const TYPES = [Type.A, Type.AAAA] as const

/** One look-up of a server's name. */
interface LookUp {
  readonly name: Name
  readonly type: (typeof TYPES)[number]
}

async function addresses(
  cut: Cut,
  { name, type }: LookUp,
  trail: Trail,
  signal: AbortSignal,
  { addressesOf, timer, now }: CandidateTools,
): Promise<readonly Uint8Array[]> {
  const answer = await within(NAME_LOOKUP_TIMEOUT_MS, signal, timer, (limited) =>
    addressesOf(name, type, trail, limited),
  )
  // What was not found may only have been too far down this trail: the next question looks again.
  if (answer === 'timeout' || answer.addresses.length === 0) return []
  const found = answer.addresses.slice(0, MAX_ADDRESSES_OF_SERVER / TYPES.length)
  const until = now() + Math.min(answer.ttl, MAX_TTL) * 1000
  const key = nameKey(name)
  const earlier = cut.learnt.addresses.get(key)
  const known = earlier !== undefined && now() < earlier.until ? earlier : { found: [], until }
  cut.learnt.addresses.set(key, {
    found: [...known.found, ...found].slice(0, MAX_ADDRESSES_OF_SERVER),
    until: Math.min(known.until, until),
  })
  return found
}
