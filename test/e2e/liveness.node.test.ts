import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { has } from '../node/tools.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { addInterface, canMakeNamespaces, makeNamespace, type Namespace } from './namespace.ts'
import { newFile, type Program, start, succeed } from './program.ts'

const LIMIT_MS = 120_000

/** Of three hosts one has a web server, one refuses connections, and one lets every packet vanish. */
const [LIVE, REFUSING, SILENT] = ['127.0.0.2', '127.0.0.3', '198.18.0.9']
const NAMES = {
  'd/refusing': { ip: [LIVE, REFUSING] },
  'd/silent': { ip: [LIVE, SILENT] },
}

/** Says how many octets came over each connection. */
const SERVER = `
  const server = require('node:net').createServer((socket) => {
    socket.on('close', () => console.log('received', socket.bytesRead)).resume()
  })
  server.listen(80, '${LIVE}', () => console.log('listening'))`

const canRun = has('kdig') && canMakeNamespaces()

describe.skipIf(!canRun)('hosts that are down (needs kdig, ip and root)', { timeout: LIMIT_MS }, () => {
  let namespace: Namespace
  let server: Program
  let gateway: Gateway

  beforeAll(async () => {
    namespace = await makeNamespace()
    await addInterface(namespace)
    const { prefix } = namespace
    for (const words of [
      `route add ${SILENT}/32 dev nowhere`,
      `neighbour add ${SILENT} lladdr 02:00:00:00:00:09 dev nowhere nud permanent`,
    ]) {
      await succeed('ip', words.split(' '), { prefix })
    }
    server = start(process.execPath, ['-e', SERVER], { prefix })
    await server.said(/^listening$/m)
    const names = newFile('names.json', JSON.stringify(NAMES))
    const allowed = ['127.0.0.0/8', '198.18.0.0/15'].flatMap((block) => ['--allow-private', block])
    gateway = await startGateway(['--names', names, '--upstream', 'none', ...allowed], { prefix })
  }, LIMIT_MS)
  afterAll(() => namespace?.destroy(), LIMIT_MS)

  /** Each address with its TTL, in order. */
  async function ask(name: string): Promise<readonly string[]> {
    const where = ['@127.0.0.1', '-p', String(gateway.port), '+https', `+tls-ca=${gateway.ca}`]
    const { prefix } = namespace
    const text = await succeed('kdig', [...where, '+tls-hostname=localhost', name], { prefix })
    return Array.from(
      text.matchAll(/^\S+\s+(\d+)\s+IN\s+A\s+(\S+)$/gm),
      ([, ttl, address]) => `${address} ${ttl}`,
    )
  }

  it.each([
    ['refuses connections', 'refusing.bit', REFUSING],
    ['is silent', 'silent.bit', SILENT],
  ])('one that %s comes last, for 30 seconds', async (_, name, dead) => {
    expect(await ask(name)).toHaveLength(2)
    await vi.waitFor(async () => expect(await ask(name)).toContain(`${dead} 30`), LIMIT_MS / 2)
    for (let time = 0; time < 15; time++) expect(await ask(name)).toEqual([`${LIVE} 30`, `${dead} 30`])
  })

  it('nothing is sent to them', async () => {
    const [, octets] = await server.said(/^received (\d+)$/m)
    expect(octets).toBe('0')
  })

  it('SIGTERM does not wait for them', async () => {
    expect(await gateway.program.kill('SIGTERM')).toEqual({ code: 0, signal: null })
  })
})
