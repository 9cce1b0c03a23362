import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isPermitted, LEAF_DAYS, type LocalCertificate, localCertificate } from '../../src/node/local-ca.ts'
import { makeServerCertificate } from '../../src/node/x509.ts'
import { has, pause, temporaryFolder } from './tools.ts'

const DAY_MS = 86_400_000
const NOW = Date.now()

async function made(folder: string, hosts: string[] = [], now = NOW): Promise<LocalCertificate> {
  const outcome = await localCertificate(folder, hosts, now)
  if (outcome.kind === 'failed') throw new Error(outcome.line)
  return outcome
}

describe('the local certificate', () => {
  it('is for localhost, both loopback addresses and the hosts listened on', async () => {
    const folder = join(temporaryFolder(), 'state')
    const { cert, leftOut } = await made(folder, ['192.168.1.5', 'box.home.arpa', '0.0.0.0', '::', 'fd00::1'])
    const certificate = new X509Certificate(cert)
    for (const name of ['localhost', 'box.home.arpa']) expect(certificate.checkHost(name)).toBe(name)
    for (const ip of ['127.0.0.1', '::1', '192.168.1.5', 'fd00::1']) expect(certificate.checkIP(ip)).toBe(ip)
    expect(certificate.checkIP('0.0.0.0')).toBeUndefined()
    expect(leftOut).toEqual([])
  })

  it('is a server certificate, no CA, and holds no longer than browsers allow', async () => {
    const certificate = new X509Certificate((await made(temporaryFolder())).cert)
    expect(certificate.ca).toBe(false)
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / DAY_MS
    expect(days).toBe(LEAF_DAYS)
    expect(days).toBeLessThanOrEqual(397)
  })

  it('is kept, and so is the CA', async () => {
    const folder = temporaryFolder()
    const first = await made(folder)
    const ca = readFileSync(first.caPath, 'utf8')
    expect(await made(folder)).toEqual(first)
    expect(readFileSync(first.caPath, 'utf8')).toBe(ca)
  })

  it.each([
    ['it is close to its end', [], (LEAF_DAYS - 20) * DAY_MS],
    ['it has ended', [], 800 * DAY_MS],
    ['another host is listened on', ['10.0.0.1'], 0],
  ])('is made anew by the same CA when %s', async (_when, hosts, later) => {
    const folder = temporaryFolder()
    const first = await made(folder)
    const second = await made(folder, hosts, NOW + later)
    expect(second.cert).not.toBe(first.cert)
    const ca = new X509Certificate(readFileSync(first.caPath))
    expect(new X509Certificate(second.cert).verify(ca.publicKey)).toBe(true)
    expect(Date.parse(new X509Certificate(second.cert).validTo)).toBeGreaterThan(NOW + later)
  })

  it('is made anew when its file is broken', async () => {
    const folder = temporaryFolder()
    const first = await made(folder)
    writeFileSync(join(folder, 'localhost.pem'), first.key.slice(0, 100))
    expect((await made(folder)).cert).not.toBe(first.cert)
  })

  it('leaves out hosts on the Internet, which need a certificate of their own', async () => {
    const { cert, leftOut } = await made(temporaryFolder(), ['8.8.8.8', 'doh.example'])
    expect(leftOut).toEqual(['8.8.8.8', 'doh.example'])
    expect(new X509Certificate(cert).checkHost('doh.example')).toBeUndefined()
  })

  it('keeps keys to the user alone', async () => {
    const folder = join(temporaryFolder(), 'state')
    await made(folder)
    const mode = (name: string): number => statSync(join(folder, name)).mode & 0o777
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(mode('local-ca-key.pem')).toBe(0o600)
    expect(mode('localhost.pem')).toBe(0o600)
    expect(readFileSync(join(folder, 'local-ca.pem'), 'utf8')).not.toContain('PRIVATE')
  })

  it('made by many processes at once is of one CA, and nothing is left lying about', async () => {
    for (let round = 0; round < 10; round++) {
      const folder = temporaryFolder()
      const late = async (milliseconds: number): Promise<LocalCertificate> => {
        await pause(milliseconds)
        return made(folder)
      }
      const all = await Promise.all(Array.from({ length: 12 }, (_, index) => late(index)))
      const ca = new X509Certificate(readFileSync(join(folder, 'local-ca.pem')))
      for (const { cert } of all) expect(new X509Certificate(cert).verify(ca.publicKey)).toBe(true)
      expect(readdirSync(folder).sort()).toEqual(['local-ca-key.pem', 'local-ca.pem', 'localhost.pem'])
    }
  })

  it('never replaces a CA that people may trust: a broken one is a problem of one line', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'local-ca-key.pem'), 'nonsense')
    const outcome = await localCertificate(folder, [], NOW)
    expect(outcome).toMatchObject({ kind: 'failed', code: 'invalid' })
    expect(outcome.kind === 'failed' && outcome.line).toMatch(/^--state: .*local-ca-key\.pem/)
    expect(readFileSync(join(folder, 'local-ca-key.pem'), 'utf8')).toBe('nonsense')
  })

  it('a state folder that cannot be one is a problem of one line', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'file'), '')
    const outcome = await localCertificate(join(folder, 'file'), [], NOW)
    expect(outcome.kind === 'failed' && outcome.line).toMatch(/^--state: given /)
  })

  it('stays readable when the folder was there with other rights', async () => {
    const folder = temporaryFolder()
    chmodSync(folder, 0o755)
    expect((await made(folder)).kind).toBe('certificate')
  })
})

