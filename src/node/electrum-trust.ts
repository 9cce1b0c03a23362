import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { authority, type ServerAddress } from '../namecoin/electrum/address.ts'
import { isRecord } from '../namecoin/json-rpc.ts'

/**
 * Which certificates of ElectrumX servers are trusted. Most are self-signed, so, as in Electrum: one that a CA vouches
 * for is trusted, one that no CA vouches for on first use, and what a host once had it must keep having. Proofs of work
 * are what answers are believed for; this is about who learns which names are looked up.
 */

/** What a host is held to. */
export type Trust =
  /** A CA has vouched for it once: nothing less counts any more. */
  | { readonly kind: 'ca' }
  /** The certificate it showed first, until that expires. */
  | {
      readonly kind: 'certificate'
      readonly sha256: string
      /** Milliseconds since 1970. */
      readonly expires: number
    }

/** The certificate that a host shows now. */
export interface ShownCertificate {
  /** Of its DER, 64 hex digits. */
  readonly sha256: string
  /** Milliseconds since 1970. */
  readonly expires: number
  /** Why no CA vouches for it: `DEPTH_ZERO_SELF_SIGNED_CERT`; undefined when one does. */
  readonly problem: string | undefined
}

export type Verdict =
  | { readonly kind: 'trusted' }
  /** Trusted, and to be held to from now on. */
  | { readonly kind: 'remember'; readonly trust: Trust }
  | { readonly kind: 'refused'; readonly reason: string }

/** Whether a certificate is trusted. Pure. */
export function judge(
  shown: ShownCertificate,
  pin: string | undefined,
  remembered: Trust | undefined,
  now: number,
): Verdict {
  if (pin !== undefined) {
    return shown.sha256 === pin ? TRUSTED : refused('its certificate is not the one of #sha256=')
  }
  if (remembered?.kind === 'ca') {
    return shown.problem === undefined
      ? TRUSTED
      : refused(`no CA vouches for its certificate any more: ${shown.problem}`)
  }
  if (remembered !== undefined && remembered.expires > now) {
    return shown.sha256 === remembered.sha256
      ? TRUSTED
      : refused('its certificate is not the one it had, which has not expired')
  }
  if (shown.problem === undefined) return { kind: 'remember', trust: { kind: 'ca' } }
  if (shown.expires <= now) return refused('its certificate has expired')
  const { sha256, expires } = shown
  return { kind: 'remember', trust: { kind: 'certificate', sha256, expires } }
}

const TRUSTED: Verdict = { kind: 'trusted' }
const refused = (reason: string): Verdict => ({ kind: 'refused', reason })

/** What hosts are held to, by host and port. */
export interface TrustStore {
  readonly kind: 'store'
  get(address: ServerAddress): Trust | undefined
  set(address: ServerAddress, trust: Trust): void
  /** Resolves once everything is written. */
  flush(): Promise<void>
}

export interface TrustProblem {
  readonly kind: 'failed'
  /** `invalid`, or the system's. */
  readonly code: string
  /** One line for a person. */
  readonly line: string
}

/** Kept for the process's life. */
export function memoryTrust(): TrustStore {
  const hosts = new Map<string, Trust>()
  return {
    kind: 'store',
    get: (address) => hosts.get(keyOf(address)),
    set: (address, trust) => void hosts.set(keyOf(address), trust),
    flush: () => Promise.resolve(),
  }
}

/**
 * Kept in a JSON file as well. A file that makes no sense is a problem, not an empty one: attack: whoever damages it
 * would make every host new.
 *
 * @param unwritable called when the file cannot be written; what is known then lasts as long as the process
 */
export async function fileTrust(
  path: string,
  unwritable: (code: string) => void,
): Promise<TrustStore | TrustProblem> {
  const read = await readHosts(path)
  if ('kind' in read) return read
  const { hosts } = read
  let writing = Promise.resolve()

  async function write(): Promise<void> {
    try {
      await mkdir(dirname(path), { recursive: true })
      const temporary = `${path}.${process.pid}`
      await writeFile(temporary, `${JSON.stringify(Object.fromEntries(hosts), undefined, 2)}\n`, {
        mode: 0o600,
      })
      await rename(temporary, path)
    } catch (error) {
      unwritable(codeOf(error))
    }
  }

  return {
    kind: 'store',
    get: (address) => hosts.get(keyOf(address)),
    set(address, trust) {
      hosts.set(keyOf(address), trust)
      writing = writing.then(write)
    },
    flush: () => writing,
  }
}

const keyOf = ({ host, port }: ServerAddress): string => authority(host, port)

async function readHosts(path: string): Promise<{ readonly hosts: Map<string, Trust> } | TrustProblem> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const code = codeOf(error)
    return code === 'ENOENT' ? { hosts: new Map() } : problem(code, path, code)
  }
  const hosts = parseHosts(text)
  return hosts === undefined
    ? problem('invalid', path, 'it is damaged; delete it to trust every server anew')
    : { hosts }
}

const problem = (code: string, path: string, reason: string): TrustProblem => ({
  kind: 'failed',
  code,
  line: `${path}, the certificates of ElectrumX servers, cannot be read: ${reason}`,
})

function parseHosts(text: string): Map<string, Trust> | undefined {
  const parsed = parseJson(text)
  if (!isRecord(parsed)) return undefined
  const hosts = new Map<string, Trust>()
  for (const [host, value] of Object.entries(parsed)) {
    const trust = readTrust(value)
    if (trust === undefined) return undefined
    hosts.set(host, trust)
  }
  return hosts
}

function readTrust(value: unknown): Trust | undefined {
  if (!isRecord(value)) return undefined
  const { kind, sha256, expires } = value
  if (kind === 'ca') return { kind }
  const isCertificate =
    kind === 'certificate' &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    Number.isFinite(expires)
  return isCertificate ? { kind, sha256, expires: expires as number } : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown'
