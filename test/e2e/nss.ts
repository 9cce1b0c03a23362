import { mkdirSync } from 'node:fs'
import { succeed } from './program.ts'

/** Makes a store of certificates as Firefox and Chromium use it, which trusts one CA. */
export async function makeStoreThatTrusts(ca: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  await succeed('certutil', ['-N', '-d', `sql:${folder}`, '--empty-password'])
  await succeed('certutil', ['-A', '-d', `sql:${folder}`, '-n', 'bitdoh', '-t', 'C,,', '-i', ca])
}