describe('isPermitted', () => {
  it.each([
    ['localhost', true],
    ['printer.local', true],
    ['notlocal', false],
    ['bank.example', false],
    ['127.8.8.8', true],
    ['172.31.255.255', true],
    ['172.32.0.0', false],
    ['fe80::1', true],
    ['2001:db8::1', false],
  ])('%s: %s', (host, permitted) => {
    expect(isPermitted(host)).toBe(permitted)
  })
})

describe.skipIf(!has('openssl'))('openssl (skipped without openssl)', () => {
  const openssl = (...words: string[]): string =>
    execFileSync('openssl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

  it.each(['localhost', '127.0.0.1', '::1', '10.1.2.3'])(
    'verifies the chain strictly for %s',
    async (host) => {
      const folder = temporaryFolder()
      const { caPath } = await made(folder, ['10.1.2.3'])
      const check = host === 'localhost' ? '-verify_hostname' : '-verify_ip'
      const words = ['-x509_strict', '-purpose', 'sslserver', check, host, '-CAfile', caPath]
      expect(openssl('verify', ...words, join(folder, 'localhost.pem'))).toContain(': OK')
    },
  )

  it.each(['bank.example', '8.8.8.8', '2001:db8::1'])(
    'refuses %s, for which the CA may not vouch',
    async (host) => {
      const folder = temporaryFolder()
      const { caPath } = await made(folder)
      const pair = readFileSync(join(folder, 'local-ca-key.pem'), 'utf8')
      const [key = '', cert = ''] = pair.split(/(?=-----BEGIN CERTIFICATE)/)
      const validity = { notBefore: new Date(NOW - DAY_MS), notAfter: new Date(NOW + DAY_MS) }
      const forged = makeServerCertificate({ key, cert }, [host], validity)
      writeFileSync(join(folder, 'forged.pem'), forged.cert)
      expect(() => openssl('verify', '-CAfile', caPath, join(folder, 'forged.pem'))).toThrow(
        'permitted subtree violation',
      )
    },
  )

  it('reads key usages as they should be', async () => {
    const folder = temporaryFolder()
    await made(folder)
    const ca = openssl('x509', '-noout', '-text', '-in', join(folder, 'local-ca.pem'))
    expect(ca).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/)
    expect(ca).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/)
    expect(ca).toMatch(/IP:127\.0\.0\.0\/255\.0\.0\.0/)
    const leaf = openssl('x509', '-noout', '-text', '-in', join(folder, 'localhost.pem'))
    expect(leaf).toMatch(/Key Usage: critical\s+Digital Signature/)
    expect(leaf).toMatch(/Basic Constraints: critical\s+CA:FALSE/)
    expect(leaf).toMatch(/Extended Key Usage:\s+TLS Web Server Authentication/)
    expect(leaf).toMatch(/DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1/)
  })
})
