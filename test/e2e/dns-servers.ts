import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { testLeaf } from '../node/tools.ts'
import { answerUpstream } from '../servers/upstream.ts'
import { newFolder, start } from './program.ts'

/**
 * DNS servers that speak DoH and that we did not write, from Debian's packages: on loopback, with one zone, `.`, of the
 * names that the suite asks for, so that none of them needs a network.
 */

/** Where one answers. */
export interface DnsServer {
  /** `https://127.0.0.1:PORT/dns-query`. */
  readonly url: URL
  /** For plain DNS. */
  readonly port: number
}

/** Three addresses, two aliases in a row, a long answer, a lookup that fails; SOA.MINIMUM is a minute. */
const ZONE = `$TTL 300
. 3600 SOA ns.example. mail.example. 1 3600 600 86400 60
. NS ns.example.
ns.example. A 127.0.0.1
example.com. A 192.0.2.1
www.gstatic.com. A 192.0.2.2
three.example. A 192.0.2.3
three.example. A 192.0.2.4
three.example. A 192.0.2.5
chain.example. CNAME second.example.
second.example. 30 CNAME third.example.
third.example. 600 A 192.0.2.6
long.example. TXT "${'x'.repeat(250)}" "${'y'.repeat(250)}" "${'z'.repeat(250)}"
servfail.example. NS nowhere.example.
`

/** A port of 127.0.0.1 that nobody has, now. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

async function prepare(file: string, config: (folder: string, port: number, doh: number) => string) {
  const folder = newFolder()
  const [port, doh] = [await freePort(), await freePort()]
  writeFileSync(join(folder, 'root.zone'), ZONE)
  writeFileSync(join(folder, 'cert.pem'), testLeaf.cert)
  writeFileSync(join(folder, 'key.pem'), testLeaf.key)
  writeFileSync(join(folder, file), config(folder, port, doh))
  return { config: join(folder, file), server: { url: new URL(`https://127.0.0.1:${doh}/dns-query`), port } }
}

/** BIND 9, authoritative for its root and following what leads out of it. */
export async function startBind(): Promise<DnsServer> {
  const { config, server } = await prepare(
    'named.conf',
    (folder, port, doh) => `
options {
  directory "${folder}"; pid-file none; session-keyfile none; managed-keys-directory "${folder}";
  listen-on-v6 { none; };
  listen-on port ${port} { 127.0.0.1; };
  listen-on port ${doh} tls local http doh { 127.0.0.1; };
  recursion yes; allow-recursion { any; }; dnssec-validation no; empty-zones-enable no;
};
controls { };
tls local { cert-file "${folder}/cert.pem"; key-file "${folder}/key.pem"; };
http doh { endpoints { "/dns-query"; }; };
zone "." { type primary; file "root.zone"; };
`,
  )
  await start('named', ['-g', '-c', config]).said(/ running$/m)
  return server
}

/** Unbound, with the same zone. */
export async function startUnbound(): Promise<DnsServer> {
  const { config, server } = await prepare(
    'unbound.conf',
    (folder, port, doh) => `
server:
  username: ""
  chroot: ""
  pidfile: ""
  directory: "${folder}"
  use-syslog: no
  interface: 127.0.0.1@${port}
  interface: 127.0.0.1@${doh}
  https-port: ${doh}
  tls-service-pem: cert.pem
  tls-service-key: key.pem
  access-control: 127.0.0.0/8 allow
  module-config: "iterator"
auth-zone:
  name: "."
  zonefile: root.zone
remote-control:
  control-enable: no
`,
  )
  await start('unbound', ['-d', '-c', config]).said(/start of service/)
  return server
}

/**
 * The upstream of `servers/upstream.ts` over UDP: as servers did before RFC 2308 §5, it gives the SOA of a negative
 * answer its own TTL, which is longer than its MINIMUM.
 */
export async function startOldServer(): Promise<Pick<DnsServer, 'port'>> {
  const socket = createSocket('udp4')
  afterAll(() => socket.close())
  socket.on('message', (query, { address, port }) => {
    const reply = answerUpstream(query)
    if (reply !== 'hangs') socket.send([query.subarray(0, 2), reply.body.subarray(2)], port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return { port: socket.address().port }
}

/** dnsdist in front of another server. */
export async function startDnsdist(behind: Pick<DnsServer, 'port'>): Promise<DnsServer> {
  const { config, server } = await prepare(
    'dnsdist.conf',
    (folder, port, doh) => `
setSecurityPollSuffix("")
setLocal("127.0.0.1:${port}")
addDOHLocal("127.0.0.1:${doh}", "${folder}/cert.pem", "${folder}/key.pem", "/dns-query")
newServer("127.0.0.1:${behind.port}")
`,
  )
  await start('dnsdist', ['--supervised', '--disable-syslog', '-C', config]).said(/as 'up'/)
  return server
}
