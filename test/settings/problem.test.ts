import { describe, expect, it } from 'vitest'
import { nearest, redactUrl, shown } from '../../src/settings/problem.ts'

describe('redactUrl', () => {
  it.each([
    ['http://127.0.0.1:8336/', 'http://127.0.0.1:8336/'],
    ['http://user:pass@host:1/path', 'http://***@host:1/path'],
    ['http://user:p@ss@host/', 'http://***@host/'],
    ['http://user:p/ss@host/', 'http://***@host/'],
    ['user:pass@host', '***@host'],
    ['http://user:pass', 'http://***'],
  ])('%s becomes %s', (given, safe) => {
    expect(redactUrl(given)).toBe(safe)
  })
})

describe('shown', () => {
  it('keeps control characters out of the terminal', () => {
    expect(shown('a\u001b[2J\n')).toBe('"a\\u001b[2J\\n"')
  })
})

describe('nearest', () => {
  it.each([
    ['upstrem', 'upstream'],
    ['cacheentries', 'cache-entries'],
    ['xyz', undefined],
  ])('%s is like %s', (given, like) => {
    expect(nearest(given, ['upstream', 'cache-entries', 'tls-cert'])).toBe(like)
  })
})
