import { describe, expect, it } from 'vitest'
import { DEFAULT_CACHE_ENTRIES, DEFAULT_UPSTREAM } from '../../src/settings/schema.ts'
import { parseSettings, type Settings, type SettingsInput } from '../../src/settings/settings.ts'

const accepted = (input: SettingsInput): Settings => {
  const outcome = parseSettings(input)
  if (outcome.kind === 'problem') throw new Error(outcome.line)
  return outcome.settings
}
const refused = (input: SettingsInput) => {
  const outcome = parseSettings(input)
  if (outcome.kind !== 'problem') throw new Error('these settings were accepted')
  expect(outcome.line).not.toContain('\n')
  return outcome
}
const demo = { names: ['demo'] }
const flags = (given: Record<string, string[]>) => ({ flags: { ...demo, ...given } })

describe('defaults', () => {
  it('are those of the interface', () => {
    expect(accepted({ flags: demo })).toEqual({
      listen: [{ host: '127.0.0.1', port: 8443 }],
      tls: 'on',
      tlsCert: undefined,
      tlsKey: undefined,
      backend: ['names'],
      names: 'demo',
      coreUrl: undefined,
      coreCookie: undefined,
      electrum: undefined,
      gateway: undefined,
      agree: 1,
      verify: 'off',
      minConfirmations: 12,
      maxTipAge: 8 * 3_600_000,
      checkpoint: undefined,
      network: 'mainnet',
      upstream: [DEFAULT_UPSTREAM],
      upstreamSpread: 'first',
      privateAnswers: 'allow',
      allowPrivate: undefined,
      probe: undefined,
      cacheEntries: DEFAULT_CACHE_ENTRIES,
      serveStale: 3_600_000,
      publicUrl: undefined,
      siblings: undefined,
      adminListen: undefined,
      state: undefined,
    })
  })

  it('take every backend that is configured', () => {
    expect(accepted(flags({ 'core-url': ['http://127.0.0.1:8336'] })).backend).toEqual(['names', 'core'])
  })

  it('take the light client when no backend is configured, with the public servers', () => {
    expect(accepted({})).toMatchObject({ backend: ['electrum'], electrum: undefined })
    const { code, line } = refused({ flags: { network: ['testnet'] } })
    expect([code, line]).toEqual(['incomplete', expect.stringContaining('--electrum')])
  })

  it('never mind the age of the tip on regtest, whose recorded chains do not move', () => {
    const electrum = { electrum: ['tcp://127.0.0.1:50001'], network: ['regtest'] }
    expect(accepted({ flags: electrum }).maxTipAge).toBeUndefined()
    expect(accepted({ flags: { ...electrum, 'max-tip-age': ['90m'] } }).maxTipAge).toBe(5_400_000)
    expect(accepted({ flags: { 'max-tip-age': ['off'] } }).maxTipAge).toBeUndefined()
  })

  it('serve stale for an hour, for as long as told, or not at all', () => {
    expect(accepted(flags({ 'serve-stale': ['2d'] })).serveStale).toBe(2 * 86_400_000)
    expect(accepted(flags({ 'serve-stale': ['off'] })).serveStale).toBe(0)
  })

  it('take the gateway’s own URL as clients write it', () => {
    for (const given of ['https://doh.example/dns-query', 'https://DOH.example:443/dns-query{?dns}'])
      expect(accepted(flags({ 'public-url': [given] })).publicUrl).toBe('https://doh.example/dns-query')
  })

  it('take servers with and without a certificate pin', () => {
    const electrum = ['tls://[::1]:50002', `wss://e.example:443/electrumx#sha256=${'ab'.repeat(32)}`]
    expect(accepted(flags({ electrum }))).toMatchObject({ electrum, backend: ['names', 'electrum'] })
  })
})

