import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sharedFlights } from '../../src/flights.ts'
import { coreSource, TIP_FRESH_MS } from '../../src/namecoin/core.ts'
import { CALL_TIMEOUT_MS } from '../../src/namecoin/json-rpc.ts'
import { boundedSlots } from '../../src/namecoin/slots.ts'
import { type Behaviour, type CoreRpcServer, startCoreRpc } from '../servers/core-rpc.ts'
import { fakeClock, never } from './clock.ts'

/** The same node behind a real socket, and the built-in fetch. */

let server: CoreRpcServer
const clock = fakeClock()

beforeEach(async () => {
  server = await startCoreRpc()
})
afterEach(() => server.close())

function source(url = server.url, readCookie?: () => Promise<string>) {
  return coreSource({
    url: new URL(url),
    fetch: globalThis.fetch,
    now: clock.now,
    flights: sharedFlights(),
    slots: boundedSlots(),
    timer: clock.timer,
    network: 'regtest',
    ...(readCookie === undefined ? {} : { readCookie }),
  })
}

test('a name is found, with a password that needs percent-encoding', async () => {
  expect(await source().lookup('d/jordia65', never)).toMatchObject({ kind: 'found', height: 194 })
})

test('wrong and missing credentials', async () => {
  const wrong = new URL(server.url)
  wrong.password = 'wrong'
  expect(await source(wrong.href).lookup('d/jordia65', never)).toMatchObject({ code: 'credentials' })
  expect(await source(server.bareUrl).lookup('d/jordia65', never)).toMatchObject({ code: 'credentials' })
})

test('the cookie of a restarted node is read anew', async () => {
  const core = source(server.bareUrl, async () => server.cookie())
  expect((await core.lookup('d/jordia65', never)).kind).toBe('found')
  server.newCookie()
  expect((await core.lookup('d/jordia65', never)).kind).toBe('found')
})

test('a new block brings a new epoch and the new value', async () => {
  const core = source()
  const before = await core.tip()
  server.newBlock({ 'd/jordia65': '{"ip":"192.0.2.99"}', 'd/dual': null })
  clock.advance(TIP_FRESH_MS)
  const after = await core.tip()
  expect(after?.epoch).not.toBe(before?.epoch)
  expect(after?.height).toBe(208)
  const outcome = await core.lookup('d/jordia65', never)
  expect(outcome.kind === 'found' && new TextDecoder().decode(outcome.value)).toBe('{"ip":"192.0.2.99"}')
  expect(await core.lookup('d/dual', never)).toEqual({ kind: 'absent' })
})

describe('a node that misbehaves is never taken for absence', () => {
  test.each<[Behaviour, string]>([
    ['closes-midway', 'network'],
    ['lies-about-length', 'network'],
    ['another-id', 'protocol'],
    ['another-name', 'protocol'],
    ['endless-body', 'protocol'],
    ['warming-up', 'warming-up'],
    ['initial-download', 'syncing'],
    ['work-queue-full', 'overloaded'],
    ['redirects', 'protocol'],
    ['garbage', 'protocol'],
  ])('%s is %s', async (behaviour, code) => {
    const core = source()
    await core.tip()
    server.behave(behaviour, 'name_show')
    expect(await core.lookup('d/jordia65', never)).toMatchObject({ kind: 'unreachable', code })
    server.behave('answers')
    expect((await core.lookup('d/jordia65', never)).kind).toBe('found')
  })

  test.each<Behaviour>(['hangs', 'stalls'])('%s is given up at the deadline', async (behaviour) => {
    const core = source()
    await core.tip()
    server.behave(behaviour, 'name_show')
    const outcome = core.lookup('d/jordia65', never)
    await server.received(2)
    clock.advance(CALL_TIMEOUT_MS)
    expect(await outcome).toMatchObject({ kind: 'unreachable', code: 'timeout' })
  })

  test('a redirect is not followed: the credentials stay here', async () => {
    const core = source()
    server.behave('redirects')
    expect(await core.state(never)).toMatchObject({ kind: 'unready', code: 'protocol' })
    expect(server.calls).toHaveLength(1)
  })

  test('nobody listens', async () => {
    const { url } = server
    await server.close()
    expect(await source(url).lookup('d/jordia65', never)).toEqual({
      kind: 'unreachable',
      code: 'network',
      detail: 'ECONNREFUSED',
    })
  })
})
