import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { octets, opt, option, type QueryParts, query, wire, word } from '../dns/messages.ts'
import {
  DNSKEY_MISSING,
  HTTPS_DATA,
  isForBit,
  MISBEHAVING,
  readAsked,
  UNKNOWN_DATA,
  UNKNOWN_TYPE,
} from '../servers/upstream.ts'
import {
  DNS_MESSAGE,
  type DohClient,
  type DohResponse,
  dataOf,
  dnsPath,
  get,
  header,
  maxAge,
  messageIn,
  type OptRecord,
  post,
  questionName,
} from './client.ts'

const A = 1
const NS = 2
const TXT = 16
const AAAA = 28
const SVCB = 64
const HTTPS = 65
const IXFR = 251
const AXFR = 252
const ANY = 255

const NOERROR = 0
const FORMERR = 1
const SERVFAIL = 2
const NXDOMAIN = 3
const NOTIMP = 4
const REFUSED = 5
const BADVERS = 16

const CLIENT_SUBNET = 8
const COOKIE = 10
const PADDING = 12

const DNSSEC_OK = 0x8000
const RD = 0x0100
const CD = 0x0010

/** RFC 8467 §4.1, and the last multiple of it that curl and Firefox read. */
const BLOCK = 468
const LARGEST_PADDED = 2_808
/** curl refuses 3,000 octets and more. */
const LARGEST = 2_999

const JORDIA65 = ['192.0.2.10', '198.51.100.20']

/**
 * What every gateway has to do, whatever runs it and however it is reached: RFC 8484 clause by clause (C1 to C32 of
 * `doh-clients.md` §2a), and what follows from what clients do (§2b, §2c). Clauses about connections are with the real
 * server: `servers.node.test.ts`, `robustness.node.test.ts`.
 *
 * @param open a gateway with the names of `names.ts` and the upstream of `servers/upstream.ts`
 */
