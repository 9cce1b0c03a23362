import { constants } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { query } from '../dns/messages.ts'
import { afterTest, until } from '../node/tools.ts'
import { DNS_MESSAGE, dataOf, dnsPath, header, messageIn, post } from './client.ts'
import { anyBody, anyMethod, anyTarget } from './hostile.ts'
import { type RunningGateway, runGateway } from './server.ts'
import { http1Sender, http2Sender, type Sender } from './server-client.ts'

/**
 * What clients do to a gateway on the network. The server's own limits have tests of their own
 * (`node/server.node.test.ts`); here the whole gateway stands behind it.
 */

/** The process's connections, the server's and the clients' alike. */
const openConnections = () =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'TLSWrap').length

let running: RunningGateway
let origin: string
let connectionsBefore: number
beforeAll(async () => {
  connectionsBefore = openConnections()
  running = await runGateway({
    security: 'cleartext',
    fastPath: true,
    limits: { requestTimeoutMs: 200, connectionsCheckingIntervalMs: 50 },
  })
  origin = running.origin
})
afterAll(() => running.close())

const WAYS = [
  ['HTTP/1.1', http1Sender],
  ['HTTP/2', http2Sender],
] as const

/** A sender that is gone after the test. */
function open<S extends Sender>(make: (origin: string) => S): S {
  const sender = make(origin)
  afterTest(() => sender.end())
  return sender
}

/** All that comes back on a connection of its own for these octets. */
function talk(...sent: readonly (string | Uint8Array)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp(Number(new URL(origin).port), '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
    for (const part of sent) socket.write(part)
    socket.end()
  })
}

const statusLines = (text: string): string[] => text.match(/HTTP\/1\.1 \d{3}/g) ?? []

const head = (...fields: string[]): string =>
  ['POST /dns-query HTTP/1.1', 'host: localhost', `content-type: ${DNS_MESSAGE}`, ...fields, '', ''].join(
    '\r\n',
  )

describe('C5 RFC 8484 §6: the body on the wire', () => {
  const message = query({ question: 'single.bit' })
  const chunked = (...parts: readonly Uint8Array[]): (string | Uint8Array)[] => [
    ...parts.flatMap((part) => [`${part.length.toString(16)}\r\n`, part, '\r\n']),
    '0\r\n\r\n',
  ]
  test('in chunks, without a length, is read whole', async () => {
    const parts = Array.from(message, (octet) => Uint8Array.of(octet))
    const answer = await talk(head('transfer-encoding: chunked', 'connection: close'), ...chunked(...parts))
    expect(statusLines(answer)).toEqual(['HTTP/1.1 200'])
    expect(answer).toContain(`content-type: ${DNS_MESSAGE}`)
  })
  test('65,536 octets in chunks are 413', async () => {
    const parts = Array.from({ length: 4 }, () => new Uint8Array(16_384))
    const answer = await talk(head('transfer-encoding: chunked', 'connection: close'), ...chunked(...parts))
    expect(statusLines(answer)).toEqual(['HTTP/1.1 413'])
  })
  test('longer than its length says is never answered: what is too much is no request', async () => {
    const lie = head(`content-length: ${message.length - 5}`)
    // The connection ends, with or without a word: there is no telling what the client takes a word to be about.
    expect(new Set([...statusLines(await talk(lie, message)), 'HTTP/1.1 400'])).toEqual(
      new Set(['HTTP/1.1 400']),
    )
  })
  test('shorter than its length says is 400 when the client ends, and nothing is looked up', async () => {
    const answer = await talk(head(`content-length: ${message.length + 5}`), message)
    expect(statusLines(answer)).toEqual(['HTTP/1.1 400'])
  })
  for (const [name, fields] of Object.entries({
    'two lengths': ['content-length: 5', 'content-length: 6'],
    'a length and chunks': ['content-length: 5', 'transfer-encoding: chunked'],
    'a negative length': ['content-length: -1'],
    'a length that is no number': ['content-length: many'],
  }))
    test(`${name} are 400`, async () => {
      expect(statusLines(await talk(head(...fields), 'GET / HTTP/1.1\r\n\r\n'))).toEqual(['HTTP/1.1 400'])
    })
  test('over HTTP/2: no length is read whole, a length that lies is no request', async () => {
    const sender = open(http2Sender)
    expect(dataOf(messageIn(await post(sender, message)), 'A')).toEqual(['192.0.2.1'])
    const lie = sender.request('/dns-query', {
      method: 'POST',
      headers: { 'content-type': DNS_MESSAGE, 'content-length': String(message.length + 1) },
      body: message,
    })
    await expect(lie).rejects.toThrow(/PROTOCOL_ERROR|400/)
  })
  for (const [name, make] of WAYS)
    test(`C31: a body that stops coming is 408 over ${name}`, async () => {
      if (name === 'HTTP/2') {
        const { session } = open(http2Sender)
        const stream = session.request({
          ':method': 'POST',
          ':path': '/dns-query',
          'content-type': DNS_MESSAGE,
        })
        stream.on('error', () => {})
        stream.write(message.subarray(0, 20))
        const status = await new Promise((resolve) =>
          stream.on('response', (fields) => resolve(fields[':status'])),
        )
        expect(status).toBe(408)
      } else {
        const socket = connectTcp(Number(new URL(origin).port), '127.0.0.1')
        socket.write(head(`content-length: ${message.length}`))
        socket.write(message.subarray(0, 20))
        const answer = await new Promise<string>((resolve) =>
          socket.once('data', (chunk) => resolve(String(chunk))),
        )
        expect(statusLines(answer)).toEqual(['HTTP/1.1 408'])
        socket.destroy()
      }
      expect(messageIn(await open(make).request(dnsPath(message))).rcode).toBe(0)
    })
})

