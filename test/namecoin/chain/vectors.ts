import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

/**
 * Real headers and proofs of mainnet, which are not ours to distribute: beside the checkout, or where BITDOH_VECTORS
 * says. Tests that need them are left out where they are not.
 */
const folder = process.env['BITDOH_VECTORS'] ?? resolve(import.meta.dirname, '../../../../shared/vectors')

export const present = existsSync(resolve(folder, 'auxpow_headers.json'))
/** The reason, for titles. */
export const without = present ? '' : ` (left out: no ${folder})`

// biome-ignore lint/suspicious/noExplicitAny: the files are what they are
export function vectors(name: string): any {
  return present ? JSON.parse(readFileSync(resolve(folder, name), 'utf8')) : undefined
}
