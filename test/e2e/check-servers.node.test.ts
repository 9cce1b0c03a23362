import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { CheckNames } from '../../src/check/clause.ts'
import { CLAUSES, check } from '../../src/check/suite.ts'
import { openServer } from '../../src/node/check-server.ts'
import { NAMES, subjectOf } from '../check/subject.ts'
import { name } from '../dns/messages.ts'
import { has, testCa } from '../node/tools.ts'
import { type DnsServer, startBind, startDnsdist, startOldServer, startUnbound } from './dns-servers.ts'

/**
 * The clauses against DoH servers of others, to prove that they find what these really do. Each was looked up with
 * curl, kdig or nghttp, too: BIND 9.18.49, Unbound 1.17.1, dnsdist 1.7.3, as Debian 12 has them.
 */

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const { bit: _none, ...REAL } = NAMES
const NAMES_THERE: CheckNames = { ...REAL, nxdomain: name('fresh.example') }

/** All findings by id: `differs: DELETE: HTTP 501, not 405`. */
async function checked(server: DnsServer, names: CheckNames = NAMES_THERE): Promise<Record<string, string>> {
  const opened = await openServer({ url: server.url, ca: testCa.cert, timeoutMs: 3_000 }, ['2', '1.1'])
  if (opened.kind === 'silence') throw new Error(opened.detail)
  const found: Record<string, string> = {}
  for await (const { clause, finding } of check(subjectOf(opened.server, { names }), CLAUSES))
    found[clause.id] = `${finding.kind}: ${finding.detail}`
  opened.close()
  return found
}

const like = (pattern: RegExp) => expect.stringMatching(pattern)
const holds = like(/^holds/)

/** What each of them does, and no more than they do. */
const COMMON = {
  C1: holds,
  C7: holds,
  C9: holds,
  C18: holds,
  C20: holds,
  C24: holds,
  C27: holds,
  N1: holds,
  G3: holds,
  U1: holds,
}

describe.skipIf(!has('named'))(`BIND${has('named') ? '' : ' (package bind9 is missing)'}`, () => {
  let found: Record<string, string>
  beforeAll(async () => {
    found = await checked(await startBind())
  })

  it('does what every DoH server does', () => expect(found).toMatchObject(COMMON))

  it('is the one that keeps RFC 8484 §5.1', () => {
    expect(found).toMatchObject({ C12: holds, C13: holds, C14: holds, C15: holds, C16: holds })
  })

  it('speaks HTTP/2 alone', () => {
    expect(found['C21']).toMatch(/^differs: HTTP\/1\.1: no response/)
  })

  it('knows GET and POST alone: 501', () => {
    expect(found).toMatchObject({
      C11: like(/^differs: DELETE: HTTP 501, not 405/),
      C30: like(/^differs: HEAD: HTTP 501.*no Access-Control-Allow-Origin/),
    })
  })

  it('refuses parameters, in a URL and in a media type', () => {
    expect(found).toMatchObject({
      C3: like(/^fails: .*POST \?body_hash=…: HTTP 400/),
      C4: like(/^differs: .*with a parameter: HTTP 415/),
      D1: like(/^differs: POST NS \.: HTTP 400; GET does/),
    })
  })

  it('never answers a body of 65,535 octets', () => {
    expect(found['C5']).toMatch(/^fails: .*65,535 octets: no response/)
  })

  it('does not pad', () => expect(found['C28']).toMatch(/^fails: padding: none came back/))
})

describe.skipIf(!has('unbound'))(`Unbound${has('unbound') ? '' : ' (package unbound is missing)'}`, () => {
  let found: Record<string, string>
  beforeAll(async () => {
    found = await checked(await startUnbound())
  })

  it('does what every DoH server does', () => expect(found).toMatchObject(COMMON))

  it('never says for how long an answer is fresh', () => {
    expect(found).toMatchObject({
      C12: like(/^fails: GET: no freshness/),
      C13: 'not-tested: no freshness is said',
      C14: 'not-tested: no freshness is said',
    })
  })

  it('has dns= first in the query, or nowhere', () => {
    expect(found['C3']).toMatch(
      /^fails: GET \?ct=&dns=…&random_padding=…: HTTP 404; POST \?body_hash=…: HTTP 404/,
    )
  })

  it('reads media types letter for letter', () => {
    expect(found['C4']).toBe('fails: Application/DNS-Message: HTTP 415')
  })

  it('answers 65,536 octets with as many', () => {
    expect(found['C5']).toMatch(/^fails: .*65,536 octets: HTTP 200 with 65536 octets/)
  })

  it('answers HEAD with a body, which ends the stream', () => {
    expect(found).toMatchObject({
      C30: like(/^fails: HEAD: no response: .*protocol.error/i),
      C11: like(/^differs: DELETE: HTTP 501, not 405/),
    })
  })
})

describe.skipIf(!has('dnsdist') || !has('named'))(
  `dnsdist${has('dnsdist') ? '' : ' (package dnsdist is missing)'}${has('named') ? '' : ' (package bind9 is missing)'}`,
  () => {
    let found: Record<string, string>
    beforeAll(async () => {
      found = await checked(await startDnsdist(await startBind()))
    })

    it('does what every DoH server does', () =>
      expect(found).toMatchObject({ ...COMMON, C3: holds, D1: holds }))

    it('looks at no media type and at no method', () => {
      expect(found).toMatchObject({
        C4: like(/^differs: text\/plain: NOERROR, 3 records, not 415/),
        C11: 'differs: DELETE: NOERROR, 3 records, not 405',
      })
    })

    it('answers 65,536 octets with more', () => {
      expect(found['C5']).toMatch(/^fails: .*65,536 octets: HTTP 200 with 65\d{3} octets/)
    })

    it('says what it is', () => expect(found['C26']).toMatch(/^differs: server: h2o\/dnsdist/))

    it('lets caches keep a negative answer for the TTL of its SOA', async () => {
      expect(found['C14']).toMatch(/^holds/)
      const before = await checked(await startDnsdist(await startOldServer()), REAL)
      expect(before['C14']).toMatch(/^fails: NXDOMAIN: fresh for 3600 s, SOA\.MINIMUM 60/)
    })
  },
)
