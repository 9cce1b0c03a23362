import { setMaxListeners } from 'node:events'
import type { RequestListener } from 'node:http'
import {
  constants,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, it } from 'vitest'
import {
  type HttpResponse,
  type NodeTransportOptions,
  nodeTransport,
  type Transport,
  TransportError,
} from '../../src/node/upstream-transport.ts'
import { afterTest, pause, testCa, testLeaf, until } from './tools.ts'

const forever = new AbortController().signal
// Many posts share this one, which in the gateway none do.
setMaxListeners(0, forever)
const message = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (body: Uint8Array): string => new TextDecoder().decode(body)

function transport(options: NodeTransportOptions = {}): Transport {
  const made = nodeTransport({ ca: testCa.cert, ...options })
  afterTest(made.close)
  return made
}

/** Why a post failed. */
async function failure(posted: Promise<unknown>): Promise<string> {
  const outcome = await posted.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
  if (!(outcome instanceof TransportError)) throw outcome
  return outcome.code
}

async function listening(server: Server): Promise<{ port: number; url: string; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterTest(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `https://localhost:${port}/dns-query?a=b`, sockets }
}

const destroyAll = (sockets: Set<Socket>): void => {
  for (const socket of sockets) socket.destroy()
}

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer) => void

const reply = (stream: ServerHttp2Stream, body: Buffer, headers = {}): void => {
  if (stream.destroyed) return
  stream.respond({ ':status': 200, 'content-type': 'application/dns-message', ...headers })
  stream.end(body)
}

async function http2Server(onStream: OnStream, settings = {}) {
  const sessions: ServerHttp2Session[] = []
  const server = createSecureServer({ ...testLeaf, settings })
  server.on('session', (session) => {
    sessions.push(session)
    session.on('error', () => {})
  })
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = []
    stream.on('error', () => {})
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => onStream(stream, headers, Buffer.concat(chunks)))
  })
  return { ...(await listening(server)), sessions }
}

const http1Server = (listener: RequestListener) => listening(createHttpsServer(testLeaf, listener))

