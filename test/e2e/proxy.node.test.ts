import { beforeAll, describe, expect, it, vi } from 'vitest'
import { has } from '../node/tools.ts'
import { bitdoh, startBitdoh, startGateway } from './gateway.ts'
import { addInterface, canMakeNamespaces, makeNamespace, type Namespace } from './namespace.ts'
import { newFolder, type Program, type ProgramOptions, run } from './program.ts'
import { otherThan, servedBy, startWebServers } from './web-servers.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const DEMO = ['--names', 'demo', '--upstream', 'none', '--allow-private', '127.0.0.0/8']

/** Starts `bitdoh proxy` and waits until it takes requests. */
async function startProxy(
  words: readonly string[],
  options: ProgramOptions = {},
): Promise<{ program: Program; address: string }> {
  const program = startBitdoh(['proxy', '--proxy-listen', '127.0.0.1:0', ...words], options)
  const [, address = ''] = await program.said(
    /^bitdoh proxies at (127\.0\.0\.1:\d+); PAC file: http:\S+\/proxy\.pac$/m,
  )
  return { program, address }
}

describe.skipIf(!has('curl'))('bitdoh proxy, with curl', () => {
  const fetchThrough = (address: string, ...words: string[]) =>
    run('curl', ['-sS', '-x', `http://${address}`, ...words])

  it.each([
    ['HTTP', []],
    ['CONNECT', ['--proxytunnel']],
  ])('%s: a page survives the end of its server', async (_what, words) => {
    const { address } = await startProxy(DEMO)
    const servers = await startWebServers()
    const get = async () => {
      const { stdout } = await fetchThrough(address, ...words, `http://ha-demo.bit:${servers.port}/`)
      return servedBy(stdout)
    }
    const first = await get()
    await servers.kill(first)
    for (let attempt = 0; attempt < 4; attempt++) expect(await get()).toBe(otherThan(first))
    await servers.kill(otherThan(first))
    const url = `http://ha-demo.bit:${servers.port}/`
    expect(await fetchThrough(address, '-w', '%{http_code}', url)).toMatchObject({
      stdout: expect.stringMatching(/No address of the name accepts connections\.\n502$/),
    })
  })

  it('asks another gateway with --server', async () => {
    const gateway = await startGateway(['--names', 'demo', '--upstream', 'none'])
    const words = ['--server', gateway.url, '--state', gateway.state, '--allow-private', '127.0.0.0/8']
    const { address } = await startProxy(words)
    const { port } = await startWebServers()
    servedBy((await fetchThrough(address, `http://ha-demo.bit:${port}/`)).stdout)
    await gateway.program.kill('SIGKILL')
    const { stdout } = await fetchThrough(address, 'http://never-registered.bit/')
    expect(stdout).toContain('The gateway could not be asked for the name.')
  })

  it('goes to private addresses only when told to, and says nothing of who went where', async () => {
    const { program, address } = await startProxy(DEMO.slice(0, -2))
    const { stdout } = await fetchThrough(address, '-w', '%{http_code}', 'http://ha-demo.bit/zebra')
    expect(stdout).toMatch(/private addresses or to this machine[^\n]*\n502$/)
    await fetchThrough(address, 'http://zebra.bit/')
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(program.stdout() + program.stderr()).not.toMatch(/zebra|ha-demo/)
    expect(program.stderr()).toMatch(/ info stopping$/m)
  })
})

describe('bitdoh proxy, given what it does not take', () => {
  it.each([
    [['now'], '"now", takes flags only'],
    [['--listen', '127.0.0.1:1'], '--proxy-listen does'],
    [['--proxy-listen', '8080'], '--proxy-listen: given "8080", takes HOST:PORT'],
    [['--proxy-others', 'yes'], '--proxy-others: given "yes", takes on or off'],
    [['--server', 'http://x.example/'], 'takes an https:// URL'],
    [['--server', 'https://x.example/', '--names', 'demo'], '--names: says nothing to --server'],
  ])('%j', async (words, line) => {
    expect(await bitdoh(['proxy', ...words])).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(line),
    })
  })

  it('a port in use: exit code 3', async () => {
    const { address } = await startProxy(DEMO)
    const outcome = await bitdoh(['proxy', ...DEMO, '--proxy-listen', address])
    expect(outcome).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`--proxy-listen: given ${address}`),
    })
  })
})

const canRun = has('chromium') && canMakeNamespaces()

describe.skipIf(!canRun)('bitdoh proxy, with Chromium (needs chromium, ip and root)', () => {
  let namespace: Namespace
  beforeAll(async () => {
    namespace = await makeNamespace()
    await addInterface(namespace)
    return () => namespace.destroy()
  })

  it('a page by the PAC file, and from the other server when the first one dies', async () => {
    const { prefix } = namespace
    const { address } = await startProxy(DEMO, { prefix })
    const servers = await startWebServers(80, { prefix })
    const open = async (url: string): Promise<string> => {
      const pac = `--proxy-pac-url=http://${address}/proxy.pac`
      const words = [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--dump-dom',
        pac,
      ]
      const profile = `--user-data-dir=${newFolder()}`
      return (await run('chromium', [...words, profile, url], { prefix })).stdout
    }
    const first = servedBy(await open('http://ha-demo.bit/'))
    await servers.kill(first)
    expect(servedBy(await open('http://ha-demo.bit/?again'))).toBe(otherThan(first))
  })
})
