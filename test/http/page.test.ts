import { describe, expect, test } from 'vitest'
import { chromePolicy } from '../../src/client-config/chrome.ts'
import type { NameSource } from '../../src/namecoin/source.ts'
import { version } from '../../src/version.ts'
import { gateways } from '../client-config/gateways.ts'
import { type DohResponse, header } from './client.ts'
import { givenNames, openGateway, recordedCore, type TestGatewayOptions } from './gateway.ts'

const OWN = 'https://gateway.example/dns-query'
const SIBLINGS = ['https://two.example/dns-query', 'https://three.example:8443/dns-query']

/** A browser, as far as one is needed: what it sends and what it gets. */
function browse(options: TestGatewayOptions = {}) {
  const { app } = openGateway(options)
  return async (path: string, init?: RequestInit, origin = 'https://gateway.example') => {
    const response = await app.fetch(new Request(`${origin}${path}`, init))
    return { status: response.status, headers: [...response.headers], text: await response.text() }
  }
}

const headerOf = (response: { readonly headers: DohResponse['headers'] }, name: string) =>
  header({ ...response, status: 200, body: new Uint8Array() }, name)

const lookup = (name: string, type = 'A'): string => `/?${new URLSearchParams({ name, type })}`

/** The text of an element, its entities read. */
function textOf(page: string, id: string): string {
  const [, text] = new RegExp(`<pre id="${id}">([^<]*)</pre>`).exec(page) ?? []
  return unescaped(text!)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
}
const unescaped = (html: string): string =>
  html.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity]!)

