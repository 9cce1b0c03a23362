import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { has } from '../node/tools.ts'
import { type Firefox, startFirefox } from './firefox.ts'
import { startGateway } from './gateway.ts'
import { canMakeNamespaces, makeNamespace, type Namespace } from './namespace.ts'
import { otherThan, servedBy, startWebServers, type WebServers } from './web-servers.ts'

const LIMIT_MS = 120_000
const MAX_LOOKUPS = 40

const canRun = has('firefox-esr') && has('certutil') && canMakeNamespaces()

describe.skipIf(!canRun)('Firefox (needs firefox-esr, certutil, ip and root)', { timeout: LIMIT_MS }, () => {
  let namespace: Namespace
  let servers: WebServers
  let firefox: Firefox

  beforeAll(async () => {
    namespace = await makeNamespace()
    const { prefix } = namespace
    const gateway = await startGateway(['--names', 'demo', '--upstream', 'none'], { prefix })
    servers = await startWebServers(80, { prefix })
    firefox = await startFirefox(gateway, namespace)
  }, LIMIT_MS)
  afterAll(() => namespace?.destroy(), LIMIT_MS)

  it('gets both addresses of jordia65.bit over DoH, in both orders', async () => {
    const orders = new Set<string>()
    for (let lookup = 0; lookup < MAX_LOOKUPS && orders.size < 2; lookup++) {
      orders.add((await firefox.resolve('jordia65.bit')).join(' '))
    }
    expect([...orders].sort()).toEqual(['192.0.2.10 198.51.100.20', '198.51.100.20 192.0.2.10'])
  })

  it('takes a typed .bit name for a name, and not for words to search for', async () => {
    expect(await firefox.typed('jordia65.bit')).toBe('http://jordia65.bit/')
    expect(await firefox.typed('jordia65.unknown')).not.toBe('http://jordia65.unknown/')
  })

  it('loads a page by its .bit name, and from the other server when the first one dies', async () => {
    const first = servedBy(await firefox.open('http://ha-demo.bit/'))
    const cached = await firefox.cached('ha-demo.bit')
    expect(cached.map(({ addresses, trr }) => ({ addresses: addresses.toSorted(), trr }))).toEqual([
      { addresses: ['127.0.0.2', '127.0.0.3'], trr: true },
    ])
    await servers.kill(first)
    expect(servedBy(await firefox.open('http://ha-demo.bit/?again'))).toBe(otherThan(first))
  })
})
