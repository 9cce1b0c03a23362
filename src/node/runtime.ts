import { sharedFlights } from '../flights.ts'
import type { Runtime } from '../gateway.ts'
import type { Log } from '../log.ts'
import { runtimeTimer } from '../namecoin/deadline.ts'
import { boundedSlots } from '../namecoin/slots.ts'
import { MAX_FORWARDED } from '../upstream/forward.ts'
import type { UpstreamTransport } from '../upstream/transport.ts'
import { nodeExchange, ownAddresses } from './dns-exchange.ts'

/** Octets for the caches of one process: some 100,000 answers, and as many values. */
const CACHE_OCTETS = { answers: 128 * 1024 * 1024, values: 64 * 1024 * 1024 }

/** What Node gives the gateway. */
export const nodeRuntime = (log: Log, transport: UpstreamTransport): Runtime => ({
  now: () => performance.now(),
  wallClock: () => Date.now(),
  timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
  timer: runtimeTimer,
  fillRandom: (lot) => crypto.getRandomValues(lot),
  flights: sharedFlights(),
  transport,
  exchange: nodeExchange(),
  ownAddresses,
  upstreamSlots: boundedSlots(MAX_FORWARDED, 0),
  log,
  // A process goes on by itself.
  background: { keep: () => {}, renewedPerBlock: 64 },
  cacheOctets: CACHE_OCTETS,
})
