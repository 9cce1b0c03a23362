import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { newFolder, run, succeed } from '../e2e/program.ts'
import { has } from '../node/tools.ts'
import { deployPath, deployText, drainMs, PROJECT } from './files.ts'

const UNITS = ['bitdoh.service', 'bitdoh@.service'] as const
const CERTIFICATE_UNITS = ['bitdoh-certificate.service', 'bitdoh-certificate.timer']

/** What systemd calls OK ends at 50; a unit that loses one of its walls gets past this. */
const MAX_EXPOSURE = '20'

/** A unit's lines, `[key, value]`, in order. */
const linesOf = (unit: string): readonly (readonly [string, string])[] =>
  [...deployText(`systemd/${unit}`).matchAll(/^([A-Za-z]+)=(.*)$/gm)].map(([, key, value]) => [key!, value!])

const without = has('systemd-analyze') ? '' : ' (systemd-analyze is missing)'

const FILES = [...UNITS.map((unit) => `systemd/${unit}`), ...CERTIFICATE_UNITS.map((unit) => `front/${unit}`)]

describe.skipIf(without !== '').each(FILES)(`%s${without}`, (file) => {
  it('is what systemd understands, every line of it', async () => {
    // An unknown key is a warning only, and the exit code is 0. A timer wants its service beside it.
    const beside = file.endsWith('.timer') ? [deployPath(file.replace(/timer$/, 'service'))] : []
    const { code, stdout, stderr } = await run('systemd-analyze', ['verify', deployPath(file), ...beside])
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' })
  })
})

describe.skipIf(without !== '').each(FILES.filter((file) => file.endsWith('.service')))(
  `%s${without}`,
  (file) => {
    it('leaves the service little to attack', async () => {
      const words = ['security', '--offline=true', `--threshold=${MAX_EXPOSURE}`, deployPath(file)]
      const { code, stdout } = await run('systemd-analyze', words)
      expect(code, stdout).toBe(0)
    })
  },
)

describe.each(UNITS)('%s', (unit) => {
  it('waits for the answers under way', () => {
    const seconds = Number(linesOf(unit).find(([key]) => key === 'TimeoutStopSec')?.[1])
    expect(seconds * 1_000).toBeGreaterThan(drainMs())
  })
})

it('both units have the same walls', () => {
  const own =
    /^(?:Description|Documentation|ExecStart|LoadCredential|StateDirectory|AmbientCapabilities|CapabilityBoundingSet)$/
  const [one, other] = UNITS.map((unit) => linesOf(unit).filter(([key]) => !own.test(key)))
  expect(one).toEqual(other)
})

/** What install.sh needs of a checkout in which `npm install` has run. */
function checkout(): string {
  const folder = newFolder()
  for (const path of ['package.json', 'src', 'dist', 'deploy'])
    cpSync(join(PROJECT, path), join(folder, path), { recursive: true })
  return folder
}

describe.skipIf(!has('npm'))('install.sh (needs npm and its registry)', { timeout: 180_000 }, () => {
  // Where the registry is.
  const registry = Object.entries(process.env).filter(([name]) =>
    /^(?:npm_config_.*|NODE_EXTRA_CA_CERTS|HOME)$/i.test(name),
  )
  const env = Object.fromEntries(registry) as Record<string, string>

  it('installs what the units start, and a second time keeps the settings', async () => {
    const root = newFolder()
    const install = join(checkout(), 'deploy/systemd/install.sh')
    await succeed(install, [], { env: { ...env, DESTDIR: root } })
    for (const unit of UNITS) {
      expect(readFileSync(join(root, 'etc/systemd/system', unit), 'utf8')).toBe(deployText(`systemd/${unit}`))
      const [, cli = ''] =
        / node (\S+) serve /.exec(linesOf(unit).find(([key]) => key === 'ExecStart')![1]) ?? []
      expect(await succeed(process.execPath, [join(root, cli), 'version'])).toMatch(/\d+\.\d+\.\d+/)
    }
    const settings = join(root, 'etc/bitdoh/bitdoh.toml')
    expect(statSync(join(root, 'etc/bitdoh')).mode & 0o777).toBe(0o700)
    expect(statSync(settings).mode & 0o777).toBe(0o600)

    writeFileSync(settings, '# mine')
    await succeed(install, [], { env: { ...env, DESTDIR: root } })
    expect(readFileSync(settings, 'utf8')).toBe('# mine')
  })

  it('says what to do first when nothing is built', async () => {
    const folder = checkout()
    rmSync(join(folder, 'dist'), { recursive: true })
    const { code, stderr } = await run(join(folder, 'deploy/systemd/install.sh'), [], {
      env: { DESTDIR: newFolder() },
    })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'install.sh: there is no dist: run npm install first, as yourself\n',
    })
  })
})
