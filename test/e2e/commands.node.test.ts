import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { schema, settingKeys } from '../../src/settings/schema.ts'
import { query } from '../dns/messages.ts'
import { until } from '../node/tools.ts'
import { answerUpstream } from '../servers/upstream.ts'
import { type Connection, open } from './connections.ts'
import { startDohServer } from './doh-server.ts'
import { bitdoh, type Gateway, startBitdoh, startGateway } from './gateway.ts'
import { newFile, newFolder } from './program.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const DEMO = ['--names', 'demo', '--upstream', 'none']

/** One line and no more, in full. */
const oneLine = (...parts: readonly string[]) =>
  expect.stringMatching(new RegExp(`^[^\\n]*${parts.map(escaped).join('[^\\n]*')}[^\\n]*\\n$`))
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

describe.concurrent('bitdoh', () => {
  it.each([[['--help']], [['help']], [['serve', '--help']]])(
    '%j tells of both commands, of every setting and what it takes',
    async (words) => {
      const { code, stdout, stderr } = await bitdoh(words)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      for (const key of settingKeys) {
        const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
        expect(stdout).toContain(`  --${flag} `)
        expect(stdout).toContain(schema[key].what)
        expect(stdout).toContain(schema[key].kind.takes)
      }
      for (const part of ['bitdoh serve', 'bitdoh resolve', 'BITDOH_', '--config', '--server', '--json']) {
        expect(stdout).toContain(part)
      }
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
    },
  )

  it.each(['--version', 'version'])('%s prints the version', async (word) => {
    expect(await bitdoh([word])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' })
  })

  it.each<[string[], string[]]>([
    [[], ['no command given', 'serve', 'resolve', '--help']],
    [['sreve'], ['sreve', 'no such command', '--help']],
    [
      ['serve', '--network', 'testnet'],
      ['--electrum', 'no public server of testnet is known'],
    ],
    [
      ['serve', 'demo'],
      ['serve', 'demo', 'takes settings only'],
    ],
    [
      ['serve', '--json', ...DEMO],
      ['--json', 'resolve'],
    ],
    [
      ['serve', '--naems', 'demo'],
      ['--naems', '--names'],
    ],
    [
      ['serve', '--names'],
      ['--names', 'given nothing'],
    ],
    [
      ['serve', ...DEMO, '--listen', 'nonsense'],
      ['--listen', 'nonsense', 'takes'],
    ],
    [
      ['serve', ...DEMO, '--cache-entries', '-1'],
      ['--cache-entries', '-1', 'takes'],
    ],
    [
      ['serve', ...DEMO, '--tls', 'maybe'],
      ['--tls', 'maybe', 'takes on or off'],
    ],
    [
      ['serve', ...DEMO, '--tls-cert', 'cert.pem'],
      ['--tls-cert', '--tls-key'],
    ],
    [
      ['serve', ...DEMO, '--backend', 'core'],
      ['--backend', 'core', '--core-url'],
    ],
    [
      ['serve', '--names', 'demo', '--upstream', 'http://plain.example/'],
      ['--upstream', 'plain.example', 'takes'],
    ],
    [
      ['serve', ...DEMO, '--config', '/nonexistent.toml'],
      ['--config', '/nonexistent.toml'],
    ],
    [['resolve'], ['usage: bitdoh resolve NAME']],
    [
      ['resolve', 'a..b', ...DEMO],
      ['NAME', 'a..b'],
    ],
    [
      ['resolve', 'jordia65.bit', 'NONSENSE', ...DEMO],
      ['TYPE', 'NONSENSE', 'takes'],
    ],
    [['resolve', 'jordia65.bit', 'A', 'more', ...DEMO], ['usage: bitdoh resolve NAME']],
  ])('%j is a mistake: one line, exit code 2', async (words, parts) => {
    expect(await bitdoh(words)).toEqual({ code: 2, stdout: '', stderr: oneLine(...parts) })
  })

  it.each<[string, string, string[]]>([
    ['bad TOML', 'names = "demo', ['bitdoh.toml']],
    ['an unknown key', 'naems = "demo"', ['naems', 'bitdoh.toml', 'names']],
    [
      'a bad value',
      'names = "demo"\ncache-entries = "many"',
      ['cache-entries', 'bitdoh.toml', 'many', 'takes'],
    ],
  ])('%s in the file is a mistake: one line, exit code 2', async (_what, text, parts) => {
    const file = newFile('bitdoh.toml', text)
    expect(await bitdoh(['serve', '--config', file])).toEqual({
      code: 2,
      stdout: '',
      stderr: oneLine(...parts),
    })
  })

  it.each([
    [{ BITDOH_NAEMS: 'demo' }, ['BITDOH_NAEMS', 'BITDOH_NAMES']],
    [{ BITDOH_NAMES: 'demo', BITDOH_CACHE_ENTRIES: 'many' }, ['BITDOH_CACHE_ENTRIES', 'many', 'takes']],
  ])('%j is a mistake: one line, exit code 2', async (variables, parts) => {
    const env: Record<string, string> = { ...variables }
    expect(await bitdoh(['serve'], { env })).toEqual({ code: 2, stdout: '', stderr: oneLine(...parts) })
  })

  it('shows no password of a bad setting', async () => {
    const { code, stderr } = await bitdoh(['serve', '--core-url', 'ftp://user:hunter2@127.0.0.1/'])
    expect(code).toBe(2)
    expect(stderr).toEqual(oneLine('--core-url'))
    expect(stderr).not.toContain('hunter2')
  })
})

describe.concurrent('bitdoh resolve', () => {
  const resolve = (...words: readonly string[]) => bitdoh(['resolve', ...words, ...DEMO])

  it('prints an answer as lines of a zone file, exit code 0', async () => {
    const { code, stdout, stderr } = await resolve('jordia65.bit')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n').sort()).toEqual([
      '',
      expect.stringMatching(/^jordia65\.bit\.\s+600\s+IN\s+A\s+192\.0\.2\.10$/),
      expect.stringMatching(/^jordia65\.bit\.\s+600\s+IN\s+A\s+198\.51\.100\.20$/),
    ])
  })

  it.each([
    ['dual.bit', 'AAAA', /\sAAAA\s+2001:db8::31\n/],
    ['dual.bit', 'aaaa', /\sAAAA\s+2001:db8::31\n/],
    ['DUAL.bit.', '28', /\sAAAA\s+2001:db8::31\n/],
    ['mail.bit', 'MX', /\sMX\s+10 mx\.mail\.bit\.\n/],
    ['text.bit', 'TXT', /\sTXT\s+"hello from Namecoin"\n/],
    ['www.wild.bit', 'A', /\sCNAME\s+wild\.bit\.\n.*\sA\s+192\.0\.2\.40\n/],
  ])('%s %s', async (name, type, expected) => {
    expect(await resolve(name, type)).toEqual({
      code: 0,
      stdout: expect.stringMatching(expected),
      stderr: '',
    })
  })

  it.each([
    ['never-registered.bit', 'A', 'NXDOMAIN'],
    ['bücher.bit', 'A', 'NXDOMAIN'],
    ['jordia65.bit', 'AAAA', 'NODATA'],
  ])('%s %s: none, exit code 1', async (name, type, why) => {
    expect(await resolve(name, type)).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining(why) })
  })

  it.each([
    ['delegated.bit', 'SERVFAIL', 'not contacted'],
    ['www.example', 'REFUSED', 'this gateway answers .bit names only'],
  ])('%s: could not be resolved, exit code 3', async (name, rcode, why) => {
    const { code, stdout, stderr } = await resolve(name)
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain(rcode)
    expect(stderr).toContain(why)
  })

  it('--json prints Google’s dialect, with the same exit codes', async () => {
    const found = await resolve('jordia65.bit', '--json')
    expect(found).toMatchObject({ code: 0, stderr: '' })
    const { Status, Answer } = JSON.parse(found.stdout) as { Status: number; Answer: { data: string }[] }
    expect(Status).toBe(0)
    expect(Answer.map(({ data }) => data).sort()).toEqual(['192.0.2.10', '198.51.100.20'])
    const none = await resolve('never-registered.bit', '--json')
    expect(none.code).toBe(1)
    expect(JSON.parse(none.stdout)).toMatchObject({ Status: 3 })
    const failed = await resolve('delegated.bit', '--json')
    expect(failed.code).toBe(3)
    expect(JSON.parse(failed.stdout)).toMatchObject({ Status: 2 })
  })

  describe('--server', () => {
    let gateway: Gateway
    beforeAll(async () => {
      gateway = await startGateway(DEMO)
    })
    const ask = (...words: readonly string[]) =>
      bitdoh(['resolve', ...words, '--server', gateway.url, '--state', gateway.state])

    it('asks a gateway of this machine, whose CA it knows', async () => {
      expect(await ask('single.wild.bit')).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^single\.wild\.bit\.\s+600\s+IN\s+A\s+192\.0\.2\.41\n$/),
        stderr: '',
      })
      expect(await ask('never-registered.bit')).toMatchObject({ code: 1, stdout: '' })
      expect(await ask('delegated.bit')).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('not contacted'),
      })
    })

    it('does not trust a gateway with another CA: exit code 3, one line', async () => {
      const words = ['resolve', 'jordia65.bit', '--server', gateway.url, '--state', newFolder()]
      expect(await bitdoh(words)).toEqual({ code: 3, stdout: '', stderr: oneLine(gateway.url) })
    })

    it('says in one line when nobody answers there, exit code 3', async () => {
      const url = 'https://127.0.0.1:1/dns-query'
      const outcome = await bitdoh(['resolve', 'jordia65.bit', '--server', url])
      expect(outcome).toEqual({ code: 3, stdout: '', stderr: oneLine(url) })
    })
  })
})