describe('three ways in', () => {
  const file = { name: 'b.toml', text: 'cache-entries = 1\nnetwork = "regtest"\nprivate-answers = "strip"' }
  const variables = { BITDOH_CACHE_ENTRIES: '2', BITDOH_NETWORK: 'testnet' }

  it('flags win over variables, variables over the file', () => {
    const { cacheEntries, network, privateAnswers } = accepted({
      flags: { ...demo, 'cache-entries': ['3'] },
      variables,
      file,
    })
    expect({ cacheEntries, network, privateAnswers }).toEqual({
      cacheEntries: 3,
      network: 'testnet',
      privateAnswers: 'strip',
    })
  })

  it('a repeated flag, a comma-separated variable and a TOML array are the same', () => {
    const urls = ['https://a.example/dns-query', 'https://b.example/q']
    const asFlags = accepted(flags({ upstream: urls })).upstream
    const asVariable = accepted({
      flags: demo,
      variables: { BITDOH_UPSTREAM: ` ${urls.join(' , ')},` },
    }).upstream
    const asToml = accepted({
      flags: demo,
      file: { name: 'f', text: `upstream = ${JSON.stringify(urls)}` },
    }).upstream
    expect(asFlags).toEqual(urls)
    expect(asVariable).toEqual(urls)
    expect(asToml).toEqual(urls)
  })

  it('a list of a stronger way replaces the whole list of a weaker', () => {
    const input = {
      flags: { ...demo, listen: ['[::1]:1'] },
      variables: { BITDOH_LISTEN: '127.0.0.1:2,127.0.0.1:3' },
    }
    expect(accepted(input).listen).toEqual([{ host: '::1', port: 1 }])
  })

  it('an empty variable is as good as none', () => {
    expect(accepted({ flags: demo, variables: { BITDOH_CACHE_ENTRIES: '' } }).cacheEntries).toBe(
      DEFAULT_CACHE_ENTRIES,
    )
  })

  it("a Worker's variables may be numbers and JSON, and other bindings are ignored", () => {
    const variables = { BITDOH_NAMES: { 'd/a': { ip: '192.0.2.1' } }, BITDOH_CACHE_ENTRIES: 7, KV: {} }
    const { names, cacheEntries } = accepted({ variables })
    expect(names).toBe('{"d/a":{"ip":"192.0.2.1"}}')
    expect(cacheEntries).toBe(7)
  })

  it('true and false in TOML are on and off', () => {
    expect(accepted({ flags: demo, file: { name: 'f', text: 'tls = false' } }).tls).toBe('off')
  })
})

describe('an unknown setting', () => {
  it.each([
    [{ flags: { 'cache-entrys': ['1'] } }, '--cache-entrys', '--cache-entries'],
    [{ variables: { BITDOH_UPSTREAMS: 'none' } }, 'BITDOH_UPSTREAMS', 'BITDOH_UPSTREAM '],
    [{ file: { name: 'b.toml', text: 'nework = "mainnet"' } }, 'nework in b.toml', 'network'],
  ])('%j is named, with the nearest that there is', (input, setting, like) => {
    const problem = refused(input)
    expect(problem).toMatchObject({ code: 'unknown', setting })
    expect(problem.line).toContain(like)
  })

  it('is not guessed at when nothing is like it', () => {
    expect(refused({ flags: { zzzzzzzz: ['1'] } }).line).toBe('--zzzzzzzz: no such setting; see --help')
  })

  it('is not what Kubernetes puts beside a Service called bitdoh', () => {
    const variables = {
      BITDOH_SERVICE_HOST: '10.0.0.1',
      BITDOH_SERVICE_PORT: '8443',
      BITDOH_SERVICE_PORT_DOH: '8443',
      BITDOH_PORT: 'tcp://10.0.0.1:8443',
      BITDOH_PORT_8443_TCP: 'tcp://10.0.0.1:8443',
      BITDOH_PORT_8443_TCP_ADDR: '10.0.0.1',
    }
    expect(accepted({ flags: demo, variables }).backend).toEqual(['names'])
  })
})

