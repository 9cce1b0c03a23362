import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Log } from '../../src/log.ts'
import type { FastPath, Handler } from '../../src/node/exchange.ts'
import { type ServeOptions, type Serving, serve } from '../../src/node/server.ts'
import { afterTest, fixedCertificate, has, pause, temporaryFolder, testCa, until } from './tools.ts'

const run = promisify(execFile)

/** Answers with what was asked: method, path and query, length of the body. `/slow` waits to be let go. */
function echo() {
  const waiting: (() => void)[] = []
  const handler: Handler = async (request) => {
    const { pathname, search } = new URL(request.url)
    if (pathname === '/throws') throw new Error('a bug')
    if (pathname === '/slow') await new Promise<void>((resolve) => waiting.push(resolve))
    const length = (await request.arrayBuffer()).byteLength
    return new Response(`${request.method} ${pathname}${search} ${length}`, { headers: { 'x-a': 'b' } })
  }
  return { handler, waiting }
}

const logged: string[] = []
const log: Log = {
  info: (event) => void logged.push(event),
  warn: (event) => void logged.push(event),
  error: (event, fields) => void logged.push(`${event} ${JSON.stringify(fields)}`),
}

async function started(
  options: Partial<ServeOptions> = {},
): Promise<Serving & { origin: string; port: number }> {
  const listen = [{ host: '127.0.0.1', port: 0 }]
  const serving = await serve({ listen, tls: undefined, handler: echo().handler, log, ...options })
  if (serving.kind === 'failed') throw new Error(serving.line)
  afterTest(() => serving.close(0))
  return { ...serving, origin: serving.origins[0]!, port: serving.addresses[0]!.port }
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Record<string, unknown>
}

type Send = (
  path: string,
  options?: { method?: string; headers?: OutgoingHttpHeaders; body?: Buffer },
) => Promise<Answer>

function http1(origin: string): Send {
  const secure = origin.startsWith('https')
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true })
  afterTest(() => agent.destroy())
  return (path, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const send = secure ? httpsRequest : httpRequest
      const options = { agent, method, headers, ca: testCa.cert }
      const request = send(origin + path, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            text: Buffer.concat(chunks).toString(),
            headers: response.headers,
          }),
        )
        response.on('error', reject)
      })
      request.on('error', reject)
      request.end(body)
    })
}

function session(origin: string): ClientHttp2Session {
  const made = connectHttp2(origin, { ca: testCa.cert })
  made.on('error', () => {})
  afterTest(() => made.destroy())
  return made
}

function http2(origin: string, on: ClientHttp2Session = session(origin)): Send {
  return (path, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const stream = on.request(
        { ':path': path, ':method': method, ...headers },
        { endStream: body === undefined },
      )
      let received: Record<string, unknown> | undefined
      const chunks: Buffer[] = []
      stream.on('response', (fields) => {
        received = fields
      })
      stream.on('data', (chunk) => chunks.push(chunk))
      stream.on('error', reject)
      stream.on('end', () => {
        if (received === undefined) return reject(new Error('no response'))
        resolve({
          status: Number(received[':status']),
          text: Buffer.concat(chunks).toString(),
          headers: received,
        })
      })
      if (body !== undefined) stream.end(body)
    })
}

/** Everything a raw connection answers until it is closed. */
async function raw(port: number, ...parts: (string | Buffer)[]): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.on('close', resolve))
  for (const part of parts) {
    socket.write(part)
    await pause(20)
  }
  await closed
  return text
}

const protocols = [
  ['HTTP/1.1 over TLS', fixedCertificate, http1],
  ['HTTP/2 over TLS', fixedCertificate, http2],
  ['plain HTTP/1.1', undefined, http1],
  ['cleartext HTTP/2 with prior knowledge', undefined, http2],
] as const

