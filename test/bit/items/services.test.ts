import { describe, expect, test } from 'vitest'
import { ask, example } from '../ask.ts'

const smtp = (srv: unknown, more: object = {}) => ({
  ...more,
  map: { _tcp: { map: { _smtp: { srv } } } },
})

describe('srv (ifa-0001, RFC 2782)', () => {
  const srv = (value: unknown) =>
    example({ map: { _tcp: { map: { _http: { srv: value } } } } }, '_http._tcp.example.bit', 'SRV')
  test('priority, weight, port, target; what follows is ignored', async () =>
    expect(await srv([[10, 20, 80, 'www.@', 'more']])).toEqual(['10 20 80 www.example.bit.']))
  test('a relative target is relative to the object that holds the map', async () =>
    expect(await srv([[10, 20, 80, 'mail']])).toEqual(['10 20 80 mail._tcp.example.bit.']))
  test('the target "." says that there is no such service', async () =>
    expect(await srv([[0, 0, 0, '.']])).toEqual(['0 0 0 .']))
  test('targets with underscores and upper case', async () =>
    expect(await srv([[0, 0, 80, 'A_b.Example.COM.']])).toEqual(['0 0 80 a_b.example.com.']))
  test.each([
    [[65536, 0, 80, 'a.']],
    [[0, -1, 80, 'a.']],
    [[0, 0, 80.5, 'a.']],
    [[0, 0, '80', 'a.']],
    [[0, 0, true, 'a.']],
    [[0, 0, 80, 'a b.']],
    [[0, 0, 80]],
    [[0, 0, 80, null]],
    ['0 0 80 a.'],
    [{}],
    [null],
  ])('entry %j is left out', async (entry) =>
    expect(await srv([entry, [0, 0, 1e2, 'b.']])).toEqual(['0 0 100 b.']),
  )
})

describe('MX from SRV (ifa-0001, MX)', () => {
  test('for port 25 only, two labels up, and the SRV records stay', async () => {
    const value = smtp([
      [10, 0, 25, 'mx1.@'],
      [20, 0, 25, 'mx2.@'],
      [5, 0, 587, 'submit.@'],
    ])
    expect(await example(value, 'example.bit', 'MX')).toEqual(['10 mx1.example.bit.', '20 mx2.example.bit.'])
    expect(await example(value, '_smtp._tcp.example.bit', 'SRV')).toHaveLength(3)
    expect(await example(value, '_tcp.example.bit', 'MX')).toBe('nodata')
    expect(await example(value, '_smtp._tcp.example.bit', 'MX')).toBe('nodata')
  })
  test('the owner is the name asked, the target is relative as in the SRV', async () => {
    const { answer } = await ask(
      { 'd/example': { map: { sub: smtp([[10, 0, 25, 'mail']]) } } },
      'sub.example.bit',
      'MX',
    )
    expect(answer).toMatchObject({ kind: 'answer', records: [{ name: ['sub', 'example', 'bit'] }] })
    expect(await example({ map: { sub: smtp([[10, 0, 25, 'mail']]) } }, 'sub.example.bit', 'MX')).toEqual([
      '10 mail._tcp.sub.example.bit.',
    ])
  })
  test('with the legacy item mx, qualified, each record once', async () => {
    const value = smtp([[10, 0, 25, 'mail.@']], {
      mx: [[10, 'mail'], [20, 'Backup.Example.COM.'], ['x', 'y'], [1], 'z', [70000, 'a']],
    })
    expect(await example(value, 'example.bit', 'MX')).toEqual([
      '10 mail.example.bit.',
      '20 backup.example.com.',
    ])
  })
  test('mx alone', async () =>
    expect(await example({ mx: [[0, '.']] }, 'example.bit', 'MX')).toEqual(['0 .']))
  test('under a wildcard, for the name that matched', async () =>
    expect(await example({ map: { '*': smtp([[10, 0, 25, 'mail']]) } }, 'a.example.bit', 'MX')).toEqual([
      '10 mail._tcp.a.example.bit.',
    ]))
  test('not where the wildcard stands for several labels: no SRV is there either', async () => {
    const value = { map: { '*': smtp([[10, 0, 25, 'mail']]) } }
    expect(await example(value, 'a.b.example.bit', 'MX')).toBe('nodata')
    expect(await example(value, '_smtp._tcp.a.b.example.bit', 'SRV')).toBe('nodata')
  })
  test('suppressed by nameservers, DNAME or alias, here or on the way', async () => {
    const entry = [[10, 0, 25, 'mail.@']]
    const at = (tcp: object, smtpItems: object) => ({
      map: { _tcp: { ...tcp, map: { _smtp: { srv: entry, ...smtpItems } } } },
    })
    expect(await example(smtp(entry, { ns: 'a.' }), 'example.bit', 'MX')).toBe('delegation example.bit.')
    expect(await example(smtp(entry, { translate: 'a.' }), 'example.bit', 'MX')).toBe('nodata')
    expect(await example(smtp(entry, { alias: 'a.' }), 'example.bit', 'MX')).toBe(
      'alias example.bit. CNAME a.',
    )
    expect(await example(at({ ns: 'a.' }, {}), 'example.bit', 'MX')).toBe('nodata')
    expect(await example(at({ translate: 'a.' }, {}), 'example.bit', 'MX')).toBe('nodata')
    expect(await example(at({ alias: 'a.' }, {}), 'example.bit', 'MX')).toEqual(['10 mail.example.bit.'])
    expect(await example(at({}, { ns: 'a.' }), 'example.bit', 'MX')).toBe('nodata')
    expect(await example(at({}, { translate: 'a.' }), 'example.bit', 'MX')).toBe('nodata')
    expect(await example(at({}, { alias: 'a.' }), 'example.bit', 'MX')).toBe('nodata')
    expect(await example(at({}, { alias: ['a.'] }), 'example.bit', 'MX')).toEqual(['10 mail.example.bit.'])
  })
})

