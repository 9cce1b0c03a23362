import { createPrivateKey, randomUUID, X509Certificate } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'
import { join } from 'node:path'
import { type KeyAndCertificate, makeCa, makeServerCertificate, type PermittedNames } from './x509.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** The CA is added to trust stores by hand, so it lives as long as the machine. */
export const CA_DAYS = 3_650

/** Apple refuses servers' certificates of more than 398 days from public CAs and 825 from private ones; be safe. */
export const LEAF_DAYS = 365

/** A leaf this close to its end is made anew. */
export const RENEW_BEFORE_DAYS = 30

/** Certificates hold from a day ago: the clock of the client may be behind ours. */
const CLOCK_SKEW_MS = DAY_MS

/**
 * What the local CA may vouch for: this machine and private networks, nothing on the Internet. Attack: whoever
 * reads the CA's key from the state folder of a machine whose owner trusts it could otherwise be any site for him.
 * The names are RFC 6761 §6.3, RFC 6762, RFC 8375 and ICANN's `internal`; the networks RFC 1122 §3.2.1.3,
 * RFC 1918, RFC 3927, RFC 4291 §2.5.3 and §2.5.6, RFC 4193.
 */
export const PERMITTED: PermittedNames = {
  names: ['localhost', 'local', 'home.arpa', 'internal'],
  networks: [
    { address: '127.0.0.0', prefix: 8 },
    { address: '10.0.0.0', prefix: 8 },
    { address: '172.16.0.0', prefix: 12 },
    { address: '192.168.0.0', prefix: 16 },
    { address: '169.254.0.0', prefix: 16 },
    { address: '::1', prefix: 128 },
    { address: 'fe80::', prefix: 10 },
    { address: 'fc00::', prefix: 7 },
  ],
}

/** What every local certificate is for. */
const ALWAYS = ['localhost', '127.0.0.1', '::1']

/** A certificate of the local CA, and where people find the CA to trust. */
export interface LocalCertificate extends KeyAndCertificate {
  readonly kind: 'certificate'
  /** Path of the CA's certificate, PEM. */
  readonly caPath: string
  /** Hosts asked for that the CA may not vouch for: they need a certificate of their own. */
  readonly leftOut: readonly string[]
}

/** Why there is no local certificate. */
export interface LocalCaProblem {
  readonly kind: 'failed'
  /** `invalid` for a CA file that is none, otherwise the system's code: `EACCES`, `ENOSPC`. */
  readonly code: string
  /** One line for a person, which names the setting. */
  readonly line: string
}

/** Whether the local CA may vouch for a host. */
export function isPermitted(host: string): boolean {
  const family = isIP(host)
  if (family !== 0) return permittedNetworks.check(host, family === 4 ? 'ipv4' : 'ipv6')
  const name = host.toLowerCase()
  return PERMITTED.names.some((permitted) => name === permitted || name.endsWith(`.${permitted}`))
}

const permittedNetworks = new BlockList()
for (const { address, prefix } of PERMITTED.networks) {
  permittedNetworks.addSubnet(address, prefix, isIP(address) === 4 ? 'ipv4' : 'ipv6')
}

/** Listening on all addresses names none. */
const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::'

/**
 * A certificate for this machine, signed by the CA in the state folder; both are made when they are not there, the
 * certificate also when it is close to its end, of another CA or for other hosts. Several processes may do this
 * at once: the CA that lies there first is everybody's.
 *
 * @param now milliseconds since 1970
 */
