import { runtimeTimer } from '../namecoin/deadline.ts'
import { CALL_TIMEOUT_MS } from '../namecoin/json-rpc.ts'
import { type HeaderStore, keepChain } from '../namecoin/light/keeper.ts'
import { lightSource } from '../namecoin/light/source.ts'
import { proveBy } from '../namecoin/proof.ts'
import { changing } from './changing.ts'
import { type LightRuntime, type LightTerms, openSessions, workerSha256 as sha256 } from './light-terms.ts'
import { type ObjectQuestion, packOutcome } from './object-protocol.ts'
import { type ObjectStorage, objectStore } from './object-store.ts'

/** Milliseconds from alarm to alarm: a block's time. */
export const ALARM_MS = 10 * 60_000
/** And while headers are missing. */
export const SYNCING_ALARM_MS = 5_000
/** Milliseconds that one alarm stays for headers; its time ends after 15 minutes, its CPU after 30 seconds. */
const AWAKE_MS = 20_000
/** Milliseconds after the last question that the alarm is not set any more. */
export const IDLE_MS = 7 * 24 * 3_600_000
/** The last question is noted this often. */
const NOTED_EVERY_MS = 3_600_000

const ASKED_AT = 'asked-at'

/** What a Durable Object has to do: the whole of it but the class, so that tests can hand in all it stands on. */
export interface ResidentClient {
  /** Answers a Worker's question. */
  fetch(request: Request): Promise<Response>
  /** Catches up with the chain, and sees to the next alarm. */
  alarm(): Promise<void>
  /** Saves and ends; Cloudflare does without. */
  close(): Promise<void>
}

/**
 * A light client with the whole chain of headers, which stays in memory as long as Cloudflare lets it. Between two
 * stays the headers are in the storage. An alarm brings it back every ten minutes, for as long as somebody uses it, so
 * that whoever asks finds it up to date.
 */
export function residentClient(
  terms: LightTerms,
  storage: ObjectStorage,
  runtime: LightRuntime,
): ResidentClient {
  const { network, checkpoint, leastConfirmations, maxTipAge } = terms
  const { now, wallClock, timer, log } = runtime
  const store = watchedStore(objectStore(storage))
  const servers = openSessions(terms.servers, network, runtime)
  const keeper = keepChain({
    ...{ sha256, network, checkpoint, servers, store, now, wallClock, timer, log },
    // Sockets and questions have their turn between two slices of headers.
    pause: () => new Promise((resolve) => void runtimeTimer(0, resolve)),
  })
  const source = lightSource({
    ...{ sha256, network, servers, keeper, leastConfirmations, maxTipAge },
    ...{ now, wallClock, timer, log },
  })
  let notedAt = Number.NEGATIVE_INFINITY

  /** Whether no server is known to be further. */
  function isCaughtUp(): boolean {
    const state = keeper.state()
    if (state.kind !== 'synced') return false
    return [...keeper.serverTips().values()].every(({ height }) => height <= state.chain.tip.height)
  }

  /** The first question sets the alarm. */
  async function noteQuestion(): Promise<void> {
    const time = wallClock()
    if (time - notedAt < NOTED_EVERY_MS) return
    notedAt = time
    await storage.put(ASKED_AT, time)
    if ((await storage.getAlarm()) === null) await storage.setAlarm(time + SYNCING_ALARM_MS)
  }

  async function answer(question: ObjectQuestion): Promise<unknown> {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS)
    switch (question.ask) {
      case 'lookup':
        return packOutcome(await source.lookup(question.name, signal))
      case 'prove':
        return proveBy(source, question.name, signal)
      case 'tip':
        return (await source.tip()) ?? null
      case 'state':
        return source.state(signal)
    }
  }

  return {
    async fetch(request) {
      const question = (await request.json()) as ObjectQuestion
      await noteQuestion()
      return Response.json(await answer(question))
    },

    async alarm() {
      const askedAt = await storage.get(ASKED_AT)
      if (typeof askedAt !== 'number' || wallClock() - askedAt > IDLE_MS) return
      // Whatever comes in between, there is a next one.
      await storage.setAlarm(wallClock() + ALARM_MS)
      const patience = new AbortController()
      const cancel = timer(AWAKE_MS, () => patience.abort())
      await changing(keeper, patience.signal, isCaughtUp)
      cancel()
      await store.settled()
      if (!isCaughtUp()) await storage.setAlarm(wallClock() + SYNCING_ALARM_MS)
    },

    async close() {
      await keeper.close()
      source.close()
    },
  }
}

/** A store whose writing can be waited for. */
function watchedStore(store: HeaderStore): HeaderStore & { settled(): Promise<void> } {
  let saving: Promise<void> = Promise.resolve()
  return {
    load: store.load,
    save(octets) {
      const saved = store.save(octets)
      saving = saved.catch(() => {})
      return saved
    },
    settled: () => saving,
  }
}