describe.each(protocols)('%s', (_name, tls, client) => {
  it('GET, HEAD and POST reach the handler whole', async () => {
    const send = client((await started({ tls })).origin)
    expect(await send('/a?b=%63')).toMatchObject({ status: 200, text: 'GET /a?b=%63 0' })
    expect(await send('/a', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
    const body = Buffer.alloc(65_535, 1)
    expect(await send('/a', { method: 'POST', body })).toMatchObject({ status: 200, text: 'POST /a 65535' })
    expect(await send('/a', { method: 'POST', body: Buffer.alloc(0) })).toMatchObject({ text: 'POST /a 0' })
  })

  it('C22 C26: no push, no cookie, no word of what runs here', async () => {
    const { headers } = await client((await started({ tls })).origin)('/')
    for (const name of ['server', 'x-powered-by', 'set-cookie', 'link'])
      expect(headers).not.toHaveProperty(name)
  })

  it('the fast path answers what it can and leaves the rest to the handler', async () => {
    const seen: unknown[] = []
    const fastPath: FastPath = (method, target, header, body) => {
      seen.push([method, target, header('accept'), body?.length])
      if (!target.startsWith('/fast')) return undefined
      return {
        status: 200,
        headers: { 'content-type': 'application/dns-message' },
        body: Buffer.from('quick'),
      }
    }
    const send = client((await started({ tls, fastPath })).origin)
    const headers = { accept: 'application/dns-message' }
    const quick = { status: 200, text: 'quick' }
    expect(await send('/fast?dns=x', { headers })).toMatchObject(quick)
    const posted = await send('/fast', { method: 'POST', headers, body: Buffer.from('12345') })
    expect(posted).toMatchObject(quick)
    expect(posted.headers).toMatchObject({ 'content-length': '5', 'content-type': 'application/dns-message' })
    expect(posted.headers).toHaveProperty('date')
    expect(await send('/other', { method: 'POST', body: Buffer.from('12345') })).toMatchObject({
      text: 'POST /other 5',
    })
    expect(await send('/fast', { method: 'PUT', body: Buffer.from('1') })).toMatchObject({
      text: 'PUT /fast 1',
    })
    expect(seen).toEqual([
      ['GET', '/fast?dns=x', 'application/dns-message', undefined],
      ['POST', '/fast', 'application/dns-message', 5],
      ['POST', '/other', undefined, 5],
    ])
  })

  it('a fast path that throws is logged and costs nobody an answer', async () => {
    const fastPath: FastPath = () => {
      throw new TypeError('a bug')
    }
    logged.length = 0
    expect(await client((await started({ tls, fastPath })).origin)('/a')).toMatchObject({ text: 'GET /a 0' })
    expect(logged[0]).toMatch(/^fast-path-failed .*TypeError/)
  })

  it('a handler that throws gives 500 without a word, and its message is not logged', async () => {
    logged.length = 0
    const answer = await client((await started({ tls })).origin)('/throws')
    expect(answer).toMatchObject({ status: 500, text: '' })
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(logged.join()).toMatch(/request-failed/)
    expect(logged.join()).not.toContain('a bug')
  })

  it('C5: a body of 65,536 octets gives 413, declared or not', async () => {
    const send = client((await started({ tls })).origin)
    const body = Buffer.alloc(65_536)
    expect(await send('/a', { method: 'POST', body })).toMatchObject({ status: 413 })
    const declared = { 'content-length': body.length }
    expect(await send('/a', { method: 'POST', headers: declared, body })).toMatchObject({ status: 413 })
    expect(await send('/a')).toMatchObject({ status: 200 })
  })

  it('a body that does not come gives 408', async () => {
    const { origin } = await started({ tls, limits: { requestTimeoutMs: 50 } })
    const headers = { 'content-length': 10 }
    if (client === http2) {
      const stream = session(origin).request({ ':path': '/a', ':method': 'POST', ...headers })
      stream.on('error', () => {})
      const status = await new Promise((resolve) =>
        stream.on('response', (fields) => resolve(fields[':status'])),
      )
      expect(status).toBe(408)
      return
    }
    const request = (origin.startsWith('https') ? httpsRequest : httpRequest)(`${origin}/a`, {
      method: 'POST',
      headers,
      ca: testCa.cert,
    })
    request.on('error', () => {})
    request.flushHeaders()
    const response = await new Promise<{ statusCode?: number }>((resolve) => request.on('response', resolve))
    expect(response.statusCode).toBe(408)
    request.destroy()
  })

  it('bodies of all clients together are bounded: 503 with Retry-After', async () => {
    const { origin } = await started({ tls, limits: { maxBodiesLength: 100 } })
    const answer = await client(origin)('/a', { method: 'POST', body: Buffer.alloc(101) })
    expect(answer).toMatchObject({ status: 503 })
    expect(answer.headers['retry-after']).toBe('1')
    expect(await client(origin)('/a', { method: 'POST', body: Buffer.alloc(100) })).toMatchObject({
      status: 200,
    })
    expect(await client(origin)('/a', { method: 'POST', body: Buffer.alloc(100) })).toMatchObject({
      status: 200,
    })
  })

  it.each([8_193, 16_384, 60_000])('C31: a target of %d octets gives 414', async (length) => {
    const send = client((await started({ tls })).origin)
    expect(await send(`/${'a'.repeat(length - 1)}`)).toMatchObject({ status: 414 })
  })

  it('a target of 8,192 octets is read', async () => {
    const send = client((await started({ tls })).origin)
    expect(await send(`/${'a'.repeat(8_191)}`)).toMatchObject({ status: 200 })
  })

  it.each([17_000, 40_000])('C31: a header of %d octets gives 431', async (length) => {
    const send = client((await started({ tls })).origin)
    expect(await send('/', { headers: { 'x-long': 'a'.repeat(length) } })).toMatchObject({ status: 431 })
  })

  it('C31: 100 header fields are no reason to refuse', async () => {
    const send = client((await started({ tls })).origin)
    const headers = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'a']))
    expect(await send('/a', { headers })).toMatchObject({ status: 200 })
  })

  it.each(['/%', '/%zz?dns=%', '//dns-query', '/dns-query/', '/a?%00'])(
    'C31: %s gives no 5xx',
    async (path) => {
      const send = client((await started({ tls })).origin)
      expect((await send(path)).status).toBeLessThan(500)
    },
  )

  it('close lets what is under way finish, then no connection is left', async () => {
    const { handler, waiting } = echo()
    const { origin, close } = await started({ tls, handler })
    const answer = client(origin)('/slow')
    await until(() => waiting.length > 0)
    let closed = false
    const closing = close(60_000).then(() => {
      closed = true
    })
    await pause(50)
    expect(closed).toBe(false)
    waiting[0]!()
    expect(await answer).toMatchObject({ status: 200, text: 'GET /slow 0' })
    await closing
    await expect(client(origin)('/a')).rejects.toThrow()
  })

  it('close does not wait for connections that are kept alive', async () => {
    const { origin, close } = await started({ tls })
    expect(await client(origin)('/a')).toMatchObject({ status: 200 })
    await close(2 ** 30)
  })

  it('close cuts at the deadline what does not finish', async () => {
    const { handler, waiting } = echo()
    const { origin, close } = await started({ tls, handler })
    const answer = client(origin)('/slow')
    answer.catch(() => {})
    await until(() => waiting.length > 0)
    await close(10)
    await expect(answer).rejects.toThrow()
    waiting[0]!()
  })
})

