import { describe, expect, test } from 'vitest'
import { onlyTheFirst, readGateway } from '../../src/client-config/gateway.ts'
import { gateways, TWO } from './gateways.ts'

describe('a gateway as people write it', () => {
  test('is read into its normal form', () => {
    expect(TWO).toEqual([
      { url: 'https://one.example/dns-query', addresses: ['192.0.2.1', '2001:db8::1'] },
      { url: 'https://two.example:8443/dns-query', addresses: [] },
    ])
    expect(gateways('HTTPS://ONE.example:443/')[0].url).toBe('https://one.example/')
    expect(gateways('https://[2001:DB8::1]:8443/dns-query')[0].url).toBe(
      'https://[2001:db8::1]:8443/dns-query',
    )
  })

  test.each([
    'http://one.example/dns-query',
    'https://one.example/dns-query?key=1',
    'https://user:password@one.example/dns-query',
    'https://one.example/dns query',
    ' https://one.example/dns-query',
    'https://one.example/dns-query\n',
    'https://one.exa\nmple/dns-query',
    'https://one.example/"onload="x',
    "https://one.example/'",
    "https://one.example'/dns-query",
    'https://one.example;script-src/dns-query',
    'https://$(id).example/dns-query',
    'https://one.example/`id`',
    'https://one.example/<b>',
    'https://one.example/&amp;',
    'https://one.example/\\',
    'https://one.example/{dns}',
    'https://one.example:99999/',
    'https://[1::2::3]/',
    `https://one.example/${'a'.repeat(255)}`,
    'https:one.example/dns-query',
    'https:///dns-query',
    '',
    'https://one.example/#',
    'https://one.example/#192.0.2.256',
    'https://one.example/#192.0.2.1#192.0.2.2',
    'https://one.example/#192.0.2.1,',
  ])('%j is refused', (text) => {
    expect(readGateway(text)).toBeUndefined()
  })
})

test('who has several gateways is told when a client takes one', () => {
  expect(onlyTheFirst('Firefox', [TWO[0]])).toEqual([])
  expect(onlyTheFirst('Firefox', TWO)).toEqual([
    expect.stringContaining('Firefox takes one URL: only https://one.example/dns-query is in here.'),
  ])
})
