import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { Log } from '../log.ts'
import { localCertificate } from './local-ca.ts'
import { type FileProblem, type FileText, POLL_INTERVAL_MS, watchFile } from './watch-file.ts'

/** A certificate chain and its key, PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** Where a server's certificate comes from, and how it hears of a new one. */
export interface CertificateSource {
  readonly kind: 'source'
  /** The certificate to use now. */
  current(): Certificate
  /** Calls with every certificate that comes after. */
  onChange(listener: (certificate: Certificate) => void): void
  /** Path of the CA that clients must trust, when the certificate is of the local CA. */
  readonly caPath: string | undefined
  /** Stops watching. */
  close(): void
}

/** Why there is no certificate. */
export interface CertificateProblem {
  readonly kind: 'failed'
  /** `invalid` for files that do not fit together, otherwise the system's: `ENOENT`. Stable. */
  readonly code: string
  /** One line for a person, which names the setting. */
  readonly line: string
}

/** Which certificate, in the words of the settings. */
export interface CertificateOptions {
  readonly tlsCert: string | undefined
  readonly tlsKey: string | undefined
  /** The state folder, for the local CA. */
  readonly state: string
  /** Hosts that are listened on. */
  readonly hosts: readonly string[]
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** How often files are looked at, in milliseconds. */
  readonly pollIntervalMs?: number
}

/** The certificate of the settings: the files given, or else one of the local CA. */
export const openCertificate = (
  options: CertificateOptions,
): Promise<CertificateSource | CertificateProblem> =>
  options.tlsCert !== undefined && options.tlsKey !== undefined
    ? fileCertificate(options.tlsCert, options.tlsKey, options)
    : ownCertificate(options)

/** A source that says each new certificate on. */
function createSource(first: Certificate, caPath: string | undefined) {
  let current = first
  const listeners: ((certificate: Certificate) => void)[] = []
  return {
    source: {
      kind: 'source',
      current: () => current,
      onChange: (listener: (certificate: Certificate) => void) => {
        listeners.push(listener)
      },
      caPath,
    },
    replace: (next: Certificate) => {
      current = next
      for (const listener of listeners) listener(next)
    },
  } as const
}

/** How often the local certificate is looked at. */
const RENEWAL_CHECK_MS = 12 * 60 * 60 * 1000

async function ownCertificate({
  state,
  hosts,
  log,
  now,
}: CertificateOptions): Promise<CertificateSource | CertificateProblem> {
  const first = await localCertificate(state, hosts, now())
  if (first.kind === 'failed') return first
  for (const host of first.leftOut) log.warn('local-certificate-without-host', { host, set: 'tls-cert' })
  const { source, replace } = createSource(first, first.caPath)
  const timer = setInterval(async () => {
    const next = await localCertificate(state, hosts, now())
    if (next.kind === 'failed') log.error('certificate-not-renewed', { code: next.code, detail: next.line })
    else if (next.cert !== source.current().cert) {
      replace(next)
      log.info('certificate-renewed')
    }
  }, RENEWAL_CHECK_MS)
  timer.unref()
  return { ...source, close: () => clearInterval(timer) }
}

/**
 * Two files never change in one step: after the first change, this many polls pass before both are used, so that
 * a new certificate with the old key, which is what one sees in between, is not mistaken for a bad pair.
 */
const SETTLE_POLLS = 3

async function fileCertificate(
  certPath: string,
  keyPath: string,
  { log, pollIntervalMs = POLL_INTERVAL_MS }: CertificateOptions,
): Promise<CertificateSource | CertificateProblem> {
  let settling: NodeJS.Timeout | undefined
  const texts: { cert: FileText | FileProblem; key: FileText | FileProblem } = { cert: UNREAD, key: UNREAD }
  const watch = (part: 'cert' | 'key', path: string) => {
    const change = (next: FileText | FileProblem): void => {
      texts[part] = next
      clearTimeout(settling)
      settling = setTimeout(reload, SETTLE_POLLS * pollIntervalMs)
      settling.unref()
    }
    return watchFile(path, (text) => change({ kind: 'text', text }), change, pollIntervalMs)
  }
  const watches = { cert: watch('cert', certPath), key: watch('key', keyPath) }
  const close = (): void => {
    clearTimeout(settling)
    watches.cert.close()
    watches.key.close()
  }
  const pair = (): Certificate | CertificateProblem => checkPair(texts.cert, texts.key, certPath, keyPath)

  texts.cert = await watches.cert.first
  texts.key = await watches.key.first
  const first = pair()
  if ('kind' in first) {
    close()
    return first
  }
  const { source, replace } = createSource(first, undefined)

  function reload(): void {
    const next = pair()
    if ('kind' in next) {
      log.error('certificate-not-reloaded', { code: next.code, detail: next.line, using: 'the old one' })
      return
    }
    const { cert, key } = source.current()
    if (next.cert === cert && next.key === key) return
    replace(next)
    log.info('certificate-reloaded')
  }
  return { ...source, close }
}

const UNREAD: FileProblem = { kind: 'unreadable', code: 'ENOENT', detail: 'not read yet' }

function checkPair(
  cert: FileText | FileProblem,
  key: FileText | FileProblem,
  certPath: string,
  keyPath: string,
): Certificate | CertificateProblem {
  if (cert.kind === 'unreadable') return unreadable('--tls-cert', certPath, cert)
  if (key.kind === 'unreadable') return unreadable('--tls-key', keyPath, key)
  try {
    // An empty certificate is as good as none to createSecureContext, and every handshake would fail.
    new X509Certificate(cert.text)
    createSecureContext({ cert: cert.text, key: key.text })
    return { cert: cert.text, key: key.text }
  } catch (error) {
    // OpenSSL's reasons hold no part of the key: `key values mismatch`, `no start line`.
    const reason = error instanceof Error ? error.message : String(error)
    const line = `--tls-cert, --tls-key: given ${certPath} and ${keyPath}, which make no certificate: ${reason}`
    return { kind: 'failed', code: 'invalid', line }
  }
}

const unreadable = (setting: string, path: string, { code, detail }: FileProblem): CertificateProblem => ({
  kind: 'failed',
  code,
  line: `${setting}: given ${path}, takes a PEM file: ${detail}`,
})
