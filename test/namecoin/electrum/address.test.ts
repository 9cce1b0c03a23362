import { describe, expect, test } from 'vitest'
import {
  authority,
  domainOf,
  formatAddress,
  parseAddress,
  type ServerAddress,
} from '../../../src/namecoin/electrum/address.ts'
import { knownServers, operatorOf } from '../../../src/namecoin/electrum/servers.ts'

const PIN = 'ab'.repeat(32)

describe('addresses', () => {
  test.each<[string, ServerAddress]>([
    ['tcp://host.example:50001', { transport: 'tcp', host: 'host.example', port: 50_001, path: '/' }],
    ['TLS://Host.Example:50002', { transport: 'tls', host: 'host.example', port: 50_002, path: '/' }],
    ['ws://127.0.0.1:50003', { transport: 'ws', host: '127.0.0.1', port: 50_003, path: '/' }],
    ['wss://host:443/electrumx', { transport: 'wss', host: 'host', port: 443, path: '/electrumx' }],
    ['tcp://[2001:db8::1]:1', { transport: 'tcp', host: '2001:db8::1', port: 1, path: '/' }],
    [`tls://host:50002#sha256=${PIN}`, { transport: 'tls', host: 'host', port: 50_002, path: '/', pin: PIN }],
    [
      `wss://host:50004/x#sha256=${PIN}`,
      { transport: 'wss', host: 'host', port: 50_004, path: '/x', pin: PIN },
    ],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address)
    expect(parseAddress(formatAddress(address))).toEqual(address)
  })

  test('a fingerprint as openssl prints it', () => {
    const colons = PIN.toUpperCase().replace(/..(?=.)/g, '$&:')
    expect(parseAddress(`tls://host:1#sha256=${colons}`)?.pin).toBe(PIN)
  })

  test.each([
    '',
    'host:50001',
    'https://host:443',
    'tcp://host',
    'tcp://host:0',
    'tcp://host:65536',
    'tcp://host:x',
    'tcp://:50001',
    'tcp://user@host:50001',
    'tcp://ho st:50001',
    'tcp://2001:db8::1:50001',
    'tcp://host:50001/path',
    'wss://host:50004/pa th',
    `tcp://host:50001#sha256=${PIN}`,
    `ws://host:50003#sha256=${PIN}`,
    'tls://host:50002#sha256=abcd',
    `tls://host:50002#sha512=${PIN}`,
    `tls://host:50002#sha256=${PIN}\n`,
  ])('no address: %j', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  test('authority of an IPv6 address has brackets', () => {
    expect(authority('::1', 1)).toBe('[::1]:1')
    expect(authority('host', 1)).toBe('host:1')
  })
})

describe('operators', () => {
  const operator = (text: string) => operatorOf(parseAddress(text)!)

  test('one domain is one operator, whatever its hosts', () => {
    expect(operator('tcp://a.example.com:1')).toBe(operator('wss://b.example.com:2'))
    expect(operator('tcp://a.example.com:1')).not.toBe(operator('tcp://a.example.org:1'))
  })

  test('IP addresses are operators of their own', () => {
    expect(domainOf(parseAddress('tcp://10.0.0.1:1')!)).toBe('10.0.0.1')
    expect(operator('tcp://10.0.0.1:1')).not.toBe(operator('tcp://11.0.0.1:1'))
    expect(operator('tcp://[::1]:1')).toBe('::1')
  })

  test('two boxes of one person are one operator', () => {
    expect(operator('wss://23.158.233.10:50004')).toBe(operator('ws://electrumx.testls.space:50003'))
  })

  test('another host of a known domain', () => {
    expect(operator('tls://other.testls.space:1')).toBe('mstrofnone')
  })

  test.each([
    ['node', 3],
    ['workers', 2],
  ] as const)('the list for %s has at least %i operators and one address a host', (runtime, count) => {
    const servers = knownServers(runtime)
    expect(new Set(servers.map(({ operator }) => operator)).size).toBeGreaterThanOrEqual(count)
    expect(new Set(servers.map(({ address }) => address.host)).size).toBe(servers.length)
    for (const { address, operator: name } of servers) expect(operatorOf(address)).toBe(name)
  })

  test('Workers are given no address whose certificate they cannot check', () => {
    for (const { address } of knownServers('workers')) expect(address.pin).toBeUndefined()
  })
})
