import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { CLIENT_CONFIG_FLAGS, clientConfig } from '../../src/node/commands/client-config.ts'
import { readArguments } from '../../src/settings/arguments.ts'

/** Runs the command in this process. */
async function run(...words: readonly string[]) {
  const given = readArguments(words, CLIENT_CONFIG_FLAGS)
  if (given.kind === 'problem') throw new Error(given.line)
  const printed: string[] = []
  const complaints: string[] = []
  const terminal = {
    print: (line: string) => void printed.push(line),
    complain: (line: string) => void complaints.push(line),
    log: silentLog,
  }
  const code = await clientConfig(given, given.positionals, terminal)
  return { code, printed: printed.join('\n'), complaints }
}

const ONE = ['--gateway', 'https://one.example/dns-query']
const TWO = [...ONE, '--gateway', 'https://two.example/dns-query{?dns}']

describe('client-config', () => {
  test('prints the file alone, and beside it what to do with it', async () => {
    const { code, printed, complaints } = await run('firefox', ...TWO)
    expect(code).toBe(0)
    expect(JSON.parse(printed).policies.DNSOverHTTPS.ProviderURL).toBe('https://one.example/dns-query')
    expect(complaints[0]).toBe('This is policies.json.')
    expect(complaints.join()).toContain('/etc/firefox/policies/')
    expect(complaints.join()).toContain('only https://one.example/dns-query')
  })

  test('has one file for each client', async () => {
    expect((await run('firefox', '--user-js', ...ONE)).printed).toContain('user_pref("network.trr.mode", 3);')
    expect(JSON.parse((await run('chrome', ...TWO)).printed).DnsOverHttpsTemplates).toContain(
      ' https://two.example/',
    )
    expect((await run('apple', ...ONE)).printed).toContain('com.apple.dnsSettings.managed')
    expect(parse((await run('dnscrypt', ...TWO)).printed)).toHaveProperty('server_names', [
      'bitdoh-1',
      'bitdoh-2',
    ])
    expect((await run('curl', ...TWO)).printed).toContain('--doh-url https://two.example/dns-query ')
    const pac = await run('pac', '--proxy', 'a.example:1', '--proxy', 'b.example:2')
    expect(pac.printed).toContain('PROXY a.example:1; PROXY b.example:2')
  })

  test.each([
    [[], 'given no client'],
    [['opera', ...ONE], 'opera'],
    [['firefox', 'chrome', ...ONE], 'chrome'],
    [['firefox'], '--gateway'],
    [['pac'], '--proxy'],
    [['pac', '--proxy', 'a.example'], 'a.example'],
    [['pac', '--proxy', 'a.example:1', ...ONE], '--gateway'],
    [['chrome', '--user-js', ...ONE], '--user-js'],
    [['firefox', '--tls', 'on', ...ONE], '--tls'],
    [['firefox', ...ONE, '--gateway', 'http://two.example/'], 'http://two.example/'],
    [['firefox', '--gateway', 'https://a"b/'], 'https://a'],
    [['firefox', '--gateway', 'https://a.example/\nuser_pref()'], '\\n'],
    [['apple', '--gateway', 'https://a.example/<key>'], '<key>'],
    [['curl', '--gateway', 'https://a.example/;id'], ';id'],
    [['dnscrypt', '--gateway', 'https://a.example/ b'], ' b'],
  ])('%j is refused with one line', async (words, part) => {
    const { code, printed, complaints } = await run(...words)
    expect([code, printed, complaints.length]).toEqual([2, '', 1])
    expect(complaints[0]).toContain(part)
    expect(complaints[0]).not.toContain('\n')
  })
})
