// Packs the project, installs the tarball in an empty folder, and asks it for a name: what the registry's users do.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'bitdoh-package-'))
const run = (command, words, cwd) =>
  execFileSync(command, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
try {
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], process.cwd()),
  )
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  run('npm', ['install', '--no-audit', '--no-fund', '--omit=dev', `./${filename}`], folder)
  const answer = run(
    join(folder, 'node_modules/.bin/bitdoh'),
    ['resolve', 'jordia65.bit', '--names', 'demo'],
    folder,
  )
  const addresses = answer.match(/192\.0\.2\.10|198\.51\.100\.20/g) ?? []
  if (new Set(addresses).size !== 2) throw new Error(`not both addresses: ${answer}`)
  run(
    'node',
    [
      '--input-type=module',
      '-e',
      "import { createGateway } from 'bitdoh'; if (!createGateway) process.exit(1)",
    ],
    folder,
  )
  console.log('the package resolves a name')
} finally {
  rmSync(folder, { recursive: true, force: true })
}