describe.concurrent('bitdoh serve', () => {
  it('prints one line once it answers, and tells where its CA is', async () => {
    const { program, url, ca } = await startGateway(DEMO)
    expect(program.stdout()).toBe(`bitdoh answers at ${url}\n`)
    expect(program.stderr()).toContain(`trust=${ca}`)
  })

  it('answers at every address it is given', async () => {
    const words = [
      'serve',
      ...DEMO,
      '--state',
      newFolder(),
      '--listen',
      '127.0.0.1:0',
      '--listen',
      '127.0.0.2:0',
    ]
    const program = startBitdoh(words)
    await program.said(
      /^bitdoh answers at https:\/\/127\.0\.0\.1:\d+\/dns-query and https:\/\/127\.0\.0\.2:\d+\/dns-query$/m,
    )
  })

  it('keeps its CA, in the state folder of the platform when no other is set', async () => {
    const state = newFolder()
    const env = { XDG_STATE_HOME: state }
    const said = async () => {
      const program = startBitdoh(['serve', ...DEMO, '--listen', '127.0.0.1:0'], { env })
      await program.said(/^bitdoh answers at/m)
      expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null })
      return /trust=(\S+)/.exec(program.stderr())?.[1]
    }
    const ca = join(state, 'bitdoh', 'local-ca.pem')
    expect([await said(), await said()]).toEqual([ca, ca])
    expect(existsSync(ca)).toBe(true)
  })

  it('takes settings from flags, variables and a file, in this order', async () => {
    const file = newFile(
      'bitdoh.toml',
      'names = "demo"\nupstream = ["https://file.example/"]\ncache-entries = 3\n',
    )
    const { program } = await startGateway(['--config', file, '--upstream', 'none'], {
      env: { BITDOH_UPSTREAM: 'https://variable.example/', BITDOH_CACHE_ENTRIES: '7' },
    })
    expect(program.stderr()).toMatch(/settings backend=names upstream=none network=mainnet cache=7$/m)
  })

  it('says in one line that the port is in use, exit code 3', async () => {
    const { port } = await startGateway(DEMO)
    const words = ['serve', ...DEMO, '--tls', 'off', '--listen', `127.0.0.1:${port}`]
    expect(await bitdoh(words)).toEqual({
      code: 3,
      stdout: '',
      stderr: oneLine('--listen', `127.0.0.1:${port}`),
    })
  })

  it.each([
    ['no JSON', '{"d/a": '],
    ['no name', '{"jordia65": {"ip": "192.0.2.1"}}'],
    ['a number for a value', '{"d/jordia65": 7}'],
  ])('says in one line what is wrong with the names file: %s, exit code 3', async (_what, text) => {
    const file = newFile('broken.json', text)
    expect(await bitdoh(['serve', '--names', file])).toEqual({
      code: 3,
      stdout: '',
      stderr: oneLine('names', file),
    })
  })

  it('says in one line that there is no names file, exit code 3', async () => {
    const file = join(newFolder(), 'none.json')
    expect(await bitdoh(['serve', '--names', file])).toEqual({
      code: 3,
      stdout: '',
      stderr: oneLine('names', file),
    })
  })

  it('says in one line that the certificate cannot be read, exit code 3', async () => {
    const file = newFile('cert.pem', 'nothing')
    const words = ['serve', ...DEMO, '--tls-cert', file, '--tls-key', file]
    expect(await bitdoh(words)).toEqual({ code: 3, stdout: '', stderr: oneLine('--tls-cert', file) })
  })
})

