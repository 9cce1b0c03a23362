import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { octets, opt, option, query } from '../dns/messages.ts'
import { testCa } from '../node/tools.ts'
import { DNS_MESSAGE, type DohClient, type DohResponse, dnsPath, messageIn } from './client.ts'
import { dohSuite } from './doh-suite.ts'
import { openGateway } from './gateway.ts'
import { runGateway, type Security, serveGateway } from './server.ts'
import { http1Sender, http2Sender, type Sender } from './server-client.ts'

/** How clients get to the server. */
const WAYS: readonly {
  title: string
  version: string
  security: Security
  sender: (origin: string) => Sender
}[] = [
  { title: 'HTTP/1.1 over TLS', version: '1.1', security: 'TLS', sender: http1Sender },
  { title: 'HTTP/2 over TLS', version: '2', security: 'TLS', sender: http2Sender },
  { title: 'HTTP/1.1 in the clear', version: '1.1', security: 'cleartext', sender: http1Sender },
  { title: 'HTTP/2 in the clear', version: '2', security: 'cleartext', sender: http2Sender },
]

/** The longest request target that the server reads (`limits.ts`). */
const MAX_TARGET_LENGTH = 8_192

for (const { title, security, sender } of WAYS) {
  for (const fastPath of [true, false])
    dohSuite(`the server over ${title}, ${fastPath ? 'with' : 'without'} the fast path`, async () => {
      const running = await runGateway({ security, fastPath })
      const { request, end } = sender(running.origin)
      const client: DohClient = {
        request,
        asked: async () => running.upstream.asked,
        advance: (seconds) => running.gateway.clock.advance(seconds * 1000),
        tooLongTarget: MAX_TARGET_LENGTH + 1,
        async close() {
          end()
          await running.close()
        },
      }
      return client
    })
}

describe('the fast path', () => {
  const padding = option(12, new Uint8Array(20))
  const subnet = option(8, [0, 1, 24, 0, 192, 0, 2])
  const messages = Object.entries({
    'a .bit name': query({ question: 'single.bit' }),
    'another spelling and id': query({ id: 0xbeef, question: 'SiNgLe.BiT' }),
    'an answer that is private': query({ question: 'chain.example', type: 5 }),
    'NXDOMAIN under .bit': query({ question: 'no-such-name.bit' }),
    'NXDOMAIN outside': query({ question: 'nx.example' }),
    'NODATA outside': query({ question: 'nodata.example' }),
    'a failure, kept for a second': query({ question: 'servfail.example' }),
    'a failure of ours, with its reason': query({ question: 'notjson.bit', additional: [opt()] }),
    'several TTLs': query({ question: 'ttl.example' }),
    'what must not be kept': query({ question: 'zero.example' }),
    'a long answer': query({ question: 'long.example', type: 16 }),
    'DO and CD': query({ question: 'signed.example', flags: 0x0110, additional: [opt({ flags: 0x8000 })] }),
    padding: query({ question: 'plain.example', additional: [opt({}, padding)] }),
    'a client subnet': query({ question: 'plain.example', additional: [opt({}, subnet)] }),
    'another EDNS version': query({ additional: [opt({ version: 1 })] }),
    'a zone transfer': query({ type: 252 }),
    ANY: query({ question: 'single.bit', type: 255 }),
    'a response': query({ flags: 0x8180 }),
    'too short': query().subarray(0, 11),
    'octets too many': octets(query(), 0),
  })

  for (const { title, security, sender } of WAYS)
    describe(`over ${title} answers as the application does`, () => {
      const gateway = openGateway()
      let both: { fast: Sender; slow: Sender; fastAnswers: () => number; close: () => Promise<unknown> }
      beforeAll(async () => {
        const [fast, slow] = [
          await serveGateway(gateway, { security, fastPath: true }),
          await serveGateway(gateway, { security, fastPath: false }),
        ]
        both = {
          fast: sender(fast.origin),
          slow: sender(slow.origin),
          fastAnswers: fast.fastAnswers,
          close: () => Promise.all([fast.serving.close(0), slow.serving.close(0)]),
        }
      })
      afterAll(async () => {
        both.fast.end()
        both.slow.end()
        await both.close()
      })

      /** All of a response, but for the time of day. */
      const comparable = ({ status, headers, body }: DohResponse) => ({
        status,
        headers: headers.filter(([name]) => name !== 'date').sort(([a], [b]) => (a < b ? -1 : 1)),
        body,
      })

      for (const [name, message] of messages)
        for (const method of ['GET', 'POST'] as const)
          test(`${method}: ${name}`, async () => {
            const request = (from: Sender) =>
              method === 'GET'
                ? from.request(`${dnsPath(message)}&ct=x`, { headers: { accept: DNS_MESSAGE } })
                : from.request('/dns-query', {
                    method,
                    headers: { 'content-type': DNS_MESSAGE },
                    body: message,
                  })
            await request(both.slow)
            gateway.clock.advance(10_000)
            await request(both.slow)
            expect(comparable(await request(both.fast))).toEqual(comparable(await request(both.slow)))
          })
      test('and it does answer', async () => {
        const before = both.fastAnswers()
        await both.fast.request(dnsPath(query({ question: 'single.bit' })))
        messageIn(await both.fast.request(dnsPath(query({ question: 'single.bit' }))))
        expect(both.fastAnswers()).toBeGreaterThan(before)
      })
    })
})

describe('C21 RFC 8484 §5.2: HTTP/2, and HTTP/1.1 for those who have no other', () => {
  for (const { title, version, security, sender } of WAYS)
    test(`an answer over ${title}`, async () => {
      const running = await runGateway({ security, fastPath: true })
      const { request, end } = sender(running.origin)
      const response = await request(dnsPath(query()))
      expect([messageIn(response).rcode, response.httpVersion]).toEqual([0, version])
      end()
      await running.close()
    })
  for (const [offered, chosen] of [
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1', 'h2'], 'h2'],
    [['h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [[], false],
  ] as const)
    test(`ALPN ${offered.join(', ') || 'missing'} gets ${chosen || 'none'}`, async () => {
      const running = await runGateway({ security: 'TLS', fastPath: true })
      const { port } = new URL(running.origin)
      const socket = connectTls({
        port: Number(port),
        host: '127.0.0.1',
        ca: testCa.cert,
        ALPNProtocols: [...offered],
      })
      await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
      expect(socket.alpnProtocol).toBe(chosen)
      socket.destroy()
      await running.close()
    })
})

test('C22 RFC 8484 §5.3: nothing is pushed, to clients that would let it neither', async () => {
  const running = await runGateway({ security: 'TLS', fastPath: true })
  const { session, request, end } = http2Sender(running.origin)
  let pushed = 0
  session.on('stream', () => {
    pushed += 1
  })
  for (const path of [dnsPath(query()), '/', '/resolve?name=jordia65.bit'])
    expect((await request(path)).status).toBe(200)
  expect([session.localSettings.enablePush, pushed]).toEqual([true, 0])
  end()
  await running.close()
})