describe('over HTTP/2', () => {
  it('posts a message as RFC 8484 §4.1 says and gives the response back', async () => {
    const seen: IncomingHttpHeaders[] = []
    const { url } = await http2Server((stream, headers, body) => {
      seen.push(headers)
      reply(stream, body)
    })
    const response = await transport().post(url, message('query'), forever)
    expect(response).toMatchObject({ status: 200, contentType: 'application/dns-message' })
    expect(textOf(response.body)).toBe('query')
    expect(seen[0]).toMatchObject({
      ':method': 'POST',
      ':path': '/dns-query?a=b',
      'content-type': 'application/dns-message',
      accept: 'application/dns-message',
      'content-length': '5',
    })
    expect(
      Object.keys(seen[0]!)
        .filter((name) => !name.startsWith(':'))
        .sort(),
    ).toEqual(['accept', 'content-length', 'content-type'])
  })

  it('200 posts at once share one connection, from its first handshake on', async () => {
    const { url, sessions } = await http2Server((stream, _headers, body) => reply(stream, body), {
      maxConcurrentStreams: 50,
    })
    const { post } = transport()
    const texts = Array.from({ length: 200 }, (_, index) => `query ${index}`)
    const responses = await Promise.all(texts.map((text) => post(url, message(text), forever)))
    expect(responses.map(({ body }) => textOf(body))).toEqual(texts)
    expect(sessions).toHaveLength(1)
  })

  it('a graceful GOAWAY loses nothing: what is under way finishes, what follows takes a new connection', async () => {
    const held: (() => void)[] = []
    const { url, sessions } = await http2Server((stream, _headers, body) => {
      if (body.toString().startsWith('held')) held.push(() => reply(stream, body))
      else reply(stream, body)
    })
    const { post } = transport()
    const underWay = ['held 1', 'held 2', 'held 3'].map((text) => post(url, message(text), forever))
    await until(() => held.length === 3)
    sessions[0]!.close()
    expect(textOf((await post(url, message('next'), forever)).body)).toBe('next')
    for (const release of held) release()
    expect((await Promise.all(underWay)).map(({ body }) => textOf(body))).toEqual([
      'held 1',
      'held 2',
      'held 3',
    ])
    expect(sessions.length).toBe(2)
  })

  it.each([
    ['the session dies', (session: ServerHttp2Session) => session.destroy()],
    [
      'the session dies with an error',
      (session: ServerHttp2Session) => session.destroy(new Error('x'), constants.NGHTTP2_INTERNAL_ERROR),
    ],
    ['the connection is reset', (_session: ServerHttp2Session, sockets: Set<Socket>) => destroyAll(sockets)],
  ])(
    'when %s before an answer began, the message is sent again once on a new connection',
    async (_how, kill) => {
      let asked = 0
      const server = await http2Server((stream, _headers, body) => {
        asked += 1
        if (asked === 2) kill(stream.session as ServerHttp2Session, server.sockets)
        else reply(stream, body)
      })
      const { post } = transport()
      await post(server.url, message('1'), forever)
      expect(textOf((await post(server.url, message('2'), forever)).body)).toBe('2')
      expect(asked).toBe(3)
      expect(server.sessions).toHaveLength(2)
    },
  )

  it('a server that always ends the connection is asked twice and no more', async () => {
    let asked = 0
    const { url } = await http2Server((stream) => {
      asked += 1
      stream.session!.destroy()
    })
    expect(await failure(transport().post(url, message('q'), forever))).toBe('network')
    expect(asked).toBe(2)
  })

  it('streams refused because there are too many are opened again', async () => {
    let refused = 0
    const { url } = await http2Server((stream, _headers, body) => {
      if (refused++ === 0) stream.close(constants.NGHTTP2_REFUSED_STREAM)
      else reply(stream, body)
    })
    expect(textOf((await transport().post(url, message('q'), forever)).body)).toBe('q')
  })

  it('an aborted post fails alone: its session and the others on it live on', async () => {
    const held: (() => void)[] = []
    const { url, sessions } = await http2Server((stream, _headers, body) => {
      held.push(() => reply(stream, body))
    })
    const { post } = transport()
    const controller = new AbortController()
    const aborted = post(url, message('aborted'), controller.signal)
    const other = post(url, message('other'), forever)
    await until(() => held.length === 2)
    controller.abort()
    expect(await failure(aborted)).toBe('aborted')
    for (const release of held) release()
    expect(textOf((await other).body)).toBe('other')
    const next = post(url, message('next'), forever)
    await until(() => held.length === 3)
    held[2]!()
    await next
    expect(sessions).toHaveLength(1)
  })

  it('a post whose signal was aborted before is never sent', async () => {
    let asked = 0
    const { url } = await http2Server(() => {
      asked += 1
    })
    const { post } = transport()
    expect(await failure(post(url, message('q'), AbortSignal.abort()))).toBe('aborted')
    expect(asked).toBe(0)
  })

  it.each([
    ['says nothing', (): void => {}],
    ['says only a header', (stream: ServerHttp2Stream) => stream.respond({ ':status': 200 })],
    [
      'says half a body',
      (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200 })
        stream.write('half')
      },
    ],
  ])('a server that %s is waited for no longer than the deadline', async (_what, act) => {
    const { url } = await http2Server(act)
    expect(await failure(transport({ exchangeTimeoutMs: 50 }).post(url, message('q'), forever))).toBe(
      'timeout',
    )
    expect(await failure(transport().post(url, message('q'), AbortSignal.timeout(50)))).toBe('timeout')
  })

  it.each([constants.NGHTTP2_NO_ERROR, constants.NGHTTP2_CANCEL, constants.NGHTTP2_INTERNAL_ERROR])(
    'a body that is cut by RST_STREAM with code %d is no response',
    async (code) => {
      const { url } = await http2Server((stream) => {
        stream.respond({ ':status': 200, 'content-length': 100 })
        stream.write('half', () => stream.close(code))
      })
      expect(['network', 'protocol']).toContain(await failure(transport().post(url, message('q'), forever)))
    },
  )

  it('a connection that closes in the middle of a body is no response', async () => {
    const { url, sockets } = await http2Server((stream) => {
      stream.respond({ ':status': 200 })
      stream.write('half', () => setTimeout(() => destroyAll(sockets), 20))
    })
    expect(['network', 'protocol']).toContain(await failure(transport().post(url, message('q'), forever)))
  })

  it('an endless body is cut off after 65,535 octets', async () => {
    let written = 0
    const { url } = await http2Server((stream) => {
      stream.respond({ ':status': 200 })
      const more = (): void => {
        if (stream.destroyed) return
        written += 16_384
        stream.write(Buffer.alloc(16_384), more)
      }
      more()
    })
    expect(await failure(transport().post(url, message('q'), forever))).toBe('too-long')
    await pause(50)
    expect(written).toBeLessThan(1_000_000)
  })

  it('a body of 65,535 octets is whole, and a length beyond is not even read', async () => {
    const { url } = await http2Server((stream, _headers, body) => {
      const length = Number(body.toString())
      if (length > 65_535) stream.respond({ ':status': 200, 'content-length': length })
      else reply(stream, Buffer.alloc(length))
    })
    const { post } = transport()
    expect((await post(url, message('65535'), forever)).body).toHaveLength(65_535)
    expect(await failure(post(url, message('65536'), forever))).toBe('too-long')
  })

  it('a session whose other end is silently gone is given up, so that later posts get through', {
    timeout: 30_000,
  }, async () => {
    const { port } = await http2Server((stream, _headers, body) => reply(stream, body))
    const tunnel = createTcpServer((inner) => {
      const outer = connectTcp(port, '127.0.0.1')
      let dead = false
      inner.on('data', (chunk) => !dead && outer.write(chunk))
      outer.on('data', (chunk) => !dead && inner.write(chunk))
      for (const socket of [inner, outer]) socket.on('error', () => {})
      inner.on('close', () => outer.destroy())
      cut.push(() => {
        dead = true
      })
    })
    const cut: (() => void)[] = []
    const { url } = await listening(tunnel)
    const { post } = transport({ exchangeTimeoutMs: 200 })
    await post(url, message('1'), forever)
    cut[0]!()
    expect(await failure(post(url, message('2'), forever))).toBe('timeout')
    const again = (): Promise<unknown> => post(url, message('3'), forever).catch(() => pause(10).then(again))
    await again()
    expect(cut).toHaveLength(2)
  })
})

