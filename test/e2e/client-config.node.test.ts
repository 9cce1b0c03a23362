import { describe, expect, it, vi } from 'vitest'
import { has } from '../node/tools.ts'
import { bitdoh, startGateway } from './gateway.ts'
import { run } from './program.ts'
import { ADDRESSES, servedBy, startWebServers } from './web-servers.ts'

vi.setConfig({ testTimeout: 60_000 })

describe.skipIf(!has('curl'))('the command for curl (needs curl)', () => {
  it('runs as it is printed, and goes on to the next gateway when the first is dead', async () => {
    const gateway = await startGateway(['--names', 'demo', '--upstream', 'none'])
    const { port } = await startWebServers()
    const dead = 'https://127.0.0.1:1/dns-query'
    const made = await bitdoh(['client-config', 'curl', '--gateway', dead, '--gateway', gateway.url])
    expect(made.code).toBe(0)
    const command = made.stdout.replaceAll('http://example.bit/', `http://ha-demo.bit:${port}/`)
    const { code, stdout } = await run('sh', ['-c', command], { env: { CURL_CA_BUNDLE: gateway.ca } })
    expect(code).toBe(0)
    expect(ADDRESSES).toContain(servedBy(stdout))
  })
})
