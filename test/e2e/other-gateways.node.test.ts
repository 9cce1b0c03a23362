import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { has } from '../node/tools.ts'
import { recorded143, replay } from '../servers/electrumx.ts'
import { type ElectrumxServer, startElectrumx } from '../servers/electrumx-server.ts'
import { lookUp } from './dns-clients.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { newFile } from './program.ts'

/** Real gateways behind a real gateway. */

const LIMIT_MS = 60_000
const HONEST = ['203.0.113.1', '203.0.113.2']
const namesFile = (...ip: readonly string[]) => newFile('names.json', JSON.stringify({ 'd/two': { ip } }))
const remoteOf = (...ip: readonly string[]) => ['--names', namesFile(...ip), '--upstream', 'none']
const startRemote = (...ip: readonly string[]) => startGateway(remoteOf(...ip))
/** One machine has several names: gateways must be of different hosts. */
const at = ({ url }: Gateway, host: string): string => url.replace('127.0.0.1', host)
const gatewaysOf = (urls: readonly string[]): readonly string[] => urls.flatMap((url) => ['--gateway', url])
/** Lets a program trust the local CAs of these. */
const trusting = (gateways: readonly Gateway[]) => ({
  env: {
    NODE_EXTRA_CA_CERTS: newFile('cas.pem', gateways.map(({ ca }) => readFileSync(ca, 'utf8')).join('')),
  },
})
const addressesIn = (answer: readonly string[]) => answer.map((line) => line.split(' ').at(-1)).sort()

describe.skipIf(!has('kdig'))('a gateway in front of gateways (needs kdig)', { timeout: LIMIT_MS }, () => {
  let honest: Gateway
  let other: Gateway
  let liar: Gateway
  const open = (urls: readonly string[], ...settings: readonly string[]) =>
    startGateway(
      ['--backend', 'doh', ...gatewaysOf(urls), '--upstream', 'none', '--cache-entries', '0', ...settings],
      trusting([honest, other, liar]),
    )

  beforeAll(async () => {
    ;[honest, other, liar] = await Promise.all([
      startRemote(...HONEST),
      startRemote(...HONEST.toReversed()),
      startRemote(HONEST[0]!, '203.0.113.66'),
    ])
  }, LIMIT_MS)

  it('says what both say, in whatever order', async () => {
    const front = await open([at(other, 'localhost'), honest.url], '--agree', '2')
    const { status, answer } = await lookUp('kdig', front, 'two.bit')
    expect({ status, addresses: addressesIn(answer) }).toEqual({ status: 'NOERROR', addresses: HONEST })
  })

  it('says SERVFAIL where they differ, and the log who differs, and not about what', async () => {
    const front = await open([at(liar, 'localhost'), honest.url], '--agree', '2')
    const { status, text } = await lookUp('kdig', front, 'two.bit')
    expect(status).toBe('SERVFAIL')
    expect(text).toContain('too few gateways say the same')
    const said = await front.program.said(/gateways-disagree .*$/m)
    for (const gateway of [at(liar, 'localhost'), honest.url]) expect(said[0]).toContain(gateway)
    expect(front.program.stdout() + front.program.stderr()).not.toContain('two.bit')
  })

  it('goes on when one ends', async () => {
    const dying = await startRemote(...HONEST)
    const urls = [at(dying, 'localhost'), honest.url]
    const front = await startGateway(
      ['--backend', 'doh', ...gatewaysOf(urls), '--upstream', 'none', '--cache-entries', '0'],
      trusting([dying, honest]),
    )
    expect(addressesIn((await lookUp('kdig', front, 'two.bit')).answer)).toEqual(HONEST)
    await dying.program.kill('SIGKILL')
    expect(addressesIn((await lookUp('kdig', front, 'two.bit')).answer)).toEqual(HONEST)
    expect((await lookUp('kdig', front, 'nothing.bit')).status).toBe('NXDOMAIN')
  })
})

describe.skipIf(!has('kdig'))('a gateway that believes none (needs kdig)', { timeout: LIMIT_MS }, () => {
  const servers: ElectrumxServer[] = []
  afterAll(() => Promise.all(servers.map((server) => server.close())))

  it('answers with what the blockchain proves, and asks the servers for headers alone', async () => {
    for (let index = 0; index < 4; index++) {
      const backend = (method: string, params: readonly unknown[]) => replay(recorded143, method, params)
      servers.push(await startElectrumx('tcp', undefined, { backend }))
    }
    const electrum = servers.map(({ address }, index) =>
      index % 2 === 0 ? address : address.replace('127.0.0.1', 'localhost'),
    )
    const chain = (urls: readonly string[]) => [
      ...['--network', 'regtest', '--upstream', 'none', '--cache-entries', '0'],
      ...urls.flatMap((url) => ['--electrum', url]),
    ]
    const remote = await startGateway(chain(electrum.slice(0, 2)))
    const liar = await startGateway([
      '--names',
      newFile('names.json', '{"d/jordia65":{"ip":"203.0.113.66"}}'),
    ])
    await remote.program.said(/chain-synced height=207/)
    const gateways = gatewaysOf([at(liar, 'localhost'), remote.url])
    const front = await startGateway(
      ['--backend', 'doh', '--verify', 'on', ...gateways, ...chain(electrum.slice(2))],
      trusting([remote, liar]),
    )
    await front.program.said(/chain-synced height=207/)
    const { answer } = await lookUp('kdig', front, 'jordia65.bit')
    expect(addressesIn(answer)).toEqual(['192.0.2.10', '198.51.100.20'])
    const methods = new Set(
      servers.slice(2).flatMap(({ world }) => world.received.map(({ method }) => method)),
    )
    expect([...methods].filter((method) => /scripthash|name|transaction/.test(method))).toEqual([])
    expect(methods.size).toBeGreaterThan(0)
  })
})
