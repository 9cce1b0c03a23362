import { execFile } from 'node:child_process'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Log } from '../../src/log.ts'
import { serve } from '../../src/node/server.ts'
import {
  type Certificate,
  type CertificateOptions,
  type CertificateSource,
  openCertificate,
} from '../../src/node/tls.ts'
import { afterTest, has, newLeaf, temporaryFolder, testCa, until } from './tools.ts'

const run = promisify(execFile)

function options(given: Partial<CertificateOptions>) {
  const events: string[] = []
  const log: Log = {
    info: (event) => void events.push(event),
    warn: (event) => void events.push(event),
    error: (event) => void events.push(event),
  }
  const common = { tlsCert: undefined, tlsKey: undefined, state: '/nowhere', hosts: [], now: Date.now }
  return { events, options: { ...common, log, pollIntervalMs: 5, ...given } }
}

async function opened(given: CertificateOptions): Promise<CertificateSource> {
  const source = await openCertificate(given)
  if (source.kind === 'failed') throw new Error(source.line)
  afterTest(source.close)
  return source
}

function files(folder: string, { cert, key }: Certificate) {
  const paths = { tlsCert: join(folder, 'tls.crt'), tlsKey: join(folder, 'tls.key') }
  writeFileSync(paths.tlsCert, cert)
  writeFileSync(paths.tlsKey, key)
  return paths
}

describe('a certificate from files', () => {
  it('is reloaded when both files change', async () => {
    const folder = temporaryFolder()
    const { events, options: given } = options(files(folder, newLeaf()))
    const source = await opened(given)
    const heard: Certificate[] = []
    source.onChange((certificate) => heard.push(certificate))
    const next = newLeaf()
    files(folder, next)
    await until(() => heard.length > 0)
    expect(heard).toEqual([next])
    expect(source.current()).toEqual(next)
    expect(events).toEqual(['certificate-reloaded'])
  })

  it('is reloaded when Kubernetes swaps the folder that a symlink leads to', async () => {
    const folder = temporaryFolder()
    const leaves = [newLeaf(), newLeaf()] as const
    for (const [index, leaf] of leaves.entries()) {
      mkdirSync(join(folder, `v${index}`))
      files(join(folder, `v${index}`), leaf)
    }
    symlinkSync('v0', join(folder, '..data'))
    symlinkSync('..data/tls.crt', join(folder, 'tls.crt'))
    symlinkSync('..data/tls.key', join(folder, 'tls.key'))
    const paths = { tlsCert: join(folder, 'tls.crt'), tlsKey: join(folder, 'tls.key') }
    const source = await opened(options(paths).options)
    symlinkSync('v1', join(folder, '..tmp'))
    renameSync(join(folder, '..tmp'), join(folder, '..data'))
    await until(() => source.current().cert === leaves[1].cert)
    expect(source.current()).toEqual(leaves[1])
  })

  it('stays the old one when the new one is bad, which is logged, and recovers', async () => {
    const folder = temporaryFolder()
    const first = newLeaf()
    const { events, options: given } = options(files(folder, first))
    const source = await opened(given)
    const next = newLeaf()
    writeFileSync(join(folder, 'tls.crt'), next.cert)
    await until(() => events.length > 0)
    expect(events).toEqual(['certificate-not-reloaded'])
    expect(source.current()).toEqual(first)
    writeFileSync(join(folder, 'tls.key'), next.key)
    await until(() => events.length > 1)
    expect(source.current()).toEqual(next)
  })

  it.each([
    ['is not there', undefined, 'ENOENT', /^--tls-cert: given .*tls\.crt/],
    ['is empty', { cert: '', key: '' }, 'invalid', /^--tls-cert, --tls-key: given /],
    ['is no PEM', { cert: 'x', key: 'y' }, 'invalid', /^--tls-cert, --tls-key: given /],
    [
      'does not fit its key',
      { cert: newLeaf().cert, key: newLeaf().key },
      'invalid',
      /^--tls-cert, --tls-key: given /,
    ],
  ])('that %s is a problem of one line', async (_what, certificate, code, line) => {
    const folder = temporaryFolder()
    const paths =
      certificate === undefined
        ? { tlsCert: join(folder, 'tls.crt'), tlsKey: join(folder, 'tls.key') }
        : files(folder, certificate)
    const outcome = await openCertificate(options(paths).options)
    expect(outcome).toMatchObject({ kind: 'failed', code })
    expect(outcome.kind === 'failed' && outcome.line).toMatch(line)
  })
})

describe('a server', () => {
  it('shows new connections the new certificate and keeps the old connections', async () => {
    const folder = temporaryFolder()
    const source = await opened(options(files(folder, newLeaf())).options)
    const listen = [{ host: '127.0.0.1', port: 0 }]
    const serving = await serve({
      listen,
      tls: source,
      handler: () => new Response('ok'),
      log: options({}).options.log,
    })
    if (serving.kind === 'failed') throw new Error(serving.line)
    afterTest(() => serving.close(0))
    const shown = async () => {
      const socket = connect({ port: serving.addresses[0]!.port, host: '127.0.0.1', ca: testCa.cert })
      afterTest(() => socket.destroy())
      await new Promise((resolve) => socket.on('secureConnect', resolve))
      return { socket, serial: socket.getPeerCertificate().serialNumber }
    }
    const before = await shown()
    const next = newLeaf()
    files(folder, next)
    await until(() => source.current().cert === next.cert)
    expect((await shown()).serial).not.toBe(before.serial)
    before.socket.write('GET / HTTP/1.0\r\n\r\n')
    const text = await new Promise((resolve) =>
      before.socket.on('data', (chunk) => resolve(chunk.toString())),
    )
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('the local certificate', () => {
  it('says where its CA is, and which hosts need another', async () => {
    const state = join(temporaryFolder(), 'state')
    const { events, options: given } = options({ state, hosts: ['doh.example', '127.0.0.1'] })
    const source = await opened(given)
    expect(source.caPath).toBe(join(state, 'local-ca.pem'))
    expect(events).toEqual(['local-certificate-without-host'])
  })

  it.skipIf(!has('curl')).each(['localhost', '127.0.0.1', '[::1]'])(
    'is good enough for curl --cacert: https://%s (skipped without curl)',
    async (host) => {
      const source = await opened(options({ state: temporaryFolder() }).options)
      const address = { host: host === '[::1]' ? '::1' : '127.0.0.1', port: 0 }
      const { log } = options({}).options
      const serving = await serve({ listen: [address], tls: source, handler: () => new Response('ok'), log })
      if (serving.kind === 'failed') throw new Error(serving.line)
      afterTest(() => serving.close(0))
      const url = `https://${host}:${serving.addresses[0]!.port}/`
      const { stdout } = await run('curl', [
        '-sS',
        host === 'localhost' ? '-4' : '-g',
        '--cacert',
        source.caPath!,
        url,
      ])
      expect(stdout).toBe('ok')
    },
  )
})
