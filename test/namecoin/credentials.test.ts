import { expect, test } from 'vitest'
import { cookieCredentials, urlCredentials } from '../../src/namecoin/credentials.ts'

async function sent(url: string): Promise<string | undefined> {
  const value = await urlCredentials(new URL(url)).current()
  if (value === undefined) return undefined
  const octets = Uint8Array.from(atob(value.replace('Basic ', '')), (character) => character.charCodeAt(0))
  return new TextDecoder().decode(octets)
}

test('user and password of the URL, percent-decoded', async () => {
  expect(await sent('http://user:p%40ss%3Aw%2Ford@node/')).toBe('user:p@ss:w/ord')
  expect(await sent('http://user:gr%C3%BC%C3%9Fe@node/')).toBe('user:grüße')
  expect(await sent('http://user@node/')).toBe('user:')
})

test('a percent sign that begins no escape is meant literally', async () => {
  expect(await sent('http://user:100%@node/')).toBe('user:100%')
})

test('a URL without credentials sends none', async () => {
  expect(await sent('http://node/')).toBeUndefined()
})

test('a password is not tried twice', async () => {
  const credentials = urlCredentials(new URL('http://user:password@node/'))
  expect(await credentials.insteadOf(await credentials.current())).toBeUndefined()
})

test('the cookie is read once, and again when it is refused', async () => {
  const cookies = ['__cookie__:one\n', '__cookie__:two\n']
  let reads = 0
  const credentials = cookieCredentials(async () => cookies[reads++] ?? '__cookie__:two')
  const first = await credentials.current()
  expect(first).toBe(`Basic ${btoa('__cookie__:one')}`)
  expect(await credentials.current()).toBe(first)
  expect(reads).toBe(1)
  const second = await credentials.insteadOf(first)
  expect(second).toBe(`Basic ${btoa('__cookie__:two')}`)
  expect(await credentials.current()).toBe(second)
  expect(await credentials.insteadOf(second)).toBeUndefined()
})
