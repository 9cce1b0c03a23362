import { createSocket } from 'node:dgram'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { newFolder, type Program, type ProgramOptions, start, succeed } from '../e2e/program.ts'

/** Real authoritative servers, NSD and Knot DNS, with zones that their own tools sign. They end with the test file. */

/** A nameserver that answers. */
export interface NameServer {
  readonly program: Program
  readonly port: number
}

/** A zone as a server loads it. */
export interface Zone {
  /** Without the final dot. */
  readonly name: string
  readonly text: string
}

/** What a value says about a signed zone: `[tag, algorithm, digest type, base64]` each (ifa-0001, `ds`). */
export type DsItem = readonly [number, number, number, string]

/** A zone's text: a SOA, its nameserver, and these lines. */
export const zoneText = (name: string, nameserver: string, ...lines: readonly string[]): string =>
  [
    `$ORIGIN ${name}.`,
    '$TTL 300',
    `@ SOA ${nameserver} hostmaster.${name}. 1 3600 900 604800 60`,
    `@ NS ${nameserver}`,
    ...lines,
    '',
  ].join('\n')

/** A port that is free for UDP and TCP at this address. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (;;) {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, address, resolve))
    const { port } = socket.address()
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, address, () => resolve(true))
    })
    server.close()
    await new Promise<void>((resolve) => socket.close(resolve))
    if (isFree) return port
  }
}

/** NSD on an address, with zones as they are. */
export async function startNsd(
  zones: readonly Zone[],
  { address = '127.0.0.1', port, ...options }: { address?: string; port?: number } & ProgramOptions = {},
): Promise<NameServer> {
  const folder = newFolder()
  const bound = port ?? (await freePort(address))
  const files = zones.map(({ name, text }) => {
    const file = join(folder, `${name}.zone`)
    writeFileSync(file, text)
    return `zone:\n  name: "${name}"\n  zonefile: "${file}"`
  })
  const conf = join(folder, 'nsd.conf')
  const settings = [
    `ip-address: ${address}@${bound}`,
    'username: ""',
    'database: ""',
    'chroot: ""',
    `zonesdir: "${folder}"`,
    `pidfile: "${join(folder, 'nsd.pid')}"`,
    `xfrdfile: "${join(folder, 'xfrd.state')}"`,
    `zonelistfile: "${join(folder, 'zone.list')}"`,
    `xfrdir: "${folder}"`,
    'server-count: 1',
    // Not more than it would say to anybody else in the same second.
    'rrl-ratelimit: 0',
    'verbosity: 1',
  ]
  const lines = [
    'server:',
    ...settings.map((line) => `  ${line}`),
    'remote-control:',
    '  control-enable: no',
    ...files,
  ]
  writeFileSync(conf, `${lines.join('\n')}\n`)
  const program = start('/usr/sbin/nsd', ['-d', '-c', conf], options)
  await program.said(/nsd started/)
  return { program, port: bound }
}

/** Knot DNS on an address. It signs its zones itself as it loads them, with NSEC3. */
export async function startKnot(
  zones: readonly Zone[],
  { address = '127.0.0.1', port, ...options }: { address?: string; port?: number } & ProgramOptions = {},
): Promise<NameServer & { readonly ds: (zone: string) => Promise<readonly DsItem[]> }> {
  const folder = newFolder()
  const bound = port ?? (await freePort(address))
  for (const { name, text } of zones) writeFileSync(join(folder, `${name}.zone`), text)
  for (const part of ['run', 'db']) mkdirSync(join(folder, part))
  const conf = join(folder, 'knot.conf')
  writeFileSync(
    conf,
    `server:
  rundir: ${join(folder, 'run')}
  listen: ${address}@${bound}
log:
  - target: stderr
    any: info
database:
  storage: ${join(folder, 'db')}
policy:
  - id: hashed
    algorithm: ecdsap256sha256
    nsec3: on
    nsec3-iterations: 0
zone:
${zones
  .map(
    ({ name }) => `  - domain: ${name}
    storage: ${folder}
    file: ${name}.zone
    dnssec-signing: on
    dnssec-policy: hashed
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: all`,
  )
  .join('\n')}
`,
  )
  const program = start('/usr/sbin/knotd', ['-c', conf], options)
  await program.said(/server started/)
  for (const { name } of zones)
    await program.said(new RegExp(`\\[${name}\\.\\] .*(next signing|next re-signing)`))
  return {
    program,
    port: bound,
    ds: async (zone) => {
      const text = await succeed('/usr/sbin/keymgr', ['-c', conf, zone, 'ds'], options)
      return text.split('\n').filter(Boolean).map(dsItem)
    },
  }
}

/** The tag, algorithm, digest type and digest that end a DS record's text. */
function dsItem(line: string): DsItem {
  const [, tag, algorithm, digestType, digest = ''] =
    /(\d+)\s+(\d+)\s+(\d+)\s+([0-9A-Fa-f ]+)\s*(?:;.*)?$/.exec(line.trim())!
  const octets = Buffer.from(digest.replaceAll(' ', ''), 'hex')
  return [Number(tag), Number(algorithm), Number(digestType), octets.toString('base64')]
}

/** A zone signed with ldns-signzone and its NSEC records, and the DS of its key. */
export async function signWithLdns(
  zone: Zone,
  ...options: readonly string[]
): Promise<Zone & { readonly ds: DsItem; readonly dsText: string }> {
  const folder = newFolder()
  const file = join(folder, 'zone')
  writeFileSync(file, zone.text)
  const words = ['-k', '-a', 'ECDSAP256SHA256', '-r', '/dev/urandom', zone.name]
  const key = join(
    folder,
    (await succeed('sh', ['-c', `cd ${folder} && ldns-keygen ${words.join(' ')}`])).trim(),
  )
  await succeed('ldns-signzone', [...options, '-f', `${file}.signed`, file, key])
  const dsText = readFileSync(`${key}.ds`, 'utf8').trim()
  return { ...zone, text: readFileSync(`${file}.signed`, 'utf8'), ds: dsItem(dsText), dsText }
}
