import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSettings, stateFolder } from '../../src/node/settings.ts'
import { temporaryFolder } from './tools.ts'

describe('readSettings', () => {
  const file = (text: string): string => {
    const path = join(temporaryFolder(), 'bitdoh.toml')
    writeFileSync(path, text)
    return path
  }

  it('reads the file of --config, and variables win over it', () => {
    const path = file('names = "demo"\ntls = "off"\ncache-entries = 5')
    const outcome = readSettings({}, path, { BITDOH_TLS: 'on', HOME: '/root' })
    expect(outcome).toMatchObject({
      kind: 'settings',
      settings: { names: 'demo', tls: 'on', cacheEntries: 5 },
    })
  })

  it('reads the file of BITDOH_CONFIG when there is no --config', () => {
    const path = file('names = "demo"')
    expect(readSettings({}, undefined, { BITDOH_CONFIG: path })).toMatchObject({ kind: 'settings' })
    expect(readSettings({ names: ['demo'] }, undefined, { BITDOH_CONFIG: '' })).toMatchObject({
      kind: 'settings',
    })
  })

  it('a file that is not there is named', () => {
    const outcome = readSettings({}, '/nowhere/bitdoh.toml', {})
    expect(outcome).toMatchObject({ kind: 'problem', code: 'unreadable', setting: '--config' })
    expect(outcome.kind === 'problem' && outcome.line).toContain('"/nowhere/bitdoh.toml"')
  })
})

describe('stateFolder', () => {
  it.each([
    ['/given', { STATE_DIRECTORY: '/var/lib/bitdoh' }, '/given'],
    [undefined, { STATE_DIRECTORY: '/var/lib/bitdoh:/var/lib/other' }, '/var/lib/bitdoh'],
    [undefined, { XDG_STATE_HOME: '/xdg' }, '/xdg/bitdoh'],
    [undefined, { XDG_STATE_HOME: 'relative' }, join(homedir(), '.local/state/bitdoh')],
    [undefined, {}, join(homedir(), '.local/state/bitdoh')],
  ])('%s with %j is %s', (set, environment, folder) => {
    expect(stateFolder(set, environment)).toBe(folder)
  })
})
