import { expect, test, vi } from 'vitest'
import { addressBlock } from '../../src/addresses.ts'
import { nodeExchange, ownAddresses } from '../../src/node/dns-exchange.ts'
import { namesWorld } from '../resolver/world.ts'

/** What the system is asked for, whoever asks. */
const sockets = vi.hoisted(() => ({ udp: 0, tcp: 0 }))

vi.mock('node:dgram', async (original) => {
  const real = await original<typeof import('node:dgram')>()
  const createSocket = ((...options: Parameters<typeof real.createSocket>) => {
    sockets.udp++
    return real.createSocket(...options)
  }) as typeof real.createSocket
  return { ...real, createSocket }
})
vi.mock('node:net', async (original) => {
  const real = await original<typeof import('node:net')>()
  const connect = ((...options: Parameters<typeof real.connect>) => {
    sockets.tcp++
    return real.connect(...options)
  }) as typeof real.connect
  return { ...real, connect }
})

/** A gateway with the sockets of Node. Port 53 of loopback is nobody's here, or a resolver that refuses. */
const gateway = (address: string, allowPrivate: readonly string[] = [], own = ownAddresses) =>
  namesWorld(
    {
      'd/a': { ns: [address] },
      'd/b': { ns: 'ns', map: { ns: address.includes(':') ? { ip6: address } : { ip: address } } },
    },
    {
      allowPrivate: allowPrivate.map((block) => addressBlock(block)!),
      runtime: { exchange: nodeExchange(), ownAddresses: own },
    },
  )

const PUBLIC_OWN = ['9.0.0.1', '2a00::1']

test.each<readonly [string, string]>([
  ['the metadata service of clouds', '169.254.169.254'],
  ['the same by NAT64', '64:ff9b::a9fe:a9fe'],
  ['the same by ISATAP', '2a00::5efe:a9fe:a9fe'],
  ['loopback', '127.0.0.1'],
  ...ownAddresses().map((address) => ['an interface of this machine', address] as const),
  ...PUBLIC_OWN.map((address) => ['a public interface of this machine', address] as const),
])('a delegation to %s, %s: no socket is opened', async (_what, address) => {
  const before = { ...sockets }
  const { ask } = gateway(address, [], () => [...ownAddresses(), ...PUBLIC_OWN])
  for (const asked of ['www.a.bit', 'www.b.bit']) expect((await ask(asked)).rcode).toBe('SERVFAIL')
  expect(sockets).toEqual(before)
})

test('where it is allowed one is: the counting counts', async () => {
  const before = sockets.udp
  const { ask, clock } = gateway('127.0.0.1', ['127.0.0.0/8'])
  const answer = ask('www.a.bit')
  await vi.waitFor(() => expect(sockets.udp).toBeGreaterThan(before))
  for (let turn = 0; turn < 20; turn++) {
    clock.advance(1_000)
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  await answer
})
