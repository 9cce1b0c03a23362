import { mkdir, mkdtemp, open, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ABANDONED_MS, headerStore } from '../../src/node/header-store.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitdoh-headers-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const octets = (text: string) => new TextEncoder().encode(text)

test('nothing at first, then what was saved last, for nobody else to read', async () => {
  const state = join(folder, 'deep', 'state')
  const store = headerStore(state, 'regtest')
  expect(await store.load()).toBeUndefined()
  await store.save(octets('one'))
  await store.save(octets('two'))
  expect(Buffer.from((await store.load())!).toString()).toBe('two')
  expect(await readdir(state)).toEqual(['headers-regtest.bin'])
  expect((await stat(join(state, 'headers-regtest.bin'))).mode & 0o777).toBe(0o600)
  expect((await stat(state)).mode & 0o777).toBe(0o700)
})

test('a file a network', async () => {
  await headerStore(folder, 'regtest').save(octets('r'))
  await headerStore(folder, 'mainnet').save(octets('m'))
  expect((await readdir(folder)).sort()).toEqual(['headers-mainnet.bin', 'headers-regtest.bin'])
})

test('many writers: the file is one of them, whole, and nothing else is left', async () => {
  const stores = Array.from({ length: 20 }, () => headerStore(folder, 'regtest'))
  const texts = stores.map((_, index) => String(index).repeat(100_000))
  await Promise.all(stores.map((store, index) => store.save(octets(texts[index]!))))
  expect(texts).toContain(Buffer.from((await stores[0]!.load())!).toString())
  expect(await readdir(folder)).toEqual(['headers-regtest.bin'])
})

test('where no file can be, saving says so and leaves nothing behind', async () => {
  await writeFile(join(folder, 'file'), '')
  await expect(headerStore(join(folder, 'file'), 'regtest').save(octets('x'))).rejects.toThrow()
  await headerStore(folder, 'regtest').save(octets('x'))
  await rm(join(folder, 'headers-regtest.bin'))
  await mkdir(join(folder, 'headers-regtest.bin'))
  await expect(headerStore(folder, 'regtest').save(octets('x'))).rejects.toThrow()
  await expect(headerStore(folder, 'regtest').load()).rejects.toThrow()
  expect((await readdir(folder)).sort()).toEqual(['file', 'headers-regtest.bin'])
})

test('what processes left that were killed while they saved goes with the next start; what is being written stays', async () => {
  const ago = (milliseconds: number) => new Date(Date.now() - milliseconds)
  const files = {
    'headers-regtest.bin.one.tmp': ago(2 * ABANDONED_MS),
    'headers-regtest.bin.two.tmp': ago(ABANDONED_MS / 2),
    'headers-mainnet.bin.one.tmp': ago(2 * ABANDONED_MS),
    'headers-regtest.bin': ago(2 * ABANDONED_MS),
  }
  for (const [name, time] of Object.entries(files)) {
    await writeFile(join(folder, name), 'x')
    await utimes(join(folder, name), time, time)
  }
  expect(await headerStore(folder, 'regtest').load()).toEqual(octets('x'))
  expect((await readdir(folder)).sort()).toEqual(
    Object.keys(files)
      .sort()
      .filter((name) => !/regtest.*one/.test(name)),
  )
})

test('the file and then its name are forced to the disk', async () => {
  const some = await open(folder, 'r')
  const sync = vi.spyOn(Object.getPrototypeOf(some), 'sync')
  await some.close()
  const forced: string[] = []
  sync.mockImplementation(async function (this: typeof some) {
    const { size } = await this.stat()
    forced.push((await this.stat()).isDirectory() ? (await readdir(folder)).join() : `${size} octets`)
  } as () => Promise<void>)
  await headerStore(folder, 'regtest').save(octets('three'))
  sync.mockRestore()
  expect(forced).toEqual(['5 octets', 'headers-regtest.bin'])
})

test('a file that is too large is not read', async () => {
  await writeFile(join(folder, 'headers-regtest.bin'), Buffer.alloc(16 * 1024 * 1024 + 1))
  await expect(headerStore(folder, 'regtest').load()).rejects.toThrow(/larger/)
})
