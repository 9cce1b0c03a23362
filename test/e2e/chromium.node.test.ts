import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { has } from '../node/tools.ts'
import { type Chromium, startChromium } from './chromium.ts'
import { startGateway } from './gateway.ts'
import { addInterface, canMakeNamespaces, makeNamespace, type Namespace } from './namespace.ts'
import { otherThan, servedBy, startWebServers, type WebServers } from './web-servers.ts'

const LIMIT_MS = 120_000

const canRun = has('chromium') && has('certutil') && canMakeNamespaces()

describe.skipIf(!canRun)('Chromium (needs chromium, certutil, ip and root)', { timeout: LIMIT_MS }, () => {
  let namespace: Namespace
  let servers: WebServers
  let chromium: Chromium

  beforeAll(async () => {
    namespace = await makeNamespace()
    await addInterface(namespace)
    const { prefix } = namespace
    const gateway = await startGateway(['--names', 'demo', '--upstream', 'none'], { prefix })
    servers = await startWebServers(80, { prefix })
    chromium = await startChromium(gateway, namespace)
  }, LIMIT_MS)
  afterAll(() => namespace?.destroy(), LIMIT_MS)

  it('loads a page by its .bit name, and from the other server when the first one dies', async () => {
    const first = servedBy(await chromium.open('http://ha-demo.bit/'))
    await servers.kill(first)
    expect(servedBy(await chromium.open('http://ha-demo.bit/?again'))).toBe(otherThan(first))
  })

  it('shows an error for a .bit name that nobody registered', async () => {
    await expect(chromium.open('http://never-registered.bit/')).rejects.toThrow('ERR_NAME_NOT_RESOLVED')
  })
})
