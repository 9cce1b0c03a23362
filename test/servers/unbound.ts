import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

/** Unbound, from its Debian package, with a zone of its own and nobody to ask. */
export interface Unbound {
  /** UDP and TCP. */
  readonly port: number
  readonly tlsPort: number
  stop(): Promise<void>
}

/** A name with one address, and one whose text fits no datagram. */
export const UNBOUND_NAME = 'one.unbound.test'
export const UNBOUND_LONG_NAME = 'long.unbound.test'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** @param folder where its files go; the caller removes it */
export async function startUnbound(
  folder: string,
  certificate: { readonly cert: string; readonly key: string },
): Promise<Unbound> {
  const [port, tlsPort] = [await freePort(), await freePort()]
  writeFileSync(join(folder, 'cert.pem'), certificate.cert)
  writeFileSync(join(folder, 'key.pem'), certificate.key, { mode: 0o600 })
  const texts = Array.from({ length: 10 }, (_, index) => `"${String(index).repeat(200)}"`)
  const configuration = `
server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  verbosity: 1
  do-daemonize: no
  num-threads: 1
  interface: 127.0.0.1@${port}
  interface: 127.0.0.1@${tlsPort}
  tls-port: ${tlsPort}
  tls-service-key: "${join(folder, 'key.pem')}"
  tls-service-pem: "${join(folder, 'cert.pem')}"
  module-config: "iterator"
  local-zone: "unbound.test." static
  local-data: "${UNBOUND_NAME}. 300 IN A 192.0.2.1"
${texts.map((text) => `  local-data: '${UNBOUND_LONG_NAME}. 300 IN TXT ${text}'`).join('\n')}
remote-control:
  control-enable: no
`
  const file = join(folder, 'unbound.conf')
  writeFileSync(file, configuration)
  const child = spawn('unbound', ['-d', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('start of service')) resolve()
    })
    child.once('error', reject)
    void exited.then(() => reject(new Error(`unbound ended: ${said}`)))
  })
  return {
    port,
    tlsPort,
    stop: () => {
      child.kill()
      return exited
    },
  }
}
