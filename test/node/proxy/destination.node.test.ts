import { describe, expect, it } from 'vitest'
import {
  type Destination,
  denied,
  type Others,
  readAuthority,
  readTarget,
} from '../../../src/node/proxy/destination.ts'

const name = (...labels: string[]) => ({ kind: 'name', name: labels })

describe('what an absolute URI leads to', () => {
  it.each([
    ['http://example.bit/', name('example', 'bit'), 80, '/', 'example.bit'],
    ['HTTP://Example.BIT:8080/a/../b?c=%64#', undefined, 0, '', ''],
    [
      'HTTP://Example.BIT:8080/a/../b?c=%64',
      name('Example', 'BIT'),
      8080,
      '/a/../b?c=%64',
      'Example.BIT:8080',
    ],
    ['http://example.bit?q', name('example', 'bit'), 80, '/?q', 'example.bit'],
    ['http://example.bit', name('example', 'bit'), 80, '/', 'example.bit'],
    ['http://example.bit./', name('example', 'bit'), 80, '/', 'example.bit.'],
    ['http://192.0.2.1/', { kind: 'address', octets: Uint8Array.of(192, 0, 2, 1) }, 80, '/', '192.0.2.1'],
    ['http://[::1]:81/', expect.objectContaining({ kind: 'address' }), 81, '/', '[::1]:81'],
  ])('%s', (text, host, port, path, authority) => {
    const read = readTarget(text, 'GET')
    if (host === undefined) expect(read).toMatchObject({ kind: 'refusal', status: 400 })
    else
      expect(read).toEqual({
        kind: 'target',
        destination: { kind: 'destination', host, port, authority },
        path,
      })
  })

  it('OPTIONS of a server as a whole', () => {
    expect(readTarget('http://example.bit', 'OPTIONS')).toMatchObject({ path: '*' })
    expect(readTarget('http://example.bit/', 'OPTIONS')).toMatchObject({ path: '/' })
  })

  it.each([
    'https://example.bit/',
    'ftp://example.bit/',
    'http:example.bit/',
    'http:///',
    'http://user@example.bit/',
    'http://user:password@example.bit/',
    'http://example.bit@evil.example/',
    'http://example.bit:0/',
    'http://example.bit:65536/',
    'http://example.bit:/',
    'http://example.bit:80:80/',
    'http://example..bit/',
    'http://.bit/',
    'http://exa%6Dple.bit/',
    'http://example.bit\\@evil.example/',
    'http://b\u00fccher.bit/',
    'http://[::1/',
    'http://[::1%25eth0]/',
    'http://[example.bit]/',
    `http://${'a'.repeat(64)}.bit/`,
    'example.bit:80',
  ])('%s: nothing', (text) => {
    expect(readTarget(text, 'GET')).toMatchObject({
      kind: 'refusal',
      code: 'http_request_error',
      status: 400,
    })
  })
})

describe('what CONNECT leads to', () => {
  it('a host and a port', () => {
    const destination = {
      kind: 'destination',
      host: name('example', 'bit'),
      port: 443,
      authority: 'example.bit:443',
    }
    expect(readAuthority('example.bit:443')).toEqual(destination)
  })

  it.each(['example.bit', 'example.bit:', ':443', '', 'http://example.bit:443', 'a@example.bit:443', '/'])(
    '%j: nothing',
    (text) => expect(readAuthority(text)).toMatchObject({ kind: 'refusal', status: 400 }),
  )
})

describe('where the proxy goes', () => {
  const verdict = (authority: string, others: Others) =>
    denied(readAuthority(authority) as Destination, others)?.status ?? 'goes'

  it.each([
    ['example.bit:80', 'goes', 'goes'],
    ['www.example.BIT:443', 'goes', 'goes'],
    ['example.bit:1024', 'goes', 'goes'],
    ['example.bit:65535', 'goes', 'goes'],
    ['example.bit:25', 403, 403],
    ['example.bit:22', 403, 403],
    ['example.bit:587', 403, 403],
    ['example.bit:1023', 403, 403],
    ['example.example:443', 403, 'goes'],
    ['example.example:25', 403, 403],
    ['example.bit.example:443', 403, 'goes'],
    ['examplebit:443', 403, 'goes'],
    ['bit:443', 403, 'goes'],
    ['localhost:8080', 403, 'goes'],
    ['192.0.2.1:443', 403, 'goes'],
    ['[2001:db8::1]:443', 403, 'goes'],
  ])('%s', (authority, off, on) => {
    expect([verdict(authority, 'off'), verdict(authority, 'on')]).toEqual([off, on])
  })
})
