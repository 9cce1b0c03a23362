import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * A gateway on this machine has a certificate of this machine's local CA, which nobody else trusts.
 * @param state the state folder
 * @returns PEM; undefined for other machines, and where there is no such CA
 */
export async function loopbackCa({ hostname }: URL, state: string): Promise<string | undefined> {
  return LOOPBACK.has(hostname)
    ? readFile(join(state, 'local-ca.pem'), 'utf8').catch(() => undefined)
    : undefined
}