describe('over HTTP/1.1, where a server speaks nothing else', () => {
  it('posts the same message and keeps connections', async () => {
    const seen: IncomingHttpHeaders[] = []
    const { url, sockets } = await http1Server((request, response) => {
      seen.push(request.headers)
      response.setHeader('content-type', 'application/dns-message')
      request.pipe(response)
    })
    const { post } = transport()
    for (const text of ['one', 'two', 'three']) {
      const response = await post(url, message(text), forever)
      expect(response).toMatchObject({ status: 200, contentType: 'application/dns-message' })
      expect(textOf(response.body)).toBe(text)
    }
    expect(seen[0]).toMatchObject({ 'content-type': 'application/dns-message', 'content-length': '3' })
    await until(() => sockets.size === 1)
  })

  it('200 posts at once are answered', async () => {
    const { url } = await http1Server((request, response) => request.pipe(response))
    const { post } = transport()
    const texts = Array.from({ length: 200 }, (_, index) => `query ${index}`)
    const responses = await Promise.all(texts.map((text) => post(url, message(text), forever)))
    expect(responses.map(({ body }) => textOf(body))).toEqual(texts)
  })

  it('a kept connection that the server closed is no failure', async () => {
    let asked = 0
    const { url } = await http1Server((request, response) => {
      asked += 1
      if (asked === 2) request.socket.destroy()
      else request.pipe(response)
    })
    const { post } = transport()
    await post(url, message('1'), forever)
    expect(textOf((await post(url, message('2'), forever)).body)).toBe('2')
    expect(asked).toBe(3)
  })

  it.each([
    ['hangs', ''],
    ['hangs after its header', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'],
    ['promises more than it sends', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
  ])('a server that %s is waited for no longer than the deadline', async (_what, text) => {
    const { url } = await rawServer((socket) => socket.write(text))
    expect(await failure(transport({ exchangeTimeoutMs: 50 }).post(url, message('q'), forever))).toBe(
      'timeout',
    )
  })

  it.each([
    ['closes without a word', '', 'network'],
    ['closes mid-way', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', 'network'],
    ['closes within chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha', 'network'],
    ['speaks no HTTP', 'SSH-2.0-OpenSSH_9\r\n\r\n', 'protocol'],
    ['declares too long a body', 'HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n', 'too-long'],
  ])('a server that %s: no response', async (_what, text, code) => {
    const { url } = await rawServer((socket) => socket.end(text))
    expect(await failure(transport().post(url, message('q'), forever))).toBe(code)
  })

  it('an endless body is cut off after 65,535 octets', async () => {
    const { url } = await http1Server((_request, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(16_384), more)
      }
      more()
    })
    expect(await failure(transport().post(url, message('q'), forever))).toBe('too-long')
  })

  it('an aborted post fails and others do not', async () => {
    const { url } = await http1Server((request, response) => {
      if (request.headers['content-length'] === '3') request.pipe(response)
    })
    const { post } = transport()
    const controller = new AbortController()
    const aborted = post(url, message('aborted'), controller.signal)
    expect(textOf((await post(url, message('one'), forever)).body)).toBe('one')
    controller.abort()
    expect(await failure(aborted)).toBe('aborted')
    expect(textOf((await post(url, message('two'), forever)).body)).toBe('two')
  })

  it('redirects are not followed', async () => {
    let asked = 0
    const { url } = await http1Server((_request, response) => {
      asked += 1
      response.writeHead(307, { location: 'https://bank.example/' }).end()
    })
    expect(await transport().post(url, message('q'), forever)).toMatchObject({ status: 307, contentType: '' })
    expect(asked).toBe(1)
  })

  it('a server that learns HTTP/2 when it is restarted is spoken to all the same', async () => {
    const old = createHttpsServer(testLeaf, (request, response) => request.pipe(response))
    const { port, url, sockets } = await listening(old)
    const { post } = transport()
    await post(url, message('1'), forever)
    old.close()
    for (const socket of sockets) socket.destroy()
    await until(() => !old.listening)
    const next = createSecureServer(testLeaf)
    next.on('stream', (stream) => reply(stream, Buffer.from('h2')))
    await new Promise<void>((resolve) => next.listen(port, '127.0.0.1', resolve))
    afterTest(() => next.close())
    const again = (): Promise<HttpResponse> =>
      post(url, message('2'), forever).catch(() => pause(10).then(again))
    expect(textOf((await again()).body)).toBe('h2')
  })
})

/** A TLS server that speaks HTTP/1.1 by ALPN and reacts to the first octets of a connection. */
function rawServer(react: (socket: Socket) => void) {
  const server = createTlsServer({ ...testLeaf, ALPNProtocols: ['http/1.1'] }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', () => react(socket))
  })
  return listening(server)
}