describe('a names file that changes while the gateway runs', () => {
  const TRIES = 400
  const PAUSE_MS = 25

  const addressOf = async (connection: Connection): Promise<string | undefined> => {
    const { body } = await connection.request('/resolve?name=changing.bit&type=A')
    return (JSON.parse(body) as { Answer?: { data: string }[] }).Answer?.[0]?.data
  }
  async function waitFor(connection: Connection, address: string | undefined): Promise<void> {
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if ((await addressOf(connection)) === address) return
      await pause(PAUSE_MS)
    }
    expect(await addressOf(connection)).toBe(address)
  }

  it('is answered from at once, cached answers or not; a broken one changes nothing', async () => {
    const file = newFile('names.json', '{"d/changing": {"ip": "192.0.2.1"}}')
    const gateway = await startGateway(['--names', file, '--upstream', 'none'])
    const connection = await open['2'](gateway)
    expect(await addressOf(connection)).toBe('192.0.2.1')
    expect(await addressOf(connection)).toBe('192.0.2.1')

    writeFileSync(file, '{"d/changing": {"ip": "192.0.2.2"}}')
    await waitFor(connection, '192.0.2.2')

    writeFileSync(file, '{"d/changing": {"ip": ')
    await gateway.program.said(/ warn names-file-bad /)
    expect(await addressOf(connection)).toBe('192.0.2.2')

    writeFileSync(file, '{}')
    await waitFor(connection, undefined)
  })
})

