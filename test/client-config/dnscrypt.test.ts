import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import { dnscryptSection } from '../../src/client-config/dnscrypt.ts'
import { dnsStamp } from '../../src/client-config/stamp.ts'
import { gateways, TWO } from './gateways.ts'

/** A DoH stamp taken apart, as draft-denis-dns-stamps has it. */
function readStamp(stamp: string) {
  const [, text] = /^sdns:\/\/([A-Za-z0-9_-]+)$/.exec(stamp) ?? []
  const octets = Buffer.from(text!, 'base64url')
  let at = 9
  const field = () => {
    const length = octets[at]! & 0x7f
    const [more, start] = [(octets[at]! & 0x80) !== 0, at + 1]
    at = start + length
    expect(at).toBeLessThanOrEqual(octets.length)
    return { more, value: octets.subarray(start, at) }
  }
  const address = field().value.toString()
  const hashes: string[] = []
  for (let more = true; more; ) {
    const hash = field()
    more = hash.more
    if (hash.value.length > 0) hashes.push(hash.value.toString('hex'))
  }
  const [host, path] = [field().value.toString(), field().value.toString()]
  expect(at, 'nothing behind it').toBe(octets.length)
  return { protocol: octets[0], properties: octets.readBigUInt64LE(1), address, hashes, host, path }
}

describe('DNS stamps', () => {
  test('the reader of this test reads stamps of other programs', () => {
    expect(readStamp('sdns://AgcAAAAAAAAABzEuMC4wLjEAEmRucy5jbG91ZGZsYXJlLmNvbQovZG5zLXF1ZXJ5')).toEqual({
      protocol: 2,
      properties: 7n,
      address: '1.0.0.1',
      hashes: [],
      host: 'dns.cloudflare.com',
      path: '/dns-query',
    })
    // Of go-dnsstamps' own tests: one with a hash, one with a port.
    expect(
      readStamp(
        'sdns://AgcAAAAAAAAACTEyNy4wLjAuMSDDhGvyS56TymQnTA7GfB7MXgJP_KzS10AZNQ6B_lRq5AtleGFtcGxlLmNvbQovZG5zLXF1ZXJ5',
      ),
    ).toMatchObject({ hashes: [expect.stringMatching(/^c3846bf2/)], host: 'example.com' })
    expect(readStamp(QUAD9)).toMatchObject({
      properties: 6n,
      address: '9.9.9.10',
      host: 'dns9.quad9.net:443',
    })
  })

  test('ours say where the gateway is and that it neither logs nor filters', () => {
    expect(TWO.map(dnsStamp).map(readStamp)).toEqual([
      { ...COMMON, address: '192.0.2.1', host: 'one.example' },
      { ...COMMON, address: '', host: 'two.example:8443' },
    ])
    const [first] = gateways('https://one.example/dns-query#2001:db8::1')
    expect(readStamp(dnsStamp(first)).address).toBe('[2001:db8::1]')
  })

  test('ours are the same, octet for octet, as another program makes', () => {
    const [first] = gateways('https://dns9.quad9.net/dns-query#9.9.9.10')
    expect(dnsStamp({ ...first, url: first.url })).toBe(withoutPort(QUAD9))
  })
})

const QUAD9 = 'sdns://AgYAAAAAAAAACDkuOS45LjEwABJkbnM5LnF1YWQ5Lm5ldDo0NDMKL2Rucy1xdWVyeQ'

/** The URL parser drops `:443`, which that stamp has. */
function withoutPort(stamp: string): string {
  const octets = Buffer.from(stamp.slice('sdns://'.length), 'base64url').toString('latin1')
  const shorter = octets.replace('\x12dns9.quad9.net:443', '\x0edns9.quad9.net')
  return `sdns://${Buffer.from(shorter, 'latin1').toString('base64url')}`
}

const COMMON = { protocol: 2, properties: 6n, hashes: [], path: '/dns-query' }

test('the section for dnscrypt-proxy is TOML that names every gateway', () => {
  const section = parse(dnscryptSection(TWO).text)
  expect(section).toEqual({
    server_names: ['bitdoh-1', 'bitdoh-2'],
    lb_strategy: 'p2',
    static: { 'bitdoh-1': { stamp: dnsStamp(TWO[0]) }, 'bitdoh-2': { stamp: dnsStamp(TWO[1]!) } },
  })
})
