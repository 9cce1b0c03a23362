import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type FileProblem, watchFile } from '../../src/node/watch-file.ts'
import { afterTest, has, pause, temporaryFolder, until } from './tools.ts'

const POLL_MS = 5

function watched(path: string) {
  const texts: string[] = []
  const problems: FileProblem[] = []
  const watch = watchFile(
    path,
    (text) => texts.push(text),
    (problem) => problems.push(problem),
    POLL_MS,
  )
  afterTest(watch.close)
  return { texts, problems, watch }
}

describe('watchFile', () => {
  it('gives the text at first and hears of later ones only', async () => {
    const path = join(temporaryFolder(), 'names.json')
    writeFileSync(path, 'one')
    const { texts, watch } = watched(path)
    expect(await watch.first).toEqual({ kind: 'text', text: 'one' })
    writeFileSync(path, 'two')
    await until(() => texts.length > 0)
    expect(texts).toEqual(['two'])
  })

  it('hears of another text of the same length and time', async () => {
    const path = join(temporaryFolder(), 'names.json')
    writeFileSync(path, 'one')
    const { texts, watch } = watched(path)
    await watch.first
    const now = new Date()
    utimesSync(path, now, now)
    writeFileSync(path, 'two')
    utimesSync(path, now, now)
    await until(() => texts.length > 0)
    expect(texts).toEqual(['two'])
  })

  it('hears of another file renamed over it', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'names.json')
    writeFileSync(path, 'one')
    const { texts, watch } = watched(path)
    await watch.first
    writeFileSync(`${path}.new`, 'two')
    renameSync(`${path}.new`, path)
    await until(() => texts.length > 0)
    expect(texts).toEqual(['two'])
  })

  it('hears of a Kubernetes ConfigMap: a symlink above the file swapped', async () => {
    const folder = temporaryFolder()
    for (const [version, text] of [
      ['v1', 'one'],
      ['v2', 'two'],
    ] as const) {
      mkdirSync(join(folder, version))
      writeFileSync(join(folder, version, 'names.json'), text)
    }
    symlinkSync('v1', join(folder, '..data'))
    symlinkSync(join('..data', 'names.json'), join(folder, 'names.json'))
    const { texts, watch } = watched(join(folder, 'names.json'))
    expect(await watch.first).toEqual({ kind: 'text', text: 'one' })
    symlinkSync('v2', join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    await until(() => texts.length > 0)
    expect(texts).toEqual(['two'])
  })

  it('says once that the file is gone, and hears of it coming back', async () => {
    const path = join(temporaryFolder(), 'names.json')
    writeFileSync(path, 'one')
    const { texts, problems, watch } = watched(path)
    await watch.first
    rmSync(path)
    await until(() => problems.length > 0)
    await pause(10 * POLL_MS)
    expect(problems.map(({ code }) => code)).toEqual(['ENOENT'])
    writeFileSync(path, 'one')
    await until(() => texts.length > 0)
    expect(texts.at(-1)).toBe('one')
  })

  it('does not call when a file is only touched', async () => {
    const path = join(temporaryFolder(), 'names.json')
    writeFileSync(path, 'one')
    const { texts, watch } = watched(path)
    await watch.first
    utimesSync(path, 1, 1)
    await pause(10 * POLL_MS)
    writeFileSync(path, 'two')
    await until(() => texts.length > 0)
    expect(texts).toEqual(['two'])
  })

  it('calls nobody after close', async () => {
    const path = join(temporaryFolder(), 'names.json')
    writeFileSync(path, 'one')
    const { texts, problems, watch } = watched(path)
    await watch.first
    watch.close()
    const other = watched(path)
    await other.watch.first
    writeFileSync(path, 'two')
    await until(() => other.texts.length > 0)
    expect([...texts, ...problems]).toEqual([])
  })

  it('a folder is no file', async () => {
    expect(await watched(temporaryFolder()).watch.first).toMatchObject({ kind: 'unreadable', code: 'EISDIR' })
  })

  it.skipIf(!has('mkfifo'))(
    'a named pipe without a writer is no file, and is not waited for (needs mkfifo)',
    async () => {
      const path = join(temporaryFolder(), 'pipe')
      execFileSync('mkfifo', [path])
      expect(await watched(path).watch.first).toMatchObject({ kind: 'unreadable', code: 'EINVAL' })
    },
  )
})
