import { expect, test } from 'vitest'
import type { NameOutcome, NameSource } from '../../src/namecoin/source.ts'
import { unreachable } from '../../src/namecoin/unreachable.ts'
import { failed, type UpstreamTransport } from '../../src/upstream/transport.ts'
import { fakeClock, settled } from '../namecoin/clock.ts'
import { good } from '../upstream/world.ts'
import { world } from './world.ts'

/** What is looked up for several questions belongs to none of them: least of all to the one with the least time left. */

/** Milliseconds that are left of a question's 4,500 when the slow value has come. */
const LEFT = 300
/** Milliseconds of a healthy server: more than is left, and nothing out of the ordinary. */
const USUAL = 1_000

function slowlyTo(alias: string) {
  const clock = fakeClock()
  /** The value after a while; a lookup that is told to stop does. */
  const after = (milliseconds: number, value: object, signal: AbortSignal): Promise<NameOutcome> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(unreachable('timeout', 'told to stop')))
      const octets = new TextEncoder().encode(JSON.stringify(value))
      clock.timer(milliseconds, () => resolve({ kind: 'found', value: octets, expiresIn: 30_000 }))
    })
  const source: NameSource = {
    name: 'test',
    lookup: (name, signal) =>
      name === 'd/slow' ? after(4_500 - LEFT, { alias }, signal) : after(USUAL, { ip: '192.0.2.1' }, signal),
    tip: () => ({ epoch: '1', height: 9 }),
    state: async () => ({ kind: 'ready', tip: { epoch: '1' } }),
    close: () => {},
  }
  const transport: UpstreamTransport = {
    exchange: (_address, message, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(failed('timeout', 'told to stop')))
        clock.timer(USUAL, () => resolve(good(message)))
      }),
  }
  const { ask } = world({ source, transport, clock })
  const pass = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds)
    for (let turn = 0; turn < 4; turn++) await settled()
  }
  return { ask, pass }
}

test.each([
  ['outside .bit, at the upstream', 'victim.example', 'victim.example'],
  ['under .bit, at the source', 'victim.bit.', 'victim.bit'],
])(
  'the end of an alias is not looked up in the haste of who led there: %s',
  async (_where, alias, victim) => {
    const { ask, pass } = slowlyTo(victim === alias ? `${alias}.` : alias)
    const slow = ask('slow.bit')
    await settled()
    await pass(4_500 - LEFT)
    // Somebody joins while the end of the alias is looked up, with all their time before them.
    const joined = ask(victim)
    await pass(LEFT)
    expect(await slow).toMatchObject({ rcode: 'SERVFAIL', errors: [{ code: 22 }] })
    // And somebody comes right after the failure.
    const later = ask(victim)
    await pass(USUAL - LEFT)
    for (const heard of [await joined, await later])
      expect(heard).toMatchObject({ rcode: 'NOERROR', answer: [expect.stringContaining('192.0.2.1')] })
  },
)
