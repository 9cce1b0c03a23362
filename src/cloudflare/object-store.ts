import type { HeaderStore } from '../namecoin/light/keeper.ts'

/** The part of a Durable Object's storage that is used. */
export interface ObjectStorage {
  get(key: string): Promise<unknown>
  /** At most 128 keys. */
  get(keys: string[]): Promise<Map<string, unknown>>
  put(key: string, value: unknown): Promise<void>
  /** At most 128 entries. */
  put(entries: Record<string, unknown>): Promise<void>
  /** At most 128 keys. */
  delete(keys: string[]): Promise<number>
  getAlarm(): Promise<number | null>
  setAlarm(at: number): Promise<void>
}

/** Octets of one value: a row of SQLite takes 2 MB, the older storage 128 KiB. */
const CHUNK_OCTETS = 64 * 1024
/** Values in one call. */
const BATCH = 128
/** Most that is read, octets: a full window has 1.8 MB. */
const MAX_OCTETS = 16 * 1024 * 1024

/** Which of the two copies is whole, and how long it is. */
const KEY = 'headers'

interface Saved {
  readonly copy: 'a' | 'b'
  readonly octets: number
}

/**
 * The headers in a Durable Object's storage, in chunks, twice: a copy is written beside the whole one, and named as the
 * whole one when it is. Who is stopped in between finds the last. The keeper checks what it reads.
 */
export function objectStore(storage: ObjectStorage): HeaderStore {
  return {
    async load() {
      const saved = readSaved(await storage.get(KEY))
      if (saved === undefined) return undefined
      const whole = new Uint8Array(saved.octets)
      let offset = 0
      for (const keys of batches(keysOf(saved))) {
        const chunks = await storage.get(keys)
        for (const key of keys) {
          const chunk = chunks.get(key)
          if (!(chunk instanceof Uint8Array) || offset + chunk.length > whole.length) {
            throw new Error('a chunk of the headers is missing')
          }
          whole.set(chunk, offset)
          offset += chunk.length
        }
      }
      if (offset < whole.length) throw new Error('the headers are cut off')
      return whole
    },

    async save(octets) {
      const last = readSaved(await storage.get(KEY))
      const saved: Saved = { copy: last?.copy === 'a' ? 'b' : 'a', octets: octets.length }
      for (const [batch, keys] of batches(keysOf(saved)).entries()) {
        const chunks = keys.map((key, index) => {
          const start = (batch * BATCH + index) * CHUNK_OCTETS
          return [key, octets.slice(start, start + CHUNK_OCTETS)] as const
        })
        await storage.put(Object.fromEntries(chunks))
      }
      await storage.put(KEY, saved)
      if (last === undefined) return
      for (const keys of batches(keysOf(last))) await storage.delete(keys)
    },
  }
}

function readSaved(value: unknown): Saved | undefined {
  const { copy, octets } = (value ?? {}) as Partial<Saved>
  if ((copy !== 'a' && copy !== 'b') || typeof octets !== 'number') return undefined
  return octets >= 0 && octets <= MAX_OCTETS ? { copy, octets } : undefined
}

const keysOf = ({ copy, octets }: Saved): string[] =>
  Array.from({ length: Math.ceil(octets / CHUNK_OCTETS) }, (_, index) => `${KEY} ${copy} ${index}`)

const batches = (keys: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(keys.length / BATCH) }, (_, index) =>
    keys.slice(index * BATCH, (index + 1) * BATCH),
  )