describe('a bad value', () => {
  it.each([
    ['listen', '8443'],
    ['listen', '::1:8443'],
    ['listen', '[1.2]:80'],
    ['listen', '127.0.0.1:65536'],
    ['listen', 'http://127.0.0.1:80'],
    ['tls', 'yes'],
    ['tls-cert', ''],
    ['backend', 'bitcoin'],
    ['electrum', 'http://e.example:50001'],
    ['electrum', 'tcp://e.example'],
    ['electrum', 'wss://e.example:443#sha256=12'],
    ['min-confirmations', '0'],
    ['max-tip-age', '8 hours'],
    ['serve-stale', '1'],
    ['public-url', 'http://doh.example/dns-query'],
    ['public-url', 'https://192.0.2.1/dns-query'],
    ['public-url', 'https://[2001:db8::1]/dns-query'],
    ['public-url', 'https://doh.example/dns-query?key=1'],
    ['public-url', 'https://doh.example/{name}'],
    ['public-url', `https://${'a'.repeat(64)}.example/`],
    ['public-url', 'https://a..b/'],
    ['siblings', 'http://sibling.example/dns-query'],
    ['siblings', 'https://sibling.example;script-src/dns-query'],
    ['core-url', 'ftp://127.0.0.1'],
    ['network', 'main'],
    ['upstream', 'http://dns.example/dns-query'],
    ['upstream', 'https://user:word@dns.example/'],
    ['upstream', 'dns.example'],
    ['upstream', 'tls://dns.example/path'],
    ['upstream', 'tls://dns.example:0'],
    ['upstream', 'udp://dns.example:65536'],
    ['upstream', 'tcp://user:word@dns.example'],
    ['upstream', 'tls://'],
    ['upstream', 'tls://[dns.example]'],
    ['upstream', 'quic://dns.example'],
    ['upstream', 'tls://dns.example#'],
    ['upstream', 'tls://dns.example#sha256=00'],
    ['upstream', 'tls://dns.example#192.0.2'],
    ['upstream', 'tls://dns.example#192.0.2.1,dns.example'],
    ['upstream', 'tls://192.0.2.1#192.0.2.1'],
    ['upstream-spread', 'random'],
    ['private-answers', 'on'],
    ['cache-entries', '-1'],
    ['cache-entries', '1.5'],
    ['cache-entries', '1e3'],
    ['cache-entries', '99999999999'],
  ])('--%s %j names the setting, what it was given and what it takes', (setting, given) => {
    const problem = refused(flags({ [setting]: [given] }))
    expect(problem).toMatchObject({ code: 'bad-value', setting: `--${setting}` })
    expect(problem.line).toMatch(/^--[a-z-]+: given .*, takes .+/)
  })

  it.each([
    ['names = ["a", "b"]', 'a list'],
    ['[names]\nx = 1', 'a table'],
    ['upstream = [["https://a.example/"]]', 'a list'],
    ['upstream = []', 'nothing'],
  ])('in TOML: %j', (text, given) => {
    const problem = refused({ flags: { 'core-url': ['http://a/'] }, file: { name: 'b.toml', text } })
    expect(problem.code).toBe('bad-value')
    expect(problem.line).toContain(`in b.toml: given ${given}`)
  })

  it('a file that is no TOML is named, with the line, and without its contents', () => {
    const problem = refused({
      file: { name: 'b.toml', text: 'tls = "on"\ncore-url = "http://u:hunter2@h/\n' },
    })
    expect(problem.code).toBe('unreadable')
    expect(problem.line).toMatch(/^b\.toml: line 2/)
    expect(problem.line).not.toContain('hunter2')
  })

  it('a setting that takes one value is not given two', () => {
    expect(refused(flags({ network: ['regtest', 'mainnet'] }))).toMatchObject({ code: 'repeated' })
  })

  it('of megabytes or several lines is cut to one line', () => {
    expect(refused(flags({ network: ['x\n'.repeat(1_000_000)] })).line.length).toBeLessThan(250)
  })

  it.each([
    'http//user:hunter2@host',
    'user:hunter2@host',
    'http://user:hunter2',
    'ftp://user:hunter2@host/',
  ])('never shows a password: %s', (url) => {
    expect(refused(flags({ 'core-url': [url] })).line).not.toContain('hunter2')
  })
})

describe('settings that belong together', () => {
  it.each([
    [{ 'tls-cert': ['c.pem'] }, '--tls-key'],
    [{ 'tls-key': ['k.pem'] }, '--tls-cert'],
    [{ 'core-cookie': ['.cookie'] }, '--core-url'],
    [{ backend: ['core'] }, '--core-url'],
    [{ upstream: ['none', 'https://a.example/'] }, 'none'],
  ])('%j is incomplete', (given, needs) => {
    const problem = refused(flags(given))
    expect(problem.code).toBe('incomplete')
    expect(problem.line).toContain(needs)
  })

  it('backend keeps its order and drops doubles', () => {
    const given = { backend: ['core', 'names', 'core'], 'core-url': ['http://127.0.0.1:8336/'] }
    expect(accepted(flags(given)).backend).toEqual(['core', 'names'])
  })

  it('upstream none leaves no upstream at all', () => {
    expect(accepted(flags({ upstream: ['none'] })).upstream).toEqual([])
  })
})

