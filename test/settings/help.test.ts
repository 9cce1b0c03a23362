import { describe, expect, it } from 'vitest'
import { settingRows, settingsHelp, settingsMarkdown } from '../../src/settings/help.ts'
import { settingKeys, settingOf, variableName } from '../../src/settings/schema.ts'

describe('help', () => {
  it('has every setting with what it takes and its default, as the parser has it', () => {
    const help = settingsHelp()
    for (const row of settingRows) {
      expect(help).toContain(`--${row.name} `)
      expect(help).toContain(`takes ${row.takes}`)
      expect(help).toContain(`default: ${row.fallback}`)
      expect(settingsMarkdown()).toContain(`| \`${row.name}\``)
    }
    expect(settingRows).toHaveLength(settingKeys.length)
  })

  it('fits a terminal of 120 columns', () => {
    for (const line of settingsHelp().split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  })

  it('states only defaults that the parser takes', () => {
    for (const key of settingKeys) {
      const { fallback = [], kind } = settingOf(key)
      for (const text of fallback) expect(kind.read(text), `${key} ${text}`).toBeDefined()
    }
  })

  it('names variables after flags', () => {
    expect(variableName('cacheEntries')).toBe('BITDOH_CACHE_ENTRIES')
  })
})
