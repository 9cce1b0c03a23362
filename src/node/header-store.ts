import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { NetworkName } from '../namecoin/chain/network.ts'
import type { HeaderStore } from '../namecoin/light/keeper.ts'

/** Largest file that is read, octets: a full window has 1.8 MB. */
const MAX_OCTETS = 16 * 1024 * 1024

/** Milliseconds after which a file that was being written belongs to nobody any more: writing takes seconds. */
export const ABANDONED_MS = 24 * 3_600_000

/**
 * The headers in the state folder, `headers-NETWORK.bin`. The file appears whole: whoever pulls the plug finds the last
 * one. Of two processes that share a folder the last to save wins; each checks what it reads.
 */
export function headerStore(stateFolder: string, network: NetworkName): HeaderStore {
  const name = `headers-${network}.bin`
  const path = join(stateFolder, name)
  return {
    async load() {
      await sweep(stateFolder, name).catch(() => {}) // No reason not to start.
      try {
        const { size } = await stat(path)
        if (size > MAX_OCTETS) throw new Error(`${path} is larger than ${MAX_OCTETS} octets`)
        return new Uint8Array(await readFile(path)) // No Buffer: its `slice` does not copy.
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    async save(octets) {
      await mkdir(stateFolder, { recursive: true, mode: 0o700 })
      await replaceFile(path, octets)
      await syncFolder(stateFolder)
    },
  }
}

/** Written beside, forced to the disk, and put in place of the old one. */
async function replaceFile(path: string, octets: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(octets)
      await file.sync() // Without it a crash may leave the new name with none of the content.
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** So that the name lasts, too. Where a folder cannot be opened, as on Windows, that is up to the system. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => {})
  await folder?.close()
}

/** Removes what processes left behind that were killed while they saved; not what another one is writing. */
async function sweep(folder: string, name: string): Promise<void> {
  const left = (await readdir(folder)).filter((one) => one.startsWith(`${name}.`) && one.endsWith('.tmp'))
  for (const one of left) {
    const path = join(folder, one)
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(path, { force: true })
  }
}
