import { sharedFlights } from '../flights.ts'
import { runtimeTimer } from '../namecoin/deadline.ts'
import { MAX_UNDER_WAY } from '../namecoin/electrum/session.ts'
import { CALL_TIMEOUT_MS } from '../namecoin/json-rpc.ts'
import { keepChain } from '../namecoin/light/keeper.ts'
import { lightSource } from '../namecoin/light/source.ts'
import { proveBy } from '../namecoin/proof.ts'
import { boundedSlots } from '../namecoin/slots.ts'
import { PROOF_TIMEOUT_MS } from '../proofs.ts'
import { changing } from './changing.ts'
import { type LightRuntime, type LightTerms, openSessions, workerSha256 as sha256 } from './light-terms.ts'
import { type ObjectQuestion, packOutcome } from './object-protocol.ts'
import { type ObjectStorage, objectStore } from './object-store.ts'

/** Milliseconds from alarm to alarm: a block's time. */
export const ALARM_MS = 10 * 60_000
/** And while headers are missing. */
export const SYNCING_ALARM_MS = 5_000
/** Milliseconds that one alarm stays for headers; its time ends after 15 minutes, its CPU after 30 seconds. */
export const AWAKE_MS = 20_000
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
  const store = objectStore(storage)
  // Attack: questions without end, from all Workers of a continent. Unlike a Worker's requests, those of an object run to
  // their end when whoever asked is gone: bounds hold, and one's work may be waited for by another.
  const servers = openSessions(terms.servers, network, runtime, {
    newSlots: () => boundedSlots(MAX_UNDER_WAY),
  })
  const flights = sharedFlights()
  const keeper = keepChain({
    ...{ sha256, network, checkpoint, servers, store, now, wallClock, timer, log },
    // Sockets and questions have their turn between two slices of headers.
    pause,
  })
  const source = lightSource({
    ...{ sha256, network, servers, keeper, leastConfirmations, maxTipAge },
    ...{ now, wallClock, timer, log },
  })
  let notedAt = Number.NEGATIVE_INFINITY

  /**
   * Whether there are servers to be heard, and none of them can be expected to show newer headers. Attack: a height that
   * is made up, to keep the object awake and paid for.
   */
  function isCaughtUp(): boolean {
    const state = keeper.state()
    return state.kind === 'synced' && keeper.serverTips().size > 0 && state.target <= state.chain.tip.height
  }

  /** The first question sets the alarm. A storage that fails is no reason not to answer. */
  async function noteQuestion(): Promise<void> {
    const time = wallClock()
    if (time - notedAt < NOTED_EVERY_MS) return
    const before = notedAt
    notedAt = time
    try {
      await storage.put(ASKED_AT, time)
      if ((await storage.getAlarm()) === null) await storage.setAlarm(time + SYNCING_ALARM_MS)
    } catch (error) {
      notedAt = before
      log.warn('question-not-noted', { detail: String(error) })
    }
  }

  async function answer(question: ObjectQuestion): Promise<unknown> {
    const signal = AbortSignal.timeout(question.ask === 'prove' ? PROOF_TIMEOUT_MS : CALL_TIMEOUT_MS)
    switch (question.ask) {
      case 'lookup':
        return packOutcome(
          await flights(`lookup ${question.name}`, () => source.lookup(question.name, signal)),
        )
      case 'prove':
        return flights(`prove ${question.name}`, () => proveBy(source, question.name, signal))
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
      await keeper.saved()
      // With nobody to be heard, more of this would only be paid for.
      const isHeard = keeper.serverTips().size > 0
      if (isHeard && !isCaughtUp()) await storage.setAlarm(wallClock() + SYNCING_ALARM_MS)
    },

    async close() {
      await keeper.close()
      source.close()
    },
  }
}

const pause = (): Promise<void> => new Promise((resolve) => void runtimeTimer(0, resolve))
