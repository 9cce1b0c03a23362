import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { NetworkName } from '../namecoin/chain/network.ts'
import type { HeaderStore } from '../namecoin/light/keeper.ts'

/** Largest file that is read, octets: a full window has 1.8 MB. */
const MAX_OCTETS = 16 * 1024 * 1024

/**
 * The headers in the state folder, `headers-NETWORK.bin`. The file appears whole: whoever pulls the plug finds the last
 * one. Of two processes that share a folder the last to save wins; each checks what it reads.
 */
export function headerStore(stateFolder: string, network: NetworkName): HeaderStore {
  const path = join(stateFolder, `headers-${network}.bin`)
  return {
    async load() {
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