describe('the end of a gateway', () => {
  it('goes on serving when whoever reads its log has gone', async () => {
    const gateway = await startGateway(['--names', 'demo', '--upstream', 'https://127.0.0.1:1/'])
    const { program } = gateway
    program.child.stderr!.destroy()
    program.child.stdout!.destroy()
    const connection = await open['1.1'](gateway)
    // No upstream is there, which is logged: into a pipe without a reader.
    for (const name of ['a', 'b', 'c']) {
      expect((await connection.request(`/resolve?name=${name}.example`)).status).toBe(200)
    }
    expect(await program.kill('SIGTERM')).toEqual({ code: 0, signal: null })
  })

  it('SIGTERM: answers under way are finished, idle connections are closed, exit code 0', async () => {
    let release = (): void => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const upstream = await startDohServer(async (asked) => {
      await released
      const reply = answerUpstream(asked)
      return reply === 'hangs' ? new Uint8Array() : reply.body
    })
    const gateway = await startGateway(['--names', 'demo', '--upstream', upstream.url], {
      env: { NODE_EXTRA_CA_CERTS: upstream.ca },
    })
    const { program } = gateway

    const idle = [await open['1.1'](gateway), await open['2'](gateway)]
    for (const connection of idle) expect((await connection.request('/healthz')).status).toBe(200)
    const unused = [await open['1.1'](gateway), await open['2'](gateway)]
    const busy = [await open['1.1'](gateway), await open['2'](gateway)]
    const answers = busy.map((connection, index) =>
      connection.request(`/resolve?name=under-way-${index}.example`),
    )
    await until(() => upstream.asked.length === busy.length)

    program.child.kill('SIGTERM')
    await program.said(/ info stopping$/m)
    // Not cut at the end along with the rest: the answers are still under way.
    await Promise.all([...idle, ...unused].map(({ closed }) => closed))
    release()
    for (const { status, body } of await Promise.all(answers)) {
      expect(status).toBe(200)
      expect(JSON.parse(body)).toMatchObject({ Status: 0, Answer: [{ data: '203.0.113.1' }] })
    }
    expect(await program.ended).toEqual({ code: 0, signal: null })
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s with nothing under way: exit code 0, and nothing said but that it stops',
    async (signal) => {
      const { program } = await startGateway(DEMO)
      expect(await program.kill(signal)).toEqual({ code: 0, signal: null })
      expect(program.stderr().split('\n').slice(-2)).toEqual([expect.stringMatching(/ info stopping$/), ''])
    },
  )
})

describe('what a gateway says', () => {
  it('holds neither clients’ addresses nor names that were looked up nor passwords', async () => {
    const client = '127.0.0.77'
    const secrets = ['zebra', 'okapi', 'quokka', 'hunter2', client]
    const names = newFile(
      'names.json',
      '{"d/zebra-bad": "no JSON at all", "d/zebra": {"ip": ["192.0.2.1", "192.0.2.2"]}}',
    )
    const gateway = await startGateway([
      ...['--names', names, '--core-url', 'http://user:hunter2@127.0.0.1:1/'],
      ...['--upstream', 'https://127.0.0.1:1/dns-query', '--cache-entries', '0'],
    ])
    const wire = (question: string) => Buffer.from(query({ question }))
    const path = (question: string) => `/dns-query?dns=${wire(question).toString('base64url')}`
    const post = (body: Uint8Array) => ({
      method: 'POST',
      headers: { 'content-type': 'application/dns-message' },
      body,
    })
    for (const version of ['1.1', '2'] as const) {
      const connection = await open[version](gateway, client)
      const statuses: number[] = []
      const ask = async (...words: Parameters<Connection['request']>): Promise<void> => {
        statuses.push((await connection.request(...words)).status)
      }
      for (const name of [
        'zebra.bit',
        'zebra-bad.bit',
        'okapi.bit',
        'www.okapi.example',
        'okapi.local',
        'x_okapi.bit',
      ]) {
        await ask(path(name))
        await ask('/dns-query', post(wire(name)))
        await ask(`/resolve?name=${name}&type=A`)
      }
      expect(new Set(statuses)).toEqual(new Set([200]))
      await ask('/resolve?name=okapi..bit')
      await ask('/resolve?name=okapi.bit&type=quokka')
      await ask('/dns-query?dns=quokka!')
      await ask('/dns-query', post(wire('quokka.bit').subarray(0, 20)))
      await ask('/quokka')
      await ask('/', {
        headers: { referer: 'https://quokka.example/', 'user-agent': 'quokka', 'x-forwarded-for': client },
      })
      await ask('/readyz')
    }
    await gateway.program.kill('SIGTERM')
    const said = gateway.program.stdout() + gateway.program.stderr()
    expect(said).toContain(' info stopping')
    expect(said).toContain(' warn ')
    for (const secret of secrets) expect(said).not.toContain(secret)
  })
})
