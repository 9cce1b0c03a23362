import { describe, expect, test } from 'vitest'
import { isAuthenticated, readUpstream } from '../../src/upstream/address.ts'

describe('the address of an upstream', () => {
  test.each([
    ['https://dns.example/dns-query', { scheme: 'https', host: 'dns.example', port: 443, bootstrap: [] }],
    ['https://dns.example:8443/', { scheme: 'https', port: 8443 }],
    ['tls://dns.example:853', { scheme: 'tls', host: 'dns.example', port: 853 }],
    ['tcp://192.0.2.1:53', { scheme: 'tcp', host: '192.0.2.1', port: 53 }],
    ['udp://[2001:db8::1]:5353', { scheme: 'udp', host: '2001:db8::1', port: 5353 }],
  ])('%s', (text, expected) => {
    expect(readUpstream(text)).toMatchObject({ ...expected, url: text })
  })
  test('has its bootstrap addresses apart from what is asked and logged', () => {
    expect(readUpstream('https://dns.example/q?a=b#192.0.2.1,2001:db8::1')).toEqual({
      scheme: 'https',
      host: 'dns.example',
      port: 443,
      url: 'https://dns.example/q?a=b',
      bootstrap: ['192.0.2.1', '2001:db8::1'],
    })
  })
  test.each(['ftp://dns.example', 'dns.example'])('%s is none', (text) => {
    expect(() => readUpstream(text)).toThrow(TypeError)
  })
  test('says whether answers can be believed: by certificate, wherever it is', () => {
    const believed = ['https://h/', 'tls://127.0.0.1:853', 'tcp://127.0.0.1:53', 'udp://127.0.0.1:53'].map(
      (text) => isAuthenticated(readUpstream(text)),
    )
    expect(believed).toEqual([true, true, false, false])
  })
})
