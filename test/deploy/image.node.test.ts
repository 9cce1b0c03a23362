import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newFolder, type Program, run, start, succeed } from '../e2e/program.ts'
import { has } from '../node/tools.ts'
import { freePort, PROJECT } from './files.ts'

/**
 * The Dockerfile, built by buildah, and what came of it run as a container runs: its own root read-only, its user, its
 * variables. Base images may be out of reach, so both are stood in for by this machine's Node, npm and busybox; nothing
 * else of the Dockerfile is changed. What separates a container from its neighbours (namespaces, cgroups) is not here.
 */

const LIMIT_MS = 600_000

const NPM = '/usr/lib/node_modules/npm'
const missing = [
  ...['buildah', 'busybox', 'npm', 'unshare', 'chroot', 'ldd'].filter((program) => !has(program)),
  ...(existsSync(NPM) ? [] : [NPM]),
  ...(process.getuid?.() === 0 ? [] : ['root']),
]
const without = missing.length === 0 ? '' : ` (missing: ${missing.join(', ')})`

const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt'

/** A root with Node, npm and a shell. */
function makeBase(): string {
  const root = newFolder()
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    cpSync(realpathSync(from), join(root, to), { recursive: true })
  }
  put(process.execPath, '/usr/local/bin/node')
  for (const [path] of execFileSync('ldd', [process.execPath], { encoding: 'utf8' }).matchAll(/\/\S+/g))
    put(path, path)
  put(NPM, '/usr/local/lib/node_modules/npm')
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/local/bin/npm'))
  put('/bin/busybox', '/bin/busybox')
  for (const applet of ['sh', 'mkdir']) symlinkSync('busybox', join(root, 'bin', applet))
  mkdirSync(join(root, 'usr/bin'))
  symlinkSync('/bin/busybox', join(root, 'usr/bin/env'))
  if (existsSync(CA_BUNDLE)) put(CA_BUNDLE, CA_BUNDLE)
  writeFileSync(
    join(root, 'Dockerfile'),
    `FROM scratch\nCOPY . /\nENV PATH=/usr/local/bin:/usr/bin:/bin NODE_EXTRA_CA_CERTS=${CA_BUNDLE}\n`,
  )
  return root
}

/** What an image says of itself, in Docker's words. */
interface ImageConfig {
  readonly User: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[]
  readonly Healthcheck: { readonly Test: readonly string[] }
  readonly Volumes: Readonly<Record<string, unknown>>
}

