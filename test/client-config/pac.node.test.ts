import { createContext, runInContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { pacScript, readProxy } from '../../src/client-config/pac.ts'

/** Asks the script as a browser does. */
function proxyFor(script: string, host: string): string {
  const context = createContext({})
  runInContext(script, context)
  return runInContext(
    `FindProxyForURL(${JSON.stringify(`http://${host}/`)}, ${JSON.stringify(host)})`,
    context,
  )
}

describe('a PAC file', () => {
  const { text } = pacScript(['one.example:3128', '[2001:db8::1]:8080'])
  const proxies = 'PROXY one.example:3128; PROXY [2001:db8::1]:8080'
  test.each([
    ['example.bit', proxies],
    ['www.example.bit', proxies],
    ['EXAMPLE.BIT', proxies],
    ['example.bit.', proxies],
    ['bit', proxies],
    ['example.com', 'DIRECT'],
    ['bit.example.com', 'DIRECT'],
    ['examplebit', 'DIRECT'],
    ['rabbit', 'DIRECT'],
    ['example.bit.com', 'DIRECT'],
    ['example.bit:80', 'DIRECT'],
    ['192.0.2.1', 'DIRECT'],
    ['localhost', 'DIRECT'],
    ['', 'DIRECT'],
  ])('%s goes to %s', (host, expected) => {
    expect(proxyFor(text, host)).toBe(expected)
  })
})

test.each([
  'one.example',
  'one.example:0',
  'one.example:65536',
  'http://one.example:80',
  'one.example:80; DIRECT',
  'one"+alert()+":80',
  'one.example:80\n',
  '[::1:80',
  ':80',
  '',
])('%j is no proxy', (text) => {
  expect(readProxy(text)).toBeUndefined()
})