describe('service, of the 2.0 specification', () => {
  const service = [
    ['smtp', 'tcp', 10, 0, 25, 'mail'],
    ['HTTP', 'tcp', 0, 0, 80, 'www.example.com.'],
    ['http', 'tcp', 1, 0, 80, '@'],
    ['bad'],
    null,
    ['x y', 'tcp', 0, 0, 1, 'a'],
    ['irc', 'tcp', 0, 0, 70000, 'a'],
  ]
  test('SRV below, relative as the object it stands in, and MX', async () => {
    expect(await example({ service }, '_smtp._tcp.example.bit', 'SRV')).toEqual(['10 0 25 mail.example.bit.'])
    expect(await example({ service }, '_http._tcp.example.bit', 'SRV')).toEqual([
      '0 0 80 www.example.com.',
      '1 0 80 example.bit.',
    ])
    expect(await example({ service }, 'example.bit', 'MX')).toEqual(['10 mail.example.bit.'])
    expect(await example({ map: { a: { service } } }, '_smtp._tcp.a.example.bit', 'SRV')).toEqual([
      '10 0 25 mail.example.bit.',
    ])
  })
  test('bad entries make no names', async () => {
    expect(await example({ service }, '_irc._tcp.example.bit', 'SRV')).toBe('nxdomain')
    expect(await example({ service: 'x' }, '_tcp.example.bit', 'SRV')).toBe('nxdomain')
    expect(await example({ service: [1] }, '_tcp.example.bit', 'SRV')).toBe('nxdomain')
  })
  test('an srv there takes precedence, null too', async () => {
    const below = (srv: unknown) => ({ service, map: { _tcp: { map: { _smtp: { srv } } } } })
    expect(await example(below([[1, 1, 1, 'a.']]), '_smtp._tcp.example.bit', 'SRV')).toEqual(['1 1 1 a.'])
    expect(await example(below(null), '_smtp._tcp.example.bit', 'SRV')).toBe('nodata')
    expect(await example(below(null), '_http._tcp.example.bit', 'SRV')).toHaveLength(2)
  })
  test('none beside an alias, a DNAME or nameservers', async () => {
    expect(await example({ service, alias: 'a.' }, '_smtp._tcp.example.bit', 'SRV')).toBe('nxdomain')
    expect(await example({ service, ns: 'a.' }, '_smtp._tcp.example.bit', 'SRV')).toBe(
      'delegation example.bit.',
    )
  })
})