describe.skipIf(missing.length > 0)(`the image${without}`, { timeout: LIMIT_MS }, () => {
  const store = newFolder()
  const words = ['--storage-driver', 'vfs', '--root', join(store, 'root'), '--runroot', join(store, 'run')]
  const buildah = (...more: readonly string[]): Promise<string> => succeed('buildah', [...words, ...more])
  let config: ImageConfig
  let root: string
  let port: number

  /** Runs a command of the image in its root: read-only but for the state, as its user, with its variables. */
  const inImage = (command: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const [uid = '', gid = ''] = config.User.split(':')
    const script = [
      'mount --bind "$0" "$0"',
      'mkdir -p "$0/dev" "$0/proc" && mount --bind /dev "$0/dev" && mount --bind /proc "$0/proc"',
      'mount -o remount,bind,ro "$0"',
      `mount -t tmpfs -o mode=700,uid=${uid},gid=${gid} state "$0/state"`,
      `exec /usr/sbin/chroot --userspec=${config.User} "$0" "$@"`,
    ].join(' && ')
    const variables = Object.fromEntries(config.Env.map((line) => line.split(/=(.*)/s) as [string, string]))
    return [
      'unshare',
      ['--mount', 'sh', '-c', script, root, ...command],
      { env: { ...variables, ...env } },
    ] as const
  }
  const inContainer = (command: readonly string[]) => run(...inImage(command))
  const node = (script: string) => inContainer(['/usr/local/bin/node', '-e', script])
  const asked = () => ({ BITDOH_LISTEN: `127.0.0.1:${port}`, BITDOH_NAMES: 'demo', BITDOH_UPSTREAM: 'none' })

  beforeAll(async () => {
    const base = makeBase()
    await buildah(
      'bud',
      '--isolation',
      'chroot',
      '--tag',
      'localhost/base',
      '--file',
      join(base, 'Dockerfile'),
      base,
    )
    rmSync(base, { recursive: true })
    const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim()
    const build = start('buildah', [
      ...[
        ...words,
        'bud',
        '--isolation',
        'chroot',
        '--format',
        'docker',
        '--pull-never',
        '--tag',
        'localhost/bitdoh',
      ],
      ...['--build-arg', 'BUILD_IMAGE=localhost/base', '--build-arg', 'RUN_IMAGE=localhost/base'],
      ...['--build-arg', `NPM_CONFIG_REGISTRY=${registry}`],
      ...['--file', join(PROJECT, 'deploy/docker/Dockerfile'), PROJECT],
    ])
    expect((await build.ended).code, build.stderr()).toBe(0)
    const container = (await buildah('from', '--pull-never', 'localhost/bitdoh')).trim()
    root = (await buildah('mount', container)).trim()
    config = JSON.parse(await buildah('inspect', '--type', 'image', 'localhost/bitdoh')).Docker.config
    port = await freePort()
  }, LIMIT_MS)

  afterAll(() => run('buildah', [...words, 'rm', '--all']), LIMIT_MS)

  it('is nobody in particular, and keeps its state in a volume', () => {
    expect(config.User).toBe('65532:65532')
    expect(Object.keys(config.Volumes)).toEqual(['/state'])
  })

  it('has what the program needs, and nothing that builds it', async () => {
    const names = await node("console.log(require('fs').readdirSync('/bitdoh/node_modules').join())")
    const modules = names.stdout.trim().split(',')
    expect(modules).toContain('hono')
    expect(modules.filter((name) => ['typescript', 'wrangler', 'vitest', 'workerd'].includes(name))).toEqual(
      [],
    )
    const files = await node("console.log(require('fs').readdirSync('/bitdoh').join())")
    expect(files.stdout.trim().split(',').toSorted()).toEqual([
      'dist',
      'healthz.mjs',
      'node_modules',
      'package.json',
    ])
  })

  it('can write to its state and nowhere else', async () => {
    const write = (path: string) =>
      node(`require('fs').writeFileSync('${path}/try', ''); console.log(process.getuid())`)
    expect(await write('/state')).toMatchObject({ code: 0, stdout: '65532\n' })
    expect((await write('/bitdoh')).stderr).toMatch(/EROFS|EACCES/)
  })

  it.each(['on', 'off'])('answers, is healthy, and ends with 0, tls %s', async (tls) => {
    const variables = { ...asked(), BITDOH_TLS: tls }
    const health = () => run(...inImage(config.Healthcheck.Test.slice(1), variables))
    expect((await health()).code).toBe(1)

    const gateway: Program = start(...inImage([...config.Entrypoint, ...config.Cmd], variables))
    const [, origin = ''] = await gateway.said(
      /^bitdoh answers at (https?:\/\/127\.0\.0\.1:\d+)\/dns-query$/m,
    )
    expect(origin).toBe(`${tls === 'on' ? 'https' : 'http'}://127.0.0.1:${port}`)
    expect(await health()).toMatchObject({ code: 0, stderr: '' })
    const answer = await succeed('curl', ['-sSk', `${origin}/resolve?name=jordia65.bit`])
    expect(
      JSON.parse(answer)
        .Answer.map(({ data }: { data: string }) => data)
        .toSorted(),
    ).toEqual(['192.0.2.10', '198.51.100.20'])
    expect(await gateway.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect((await health()).code).toBe(1)
  })
})
