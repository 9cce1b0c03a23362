import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { flagName, settingKeys, variableName } from '../../src/settings/schema.ts'
import { parseSettings } from '../../src/settings/settings.ts'
import { deployFiles, deployPath, deployText } from './files.ts'

/** Besides the settings: where the settings file is. */
const variables = new Set([...settingKeys.map(variableName), 'BITDOH_CONFIG'])
const flags = new Set([...settingKeys.map(flagName), 'config', 'json', 'server', 'help'])

describe.each(deployFiles())('deploy/%s', (path) => {
  const text = deployText(path)

  it('names only settings that there are', () => {
    const named = [...text.matchAll(/BITDOH_[A-Z_]+/g)].map(([variable]) => variable)
    expect(named.filter((variable) => !variables.has(variable))).toEqual([])
  })

  it('gives bitdoh only flags that there are', () => {
    const commands = [...text.matchAll(/(?:bitdoh|cli\.js) (?:serve|resolve|checkpoint) .*/g)]
    const given = commands.flatMap(([command]) =>
      [...command.matchAll(/ --([a-z][a-z-]*)/g)].map(([, flag]) => flag!),
    )
    expect(given.filter((flag) => !flags.has(flag))).toEqual([])
  })

  // [::] takes IPv4's connections, too: a second socket for 0.0.0.0 finds its port taken.
  it('does not listen twice on a port', () => {
    expect(text).not.toMatch(/0\.0\.0\.0:(\d+)["', ]+\[::\]:\1/)
  })
})

describe.each(deployFiles().filter((path) => path.endsWith('.md')))('deploy/%s', (path) => {
  it('links only to files that are there', () => {
    for (const [, target] of deployText(path).matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      expect(existsSync(join(dirname(deployPath(path)), target!)), target).toBe(true)
  })
})

it('the settings file that systemd hands over is read as it is, and with the node it speaks of', () => {
  const text = deployText('systemd/bitdoh.toml')
  const read = (text: string) => parseSettings({ file: { name: 'bitdoh.toml', text } })
  expect(read(text)).toMatchObject({ kind: 'settings', settings: { backend: ['electrum'] } })
  const withNode = read(text.replace('# core-url', 'core-url'))
  expect(withNode).toMatchObject({ kind: 'settings', settings: { backend: ['core'] } })
})