describe('the page', () => {
  const withSiblings = { settings: { siblings: [...SIBLINGS, OWN] } }

  test('has the settings of every client with this gateway first and its siblings', async () => {
    const { text } = await browse(withSiblings)('/')
    expect(textOf(text, 'url')).toBe(OWN)
    expect(textOf(text, 'chrome-policy')).toBe(chromePolicy(gateways(OWN, ...SIBLINGS)).text)
    expect(JSON.parse(textOf(text, 'firefox-policies')).policies.DNSOverHTTPS.ProviderURL).toBe(OWN)
    expect(textOf(text, 'dnscrypt')).toContain("['bitdoh-1', 'bitdoh-2', 'bitdoh-3']")
    expect(textOf(text, 'curl')).toContain(`--doh-url ${SIBLINGS[1]}`)
    expect(text).toContain('Firefox takes one URL')
    expect(await browse()('/')).not.toMatchObject({ text: expect.stringContaining('Firefox takes one URL') })
  })

  test('says how this gateway is; how the siblings are, the browser asks them', async () => {
    const { text } = await browse({ ...withSiblings, source: recordedCore })('/')
    expect(text).toMatch(
      /<b>gateway\.example<\/b> <span class="mark up">up<\/span><span class="facts">block \d+, mined \d/,
    )
    expect(text).toContain(`version ${version}`)
    expect([...text.matchAll(/data-ready="([^"]*)"/g)].map(([, url]) => url)).toEqual([
      'https://two.example/readyz',
      'https://three.example:8443/readyz',
    ])
  })

  test('says why it is down', async () => {
    const detail = '<b>down</b> & out'
    const down: NameSource = {
      name: 'down',
      lookup: async () => ({ kind: 'unreachable', code: 'network', detail }),
      tip: () => undefined,
      state: async () => ({ kind: 'unready', code: 'network', detail }),
      close: () => {},
    }
    const { text } = await browse({ source: down })(lookup('example.bit'))
    expect(text).toContain('cannot look up .bit names: &lt;b&gt;down&lt;/b&gt; &amp; out')
    expect(text).toContain('example.bit could not be looked up: SERVFAIL.')
    expect(text).not.toContain(detail)
  })

  test('loads nothing but its own files, and connects to its siblings alone', async () => {
    const get = browse(withSiblings)
    const page = await get('/')
    expect(headerOf(page, 'content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; " +
        "connect-src 'self' https://two.example https://three.example:8443; " +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    const loaded = [...page.text.matchAll(/<(?:script|link|img)[^>]* (?:src|href)="([^"]*)"/g)].map(
      ([, path]) => path!,
    )
    expect([...new Set(loaded)].toSorted()).toEqual([
      '/icon.svg',
      `/page.css?${version}`,
      `/page.js?${version}`,
    ])
    const types = await Promise.all(loaded.map(async (path) => headerOf(await get(path), 'content-type')))
    expect(new Set(types)).toEqual(
      new Set(['image/svg+xml', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8']),
    )
    // What the policy would refuse anyway is not there.
    expect(page.text).not.toMatch(/<style|<script(?![^>]*src=)[^>]*>|\son\w+=|\sstyle=|javascript:/i)
  })

  test('is kept by nobody and tells no other site where one came from', async () => {
    for (const path of ['/', lookup('jordia65.bit')]) {
      const response = await browse()(path)
      expect(headerOf(response, 'cache-control')).toBe('no-store')
      expect(headerOf(response, 'referrer-policy')).toBe('no-referrer')
      expect(headerOf(response, 'x-content-type-options')).toBe('nosniff')
      expect(headerOf(response, 'set-cookie')).toBeUndefined()
    }
  })

  test('is small: 40 KB with three gateways, style and script', async () => {
    const get = browse(withSiblings)
    const parts = await Promise.all(['/', '/page.css', '/page.js', '/icon.svg'].map((path) => get(path)))
    expect(parts.reduce((sum, { text }) => sum + new TextEncoder().encode(text).length, 0)).toBeLessThan(
      40_000,
    )
  })

  test('the profile for Apple’s systems is a file of the type that they install', async () => {
    const response = await browse()('/bitdoh.mobileconfig')
    expect(headerOf(response, 'content-type')).toBe('application/x-apple-aspen-config')
    expect(response.text).toContain(`<string>${OWN}</string>`)
    expect((await browse()('/bitdoh.mobileconfig', { method: 'POST' })).status).toBe(405)
  })

  test.each(["a'b", 'a;b', 'a$b', 'a{b}', 'a"b', 'a`b', 'a&b'])(
    'a Host that none has is refused: %s',
    async (host) => {
      const origin = `https://${host}`
      // Some of these the URL parser itself refuses.
      if (!URL.canParse(origin)) return
      for (const path of ['/', '/bitdoh.mobileconfig']) {
        const response = await browse()(path, {}, origin)
        expect([response.status, response.text]).toEqual([400, 'the Host header names no host\n'])
      }
    },
  )

  test('behind a proxy and at another port the address is what the client used, always https', async () => {
    const get = browse()
    expect(textOf((await get('/', {}, 'http://gw.example')).text, 'url')).toBe('https://gw.example/dns-query')
    expect(textOf((await get('/', {}, 'https://[::1]:8443')).text, 'url')).toBe(
      'https://[::1]:8443/dns-query',
    )
  })

  test('public-url is what it says, whatever the Host', async () => {
    const publicUrl = 'https://public.example/ask'
    const get = browse({ settings: { publicUrl, siblings: [publicUrl] } })
    for (const origin of ['https://other.example', 'https://a;b']) {
      const { text } = await get('/', {}, origin)
      expect(textOf(text, 'url')).toBe(publicUrl)
      expect(text).not.toContain('data-ready')
    }
  })
})

describe('a lookup on the page', () => {
  test('shows records, value and what they rest on', async () => {
    const { status, text } = await browse({ source: recordedCore })(lookup('jordia65.bit'))
    expect(status).toBe(200)
    expect(text).toContain('2 records for jordia65.bit')
    for (const address of ['192.0.2.10', '198.51.100.20'])
      expect(text).toContain(`<td class="data">${address}</td>`)
    expect(unescaped(text)).toContain('{"ip":["192.0.2.10","198.51.100.20"]}</pre>')
    for (const term of ['Newest block', 'Last update', 'Expires', 'Transaction', 'Assurance'])
      expect(text).toMatch(new RegExp(`<dt>${term}</dt><dd>[^<]+</dd>`))
    expect(text).toMatch(/block \d+, \d+ confirmations?</)
    expect(text).toContain('href="/proof/jordia65.bit"')
  })

  test('of another type, of nothing, of a name that nobody has', async () => {
    const get = browse()
    expect((await get(lookup('dual.bit', 'aaaa'))).text).toContain('<td class="data">2001:db8::1</td>')
    expect((await get(lookup('dual.bit', 'MX'))).text).toContain('dual.bit exists, but has no MX records.')
    expect((await get(lookup('nobody.bit'))).text).toContain('nobody.bit does not exist.')
  })

  test('of a name outside .bit has no proof', async () => {
    const { text } = await browse()(lookup('three.example'))
    expect(text).toContain('3 records for three.example')
    expect(text).not.toContain('What it rests on')
  })

  test.each([
    ['  jordia65.bit ', 'jordia65.bit'],
    ['http://jordia65.bit/path?query', 'jordia65.bit'],
    ['https://jordia65.bit:8080', 'jordia65.bit'],
    ['d/jordia65', 'jordia65.bit'],
  ])('%j means %s', async (typed, name) => {
    expect((await browse()(lookup(typed))).text).toContain(`2 records for ${name}`)
  })

  test('what is no name or no type is said to be none', async () => {
    const get = browse()
    expect((await get(lookup('a..bit'))).text).toContain('Invalid name')
    expect((await get(lookup('a.bit', 'NONE'))).text).toContain('Invalid type')
    expect((await get('/?name=&type=A')).text).not.toContain('class="result"')
  })

  test('a name of a megabyte costs no more than one', async () => {
    const { status, text } = await browse()(lookup('<'.repeat(1_000_000), '<'.repeat(1_000_000)))
    expect(status).toBe(200)
    expect(text.length).toBeLessThan(50_000)
  })

  const ATTACKS = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'/**/onfocus=alert(1)//",
    '&lt;script&gt;',
    '</pre></title><svg/onload=alert(1)>',
    '{{7*7}}\u202egnp',
  ]

  test.each(ATTACKS)('%j is text, in name and type', async (attack) => {
    const get = browse()
    const plain = tagsIn((await get(lookup('a.bit', 'zzz'))).text)
    expect(tagsIn((await get(lookup(attack, 'zzz'))).text)).toEqual(plain)
    expect(tagsIn((await get(lookup('a.bit', attack))).text)).toEqual(plain)
  })

  test.each(ATTACKS)('%j is text, in values, records and errors', async (attack) => {
    const named = (txt: string) => browse({ source: givenNames({ 'd/a': { txt }, 'd/b': txt }) })
    const [hostile, plain] = [named(attack), named('plain')]
    for (const path of [lookup('a.bit', 'TXT'), lookup('b.bit', 'TXT')])
      expect(tagsIn((await hostile(path)).text)).toEqual(tagsIn((await plain(path)).text))
    expect(unescaped((await hostile(lookup('b.bit'))).text)).toContain(attack)
  })
})

/** The tags of a page with the names of their attributes: no stranger's text may add to them or change them. */
const tagsIn = (page: string): readonly string[] =>
  [...page.matchAll(/<[^>]*>/g)].map(([tag]) => tag.replaceAll(/="[^"]*"/g, ''))