describe('C31: size', () => {
  for (const [name, make] of WAYS) {
    test(`a URL of 16 KB is 414 over ${name}, and is kept by nobody`, async () => {
      const sender = open(make)
      const response = await sender.request('/dns-query?dns='.padEnd(16_384, 'A'))
      expect([response.status, header(response, 'cache-control')]).toEqual([414, 'no-store'])
    })
    test(`100 header fields are no reason to refuse over ${name}, 20 KB of them are`, async () => {
      const sender = open(make)
      const fields = (length: number) =>
        Object.fromEntries(
          Array.from({ length: 100 }, (_, index) => [`x-field-${index}`, 'x'.repeat(length)]),
        )
      messageIn(await sender.request(dnsPath(query()), { headers: fields(10) }))
      expect((await sender.request(dnsPath(query()), { headers: fields(200) })).status).toBe(431)
    })
  }
})

describe('C31: many at once', { timeout: 60_000 }, () => {
  test('1,000 queries on one HTTP/2 connection are answered, each with its id', async () => {
    const sender = open(http2Sender)
    const ids = Array.from({ length: 1_000 }, (_, id) => id)
    const answers = await Promise.all(
      ids.map((id) => sender.request(dnsPath(query({ id, question: `q${id % 50}.example` })))),
    )
    expect(answers.map((answer) => messageIn(answer).id)).toEqual(ids)
  })
  test('queries that are reset as soon as they are sent cost nobody else an answer (CVE-2023-44487)', async () => {
    const attacker = open(http2Sender)
    for (let id = 0; id < 2_000 && !attacker.session.destroyed; id++) {
      const stream = attacker.session.request({ ':path': dnsPath(query({ question: `reset${id}.example` })) })
      stream.on('error', () => {})
      stream.close(constants.NGHTTP2_CANCEL)
    }
    const sender = open(http2Sender)
    expect(messageIn(await sender.request(dnsPath(query()))).rcode).toBe(0)
  })
  test('200 connections that end in the middle of a query leave nothing behind', async () => {
    const before = openConnections()
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const socket = connectTcp(Number(new URL(origin).port), '127.0.0.1')
        await new Promise((resolve) => socket.once('connect', resolve))
        socket.write(head('content-length: 40').slice(0, 10 + index))
        socket.destroy()
      }),
    )
    await until(() => openConnections() <= before)
  })
})

describe('C31: whatever is sent is answered or refused, and is no fault of ours', { timeout: 60_000 }, () => {
  for (const [name, make] of WAYS) {
    test(`a body over ${name}`, async () => {
      const sender = open(make)
      await fc.assert(
        fc.asyncProperty(anyBody, async (body) => {
          const response = await post(sender, body)
          if (response.status === 200) messageIn(response)
          else expect(response.status).toBe(400)
        }),
        { numRuns: 300 },
      )
    })
    test(`a method and a target over ${name}`, async () => {
      const sender = open(make)
      await fc.assert(
        fc.asyncProperty(anyMethod, anyTarget, async (method, target) => {
          const { status } = await sender.request(target, { method })
          expect(status).toBeGreaterThanOrEqual(200)
          expect(status).toBeLessThan(500)
        }),
        { numRuns: 300 },
      )
    })
  }
})

test('C31: after all that, no connection is left but the kept one to the upstream', async () => {
  expect(
    messageIn(await open(http1Sender).request(dnsPath(query({ question: 'alive.example' })))).rcode,
  ).toBe(0)
  // Each connection within this process has two ends.
  await until(() => openConnections() <= connectionsBefore + 2 + 2)
})
