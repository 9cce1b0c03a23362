import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLAUSES } from '../../src/check/suite.ts'
import { silentLog } from '../../src/log.ts'
import { type CheckRequest, runCheck } from '../../src/node/commands/check.ts'
import { CHECK_FLAGS, readCheck } from '../../src/node/commands/check-arguments.ts'
import { readArguments } from '../../src/settings/arguments.ts'
import { startDohServer } from '../e2e/doh-server.ts'
import { type RunningGateway, runGateway } from '../http/server.ts'
import { testCa } from '../node/tools.ts'
import { answerUpstream } from '../servers/upstream.ts'
import { NAMES } from './subject.ts'

/** `bitdoh check`: its command line, what it prints, its exit codes. */

let running: RunningGateway
beforeAll(async () => {
  running = await runGateway({ security: 'TLS', fastPath: true })
})
afterAll(() => running.close())

const STYLE = { colours: false, width: 80 }

const request = (changes: Partial<CheckRequest> = {}): CheckRequest => ({
  url: new URL(`${running.origin}/dns-query`),
  names: NAMES,
  clauses: CLAUSES.filter(({ id }) => ['C1', 'C14', 'C21', 'B1', 'R1'].includes(id)),
  ...{
    versions: ['2', '1.1'],
    robust: false,
    ca: testCa.cert,
    timeoutMs: 10_000,
    format: 'table',
    style: STYLE,
  },
  ...changes,
})

async function ran(changes: Partial<CheckRequest> = {}) {
  const [printed, complained]: [string[], string[]] = [[], []]
  const terminal = {
    print: (line: string) => printed.push(line),
    complain: (line: string) => complained.push(line),
    log: silentLog,
  }
  const code = await runCheck(request(changes), terminal)
  return { code, text: printed.join('\n'), complained }
}

describe('what it prints and its exit code', () => {
  test('0 and one line a clause, with the reason below what was not tested', async () => {
    expect(await ran()).toEqual({
      code: 0,
      complained: [],
      text: `C1   MUST   holds       GET and POST get the same answer
C14  MUST   holds       no negative answer is fresh for longer than SOA.MINIMUM
C21  SHOULD holds       HTTP/2, and HTTP/1.1 for those who have no other
B1   CLIENT holds       .bit: addresses, NXDOMAIN with an SOA, and an apex
R1   SHOULD not tested  1,000 queries at once are answered or refused
                        only with --robust

4 hold, 0 fail, 0 differ, 1 not tested; every MUST that was tested holds. 9 requests.`,
    })
  })

  test('the same as JSON', async () => {
    const { code, text } = await ran({ format: 'json' })
    expect(code).toBe(0)
    expect(JSON.parse(text)).toMatchObject({
      url: request().url.href,
      conforms: true,
      requests: 9,
      counts: { holds: 4, fails: 0, differs: 0, notTested: 1 },
      clauses: [
        { id: 'C1', level: 'MUST', finding: 'holds' },
        { id: 'C14' },
        { id: 'C21' },
        { id: 'B1' },
        { id: 'R1' },
      ],
    })
  })

  test('1 where a MUST fails: a server that takes POST alone', async () => {
    const { url } = await startDohServer((query) => {
      if (query.length === 0) return query
      const reply = answerUpstream(query)
      return reply === 'hangs' ? query : Buffer.concat([query.subarray(0, 2), reply.body.subarray(2)])
    })
    const { code, text } = await ran({ url: new URL(url), clauses: CLAUSES.filter(({ id }) => id === 'C1') })
    expect(code).toBe(1)
    expect(text).toMatch(/C1 {3}MUST {3}FAILS[\s\S]*GET: [\s\S]*a MUST fails/)
  })

  test('3 where nobody listens', async () => {
    const { code, text, complained } = await ran({ url: new URL('https://127.0.0.1:1/dns-query') })
    expect([code, text]).toEqual([3, ''])
    expect(complained).toEqual([expect.stringContaining('https://127.0.0.1:1/dns-query')])
  })

  test('3 where nobody listens, as JSON', async () => {
    const url = new URL('https://127.0.0.1:1/dns-query')
    const { code, text, complained } = await ran({ url, format: 'json' })
    expect([code, complained]).toEqual([3, [expect.stringContaining('127.0.0.1:1')]])
    expect(JSON.parse(text)).toEqual({
      url: url.href,
      error: { code: 'unreachable', detail: expect.stringContaining('ECONNREFUSED') },
    })
  })

  test('3 where the server takes requests and responds to none, even if no MUST was tested', async () => {
    const { url } = await startDohServer(() => new Promise(() => {}))
    const hanging = { url: new URL(url), timeoutMs: 100, format: 'json' } as const
    for (const clauses of [CLAUSES, CLAUSES.filter(({ id }) => id === 'C12')]) {
      const { code, text, complained } = await ran({ ...hanging, clauses })
      expect([code, complained]).toEqual([3, [expect.stringMatching(/: the server has stopped responding$/)]])
      const { error, clauses: findings } = JSON.parse(text)
      expect(error).toEqual({ code: 'timeout', detail: 'the server has stopped responding' })
      expect(findings).toHaveLength(clauses.length)
    }
  })

  test('3 where the certificate is of a CA that is not trusted', async () => {
    const { code, complained } = await ran({ ca: undefined })
    expect(code).toBe(3)
    expect(complained.join()).toMatch(/certificate/)
  })
})

