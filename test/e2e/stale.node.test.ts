import { afterEach, expect, test, vi } from 'vitest'
import { type CoreRpcServer, startCoreRpc } from '../servers/core-rpc.ts'
import { lookUp, type Shown } from './dns-clients.ts'
import { type Gateway, startGateway } from './gateway.ts'

/** The real program, a node that goes away and comes back, and a client that we did not write. */

// A node's blocks are looked for every two seconds.
vi.setConfig({ testTimeout: 60_000 })

let node: CoreRpcServer | undefined
afterEach(() => node?.close())

const ask = (gateway: Gateway, name: string, type = 'A'): Promise<Shown> =>
  lookUp('kdig', gateway, name, type, '+https', '+edns')

/** Waits until the gateway knows the block of this height: it is the serial of the zone. */
async function untilHeight(gateway: Gateway, height: number): Promise<void> {
  while (!(await ask(gateway, 'bit', 'SOA')).text.includes(` ${height} `));
}

test('a node that is killed: stale answers that say so, and fresh ones as soon as it is back', async () => {
  node = await startCoreRpc()
  const { url } = node
  const gateway = await startGateway(['--core-url', url, '--network', 'regtest', '--upstream', 'none'])
  const fresh = await ask(gateway, 'single.bit')
  expect(fresh.text).toMatch(/single\.bit\.\s+600\s+IN\s+A\s+192\.0\.2\.1/)
  expect(fresh.text).not.toMatch(/EDE/)

  // With a block that the gateway hears of, what it knows is old; then there is nobody to ask.
  node.newBlock({ 'd/single': '{"ip":"192.0.2.99"}' })
  await untilHeight(gateway, 208)
  await node.close()
  for (let time = 0; time < 3; time++) {
    const stale = await ask(gateway, 'single.bit')
    expect(stale.status).toBe('NOERROR')
    expect(stale.text).toMatch(/single\.bit\.\s+30\s+IN\s+A\s+192\.0\.2\.1\s/)
    expect(stale.text).toMatch(/EDE: 3 \(Stale Answer\)/)
  }
  const unknown = await ask(gateway, 'dual.bit')
  expect(unknown.status).toBe('SERVFAIL')
  expect(unknown.text).toMatch(/EDE: 23 \(Network Error\)/)

  node = await startCoreRpc(Number(new URL(url).port))
  node.newBlock({ 'd/single': '{"ip":"192.0.2.99"}' })
  node.newBlock()
  await untilHeight(gateway, 209)
  const back = await ask(gateway, 'single.bit')
  expect(back.text).toMatch(/single\.bit\.\s+600\s+IN\s+A\s+192\.0\.2\.99\s/)
  expect(back.text).not.toMatch(/EDE/)
  expect((await ask(gateway, 'dual.bit')).status).toBe('NOERROR')
  expect(gateway.program.stderr()).not.toMatch(/single|dual/)
})

test('serve-stale off: no answer at all', async () => {
  node = await startCoreRpc()
  const settings = [
    '--core-url',
    node.url,
    '--network',
    'regtest',
    '--upstream',
    'none',
    '--serve-stale',
    'off',
  ]
  const gateway = await startGateway(settings)
  expect((await ask(gateway, 'single.bit')).status).toBe('NOERROR')
  node.newBlock()
  await untilHeight(gateway, 208)
  await node.close()
  expect((await ask(gateway, 'single.bit')).status).toBe('SERVFAIL')
})
