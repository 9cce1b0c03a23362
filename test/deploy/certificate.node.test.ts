import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { newFile, newFolder, run, start, succeed } from '../e2e/program.ts'
import { has, newLeaf, pause, testCa } from '../node/tools.ts'
import { deployPath, freePort } from './files.ts'

/** certificate.sh with a real ACME server, whose DNS-01 checks ask a real DNS server. */

const LIMIT_MS = 60_000

const missing = ['lego', 'pebble', 'pebble-challtestsrv', 'curl', 'openssl'].filter(
  (program) => !has(program),
)
const without = missing.length === 0 ? '' : ` (missing: ${missing.join(', ')})`

describe.skipIf(missing.length > 0)(`certificate.sh${without}`, { timeout: LIMIT_MS }, () => {
  const target = join(newFolder(), 'target')
  const reloads = join(newFolder(), 'reloads')
  let env: Record<string, string>

  beforeAll(async () => {
    const leaf = newLeaf()
    const [acme, management, dns, dnsManagement] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ])
    const config = {
      listenAddress: `127.0.0.1:${acme}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: newFile('cert.pem', leaf.cert),
      privateKey: newFile('key.pem', leaf.key),
      httpPort: 1,
      tlsPort: 1,
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
    }
    const dnsServer = start('pebble-challtestsrv', [
      ...['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${dnsManagement}`],
      ...['-http01', '', '-https01', '', '-tlsalpn01', ''],
    ])
    await dnsServer.said(/Starting management server/)
    const pebble = ['-config', newFile('pebble.json', JSON.stringify({ pebble: config }))]
    start('pebble', [...pebble, '-dnsserver', `127.0.0.1:${dns}`], { env: { PEBBLE_VA_NOSLEEP: '1' } })

    const directory = `https://127.0.0.1:${acme}/dir`
    const ca = newFile('ca.pem', testCa.cert)
    while ((await run('curl', ['-sS', '--cacert', ca, directory])).code !== 0) await pause(50)

    // lego's provider `exec`: a program that is told what to put into the zone.
    const zone = newFile(
      'zone.sh',
      `[ "$1" = present ] || exit 0\ncurl -sS -d "{\\"host\\": \\"$2\\", \\"value\\": \\"$3\\"}" http://127.0.0.1:${dnsManagement}/set-txt\n`,
    )
    const provider = newFile('provider.sh', `#!/bin/sh\nexec sh ${zone} "$@"\n`)
    await succeed('chmod', ['755', provider])
    env = {
      DOH_HOST: 'doh.example',
      DOH_OWN_HOST: 'one.doh.example',
      DOH_ACME_EMAIL: 'operator@doh.example',
      DOH_DNS: 'exec',
      EXEC_PATH: provider,
      EXEC_SEQUENCE_INTERVAL: '1',
      DOH_CERTIFICATES: target,
      STATE_DIRECTORY: newFolder(),
      DOH_RELOAD: `echo reloaded >>${reloads}`,
      DOH_LEGO: `--server ${directory} --dns.disable-cp --dns.resolvers 127.0.0.1:${dns}`,
      LEGO_CA_CERTIFICATES: ca,
    }
  }, LIMIT_MS)

  it('gets a certificate for the shared name and the own one, and none again while that is fresh', async () => {
    await succeed(deployPath('front/certificate.sh'), [], { env })
    expect(readdirSync(target).toSorted()).toEqual(['both.pem', 'cert.pem', 'key.pem'])
    const cert = readFileSync(join(target, 'cert.pem'), 'utf8')
    const names = new X509Certificate(cert).subjectAltName!.split(', ').toSorted()
    expect(names).toEqual(['DNS:doh.example', 'DNS:one.doh.example'])
    expect(readFileSync(join(target, 'both.pem'), 'utf8')).toBe(
      cert + readFileSync(join(target, 'key.pem'), 'utf8'),
    )
    expect(statSync(join(target, 'key.pem')).mode & 0o077).toBe(0)
    expect(readFileSync(reloads, 'utf8')).toBe('reloaded\n')

    await succeed(deployPath('front/certificate.sh'), [], { env })
    expect(readFileSync(join(target, 'cert.pem'), 'utf8')).toBe(cert)
    expect(readFileSync(reloads, 'utf8')).toBe('reloaded\n')
  })
})
