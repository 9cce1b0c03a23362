import { describe, expect, test } from 'vitest'
import { failed } from '../../src/upstream/transport.ts'
import { namesWorld } from './world.ts'

let asked = 0
const transport = {
  exchange: () => {
    asked++
    return Promise.resolve(failed('protocol', 'asked'))
  },
}
const { ask } = namesWorld({}, { transport })

describe('names that must not leave', () => {
  test.each([
    'foo.invalid',
    'foo.test',
    'printer.local',
    'expyuzz4wqqyqhjn.onion',
    'foo.alt',
    'router.internal',
    'nas.home.arpa',
    'x.service.arpa',
    '_dns.resolver.arpa',
    'use-application-dns.net',
    '1.0.0.10.in-addr.arpa',
    '1.2.31.172.in-addr.arpa',
    '1.1.168.192.in-addr.arpa',
    '1.1.127.100.in-addr.arpa',
    '1.0.0.127.in-addr.arpa',
    '254.169.254.169.in-addr.arpa',
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa',
    'FOO.LOCAL',
  ])('%s: NXDOMAIN with a SOA, and nobody is asked', async (name) => {
    const read = await ask(name, 'A')
    expect(read).toMatchObject({ rcode: 'NXDOMAIN', flags: ['AA'], answer: [] })
    expect(read.authority).toEqual([expect.stringMatching(/ 3600 SOA /)])
    expect(asked).toBe(0)
  })

  test.each(['localhost', 'LOCALHOST', 'foo.localhost'])('RFC 6761 §6.3: %s is loopback', async (name) => {
    expect((await ask(name, 'A')).answer).toEqual([expect.stringMatching(/ A 127\.0\.0\.1$/)])
    expect((await ask(name, 'AAAA')).answer).toEqual([expect.stringMatching(/ AAAA ::1$/)])
    expect(await ask(name, 'MX')).toMatchObject({
      rcode: 'NOERROR',
      answer: [],
      authority: [expect.stringMatching(/SOA/)],
    })
  })

  test('RFC 6303 §3: an empty zone has SOA and NS at its apex', async () => {
    expect((await ask('home.arpa', 'SOA')).answer).toEqual([
      expect.stringMatching(/SOA home\.arpa\. nobody\.invalid\./),
    ])
    expect((await ask('home.arpa', 'NS')).answer).toEqual(['home.arpa. 3600 NS home.arpa.'])
    expect(await ask('home.arpa', 'A')).toMatchObject({ rcode: 'NOERROR', answer: [] })
  })

  test('others do leave', async () => {
    for (const name of [
      'example',
      'example.com',
      'mylocal',
      '1.0.0.11.in-addr.arpa',
      '1.2.32.172.in-addr.arpa',
      '1.1.128.100.in-addr.arpa',
      'arpa',
      'net',
    ])
      await ask(name, 'A')
    expect(asked).toBe(8)
  })
})

describe('without an upstream', () => {
  test('names outside .bit are REFUSED, and the error says why', async () => {
    const { ask: askAlone } = namesWorld({ 'd/a': { ip: '192.0.2.1' } }, { upstream: [] })
    expect(await askAlone('example.com')).toMatchObject({ rcode: 'REFUSED', errors: [{ code: 18 }] })
    expect((await askAlone('a.bit')).rcode).toBe('NOERROR')
    expect((await askAlone('foo.local')).rcode).toBe('NXDOMAIN')
  })
})
