import { describe, expect, test } from 'vitest'
import { chromePolicy } from '../../src/client-config/chrome.ts'
import { firefoxPolicies, firefoxUserJs } from '../../src/client-config/firefox.ts'
import { gateways, TWO } from './gateways.ts'

const SUFFIX = 'browser.fixup.domainsuffixwhitelist.bit'

describe('Firefox', () => {
  test('policies: DoH alone, and a typed .bit name is no search', () => {
    const { policies } = JSON.parse(firefoxPolicies(TWO).text)
    expect(policies.DNSOverHTTPS).toEqual({
      Enabled: true,
      ProviderURL: 'https://one.example/dns-query',
      Fallback: false,
    })
    expect(policies.Preferences[SUFFIX]).toEqual({ Value: true, Status: 'default' })
  })

  test('user.js: the same, as the script that it is', () => {
    const preferences = new Map<string, unknown>()
    for (const line of firefoxUserJs(TWO).text.trimEnd().split('\n')) {
      const [, call] = /^user_pref\((.*)\);$/.exec(line) ?? []
      const [name, value] = JSON.parse(`[${call}]`)
      preferences.set(name, value)
    }
    expect(Object.fromEntries(preferences)).toEqual({
      'network.trr.mode': 3,
      'network.trr.uri': 'https://one.example/dns-query',
      'network.trr.custom_uri': 'https://one.example/dns-query',
      [SUFFIX]: true,
    })
  })

  test('both say that the other gateways are left out', () => {
    for (const config of [firefoxPolicies, firefoxUserJs]) {
      expect(config(TWO).notes.join()).toContain('only https://one.example/dns-query')
      expect(config(gateways('https://one.example/')).notes.join()).not.toContain('only')
    }
  })
})

test('Chrome: a template for each gateway', () => {
  expect(JSON.parse(chromePolicy(TWO).text)).toEqual({
    DnsOverHttpsMode: 'secure',
    DnsOverHttpsTemplates: 'https://one.example/dns-query{?dns} https://two.example:8443/dns-query{?dns}',
  })
})
