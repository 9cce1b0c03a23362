import { describe, expect, test } from 'vitest'
import { namesWorld } from './world.ts'

const PUBLIC = 'https://doh.example:8443/dns-query'
const SERVICE = 'SVCB 1 doh.example. alpn=h2 port=8443 dohpath=/dns-query{?dns}'

const named = (publicUrl?: string) => namesWorld({}, publicUrl === undefined ? {} : { publicUrl }).ask

describe('RFC 9462: clients that look for a better way to reach us', () => {
  test.each(['_dns.resolver.arpa', '_DNS.Resolver.ARPA', '_dns.doh.example'])(
    'find it at %s',
    async (name) => {
      expect(await named(PUBLIC)(name, 'SVCB')).toEqual({
        rcode: 'NOERROR',
        flags: ['AA'],
        answer: [`${name}. 3600 ${SERVICE}`],
        authority: [],
        errors: [],
      })
    },
  )
  test('over the usual port', async () => {
    expect((await named('https://doh.example/dns-query')('_dns.resolver.arpa', 'SVCB')).answer).toEqual([
      '_dns.resolver.arpa. 3600 SVCB 1 doh.example. alpn=h2 port=443 dohpath=/dns-query{?dns}',
    ])
  })
  test('the name has no other types, and others under resolver.arpa do not exist', async () => {
    const ask = named(PUBLIC)
    expect(await ask('_dns.resolver.arpa', 'A')).toMatchObject({
      rcode: 'NOERROR',
      answer: [],
      authority: [expect.stringMatching(/^resolver\.arpa\. 3600 SOA /)],
    })
    expect((await ask('x.resolver.arpa', 'SVCB')).rcode).toBe('NXDOMAIN')
    expect((await ask('resolver.arpa', 'SVCB')).rcode).toBe('NOERROR')
  })
  test('without public-url the name does not exist: whoever is told of another resolver leaves us', async () => {
    expect(await named()('_dns.resolver.arpa', 'SVCB')).toMatchObject({
      rcode: 'NXDOMAIN',
      answer: [],
      errors: [{ code: 29 }],
    })
  })
})

describe('RFC 9606: what we are', () => {
  test.each(['resolver.arpa', 'doh.example'])('at %s', async (name) => {
    const [line, ...more] = (await named(PUBLIC)(name, 'RESINFO')).answer
    expect(more).toEqual([])
    expect(line).toMatch(
      new RegExp(`^${name}\\. 3600 RESINFO "exterr=[0-9,-]+" "infourl=https://doh\\.example:8443/"$`),
    )
    const listed = /exterr=([0-9,-]+)/
      .exec(line!)![1]!
      .split(',')
      .flatMap((range) => {
        const [first, last = first] = range.split('-').map(Number)
        return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index)
      })
    for (const code of [0, 3, 17, 18, 19, 21, 22, 23, 24, 26, 29, 30]) expect(listed).toContain(code)
    expect(listed).not.toContain(4)
  })
})
