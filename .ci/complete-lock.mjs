// npm leaves optional packages of other platforms out of package-lock.json when the registry at hand does not have
// them; `npm ci` then refuses the lock. This adds an entry for each. Run it after every `npm install` that changes it.
import { readFileSync, writeFileSync } from 'node:fs'

const PLATFORMS = {
  darwin: 'darwin',
  linux: 'linux',
  win32: 'win32',
  windows: 'win32',
  freebsd: 'freebsd',
  android: 'android',
  openharmony: 'openharmony',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
  sunos: 'sunos',
  aix: 'aix',
}
const PROCESSORS = ['arm64', 'arm', 'x64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x']

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))

/** Whether a package that stands at `at` finds `name`, as Node looks for it: upwards. */
function isThere(at, name) {
  for (let folder = at; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`]) return true
    if (folder === '') return false
  }
}

/** The platform that a package is for, read from its name. */
function platformOf(name) {
  const words = name.split(/[/-]/)
  const os = words.flatMap((word) => PLATFORMS[word] ?? [])
  const cpu = words.includes('64') ? ['x64'] : PROCESSORS.filter((processor) => words.includes(processor))
  return { ...(os.length > 0 && { os }), ...(cpu.length > 0 && { cpu }) }
}

let added = 0
for (const [at, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (!/^\d/.test(version) || isThere(at, name)) continue
    lock.packages[`node_modules/${name}`] = {
      version,
      ...platformOf(name),
      optional: true,
      ...(entry.dev && { dev: true }),
    }
    added++
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync('package-lock.json', `${JSON.stringify(lock, undefined, 2)}\n`)
console.log(`added ${added}`)