describe('over TLS', () => {
  it.each([
    ['h2, http/1.1', ['h2', 'http/1.1'], 'h2'],
    ['http/1.1', ['http/1.1'], 'http/1.1'],
  ])('C21: a client that offers %s gets %s', async (_offered, offered, chosen) => {
    const { port } = await started({ tls: fixedCertificate })
    const socket = connectTls({ port, host: '127.0.0.1', ca: testCa.cert, ALPNProtocols: offered })
    afterTest(() => socket.destroy())
    await new Promise((resolve) => socket.on('secureConnect', resolve))
    expect(socket.alpnProtocol).toBe(chosen)
  })

  it('a client without ALPN speaks HTTP/1.1', async () => {
    const { port } = await started({ tls: fixedCertificate })
    const socket = connectTls({ port, host: '127.0.0.1', ca: testCa.cert })
    socket.write('GET /a HTTP/1.0\r\n\r\n')
    const text = await new Promise((resolve) => socket.on('data', (chunk) => resolve(chunk.toString())))
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    socket.destroy()
  })

  it('plain HTTP, noise and broken handshakes harm nobody', async () => {
    const { port, origin } = await started({ tls: fixedCertificate })
    await raw(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await raw(port, Buffer.alloc(500, 0xff))
    connectTcp(port, '127.0.0.1').destroy()
    expect(await http2(origin)('/a')).toMatchObject({ status: 200 })
  })

  it('a handshake that stalls is ended', async () => {
    const { port } = await started({ tls: fixedCertificate, limits: { headersTimeoutMs: 30 } })
    await raw(port, Buffer.of(0x16, 0x03, 0x01))
  })
})

describe('plain', () => {
  it('both protocols begin on one port, however their first octets are cut', async () => {
    const { port } = await started()
    const get = 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    expect(
      await raw(port, 'P', 'UT /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'),
    ).toMatch(/PUT \/a 0/)
    expect(await raw(port, 'PRI', 'NT /a HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await raw(port, get)).toMatch(/^HTTP\/1\.1 200 [\s\S]*GET \/a 0/)

    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    const settings = Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0)
    const goaway = Buffer.of(0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    const answer = await raw(
      port,
      preface.subarray(0, 3),
      preface.subarray(3, 20),
      preface.subarray(20),
      settings,
      goaway,
    )
    expect(answer.charCodeAt(3)).toBe(4)
  })

  it('a connection on which nothing is said is ended', async () => {
    const { port } = await started({ limits: { headersTimeoutMs: 30 } })
    expect(await raw(port)).toBe('')
    expect(await raw(port, 'PRI * HT')).toBe('')
  })

  it('close does not wait for connections on which nothing was said', async () => {
    const { port, close } = await started()
    const socket = connectTcp(port, '127.0.0.1')
    socket.on('error', () => {})
    await new Promise((resolve) => socket.on('connect', resolve))
    await pause(20)
    await close(2 ** 30)
  })

  it('a header that comes too slowly gives 408 and the end', async () => {
    const { port } = await started({ limits: { headersTimeoutMs: 30, connectionsCheckingIntervalMs: 10 } })
    expect(await raw(port, 'GET /a HTTP/1.1\r\nX: ')).toMatch(/^HTTP\/1\.1 408 [\s\S]*connection: close/)
  })

  it.each([
    ['no HTTP', ['HELO there\r\n\r\n'], 400],
    ['a line feed in a name', ['GET / HTTP/1.1\r\nA\nB: c\r\n\r\n'], 400],
    ['two lengths', ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'], 400],
    [
      'length and chunks',
      ['POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
      400,
    ],
    ['a bad chunk', ['POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'], 400],
    ['a target of 100 KB', [`GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`], 414],
    ['a header of 100 KB', [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`], 431],
    ['a target in pieces', [`GET /${'a'.repeat(20_000)}`, 'a'.repeat(60_000)], 414],
    [
      'a header in pieces',
      ['GET / HTTP/1.1\r\nHost: a\r\nX: ', 'a b '.repeat(5_000), 'a b '.repeat(15_000)],
      431,
    ],
  ])('%s is answered and ended', async (_what, parts, status) => {
    const { port, origin } = await started()
    expect(await raw(port, ...parts)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(await http1(origin)('/a')).toMatchObject({ status: 200 })
  })

  it('C5: a body shorter than declared gives 400', async () => {
    const { port } = await started()
    const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.end('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nshort')
    const text = await new Promise((resolve) => socket.on('data', (chunk) => resolve(chunk.toString())))
    expect(text).toMatch(/^HTTP\/1\.1 400 /)
    socket.destroy()
  })

  it('a refusal never passes for the answer that an earlier request waits for', async () => {
    const { handler, waiting } = echo()
    const { port } = await started({ handler })
    expect(await raw(port, 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n')).toBe('')
    for (const go of waiting) go()
  })
})

describe('attacks over HTTP/2', () => {
  it('C31: rapid reset ends the session and nothing else (CVE-2023-44487)', async () => {
    const { handler, waiting } = echo()
    const { origin } = await started({ handler, limits: { streamResetBurst: 50, streamResetRate: 1 } })
    const attacker = session(origin)
    const ended = new Promise((resolve) => attacker.on('close', resolve))
    const flood = setInterval(() => {
      for (let i = 0; i < 20 && !attacker.closed && !attacker.destroyed; i++) {
        const stream = attacker.request({ ':path': '/slow' })
        stream.on('error', () => {})
        stream.close(constants.NGHTTP2_CANCEL)
      }
    }, 5)
    afterTest(() => clearInterval(flood))
    await ended
    expect(await http2(origin)('/a')).toMatchObject({ status: 200 })
    for (const go of waiting) go()
  })

  it('C31: of 1,000 streams at once all are answered, 100 at a time', async () => {
    let open = 0
    let most = 0
    const handler: Handler = async () => {
      most = Math.max(most, ++open)
      await pause(1)
      open -= 1
      return new Response('ok')
    }
    const { origin } = await started({ handler })
    const send = http2(origin)
    await send('/')
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => send('/')))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(most).toBeLessThanOrEqual(100)
  })

  it('a client that leaves mid-way costs nothing but its own answer', async () => {
    const { handler, waiting } = echo()
    const { origin } = await started({ handler })
    const leaver = session(origin)
    leaver.request({ ':path': '/slow' }).on('error', () => {})
    const poster = leaver.request({ ':path': '/a', ':method': 'POST' })
    poster.on('error', () => {})
    poster.write('half')
    await until(() => waiting.length > 0)
    leaver.destroy()
    await pause(20)
    waiting[0]!()
    expect(await http2(origin)('/a')).toMatchObject({ status: 200 })
  })

  it('CONNECT is refused', async () => {
    const stream = session((await started()).origin).request({
      ':method': 'CONNECT',
      ':authority': 'bank.example:443',
    })
    const status = await new Promise((resolve) =>
      stream.on('response', (fields) => resolve(fields[':status'])),
    )
    expect(status).toBe(405)
    stream.close()
  })

  it('an idle session is ended', async () => {
    const { origin } = await started({ limits: { sessionTimeoutMs: 30 } })
    const idle = session(origin)
    await new Promise((resolve) => idle.on('close', resolve))
  })
})

describe('listening', () => {
  it('on several addresses, each with the port it got', async () => {
    const listen = [
      { host: '127.0.0.1', port: 0 },
      { host: 'localhost', port: 0 },
    ]
    const { origins, addresses } = await started({ listen })
    expect(origins).toEqual(addresses.map(({ host, port }) => `http://${host}:${port}`))
    for (const origin of origins) expect(await http1(origin)('/a')).toMatchObject({ status: 200 })
  })

  it('where another program listens is a problem of one line, and nothing is left open', async () => {
    const taken = await started()
    const free = await started()
    await free.close(0)
    const listen = [...free.addresses, ...taken.addresses]
    const outcome = await serve({ listen, tls: undefined, handler: echo().handler, log })
    expect(outcome).toMatchObject({ kind: 'failed', code: 'EADDRINUSE' })
    expect(outcome.kind === 'failed' && outcome.line).toContain(`--listen: given 127.0.0.1:${taken.port}, `)
    await started({ listen: free.addresses })
  })

  it('no more connections than the limit are taken', async () => {
    const { port, origin } = await started({ limits: { maxConnections: 1 } })
    const first: Socket = connectTcp(port, '127.0.0.1')
    await new Promise((resolve) => first.on('connect', resolve))
    await pause(20)
    await expect(http1(origin)('/a')).rejects.toThrow()
    first.destroy()
  })
})

describe.skipIf(!has('curl'))('curl (skipped without curl)', () => {
  it.each([
    ['--http2', fixedCertificate, '2'],
    ['--http1.1', fixedCertificate, '1.1'],
    ['--http2-prior-knowledge', undefined, '2'],
    ['--http1.1', undefined, '1.1'],
  ])('%s gets an answer', async (version, tls, spoken) => {
    const ca = join(temporaryFolder(), 'ca.pem')
    writeFileSync(ca, testCa.cert)
    const { port } = await started({ tls })
    const url = `${tls === undefined ? 'http' : 'https'}://localhost:${port}/a?b`
    const { stdout } = await run('curl', [
      '-sS',
      version,
      '--cacert',
      ca,
      '-w',
      ' %{http_version}',
      '-d',
      'body',
      url,
    ])
    expect(stdout).toBe(`POST /a?b 4 ${spoken}`)
  })
})

describe('the end', () => {
  it.each<[string, string | undefined, Uint8Array]>([
    ['a connection without a handshake', undefined, Buffer.alloc(0)],
    ['HTTP/2 that says nothing', 'h2', Buffer.alloc(0)],
    ['HTTP/2 with its preface only', 'h2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['HTTP/1.1 that says nothing', 'http/1.1', Buffer.alloc(0)],
  ])('close does not wait for %s: nothing is owed to it', async (_what, protocol, said) => {
    const { port, close } = await started({ tls: fixedCertificate })
    const socket = connectTcp(port, '127.0.0.1')
    afterTest(() => socket.destroy())
    await new Promise((resolve) => socket.once('connect', resolve))
    if (protocol !== undefined) {
      // Never read, as by a client that hangs.
      const secure = connectTls({
        socket,
        ca: testCa.cert,
        servername: 'localhost',
        ALPNProtocols: [protocol],
      })
      secure.on('error', () => {})
      await new Promise((resolve) => secure.once('secureConnect', resolve))
      secure.write(said)
    }
    await close(2 ** 30)
  })
})
