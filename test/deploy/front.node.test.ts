import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lookUp } from '../e2e/dns-clients.ts'
import { type Gateway, startBitdoh } from '../e2e/gateway.ts'
import { newFile, newFolder, type Outcome, type Program, run, start, succeed } from '../e2e/program.ts'
import { has, newLeaf, pause, testCa } from '../node/tools.ts'
import { deployText, freePort, withReplaced } from './files.ts'

/**
 * The shipped configurations of the fronts, with other ports and certificate files and otherwise as they are, before
 * two real gateways.
 */

const LIMIT_MS = 60_000
const ADDRESSES = ['jordia65.bit. IN A 192.0.2.10', 'jordia65.bit. IN A 198.51.100.20']
/** `jordia65.bit A` as a GET has it. */
const QUESTION = 'AAABAAABAAAAAAAACGpvcmRpYTY1A2JpdAAAAQAB'

interface Place {
  readonly port: number
  readonly gateways: readonly [number, number]
  readonly cert: string
  readonly key: string
  /** Chain and key in one file. */
  readonly pem: string
}

interface Front {
  readonly name: string
  /** Starts it; it need not listen yet. */
  readonly start: (place: Place) => Program
  /** Has it look its configuration through. */
  readonly check: (place: Place) => Promise<Outcome>
  /** Why it cannot be had here. */
  readonly missing: string | undefined
  /** What it says when it has found that no gateway is ready, if anything. */
  readonly found?: RegExp
}

const missing = (program: string): string | undefined =>
  has(program) ? undefined : `package ${program} is missing`

function caddy({ port, gateways, cert, key }: Place) {
  // Ports 80 and 2019 are not for a test.
  const text = withReplaced(deployText('front/Caddyfile'), {
    '\n{\n': '\n{\n\tadmin off\n\tauto_https disable_redirects\n',
  })
  const file = newFile('Caddyfile', text)
  const words = ['--adapter', 'caddyfile', '--config', file]
  const home = newFolder()
  const env = {
    DOH_HOST: `https://localhost:${port}`,
    DOH_GATEWAYS: gateways.map((gateway) => `127.0.0.1:${gateway}`).join(' '),
    DOH_TLS: `tls ${cert} ${key}`,
    XDG_DATA_HOME: home,
    XDG_CONFIG_HOME: home,
  }
  return { words, env }
}

function haproxy({ port, gateways, pem }: Place) {
  const text = withReplaced(deployText('front/haproxy.cfg'), {
    'bind :443 ': `bind 127.0.0.1:${port} `,
    '127.0.0.1:8441': `127.0.0.1:${gateways[0]}`,
    '127.0.0.1:8442': `127.0.0.1:${gateways[1]}`,
  })
  return { words: ['-f', newFile('haproxy.cfg', text)], env: { DOH_PEM: pem } }
}

function nginx({ port, gateways, cert, key }: Place): readonly string[] {
  const text = withReplaced(deployText('front/nginx.conf'), {
    'listen 443 ': `listen 127.0.0.1:${port} `,
    'listen [::]:443 ': `listen [::1]:${port} `,
    '127.0.0.1:8441': `127.0.0.1:${gateways[0]}`,
    '127.0.0.1:8442': `127.0.0.1:${gateways[1]}`,
    '/etc/bitdoh/cert.pem': cert,
    '/etc/bitdoh/key.pem': key,
    '/run/nginx-doh.pid': `${newFolder()}/pid`,
  })
  return ['-e', 'stderr', '-c', newFile('nginx.conf', text)]
}

const fronts: readonly Front[] = [
  {
    name: 'Caddy',
    missing: missing('caddy'),
    check(place) {
      const { words, env } = caddy(place)
      return run('caddy', ['validate', ...words], { env })
    },
    start(place) {
      const { words, env } = caddy(place)
      return start('caddy', ['run', ...words], { env })
    },
  },
  {
    name: 'HAProxy',
    missing: missing('haproxy'),
    found: /backend 'ready' has no server available/,
    check(place) {
      const { words, env } = haproxy(place)
      return run('haproxy', ['-c', ...words], { env })
    },
    start(place) {
      const { words, env } = haproxy(place)
      return start('haproxy', ['-db', ...words], { env })
    },
  },
  {
    name: 'nginx',
    missing: missing('nginx') ?? (process.getuid?.() === 0 ? undefined : 'its folders are root’s'),
    check: (place) => run('nginx', ['-t', ...nginx(place)]),
    // One process: workers would outlive a killed master.
    start: (place) => start('nginx', ['-g', 'daemon off; master_process off;', ...nginx(place)]),
  },
]

