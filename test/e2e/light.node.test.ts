import { readdirSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { buildQuery } from '../../src/dns/build-query.ts'
import { nameFromText } from '../../src/dns/name.ts'
import { type Read, readAnswer } from '../resolver/world.ts'
import { recorded143, replay } from '../servers/electrumx.ts'
import type { World } from '../servers/electrumx-peer.ts'
import { type ElectrumxServer, startElectrumx } from '../servers/electrumx-server.ts'
import { type Gateway, startBitdoh, startGateway } from './gateway.ts'

/** The real program as a light client of servers that say what was recorded, over real sockets. */

const servers: ElectrumxServer[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const RECORDED: Partial<World> = { backend: (method, params) => replay(recorded143, method, params) }

async function startServer(changes: Partial<World> = RECORDED): Promise<ElectrumxServer> {
  const server = await startElectrumx('tcp', undefined, changes)
  servers.push(server)
  return server
}

/** The program counts an address and a host name as two operators. */
const asLocalhost = ({ address }: ElectrumxServer): string => address.replace('127.0.0.1', 'localhost')

/** Settings of a light client of these servers. */
const settingsOf = (electrum: readonly string[]): readonly string[] => [
  ...['--network', 'regtest', '--tls', 'off', '--upstream', 'none', '--cache-entries', '0'],
  ...electrum.flatMap((address) => ['--electrum', address]),
]

const startLight = (electrum: readonly string[]): Promise<Gateway> => startGateway(settingsOf(electrum))

/** Starts another one with the state folder of one that has ended. */
async function restart({ state }: Gateway, electrum: readonly string[]) {
  const words = ['serve', '--listen', '127.0.0.1:0', '--state', state, ...settingsOf(electrum)]
  const program = startBitdoh(words)
  const [, url = ''] = await program.said(/^bitdoh answers at (\S+)$/m)
  return { program, url }
}

async function ask({ url }: Pick<Gateway, 'url'>, name: string): Promise<Read> {
  const body = buildQuery({
    name: nameFromText(name) ?? [],
    type: 1,
    dnssecOk: false,
    checkingDisabled: false,
  })
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/dns-message' },
    body: new Uint8Array(body),
  })
  return readAnswer(new Uint8Array(await response.arrayBuffer()))
}

const addresses = ({ answer }: Read): readonly string[] =>
  answer.map((line) => line.split(' ').at(-1)!).sort()

const JORDIA65 = ['192.0.2.10', '198.51.100.20']

describe('bitdoh serve with two servers', () => {
  test('resolves, proven, as soon as the headers are in; absence, too', async () => {
    const [one, other] = [await startServer(), await startServer()]
    const gateway = await startLight([one.address, asLocalhost(other)])
    await gateway.program.said(/chain-synced height=207/)
    const read = await ask(gateway, 'jordia65.bit')
    expect({ addresses: addresses(read), errors: read.errors }).toEqual({ addresses: JORDIA65, errors: [] })
    expect(addresses(await ask(gateway, 'reborn.bit'))).toEqual(['192.0.2.113'])
    expect(await ask(gateway, 'never-registered.bit')).toMatchObject({ rcode: 'NXDOMAIN', errors: [] })
    expect((await ask(gateway, 'expired.bit')).rcode).toBe('NXDOMAIN')
  })

  test('resumes from its state folder: no header is fetched twice', async () => {
    const [one, other] = [await startServer(), await startServer()]
    const electrum = [one.address, asLocalhost(other)]
    const first = await startLight(electrum)
    await first.program.said(/chain-synced height=207/)
    await ask(first, 'jordia65.bit')
    expect(await first.program.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(readdirSync(first.state).join(' ')).toContain('regtest')

    for (const { world } of [one, other]) world.received.length = 0
    const second = await restart(first, electrum)
    await second.program.said(/chain-starts height=207/)
    await second.program.said(/chain-synced height=207/)
    expect(addresses(await ask(second, 'jordia65.bit'))).toEqual(JORDIA65)
    const asked = [one, other].flatMap(({ world }) => world.received.map(({ method }) => method))
    expect(asked).not.toContain('blockchain.block.headers')
  })

  test('goes on while one server is gone, and says when nobody is left', async () => {
    const [one, other] = [await startServer(), await startServer()]
    const gateway = await startLight([one.address, asLocalhost(other)])
    await gateway.program.said(/chain-synced height=207/)
    await one.close()
    expect(addresses(await ask(gateway, 'jordia65.bit'))).toEqual(JORDIA65)
    expect(await ask(gateway, 'never-registered.bit')).toMatchObject({ rcode: 'SERVFAIL' })
    await other.close()
    const read = await ask(gateway, 'jordia65.bit')
    expect(read).toMatchObject({ rcode: 'SERVFAIL', errors: [{ text: expect.any(String) }] })
  })
})

describe('bitdoh serve with a liar beside an honest server', () => {
  test.each([
    ['forged-branch', 'wrong-merkle-root'],
    ['wrong-name', 'wrong-name'],
    ['forged-header', ''],
  ] as const)('%s: the right answer, and the log says who lied about what', async (lie, about) => {
    const [liar, honest] = [await startServer({ lies: [lie] }), await startServer()]
    const gateway = await startLight([liar.address, asLocalhost(honest)])
    await gateway.program.said(/chain-synced height=207/)
    expect(addresses(await ask(gateway, 'jordia65.bit'))).toEqual(JORDIA65)
    const { port } = new URL(liar.address)
    await gateway.program.said(
      new RegExp(`server-(?:lied|banned) server=\\S*127\\.0\\.0\\.1:${port} .*${about}`),
    )
    expect(addresses(await ask(gateway, 'reborn.bit'))).toEqual(['192.0.2.113'])
    const { program } = gateway
    expect(program.stdout() + program.stderr()).not.toMatch(/jordia65|reborn/)
  })

  test.each(['silent', 'garbage', 'endless', 'stalls', 'flood', 'bomb'] as const)(
    'on the wire, %s: the right answer',
    async (wire) => {
      const [liar, honest] = [await startServer({ wire: [wire] }), await startServer()]
      const gateway = await startLight([liar.address, asLocalhost(honest)])
      await gateway.program.said(/chain-synced height=207/)
      expect(addresses(await ask(gateway, 'jordia65.bit'))).toEqual(JORDIA65)
      expect(addresses(await ask(gateway, 'reborn.bit'))).toEqual(['192.0.2.113'])
    },
    60_000,
  )
})