export function dohSuite(title: string, open: () => DohClient | Promise<DohClient>): void {
  describe(title, () => {
    let client: DohClient
    beforeAll(async () => {
      client = await open()
    })
    afterAll(() => client?.close())

    const ask = async (parts: QueryParts) => messageIn(await get(client, query(parts)))

    /** The queries that reach the upstream while something is done. */
    const askedDuring = async (work: () => Promise<unknown>) => {
      const before = (await client.asked()).length
      await work()
      return (await client.asked()).slice(before)
    }

    /** What is no DNS answer: the status, and nothing that one could take for an answer (C10). */
    const expectRefusal = (response: DohResponse, status: number) => {
      expect(response.status).toBe(status)
      expect(header(response, 'content-type') ?? '').not.toMatch(/dns-message|dns-json/)
      expect(header(response, 'cache-control')).toBe('no-store')
    }

    const question = query({ question: 'jordia65.bit' })

    describe('C1 RFC 8484 §4.1: GET and POST', () => {
      for (const name of ['jordia65.bit', 'dual.example', 'nx.example']) {
        test(`the same answer to ${name} both ways`, async () => {
          const asked = query({ id: 0x1234, question: name })
          const [got, posted] = [messageIn(await get(client, asked)), messageIn(await post(client, asked))]
          expect(got.id).toBe(0x1234)
          expect(posted.id).toBe(0x1234)
          expect(posted.rcode).toBe(got.rcode)
          expect([...dataOf(posted, 'A')].sort()).toEqual([...dataOf(got, 'A')].sort())
        })
      }
      test('both addresses of jordia65.bit', async () => {
        expect([...dataOf(await ask({ question: 'jordia65.bit' }), 'A')].sort()).toEqual(JORDIA65)
      })
    })

    describe('C2 RFC 8484 §4.1, §6: the parameter dns', () => {
      const unpadded = [0, 1, 2]
        .map((extra) => query({ question: `${'x'.repeat(1 + extra)}.example` }))
        .map((asked) => Buffer.from(asked).toString('base64url'))
      test('base64url of every length is read', async () => {
        expect(new Set(unpadded.map((text) => text.length % 4))).toEqual(new Set([0, 2, 3]))
        for (const text of unpadded) messageIn(await client.request(`/dns-query?dns=${text}`))
      })
      test('final = are tolerated, plain or escaped', async () => {
        for (const text of unpadded) {
          const padding = '='.repeat((4 - (text.length % 4)) % 4)
          messageIn(await client.request(`/dns-query?dns=${text}${padding}`))
          messageIn(await client.request(`/dns-query?dns=${text}${padding.replaceAll('=', '%3D')}`))
        }
      })
      test('the other alphabet is refused', async () => {
        const text = Buffer.from(query({ id: 0xfbff }))
          .toString('base64')
          .replaceAll('=', '')
        expect(text).toMatch(/^\+\/8/)
        expectRefusal(await client.request(`/dns-query?dns=${text}`), 400)
        expectRefusal(await client.request(`/dns-query?dns=${encodeURIComponent(text)}`), 400)
        messageIn(await client.request(`/dns-query?dns=${text.replaceAll('+', '-').replaceAll('/', '_')}`))
      })
      test('empty or missing is refused', async () => {
        for (const path of ['/dns-query?dns=', '/dns-query?dns', '/dns-query', '/dns-query?']) {
          expectRefusal(await client.request(path), 400)
        }
      })
      test('of several the first counts', async () => {
        const [first, second] = [query({ id: 1 }), query({ id: 2 })]
        const both = `${dnsPath(first)}&dns=${Buffer.from(second).toString('base64url')}`
        expect(messageIn(await client.request(both)).id).toBe(1)
        expectRefusal(
          await client.request(`/dns-query?dns=&dns=${Buffer.from(second).toString('base64url')}`),
          400,
        )
      })
      test('longer than a message can be is 414', async () => {
        const path = '/dns-query?dns='.padEnd(client.tooLongTarget, 'A')
        const longest = path.slice(0, -1)
        expectRefusal(await client.request(path), 414)
        // Not too long, but base64url of an impossible length, or of zeros.
        expectRefusal(await client.request(longest), 400)
      })
    })

    describe('C3 RFC 8484 §4.1: unknown parameters are ignored', () => {
      test('around dns', async () => {
        const dns = Buffer.from(question).toString('base64url')
        messageIn(await client.request(`/dns-query?ct=&dns=${dns}&random_padding=xxx&dns_=1`))
        messageIn(await client.request(`/dns-query?ct=application/dns-udpwireformat&dns=${dns}`))
      })
      test("in a POST, as dnscrypt-proxy's body_hash", async () => {
        const response = await client.request('/dns-query?body_hash=0123abcd', {
          method: 'POST',
          headers: { 'content-type': DNS_MESSAGE },
          body: question,
        })
        expect(dataOf(messageIn(response), 'A')).toHaveLength(2)
      })
    })

    describe('C4 RFC 8484 §4.1: the media type of a POST', () => {
      const postAs = (headers: Record<string, string>) =>
        client.request('/dns-query', { method: 'POST', headers, body: question })
      test('missing or another is 415, which names the right one', async () => {
        const others = [
          'text/plain',
          'application/dns-json',
          'application/dns-messages',
          'application/dns-udpwireformat',
        ]
        for (const type of others) {
          const response = await postAs({ 'content-type': type })
          expectRefusal(response, 415)
          expect(header(response, 'accept-post')).toBe(DNS_MESSAGE)
        }
        expectRefusal(await postAs({}), 415)
      })
      test('parameters and case do not matter', async () => {
        for (const type of [
          'application/dns-message; charset=utf-8',
          'Application/DNS-Message',
          `${DNS_MESSAGE};x=y`,
        ])
          messageIn(await postAs({ 'content-type': type }))
      })
    })

    describe('C5 RFC 8484 §6: the body of a POST', () => {
      for (const length of [0, 1, 11, 12, 13, 14, 15, 16])
        test(`${length} octets are no query: 400`, async () =>
          expectRefusal(await post(client, question.subarray(0, length)), 400))
      test('65,535 octets are a query like any other', async () => {
        const whole = paddedTo(65_535)
        expect(whole).toHaveLength(65_535)
        expect(dataOf(messageIn(await post(client, whole)), 'A')).toHaveLength(2)
      })
      test('65,536 octets are 413', async () =>
        expectRefusal(await post(client, new Uint8Array(65_536)), 413))
      test('octets behind the last record are 400', async () =>
        expectRefusal(await post(client, octets(question, 0)), 400))
    })

    describe('C6 RFC 8484 §4.1: Accept', () => {
      const accepted = [
        undefined,
        '*/*',
        'application/dns-message',
        'application/dns-json',
        'image/png',
        'application/*',
        'application/dns-json, application/dns-message;q=0.5',
        'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
      ]
      for (const accept of accepted)
        test(`${accept ?? 'none'} gets a DNS message to dns=`, async () => {
          messageIn(
            await client.request(dnsPath(question), accept === undefined ? {} : { headers: { accept } }),
          )
        })
      test('application/dns-json gets JSON to name=, and to nothing else', async () => {
        const path = '/dns-query?name=jordia65.bit&type=A'
        const json = await client.request(path, { headers: { accept: 'application/dns-json' } })
        expect(json.status).toBe(200)
        expect(header(json, 'content-type')).toBe('application/dns-json')
        for (const accept of ['*/*', 'application/*', DNS_MESSAGE, 'application/dns-json;q=0'])
          expectRefusal(await client.request(path, { headers: { accept } }), 400)
      })
    })

    describe('C7 RFC 8484 §4.1: the id', () => {
      test('comes back as sent, also from the cache, which knows none', async () => {
        const asked = await askedDuring(async () => {
          for (const id of [0, 0xbeef, 0xcafe, 0])
            expect((await ask({ id, question: 'c7.example' })).id).toBe(id)
        })
        expect(asked).toHaveLength(1)
      })
    })

    describe('C8 RFC 8484 §4.2: one exchange a query', () => {
      test('two questions are FORMERR', async () => {
        const both = octets(question, wire('dual.bit'), word(A), word(1))
        both[5] = 2
        expect(messageIn(await post(client, both)).rcode).toBe(FORMERR)
      })
      test('no question is 400', async () => {
        expectRefusal(await post(client, Uint8Array.of(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)), 400)
        const none = Uint8Array.from(question)
        none[5] = 0
        expectRefusal(await post(client, none), 400)
      })
      test('a response is 400', async () => expectRefusal(await get(client, query({ flags: 0x8180 })), 400))
      for (const [name, opcode] of Object.entries({ IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 }))
        test(`${name} is NOTIMP`, async () =>
          expect((await ask({ id: 7, flags: opcode << 11 })).rcode).toBe(NOTIMP))
      for (const [name, type] of Object.entries({ AXFR, IXFR }))
        test(`${name} is REFUSED`, async () => {
          expect((await ask({ question: 'jordia65.bit', type })).rcode).toBe(REFUSED)
          expect(await askedDuring(() => ask({ question: 'transfer.example', type }))).toEqual([])
        })
      test('another class is REFUSED', async () => expect((await ask({ qclass: 3 })).rcode).toBe(REFUSED))
    })

    describe('C9 RFC 8484 §4.2.1: every DNS answer is a 200', () => {
      const answers: [name: string, rcode: number][] = [
        ['nx.example', NXDOMAIN],
        ['servfail.example', SERVFAIL],
        ['refused.example', REFUSED],
        ['nodata.example', NOERROR],
        ['no-such-name.bit', NXDOMAIN],
        ['notjson.bit', SERVFAIL],
      ]
      for (const [name, rcode] of answers)
        test(`${name} with response code ${rcode}`, async () => {
          const message = await ask({ question: name })
          expect(message.rcode).toBe(rcode)
          expect(message.answer).toEqual([])
        })
      test('jordia65.bit has no AAAA: NODATA', async () => {
        const message = await ask({ question: 'jordia65.bit', type: AAAA })
        expect([message.rcode, message.answer]).toEqual([NOERROR, []])
        expect(message.authority.map(({ name, type }) => [name, type])).toEqual([['bit', 'SOA']])
      })
    })

    /** Requests of every kind that are refused, with the status. */
    const refused: [path: string, method: string, headers: Record<string, string>, status: number][] = [
      ['/dns-query', 'GET', {}, 400],
      ['/dns-query?dns=!', 'GET', {}, 400],
      ['/dns-query', 'POST', { 'content-type': 'text/plain' }, 415],
      ['/dns-query', 'POST', { 'content-type': DNS_MESSAGE }, 400],
      ['/dns-query', 'PUT', {}, 405],
      ['/dns-query', 'DELETE', {}, 405],
      ['/dns-query', 'PATCH', {}, 405],
      ['/resolve', 'POST', {}, 405],
      ['/healthz', 'POST', {}, 405],
      ['/readyz', 'DELETE', {}, 405],
      ['/', 'POST', {}, 405],
      ['/no-such-page', 'GET', {}, 404],
      ['/no-such-page', 'POST', {}, 404],
      ['/resolve', 'GET', {}, 400],
      ['/resolve?name=a..bit', 'GET', {}, 400],
    ]

    describe('C10 RFC 8484 §4.2.1: what is not 2xx carries no answer and is not kept', () => {
      for (const [path, method, headers, status] of refused)
        test(`${method} ${path} is ${status}`, async () =>
          expectRefusal(await client.request(path, { method, headers }), status))
    })

    describe('C11 RFC 8484 §4.2.1: errors a client can act on', () => {
      test('405 says what is allowed', async () => {
        const allowed = Object.entries({
          '/dns-query': 'GET, HEAD, POST, OPTIONS',
          '/resolve': 'GET, HEAD, OPTIONS',
          '/healthz': 'GET, HEAD, OPTIONS',
          '/readyz': 'GET, HEAD, OPTIONS',
          '/': 'GET, HEAD, OPTIONS',
        })
        for (const [path, allow] of allowed) {
          const response = await client.request(path, { method: 'DELETE' })
          expectRefusal(response, 405)
          expect(header(response, 'allow')).toBe(allow)
        }
      })
    })

    describe('C12 RFC 8484 §5.1: every answer says how fresh it is', () => {
      const names = [
        'jordia65.bit',
        'no-such-name.bit',
        'dual.example',
        'nx.example',
        'nosoa.example',
        'servfail.example',
      ]
      for (const name of names)
        test(`${name}: one max-age, however it is asked for`, async () => {
          const asked = query({ question: name })
          const accept = { accept: 'application/dns-json' }
          const responses = [
            await get(client, asked),
            await post(client, asked),
            await client.request(`/resolve?name=${name}`),
            await client.request(`/dns-query?name=${name}`, { headers: accept }),
          ]
          for (const response of responses) {
            expect(response.status).toBe(200)
            expect(maxAge(response)).toBeLessThanOrEqual(600)
            expect(header(response, 'expires')).toBeUndefined()
          }
        })
      test('a refusal that is an answer has one, too', async () => {
        expect(maxAge(await get(client, query({ type: AXFR })))).toBe(0)
      })
    })

    const ttlsOf = async (response: DohResponse) => messageIn(response).answer.map(({ ttl }) => ttl)

    describe('C13 RFC 8484 §5.1: as fresh as the shortest TTL of the answer', () => {
      test('30, 600 and 300 make 30, and less from the cache as time goes by', async () => {
        const asked = query({ question: 'c13.ttl.example' })
        const response = await get(client, asked)
        expect(await ttlsOf(response)).toEqual([30, 600, 300])
        expect(maxAge(response)).toBe(30)
        if (client.advance === undefined) return
        client.advance(10)
        const later = await get(client, asked)
        expect(await ttlsOf(later)).toEqual([20, 590, 290])
        expect(maxAge(later)).toBe(20)
        client.advance(20)
        expect(await ttlsOf(await get(client, asked))).toEqual([30, 600, 300])
      })
      test('a TTL with the top bit set is 0 (RFC 2181 §8)', async () => {
        const response = await get(client, query({ question: 'ttl31.example' }))
        expect(await ttlsOf(response)).toEqual([0])
        expect(maxAge(response)).toBe(0)
      })
      test('a .bit name: all its addresses live equally long', async () => {
        const response = await get(client, query({ question: 'dual.bit' }))
        expect(new Set(await ttlsOf(response))).toEqual(new Set([maxAge(response)]))
        expect(maxAge(response)).toBeGreaterThan(0)
      })
    })

    describe('C14 RFC 8484 §5.1: a negative answer as fresh as SOA.MINIMUM', () => {
      for (const name of ['c14.nodata.example', 'c14.nx.example'])
        test(`${name}: SOA TTL 3600 and MINIMUM 60 make 60`, async () => {
          const response = await get(client, query({ question: name }))
          const { authority } = messageIn(response)
          expect(authority.map(({ type }) => type)).toEqual(['SOA'])
          expect([authority[0]!.ttl, maxAge(response)]).toEqual([60, 60])
        })
      test('no-such-name.bit: with the SOA of bit', async () => {
        const response = await get(client, query({ question: 'no-such-name.bit' }))
        const soa = messageIn(response).authority[0]!
        expect([soa.name, soa.type]).toEqual(['bit', 'SOA'])
        expect(soa.ttl).toBe(maxAge(response))
        expect(soa.ttl).toBeLessThanOrEqual((soa.data as { minimum: number }).minimum)
        expect(soa.ttl).toBeGreaterThan(0)
      })
    })

    describe('C15 RFC 8484 §5.1: what must not be kept', () => {
      for (const name of [
        'nosoa.example',
        'alias-nosoa.example',
        'servfail.example',
        'refused.example',
        'zero.example',
        'notjson.bit',
      ])
        test(name, async () => {
          const response = await get(client, query({ question: name }))
          messageIn(response)
          expect(header(response, 'cache-control')).toBe('no-store, max-age=0')
        })
    })

    describe('C16 RFC 8484 §5.1: nothing is subtracted twice', () => {
      test('TTLs are counted down, so there is no Age', async () => {
        for (const question of ['c16.example', 'single.bit']) {
          const first = await get(client, query({ question }))
          client.advance?.(10)
          const second = await get(client, query({ question }))
          expect(header(first, 'age')).toBeUndefined()
          expect(header(second, 'age')).toBeUndefined()
          expect(await ttlsOf(second)).toEqual([maxAge(second)])
          if (client.advance !== undefined) expect(maxAge(second)).toBe(maxAge(first) - 10)
        }
      })
    })

    describe('C17 RFC 8484 §5.1: an order that was drawn for one client is private', () => {
      const privacy = async (response: Promise<DohResponse>) =>
        (header(await response, 'cache-control') ?? '').replace(/\d+/, 'N')
      for (const name of ['jordia65.bit', 'three.example', 'many.example'])
        test(`${name}: private, in every form`, async () => {
          const asked = query({ question: name })
          expect(await privacy(get(client, asked))).toBe('private, max-age=N')
          expect(await privacy(post(client, asked))).toBe('private, max-age=N')
          expect(await privacy(client.request(`/resolve?name=${name}`))).toBe('private, max-age=N')
        })
      for (const name of ['single.bit', 'no-such-name.bit', 'plain.example', 'nx.example'])
        test(`${name}: nothing to draw, so anybody may keep it`, async () => {
          expect(await privacy(get(client, query({ question: name })))).toBe('max-age=N')
        })
    })

    describe('C18 RFC 8484 §5.1: POST is not kept by its URL', () => {
      test('two questions to one URL get two answers', async () => {
        const [one, other] = [query({ question: 'single.bit' }), query({ question: 'nx.example' })]
        expect(messageIn(await post(client, one)).rcode).toBe(NOERROR)
        expect(messageIn(await post(client, other)).rcode).toBe(NXDOMAIN)
        expect(dataOf(messageIn(await post(client, one)), 'A')).toEqual(['192.0.2.1'])
      })
    })

    describe('C19 RFC 8484 §5.1: no conditional requests', () => {
      test('nothing to make conditions of, and none is heeded', async () => {
        const conditions = { 'if-none-match': '*', 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT' }
        for (const response of [await get(client, question), await get(client, question, conditions)]) {
          messageIn(response)
          expect(header(response, 'etag')).toBeUndefined()
          expect(header(response, 'last-modified')).toBeUndefined()
        }
      })
    })

    describe("C20 RFC 8484 §5.1: a client's Cache-Control empties no cache", () => {
      test('the upstream is asked once, whatever they say', async () => {
        const wishes = [
          'no-store',
          'no-cache',
          'max-stale',
          'max-age=0',
          'no-cache, no-store, must-revalidate',
        ]
        const asked = await askedDuring(async () => {
          for (const wish of wishes) {
            const headers = { 'cache-control': wish, pragma: 'no-cache' }
            messageIn(await get(client, query({ question: 'c20.example' }), headers))
            messageIn(await post(client, query({ question: 'c20.example' }), headers))
          }
        })
        expect(asked).toHaveLength(1)
      })
    })

    describe('C23 RFC 8484 §5.4: JSON says what the message says', () => {
      for (const [name, type] of [
        ['dual.bit', 'A'],
        ['dual.bit', 'AAAA'],
        ['chain.example', 'A'],
        ['nx.example', 'A'],
        ['no-such-name.bit', 'A'],
      ] as const)
        test(`${name} ${type}, in both dialects`, async () => {
          const message = await ask({ question: name, type: type === 'A' ? A : AAAA })
          const summary = (records: readonly { name: string; data: unknown }[]) =>
            records.map((record) => `${record.name} ${record.data}`.replace(/\.(?= |$)/g, '')).sort()
          const google = await client.request(`/resolve?name=${name}&type=${type}`)
          const cloudflare = await client.request(`/dns-query?name=${name}&type=${type}`, {
            headers: { accept: 'application/dns-json' },
          })
          expect(header(google, 'content-type')).toBe('application/json; charset=UTF-8')
          expect(header(cloudflare, 'content-type')).toBe('application/dns-json')
          for (const response of [google, cloudflare]) {
            expect(response.status).toBe(200)
            const json = JSON.parse(Buffer.from(response.body).toString())
            expect(json.Status).toBe(message.rcode)
            expect(summary(json.Answer ?? [])).toEqual(summary(message.answer))
            expect((json.Authority ?? []).length).toBe(message.authority.length)
          }
        })
      test('Google: ct=application/dns-message gives the message itself', async () => {
        const path = '/resolve?name=jordia65.bit&ct=application/dns-message'
        expect(dataOf(messageIn(await client.request(path)), 'A')).toHaveLength(2)
      })
      test('a browser may ask for JSON from any page', async () => {
        expect(header(await client.request('/resolve?name=single.bit'), 'access-control-allow-origin')).toBe(
          '*',
        )
      })
    })

    describe("C24 RFC 8484 §6: the client's UDP size is ignored", () => {
      for (const size of [0, 512, 1_232])
        test(`size ${size} gets the whole answer and no TC`, async () => {
          const asked = query({ question: 'long.example', type: TXT, additional: [opt({ size })] })
          const response = await get(client, asked)
          expect(messageIn(response).truncated).toBe(false)
          expect(dataOf(messageIn(response), 'TXT')).toHaveLength(3)
          expect(response.body.length).toBeGreaterThan(512)
        })
    })

    describe('C25 RFC 8484 §6: TC', () => {
      test("an upstream's TC is passed on", async () => {
        const message = await ask({ question: 'tc.example' })
        expect(message.truncated).toBe(true)
        expect(dataOf(message, 'A')).toHaveLength(1)
      })
    })

    describe('C26 RFC 8484 §8: nothing to tell clients apart by, nothing to tell servers apart by', () => {
      test('no cookie, no name of the program, on no answer', async () => {
        const responses = [
          await get(client, question, { cookie: 'session=1' }),
          await post(client, question),
          await client.request('/resolve?name=jordia65.bit'),
          await client.request('/'),
          await client.request('/healthz'),
        ]
        for (const [path, method, headers] of refused)
          responses.push(await client.request(path, { method, headers }))
        for (const response of responses)
          for (const name of ['set-cookie', 'server', 'x-powered-by', 'via', 'alt-svc', 'link'])
            expect(header(response, name)).toBeUndefined()
      })
    })

    describe('C27 RFC 6891: EDNS', () => {
      const withOpt = (...additional: Uint8Array[]) => ask({ question: 'single.bit', additional })
      const codes = (found: OptRecord | undefined) => found?.options.map(({ code }) => code)
      const ownOptions = () => client.ownOptions ?? []
      test('without OPT none comes back', async () => {
        expect((await ask({ question: 'single.bit' })).opt).toBeUndefined()
        expect((await ask({ question: 'plain.example' })).opt).toBeUndefined()
        expect((await ask({ question: 'notjson.bit' })).opt).toBeUndefined()
      })
      test('with OPT one comes back, version 0', async () => {
        const { rcode, opt: found } = await withOpt(opt())
        expect([rcode, found?.ednsVersion, found?.flag_do]).toEqual([NOERROR, 0, false])
        expect(codes(found)).toEqual(ownOptions())
      })
      test('version 1 is BADVERS, and says which version there is', async () => {
        const message = await withOpt(opt({ version: 1 }))
        expect(message.rcode).toBe(BADVERS)
        expect(message.opt?.ednsVersion).toBe(0)
        expect(message.answer).toEqual([])
      })
      test('two OPT records are FORMERR', async () => {
        expect((await withOpt(opt(), opt())).rcode).toBe(FORMERR)
      })
      test('broken options are FORMERR', async () => {
        expect((await withOpt(opt({}, Uint8Array.of(0, 12, 0, 9)))).rcode).toBe(FORMERR)
      })
      test('unknown options are ignored and not sent back', async () => {
        const message = await withOpt(
          opt({}, option(65_001, [1, 2, 3]), option(COOKIE, [1, 2, 3, 4, 5, 6, 7, 8])),
        )
        expect([message.rcode, codes(message.opt)]).toEqual([NOERROR, ownOptions()])
      })
      test('DO comes back', async () => {
        expect((await withOpt(opt({ flags: DNSSEC_OK }))).opt?.flag_do).toBe(true)
      })
      test('RD and CD come back, and RA is set', async () => {
        for (const flags of [0, RD, CD, RD | CD]) {
          const message = await ask({ question: 'single.bit', flags })
          expect(message.recursionDesired).toBe((flags & RD) !== 0)
          expect(message.checkingDisabled).toBe((flags & CD) !== 0)
          expect(message.recursionAvailable).toBe(true)
        }
      })
      test('CD makes another answer, which is kept apart', async () => {
        for (let round = 0; round < 2; round++) {
          expect((await ask({ question: 'bogus.example', flags: RD })).rcode).toBe(SERVFAIL)
          expect(dataOf(await ask({ question: 'bogus.example', flags: RD | CD }), 'A')).toHaveLength(1)
        }
      })
    })

    describe('C28 RFC 8467: padding', () => {
      const padding = opt({}, option(PADDING, new Uint8Array(20)))
      const paddingIn = (response: DohResponse) =>
        messageIn(response).opt?.options.find(({ code }) => code === PADDING)
      for (const name of ['single.bit', 'no-such-name.bit', 'notjson.bit', 'dual.example', 'long.example'])
        test(`${name}: who pads gets a multiple of ${BLOCK} octets`, async () => {
          const response = await get(
            client,
            query({ question: name, type: name.startsWith('long') ? TXT : A, additional: [padding] }),
          )
          expect(paddingIn(response)?.data.every((octet) => octet === 0)).toBe(true)
          expect(response.body.length % BLOCK).toBe(0)
        })
      test('padding of no length counts (RFC 7830 §3)', async () => {
        const asked = query({ question: 'single.bit', additional: [opt({}, option(PADDING))] })
        expect((await get(client, asked)).body).toHaveLength(BLOCK)
      })
      test('who does not pad gets none', async () => {
        expect(
          paddingIn(await get(client, query({ question: 'single.bit', additional: [opt()] }))),
        ).toBeUndefined()
        expect(messageIn(await get(client, query({ question: 'single.bit' }))).opt).toBeUndefined()
      })
      test(`never beyond ${LARGEST_PADDED} octets`, async () => {
        const lengthOf = async (name: string) =>
          (await get(client, query({ question: name, type: TXT, additional: [padding] }))).body.length
        expect(await lengthOf('padded-to-2808.example')).toBe(LARGEST_PADDED)
        const beyond = await lengthOf('beyond-2808.example')
        expect(beyond).toBeGreaterThan(LARGEST_PADDED)
        expect(beyond % BLOCK).not.toBe(0)
      })
    })

    describe('C29 RFC 8482: ANY', () => {
      test('gets one HINFO, and no upstream hears of it', async () => {
        const asked = await askedDuring(async () => {
          for (const name of ['any.example', 'jordia65.bit', 'dual.bit']) {
            const message = await ask({ question: name, type: ANY })
            expect(message.answer.map(({ type, data }) => [type, data])).toEqual([
              ['HINFO', { cpu: 'RFC8482', os: '' }],
            ])
          }
        })
        expect(asked).toEqual([])
      })
    })

    describe('C30: HEAD, OPTIONS and CORS', () => {
      test('HEAD has the headers of GET and no body', async () => {
        const path = dnsPath(query({ question: 'single.bit' }))
        const head = await client.request(path, { method: 'HEAD' })
        expect(head.status).toBe(200)
        expect(head.body).toHaveLength(0)
        expect(header(head, 'content-type')).toBe(DNS_MESSAGE)
        // A second may have gone by where the clock is not the test's.
        expect([0, 1]).toContain(maxAge(head) - maxAge(await client.request(path)))
      })
      test('a browser may ask whether it may POST', async () => {
        const response = await client.request('/dns-query', {
          method: 'OPTIONS',
          headers: {
            origin: 'https://page.example',
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type',
          },
        })
        expect(response.status).toBe(204)
        expect(response.body).toHaveLength(0)
        expect(header(response, 'access-control-allow-origin')).toBe('*')
        expect(header(response, 'access-control-allow-methods')?.split(', ')).toContain('POST')
        expect(header(response, 'access-control-allow-headers')?.split(', ')).toContain('content-type')
        expect(Number(header(response, 'access-control-max-age'))).toBeGreaterThan(0)
        expect(header(response, 'access-control-allow-credentials')).toBeUndefined()
      })
      test('any page may read any answer, refusals included', async () => {
        const origin = { origin: 'https://page.example' }
        expect(header(await get(client, question, origin), 'access-control-allow-origin')).toBe('*')
        expect(header(await post(client, question, origin), 'access-control-allow-origin')).toBe('*')
        for (const [path, method, headers] of refused) {
          const response = await client.request(path, { method, headers: { ...headers, ...origin } })
          expect(header(response, 'access-control-allow-origin')).toBe('*')
        }
      })
    })

    describe('C31: odd URLs are answered or refused, never a 5xx', () => {
      const dns = Buffer.from(question).toString('base64url')
      const odd: [path: string, status: number][] = [
        [`/dns-query/?dns=${dns}`, 200],
        [`//dns-query?dns=${dns}`, 404],
        [`/DNS-QUERY?dns=${dns}`, 404],
        [`/dns-query/x?dns=${dns}`, 404],
        [`/dns-query?dns=${dns}%`, 400],
        [`/dns-query?dns=%zz${dns}`, 400],
        [`/dns-query?dns=${dns}%00`, 400],
        [`/dns-query?%=%&dns=${dns}`, 200],
        ['/%zz', 404],
        ['/%00', 404],
        ['/%2e%2e/%2e%2e/etc/passwd', 404],
        ['/resolve?name=%ff.bit', 400],
        [`/resolve?name=${'a'.repeat(64)}.bit`, 400],
        ['/resolve?name=jordia65.bit&type=0', 400],
      ]
      for (const [path, status] of odd)
        test(`${path.replace(dns, '…')} is ${status}`, async () => {
          const response = await client.request(path)
          if (status === 200) messageIn(response)
          else expectRefusal(response, status)
        })
      test('an escape that is none is text (WHATWG URL §1.3)', async () => {
        const response = await client.request('/resolve?name=%zz.bit')
        expect(response.status).toBe(200)
        expect(JSON.parse(Buffer.from(response.body).toString()).Question[0].name).toBe('%zz.bit.')
      })
      test('dns= in escapes is the same text', async () => {
        const escaped = [...dns].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')
        messageIn(await client.request(`/dns-query?dns=${escaped}`))
      })
    })

    describe('C32 draft-vixie-dnsext-dns0x20: the question as it was spelled', () => {
      for (const spellings of [
        ['wWw.WiLd.bIt', 'WWW.WILD.BIT', 'www.wild.bit'],
        ['c32.PlAiN.ExAmPlE', 'C32.PLAIN.EXAMPLE', 'c32.plain.example'],
      ])
        test(`${spellings[0]}: octet for octet, from one entry in the cache`, async () => {
          const asked = await askedDuring(async () => {
            for (const spelling of spellings) {
              const sent = query({ question: spelling })
              const response = await get(client, sent)
              expect(questionName(response.body)).toBe(questionName(sent))
              expect(dataOf(messageIn(response), 'A')).toHaveLength(1)
            }
          })
          expect(asked).toHaveLength(spellings[0]!.endsWith('bIt') ? 0 : 1)
        })
    })

    describe('2b: what clients ask for before they trust a gateway', () => {
      test('Firefox: NS of bit, whose failure would blocklist all of .bit', async () => {
        const message = await ask({ question: 'bit', type: NS })
        expect(message.rcode).toBe(NOERROR)
        expect(message.answer.map(({ type }) => type)).toContain('NS')
      })
      test('Firefox: its canary does not exist', async () => {
        expect(await askedDuring(() => ask({ question: 'use-application-dns.net' }))).toEqual([])
        expect((await ask({ question: 'use-application-dns.net' })).rcode).toBe(NXDOMAIN)
      })
      test('iOS: _dns.resolver.arpa does not exist', async () => {
        expect(await askedDuring(() => ask({ question: '_dns.resolver.arpa', type: SVCB }))).toEqual([])
        expect((await ask({ question: '_dns.resolver.arpa', type: SVCB })).rcode).toBe(NXDOMAIN)
      })
      test('curl: POST with accept */*, and the types it asks for in one go', async () => {
        for (const type of [A, AAAA, HTTPS]) {
          const response = await post(client, query({ question: 'dual.bit', type }), { accept: '*/*' })
          expect(messageIn(response).rcode).toBe(NOERROR)
        }
      })
      test('names that must not leave do not', async () => {
        const names = [
          'localhost',
          'printer.local',
          'x.onion',
          'x.home.arpa',
          '1.0.168.192.in-addr.arpa',
          'x.test',
        ]
        const asked = await askedDuring(async () => {
          for (const name of names) await ask({ question: name })
        })
        expect(asked).toEqual([])
      })
    })

    describe('2c: what no client may be given', () => {
      test('2: aliases come first and in order, with the addresses at the last name', async () => {
        for (const name of ['chain.example', 'cname-last.example']) {
          const message = await ask({ question: name })
          const placed = message.answer.map(({ type }) => type)
          expect(placed.toSorted((a, b) => Number(b === 'CNAME') - Number(a === 'CNAME'))).toEqual(placed)
          expect(placed.filter((type) => type === 'A')).toHaveLength(2)
        }
        const { answer } = await ask({ question: 'chain.example' })
        expect(answer.map(({ name }) => name)).toEqual([
          'chain.example',
          'second.example',
          'third.example',
          'third.example',
        ])
      })
      test('2: an alias out of .bit is followed to its end', async () => {
        const message = await ask({ question: 'offsite.bit' })
        expect(message.answer.map(({ name, type }) => [name, type])).toEqual([
          ['offsite.bit', 'CNAME'],
          ['www.example.com', 'A'],
        ])
        expect([message.recursionAvailable, message.rcode]).toEqual([true, NOERROR])
      })
      test(`3: 250 addresses are cut to what fits in ${LARGEST} octets, another choice each time`, async () => {
        const first = await get(client, query({ question: 'many.example' }))
        const second = await get(client, query({ question: 'many.example' }))
        for (const response of [first, second]) {
          expect(response.body.length).toBeLessThanOrEqual(LARGEST)
          expect(response.body.length).toBeGreaterThan(LARGEST - 16)
          const found = dataOf(messageIn(response), 'A')
          expect(new Set(found).size).toBe(found.length)
        }
        // One in 250! that both are in the same order.
        expect(dataOf(messageIn(first), 'A')).not.toEqual(dataOf(messageIn(second), 'A'))
      })
      test('4: signatures only for DO', async () => {
        const types = async (flags: number) =>
          (await ask({ question: 'signed.example', additional: [opt({ flags })] })).answer.map(
            ({ type }) => type,
          )
        expect(await types(0)).toEqual(['A'])
        expect(await types(DNSSEC_OK)).toEqual(['A', 'RRSIG'])
        expect(await types(0)).toEqual(['A'])
      })
      test('6: AD only to who asks for it, and never for .bit', async () => {
        expect((await ask({ question: 'signed.example', flags: RD })).authentic).toBe(false)
        expect((await ask({ question: 'signed.example', flags: RD | 0x20 })).authentic).toBe(true)
        expect(
          (await ask({ question: 'signed.example', additional: [opt({ flags: DNSSEC_OK })] })).authentic,
        ).toBe(true)
        expect((await ask({ question: 'single.bit', flags: RD | 0x20 })).authentic).toBe(false)
      })
      test('5: a delegated name whose nameservers may not be contacted is SERVFAIL and says why', async () => {
        const message = await ask({ question: 'delegated.bit', additional: [opt()] })
        expect(message.rcode).toBe(SERVFAIL)
        expect(message.extendedErrors).toHaveLength(1)
      })
    })

    describe('what the upstream said arrives as it was', () => {
      test('a record of a type nobody knows, octet for octet', async () => {
        const response = await get(client, query({ question: 'unknown.example', type: UNKNOWN_TYPE }))
        expect(Buffer.from(response.body).includes(Buffer.from(UNKNOWN_DATA))).toBe(true)
      })
      test('the ech of an HTTPS record, octet for octet', async () => {
        const response = await get(client, query({ question: 'https.example', type: HTTPS }))
        expect(Buffer.from(response.body).includes(Buffer.from(HTTPS_DATA))).toBe(true)
      })
      test('its Extended DNS Errors (RFC 8914)', async () => {
        const message = await ask({ question: 'ede.example', additional: [opt()] })
        expect([message.rcode, message.extendedErrors]).toEqual([SERVFAIL, [DNSKEY_MISSING]])
      })
      test('records around an OPT in the middle, without that OPT', async () => {
        const message = await ask({ question: 'opt-middle.example', type: NS })
        expect(message.opt).toBeUndefined()
        expect(message.additional.map(({ name, type }) => [name, type])).toEqual([
          ['ns.example', 'A'],
          ['ns.example', 'AAAA'],
        ])
      })
    })

    describe('what an upstream does wrong is SERVFAIL with the reason, and is not kept', () => {
      for (const name of MISBEHAVING)
        test(name, async () => {
          const response = await get(client, query({ question: name, additional: [opt()] }))
          const message = messageIn(response)
          expect([message.rcode, message.answer, message.extendedErrors]).toEqual([SERVFAIL, [], [23]])
          expect(header(response, 'cache-control')).toBe('no-store, max-age=0')
        })
    })

    describe('what leaves for the upstream', () => {
      test('the name, the type, DO and CD: no subnet, no cookie, no spelling, no id', async () => {
        const subnet = option(CLIENT_SUBNET, [0, 1, 24, 0, 192, 0, 2])
        const cookie = option(COOKIE, [1, 2, 3, 4, 5, 6, 7, 8])
        const additional = [opt({ flags: DNSSEC_OK }, subnet, cookie, option(65_001, [9]))]
        const [sent, ...more] = await askedDuring(() =>
          ask({ id: 0xbeef, flags: RD | CD, question: 'PrIvAtE.example', type: TXT, additional }),
        )
        expect(more).toEqual([])
        expect(readAsked(sent!)).toEqual({
          name: 'private.example.',
          type: TXT,
          dnssecOk: true,
          checkingDisabled: true,
        })
        expect(sent!.length % 128).toBe(0)
        expect([...sent!.subarray(0, 2)]).toEqual([0, 0])
        // Behind the question: one OPT with one option, padding.
        const end = 12 + wire('private.example').length + 4
        expect([...sent!.subarray(end, end + 3)]).toEqual([0, 0, 41])
        expect([...sent!.subarray(end + 11, end + 13)]).toEqual(word(PADDING))
        expect(sent!.subarray(end + 15).every((octet) => octet === 0)).toBe(true)
      })
      test('nothing under .bit, ever', async () => {
        const names = [
          'bit',
          'BIT',
          'no-such-name.bit',
          'a.b.c.jordia65.bit',
          'JORDIA65.BIT',
          'notjson.bit',
          'delegated.bit',
        ]
        for (const name of names)
          for (const type of [A, NS, TXT, HTTPS, UNKNOWN_TYPE]) await ask({ question: name, type })
        const asked = await client.asked()
        expect(asked.length).toBeGreaterThan(10)
        expect(asked.filter(isForBit)).toEqual([])
      })
      test('a question asked many times at once is answered each time', async () => {
        const asked = query({ question: 'at-once.example' })
        const responses = await Promise.all(Array.from({ length: 20 }, () => get(client, asked)))
        for (const response of responses) expect(dataOf(messageIn(response), 'A')).toHaveLength(1)
      })
    })

    describe('the other pages', () => {
      test('/ is a page', async () => {
        const response = await client.request('/')
        expect(response.status).toBe(200)
        expect(header(response, 'content-type')).toMatch(/^text\/html/)
      })
      test('/healthz says that the process lives', async () => {
        const response = await client.request('/healthz')
        expect([response.status, Buffer.from(response.body).toString()]).toEqual([200, 'ok\n'])
        expect(header(response, 'cache-control')).toBe('no-store')
      })
      test('/readyz says that names can be looked up', async () => {
        const response = await client.request('/readyz')
        expect(response.status).toBe(200)
        expect(JSON.parse(Buffer.from(response.body).toString()).ready).toBe(true)
      })
    })
  })
}

/** The question, made as long as that by its client's padding. */
function paddedTo(length: number): Uint8Array {
  const shortest = query({ question: 'jordia65.bit', additional: [opt({}, option(PADDING))] }).length
  return query({
    question: 'jordia65.bit',
    additional: [opt({}, option(PADDING, new Uint8Array(length - shortest)))],
  })
}