describe('its command line', () => {
  const read = async (...words: readonly string[]) => {
    const given = readArguments(['check', ...words], CHECK_FLAGS)
    if (given.kind === 'problem') return given.line
    const outcome = await readCheck(given, given.positionals.slice(1), STYLE)
    return 'code' in outcome ? outcome.line : outcome
  }
  const URL_GIVEN = 'https://doh.example/dns-query'

  test('a URL is enough', async () => {
    expect(await read(URL_GIVEN)).toMatchObject({
      url: new URL(URL_GIVEN),
      names: { name: ['example', 'com'], alias: ['www', 'iana', 'org'] },
      clauses: CLAUSES,
      ...{ versions: ['2', '1.1'], robust: false, ca: undefined, timeoutMs: 5_000, format: 'table' },
    })
  })

  test('a URI template is one, too', async () => {
    expect(await read(`${URL_GIVEN}{?dns}`)).toMatchObject({ url: new URL(URL_GIVEN) })
  })

  test('each option counts', async () => {
    const names = ['--name', 'three.example', '--bit', 'jordia65.bit', '--long', 'long.example/TXT']
    const more = ['--only', 'C14,c1', '--http1', '--timeout', '10s', '--json', '--robust']
    expect(await read(URL_GIVEN, ...names, ...more)).toMatchObject({
      names: {
        name: ['three', 'example'],
        bit: ['jordia65', 'bit'],
        long: { name: ['long', 'example'], type: 16 },
      },
      clauses: [{ id: 'C1' }, { id: 'C14' }],
      ...{ versions: ['1.1'], timeoutMs: 10_000, format: 'json', robust: true },
    })
    expect(await read(URL_GIVEN, '--long', './DNSKEY', '--http2')).toMatchObject({
      names: { long: { name: [], type: 48 } },
      versions: ['2'],
    })
  })

  test.each<[string[], RegExp]>([
    [[], /^check: usage: bitdoh check URL/],
    [[URL_GIVEN, 'more'], /^check: usage/],
    [['http://doh.example/'], /^URL: .*takes an https:\/\/ URL/],
    [['doh.example'], /^URL: /],
    [[URL_GIVEN, '--only', 'C99'], /^--only: given "C99", takes ids of clauses: C1, C2/],
    [[URL_GIVEN, '--name', 'a..b'], /^--name: given "a..b", takes a domain name/],
    [[URL_GIVEN, '--long', 'example.com'], /^--long: .*example\.com\/TXT/],
    [[URL_GIVEN, '--timeout', '0'], /^--timeout: .*seconds from 1 to 60/],
    [[URL_GIVEN, '--timeout', '61s'], /^--timeout: /],
    [[URL_GIVEN, '--ca', '/nonexistent.pem'], /^--ca: .*nonexistent/],
    [[URL_GIVEN, '--http1', '--http2'], /^--http1: contradicts --http2/],
    [[URL_GIVEN, '--cache-entries', '5'], /^--cache-entries: says nothing to check/],
    [[URL_GIVEN, '--onyl', 'C1'], /^--onyl: .*--only is one/],
  ])('%j is a mistake', async (words, line) => {
    expect(await read(...words)).toMatch(line)
  })
})