describe('values', () => {
  it.each([
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['localhost:8443', { host: 'localhost', port: 8443 }],
    ['[::]:443', { host: '::', port: 443 }],
    ['[fe80::1%eth0]:443', { host: 'fe80::1%eth0', port: 443 }],
  ])('listen %s', (text, address) => {
    expect(accepted(flags({ listen: [text] })).listen).toEqual([address])
  })

  it.each([
    ['tls://DNS.example', 'tls://dns.example:853'],
    ['tls://dns.example:443/', 'tls://dns.example:443'],
    ['tcp://192.0.2.1', 'tcp://192.0.2.1:53'],
    ['udp://[2001:DB8::1]:5353', 'udp://[2001:db8::1]:5353'],
    ['tls://dns.example#192.0.2.1, 2001:db8::1', 'tls://dns.example:853#192.0.2.1,2001:db8::1'],
    ['https://dns.example/dns-query{?dns}#192.0.2.1', 'https://dns.example/dns-query#192.0.2.1'],
  ])('upstream %s', (text, url) => {
    expect(accepted(flags({ upstream: [text] })).upstream).toEqual([url])
  })

  it('in a variable a comma ends an upstream, but not between the addresses of its host', () => {
    const BITDOH_UPSTREAM =
      'tls://a.example#192.0.2.1, 2001:db8::1 ,tcp://b.example,https://c.example/#192.0.2.3'
    expect(accepted({ flags: demo, variables: { BITDOH_UPSTREAM } }).upstream).toEqual([
      'tls://a.example:853#192.0.2.1,2001:db8::1',
      'tcp://b.example:53',
      'https://c.example/#192.0.2.3',
    ])
  })

  it('a DoH URI template is taken for its URL (RFC 8484 §4.1.1)', () => {
    const upstream = ['https://dns.example/dns-query{?dns}']
    expect(accepted(flags({ upstream })).upstream).toEqual(['https://dns.example/dns-query'])
  })

  it('cache-entries 0 is a value', () => {
    expect(accepted(flags({ 'cache-entries': ['0'] })).cacheEntries).toBe(0)
  })

  it('core-url keeps user and password', () => {
    const given = ['http://user:pass@127.0.0.1:8336']
    expect(accepted(flags({ 'core-url': given })).coreUrl).toBe('http://user:pass@127.0.0.1:8336/')
  })
})

describe('other gateways', () => {
  const [A, B] = ['https://a.example/dns-query', 'https://b.example/dns-query']
  const given = (more: Record<string, string[]> = {}) => ({ flags: { gateway: [A, B], ...more } })
  const line = (more: Record<string, string[]>) => refused(given(more)).line

  it('are a backend, where some are given', () => {
    expect(accepted(given())).toMatchObject({ backend: ['doh'], gateway: [A, B], agree: 1, verify: 'off' })
    expect(accepted(given({ agree: ['2'], backend: ['doh'] }))).toMatchObject({ agree: 2 })
    expect(refused({ flags: { backend: ['doh'] } }).line).toContain('needs --gateway')
  })

  it('are asked over HTTPS, and may have their addresses with them', () => {
    const url = 'https://a.example/dns-query#192.0.2.1,2001:db8::1'
    expect(accepted({ flags: { gateway: [url] } }).gateway).toEqual([url])
    expect(line({ gateway: ['udp://192.0.2.1'] })).toContain('takes an https:// URL')
    expect(line({ gateway: ['https://user:pw@a.example/'] })).toContain('takes an https:// URL')
  })

  it('are as many hosts as must say the same', () => {
    expect(line({ agree: ['3'] })).toBe('--agree: given 3, which needs as many --gateway')
    expect(line({ gateway: [A, `${A}/other`] })).toBe('--gateway: given "a.example" twice')
    expect(line({ agree: ['0'] })).toContain('a whole number from 1 to 16')
  })

  it('stand alone unless they prove what they say', () => {
    expect(line(demo)).toContain('without --verify on, doh goes with no other backend')
    expect(accepted(given({ ...demo, verify: ['on'] })).backend).toEqual(['names', 'doh'])
  })

  it('with verify take the servers of electrum for headers, not for names', () => {
    const electrum = ['tcp://one.example:50001']
    expect(accepted(given({ electrum, verify: ['on'] })).backend).toEqual(['doh'])
    expect(line({ network: ['regtest'], verify: ['on'] })).toContain('set --electrum')
    expect(line({ gateway: [`${A}#192.0.2.1`], verify: ['on'] })).toContain('goes with --verify off only')
  })
})
