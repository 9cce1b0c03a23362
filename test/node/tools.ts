import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { PERMITTED } from '../../src/node/local-ca.ts'
import type { CertificateSource } from '../../src/node/tls.ts'
import { type KeyAndCertificate, makeCa, makeServerCertificate } from '../../src/node/x509.ts'

/** Whether a program is on this machine; suites that need one it lacks skip with its name in their title. */
export function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

/** Runs after the test, last one first. */
export const afterTest = (clean: () => unknown): void => void cleanups.push(clean)

/** A new folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bitdoh-'))
  afterTest(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Waits until something holds; the test's own time limit is what ends a wait in vain. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))

const DAY_MS = 86_400_000
const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) }
export const testCa: KeyAndCertificate = makeCa('bitdoh test CA', PERMITTED, validity)
export const newLeaf = (): KeyAndCertificate =>
  makeServerCertificate(testCa, ['localhost', '127.0.0.1', '::1'], validity)
export const testLeaf: KeyAndCertificate = newLeaf()

/** A certificate that never changes. */
export const fixedCertificate: CertificateSource = {
  kind: 'source',
  current: () => testLeaf,
  onChange: () => {},
  caPath: undefined,
  close: () => {},
}
