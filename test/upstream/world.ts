import { parseQuery, type Query } from '../../src/dns/query.ts'
import { unboundedSlots } from '../../src/namecoin/slots.ts'
import type { UpstreamAddress } from '../../src/upstream/address.ts'
import { type Forwarded, type ForwarderOptions, forwarder } from '../../src/upstream/forward.ts'
import type { Timer } from '../../src/upstream/time.ts'
import { failed, type UpstreamReply } from '../../src/upstream/transport.ts'
import { answer, octets, opt, option, QUESTION_NAME, query, record } from '../dns/messages.ts'
import { fakeClock, settled } from '../namecoin/clock.ts'

/** A query for a name, as a client sends it. */
export function ask(name = 'example.com'): Query {
  const parsed = parseQuery(query({ question: name }))
  if (parsed.kind !== 'query') throw new Error(parsed.kind)
  return parsed.query
}

/** Replies an upstream may give, whatever it was asked. */
export const good = (message: Uint8Array): UpstreamReply => answered(message, 0x8180)
export const servfail = (message: Uint8Array): UpstreamReply => answered(message, 0x8182)
export const refused = (message: Uint8Array): UpstreamReply => answered(message, 0x8185)
/** A part of the answer, without the reason that UDP has. */
export const truncated = (message: Uint8Array): UpstreamReply => answered(message, 0x8380)
/** The same reply with an Extended DNS Error (RFC 8914). */
export const explaining =
  (behaviour: (message: Uint8Array) => UpstreamReply, code: number) =>
  (message: Uint8Array): UpstreamReply => {
    const reply = behaviour(message)
    if (reply.kind === 'failed') return reply
    const counted = Uint8Array.from(reply.message)
    counted[11]! += 1
    return { kind: 'reply', message: octets(counted, opt({}, option(15, [0, code]))) }
  }
export const garbage = (): UpstreamReply => ({ kind: 'reply', message: Uint8Array.of(1, 2, 3) })
export const dead = (): UpstreamReply => failed('network', 'ECONNREFUSED')

/** A response to the query with one address, or none when its code is not 0. */
function answered(message: Uint8Array, flags: number): UpstreamReply {
  let end = 12
  while (message[end] !== 0) end += message[end]! + 1
  const reply = answer({
    flags,
    answer: (flags & 0xf) === 0 ? [record(QUESTION_NAME, 1, 60, [192, 0, 2, 1])] : [],
  })
  const asked = answer({}).length
  const question = message.subarray(12, end + 5)
  return {
    kind: 'reply',
    message: Uint8Array.from([...reply.subarray(0, 12), ...question, ...reply.subarray(asked)]),
  }
}

/** What an upstream does with a query: a reply at once, or after milliseconds; undefined: it hangs. */
export type Behaviour = (
  message: Uint8Array,
) => UpstreamReply | { readonly after: number; readonly reply: UpstreamReply } | undefined

/** Upstreams that behave as they are told, and a clock that is turned. */
export function upstreamWorld(
  behaviours: Record<string, Behaviour>,
  options: Partial<ForwarderOptions> = {},
) {
  const clock = fakeClock()
  const due = new Set<number>()
  const timer: Timer = (milliseconds, ring) => {
    due.add(clock.now() + milliseconds)
    return clock.timer(milliseconds, ring)
  }
  const asked: string[] = []
  const aborted: string[] = []
  const events: string[] = []
  const forward = forwarder({
    upstreams: Object.keys(behaviours),
    spread: 'first',
    transport: {
      exchange({ url }: UpstreamAddress, message, signal) {
        asked.push(url)
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted.push(url)
            resolve(failed('timeout', 'aborted'))
          })
          const behaviour = behaviours[url]?.(message)
          if (behaviour === undefined) return
          if ('after' in behaviour) timer(behaviour.after, () => resolve(behaviour.reply))
          else resolve(behaviour)
        })
      },
    },
    onChange: (url, change) => events.push(`${url} ${change.kind === 'failing' ? change.why : 'works'}`),
    now: clock.now,
    timer,
    random: () => 0,
    slots: unboundedSlots,
    ...options,
  })
  /** Turns the clock to the next alarm, or to `end` when that is sooner. */
  async function step(end: number): Promise<void> {
    for (const at of due) if (at <= clock.now()) due.delete(at)
    clock.advance(Math.min(end, ...due) - clock.now())
    await settled()
  }
  /** Turns the clock from one alarm to the next, so that what happens in between happens in its order. */
  async function pass(milliseconds: number): Promise<void> {
    const end = clock.now() + milliseconds
    await settled()
    while (clock.now() < end) await step(end)
  }
  /** One query, and all the time it takes: milliseconds and what came of it. */
  async function one(name?: string): Promise<{ readonly took: number; readonly forwarded: Forwarded }> {
    const began = clock.now()
    let took = -1
    const forwarded = forward(ask(name), new AbortController().signal).finally(() => {
      took = clock.now() - began
    })
    await settled()
    while (took < 0) await step(began + 60_000)
    return { took, forwarded: await forwarded }
  }
  /** Who is asked for one query. */
  async function whoIsAsked(name?: string): Promise<string[]> {
    asked.length = 0
    await one(name)
    return [...asked]
  }
  return { clock, asked, aborted, events, forward, behaviours, pass, one, whoIsAsked }
}
