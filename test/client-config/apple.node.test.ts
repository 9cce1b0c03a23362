import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { appleProfile } from '../../src/client-config/apple.ts'
import { plistXml } from '../../src/client-config/plist.ts'
import { has } from '../node/tools.ts'
import { gateways, TWO } from './gateways.ts'

/** Python's own reader of property lists and maker of UUIDs. */
const python = (script: string, input: string): unknown =>
  JSON.parse(
    execFileSync('python3', ['-c', `import json, plistlib, sys, uuid\n${script}`], {
      input,
      encoding: 'utf8',
    }),
  )

const readPlist = (text: string) =>
  python('print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))', text) as Record<string, unknown>

describe.skipIf(!has('python3'))('a profile for Apple’s systems (needs python3)', () => {
  test('sets DNS over HTTPS, with the addresses that are given', async () => {
    const { text, notes } = await appleProfile(TWO)
    expect(readPlist(text)).toMatchObject({
      PayloadType: 'Configuration',
      PayloadVersion: 1,
      PayloadIdentifier: 'bitdoh.one.example',
      PayloadContent: [
        {
          PayloadType: 'com.apple.dnsSettings.managed',
          PayloadVersion: 1,
          DNSSettings: {
            DNSProtocol: 'HTTPS',
            ServerURL: 'https://one.example/dns-query',
            ServerAddresses: ['192.0.2.1', '2001:db8::1'],
          },
        },
      ],
    })
    expect(notes.join()).toContain('only https://one.example/dns-query')
  })

  test('lets the system find the addresses where none are given', async () => {
    const profile = readPlist((await appleProfile(gateways('https://one.example/dns-query'))).text)
    const [{ DNSSettings }] = profile['PayloadContent'] as [{ DNSSettings: object }]
    expect(DNSSettings).not.toHaveProperty('ServerAddresses')
  })

  test('has UUIDs made of the URL, the same each time', async () => {
    const profile = readPlist((await appleProfile(TWO)).text)
    const expected = python(
      `url = uuid.uuid5(uuid.NAMESPACE_URL, sys.stdin.read())
print(json.dumps([str(url), str(uuid.uuid5(url, 'dns'))]))`,
      'https://one.example/dns-query',
    )
    const [{ PayloadUUID }] = profile['PayloadContent'] as [{ PayloadUUID: string }]
    expect([profile['PayloadUUID'], PayloadUUID]).toEqual(expected)
  })

  test('whatever is in a property list comes out of it', () => {
    const value = { 'a<b&c>d': [`"'<![CDATA[]]>&amp;`, '', true, false, 7, { nested: [] }] }
    expect(readPlist(plistXml(value))).toEqual(value)
  })
})