/** A gateway behind the front, on a port that stays its own. */
async function startBehind(port: number, settings: readonly string[]): Promise<Program> {
  const program = startBitdoh([
    'serve',
    ...['--listen', `127.0.0.1:${port}`, '--tls', 'off', '--upstream', 'none', '--state', newFolder()],
    ...settings,
  ])
  await program.said(/^bitdoh answers at /m)
  return program
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

/** Waits until something is so; the test's own time limit ends a wait in vain. */
async function when(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(50)
}

for (const front of fronts) {
  const canRun = front.missing === undefined && has('kdig') && has('curl')
  const why = canRun ? '' : ` (${front.missing ?? 'kdig or curl is missing'})`
  describe.skipIf(!canRun)(`${front.name} before two gateways${why}`, { timeout: LIMIT_MS }, () => {
    let place: Place
    let ca: string
    const leaf = newLeaf()

    const lookUpByFront = (name = 'jordia65.bit', method: '+https' | '+https-get' = '+https') =>
      // The client wants the port and the CA; the rest of a gateway's is of no use to it.
      lookUp('kdig', { port: place.port, ca } as Gateway, name, 'A', method)
    const answers = async (): Promise<boolean> =>
      (await lookUpByFront().catch(() => undefined))?.status === 'NOERROR'
    const fetchByFront = (...words: readonly string[]): Promise<string> =>
      succeed('curl', [
        '-sS',
        '--cacert',
        ca,
        '-o',
        '/dev/null',
        '-w',
        '%{http_version} %{http_code}',
        ...words,
      ])

    const url = () => `https://localhost:${place.port}/dns-query?dns=${QUESTION}`

    beforeAll(async () => {
      ca = newFile('ca.pem', testCa.cert)
      place = {
        port: await freePort(),
        gateways: [await freePort(), await freePort()],
        cert: newFile('cert.pem', leaf.cert),
        key: newFile('key.pem', leaf.key),
        pem: newFile('both.pem', `${leaf.cert}${leaf.key}`),
      }
    }, LIMIT_MS)

    it('finds nothing wrong with the configuration', async () => {
      const { code, stderr, stdout } = await front.check(place)
      // A certificate of a test has no OCSP server, and port 80 is not used.
      const warnings = `${stdout}${stderr}`
        .split('\n')
        .filter((line) => /warn|alert/i.test(line) && !/OCSP|redirects are disabled/.test(line))
      expect({ code, warnings }).toEqual({ code: 0, warnings: [] })
    })

    describe('both have the names', () => {
      let gateways: Program[]
      let running: Program

      beforeAll(async () => {
        gateways = await Promise.all(place.gateways.map((port) => startBehind(port, ['--names', 'demo'])))
        running = front.start(place)
        await when(() => listens(place.port))
        await when(answers)
      }, LIMIT_MS)
      afterAll(() => Promise.all([running, ...gateways].map((program) => program.kill('SIGKILL'))))

      it('answers POST and GET, over HTTP/2 and HTTP/1.1', async () => {
        for (const method of ['+https', '+https-get'] as const) {
          const { status, answer } = await lookUpByFront('jordia65.bit', method)
          expect({ status, answer: answer.toSorted() }).toEqual({ status: 'NOERROR', answer: ADDRESSES })
        }
        expect(await fetchByFront('--http1.1', url())).toBe('1.1 200')
        expect(await fetchByFront('--http2', url())).toBe('2 200')
      })

      it('loses no lookup when a gateway is killed, and uses it again when it is back', async () => {
        const lookUps = async () => {
          for (let lookup = 0; lookup < 8; lookup++) expect((await lookUpByFront()).status).toBe('NOERROR')
        }
        await gateways[0]!.kill('SIGKILL')
        await lookUps()
        gateways[0] = await startBehind(place.gateways[0], ['--names', 'demo'])
        await gateways[1]!.kill('SIGKILL')
        // The front has to find the first one again.
        await when(answers)
        await lookUps()
      })

      it('says nothing about who asked for what, not even when nobody can answer', async () => {
        await Promise.all(gateways.map((gateway) => gateway.kill('SIGKILL')))
        expect(await fetchByFront(url())).toMatch(/^2 50[234]$/)
        expect(await fetchByFront('--http1.1', url())).toMatch(/^1\.1 50[234]$/)
        await running.kill('SIGTERM')
        expect(`${running.stdout()}${running.stderr()}`).not.toMatch(
          new RegExp(`${QUESTION}|dns-query|jordia65`),
        )
      })
    })

    it('hands questions on although no gateway is ready, as other names may be answered', async () => {
      // It begins with nobody there, so that none has ever been ready when the gateways come.
      const running = front.start(place)
      await when(() => listens(place.port))
      if (front.found !== undefined) await running.said(front.found)
      expect(await fetchByFront(url())).toMatch(/^2 50[234]$/)

      const dead = `http://127.0.0.1:${await freePort()}/`
      const gateways = await Promise.all(
        place.gateways.map((port) => startBehind(port, ['--core-url', dead])),
      )
      const outside = async () => (await lookUpByFront('www.example').catch(() => undefined))?.status
      await when(async () => (await outside()) === 'REFUSED')
      expect((await lookUpByFront()).status).toBe('SERVFAIL')
      await Promise.all([running, ...gateways].map((program) => program.kill('SIGKILL')))
    })
  })
}