describe('no connection', () => {
  it('refused is network, and the next post tries again', async () => {
    const { url, port } = await http2Server((stream, _headers, body) => reply(stream, body))
    const gone = createTcpServer()
    const { port: closedPort } = await listening(gone)
    gone.close()
    const { post } = transport()
    const closedUrl = `https://localhost:${closedPort}/`
    expect(await failure(post(closedUrl, message('q'), forever))).toBe('network')
    expect(closedPort).not.toBe(port)
    expect((await post(url, message('q'), forever)).status).toBe(200)
  })

  it('a host that nobody knows is network', async () => {
    expect(await failure(transport().post('https://nobody.invalid/', message('q'), forever))).toBe('network')
  })

  it('a certificate of a CA that is not trusted is tls', async () => {
    const { url } = await http2Server((stream, _headers, body) => reply(stream, body))
    const untrusting = nodeTransport()
    afterTest(untrusting.close)
    expect(await failure(untrusting.post(url, message('q'), forever))).toBe('tls')
  })

  it.each(['127.0.0.2', 'other.localhost'])('a certificate for another host than %s is tls', async (host) => {
    const server = createSecureServer(testLeaf)
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
    afterTest(() => server.close())
    const { port } = server.address() as AddressInfo
    const outcome = failure(transport().post(`https://${host}:${port}/`, message('q'), forever))
    expect(['tls', ...(host === 'other.localhost' ? ['network'] : [])]).toContain(await outcome)
  })

  it('an address is held against the addresses of the certificate', async () => {
    const { port } = await http2Server((stream, _headers, body) => reply(stream, body))
    expect((await transport().post(`https://127.0.0.1:${port}/`, message('q'), forever)).status).toBe(200)
  })

  it('a handshake that stalls is timeout', async () => {
    const { url } = await listening(createTcpServer(() => {}))
    expect(await failure(transport({ connectTimeoutMs: 50 }).post(url, message('q'), forever))).toBe(
      'timeout',
    )
    expect(await failure(transport().post(url, message('q'), AbortSignal.timeout(50)))).toBe('timeout')
  })

  it('a server that speaks no TLS is tls', async () => {
    const { url } = await listening(
      createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    )
    expect(await failure(transport().post(url, message('q'), forever))).toBe('tls')
  })

  it('after close nothing is sent any more, and what was under way fails', async () => {
    const { url, sessions } = await http2Server((stream, _headers, body) => {
      if (body.toString() !== 'hang') reply(stream, body)
    })
    const { post, close } = transport()
    await post(url, message('q'), forever)
    const underWay = post(url, message('hang'), forever)
    await pause(20)
    close()
    expect(await failure(underWay)).toBe('network')
    expect(await failure(post(url, message('q'), forever))).toBe('network')
    expect(sessions).toHaveLength(1)
  })
})