export async function localCertificate(
  stateFolder: string,
  hosts: readonly string[],
  now: number,
): Promise<LocalCertificate | LocalCaProblem> {
  try {
    await mkdir(stateFolder, { recursive: true, mode: 0o700 })
    const ca = await haveCa(stateFolder, now)
    if (ca.kind === 'failed') return ca
    const caPath = join(stateFolder, 'local-ca.pem')
    if ((await readIfThere(caPath)) !== ca.cert) await replaceFile(caPath, ca.cert, 0o644)
    const wanted = [
      ...new Set([...ALWAYS, ...hosts.filter((host) => !isWildcard(host) && isPermitted(host))]),
    ]
    const leftOut = hosts.filter((host) => !isWildcard(host) && !isPermitted(host))
    const leaf = await haveLeaf(stateFolder, ca, wanted, now)
    return { kind: 'certificate', ...leaf, caPath, leftOut }
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException
    return {
      kind: 'failed',
      code,
      line: `--state: given ${stateFolder}, which cannot hold the local CA: ${message}`,
    }
  }
}

type Ca = KeyAndCertificate & { readonly kind: 'ca' }

async function haveCa(stateFolder: string, now: number): Promise<Ca | LocalCaProblem> {
  const path = join(stateFolder, 'local-ca-key.pem')
  if ((await readIfThere(path)) === undefined) {
    const ca = makeCa(`bitdoh local CA ${randomUUID().slice(0, 8)}`, PERMITTED, validity(now, CA_DAYS))
    await createFile(path, `${ca.key}${ca.cert}`, 0o600)
  }
  // Read back even what was just made: another process may have been first.
  const ca = parsePair((await readIfThere(path)) ?? '')
  if (ca === undefined || !new X509Certificate(ca.cert).ca) {
    const line = `--state: ${path} is not a CA made by bitdoh; remove it and a new one is made`
    return { kind: 'failed', code: 'invalid', line }
  }
  return { kind: 'ca', ...ca }
}

async function haveLeaf(
  stateFolder: string,
  ca: KeyAndCertificate,
  hosts: readonly string[],
  now: number,
): Promise<KeyAndCertificate> {
  const path = join(stateFolder, 'localhost.pem')
  const existing = parsePair((await readIfThere(path)) ?? '')
  if (existing !== undefined && isUsable(existing, ca, hosts, now)) return existing
  const leaf = makeServerCertificate(ca, hosts, validity(now, LEAF_DAYS))
  await replaceFile(path, `${leaf.key}${leaf.cert}`, 0o600)
  return leaf
}

function isUsable(
  leaf: KeyAndCertificate,
  ca: KeyAndCertificate,
  hosts: readonly string[],
  now: number,
): boolean {
  const certificate = new X509Certificate(leaf.cert)
  const issuer = new X509Certificate(ca.cert)
  return (
    Date.parse(certificate.validTo) - now > RENEW_BEFORE_DAYS * DAY_MS &&
    Date.parse(certificate.validFrom) <= now &&
    certificate.checkIssued(issuer) &&
    certificate.verify(issuer.publicKey) &&
    hosts.every((host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)))
  )
}

const validity = (now: number, days: number) => ({
  notBefore: new Date(now - CLOCK_SKEW_MS),
  notAfter: new Date(now - CLOCK_SKEW_MS + days * DAY_MS),
})

/** A key and its certificate from one file, undefined when it does not hold both. */
function parsePair(text: string): KeyAndCertificate | undefined {
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(text)?.[0]
  const cert = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(text)?.[0]
  if (key === undefined || cert === undefined) return undefined
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)) ? { key, cert } : undefined
  } catch {
    return undefined
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Key and certificate lie in one file, and files appear whole: nobody can read half of one or a pair that is none. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = await writeBeside(path, text, mode)
  await rename(temporary, path)
}

/** Puts a whole file there unless there is one already; which of two processes wins does not matter. */
async function createFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = await writeBeside(path, text, mode)
  try {
    await link(temporary, path)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    // File systems without hard links (FAT, some network mounts) cannot refuse to overwrite; take the race there.
    if (NO_HARD_LINKS.includes(code)) return rename(temporary, path)
    if (code !== 'EEXIST') throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

const NO_HARD_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK']

async function writeBeside(path: string, text: string, mode: number): Promise<string> {
  const temporary = `${path}.${randomUUID()}.tmp`
  await writeFile(temporary, text, { mode, flag: 'wx' })
  return temporary
}
