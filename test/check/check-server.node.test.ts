import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, test } from 'vitest'
import type { DohServer, HttpVersion } from '../../src/check/server.ts'
import { openServer } from '../../src/node/check-server.ts'
import { afterTest, testCa, testLeaf } from '../node/tools.ts'

/** How requests reach a server under Node, whatever the server does to them. */

const BOTH: readonly HttpVersion[] = ['2', '1.1']
const GET = { method: 'GET', target: '/dns-query?dns=AAAA' }
const POST = { method: 'POST', target: '/dns-query', body: new Uint8Array(20) }

async function open(port: number, versions = BOTH, timeoutMs = 10_000): Promise<DohServer> {
  const opened = await openServer(
    { url: new URL(`https://localhost:${port}/dns-query`), ca: testCa.cert, timeoutMs },
    versions,
  )
  if (opened.kind === 'silence') throw new Error(opened.detail)
  afterTest(() => opened.close())
  return opened.server
}

/** An HTTP/2 server on a free port until the end of the test. */
async function http2Server(
  onStream: (stream: ServerHttp2Stream) => void,
  allowHTTP1 = false,
): Promise<number> {
  const server: Http2SecureServer = createSecureServer({ cert: testLeaf.cert, key: testLeaf.key, allowHTTP1 })
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    onStream(stream)
  })
  server.on('session', (session) => {
    session.on('error', () => {})
    afterTest(() => session.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterTest(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A server that sends these octets to whatever comes, and ends. */
async function rawServer(octets: string, ALPNProtocols?: string[]): Promise<number> {
  const server = createTlsServer(
    { cert: testLeaf.cert, key: testLeaf.key, ...(ALPNProtocols && { ALPNProtocols }) },
    (socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(octets))
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterTest(() => server.close())
  return (server.address() as AddressInfo).port
}

const answered = (stream: ServerHttp2Stream) => {
  stream.respond({ ':status': 200, 'x-twice': ['1', '2'] })
  stream.end('body')
}

describe('HTTP/2', () => {
  test('a response as it came', async () => {
    const server = await open(await http2Server(answered))
    expect(await server.send(GET)).toMatchObject({ kind: 'response', status: 200, version: '2', pushes: 0 })
    const reply = await server.send(POST)
    expect(
      reply.kind === 'response' && [
        reply.headers.filter(([name]) => name === 'x-twice'),
        String(Buffer.from(reply.body)),
      ],
    ).toEqual([
      [
        ['x-twice', '1'],
        ['x-twice', '2'],
      ],
      'body',
    ])
  })

  test('a server that allows HTTP/2 alone does not speak HTTP/1.1', async () => {
    const server = await open(await http2Server(answered))
    expect(await server.send({ ...GET, version: '1.1' })).toMatchObject({ kind: 'silence', code: 'unspoken' })
  })

  test('what the user does not want to be spoken is not tried', async () => {
    const server = await open(await http2Server(answered), ['2'])
    expect(await server.send({ ...GET, version: '1.1' })).toMatchObject({ kind: 'silence', code: 'unwanted' })
  })

  test('pushes are counted', async () => {
    const port = await http2Server((stream) => {
      stream.pushStream({ ':path': '/pushed' }, (error, pushed) => {
        if (error !== null) return
        pushed.on('error', () => {})
        pushed.respond({ ':status': 200 })
        pushed.end()
        answered(stream)
      })
    })
    expect(await (await open(port)).send(GET)).toMatchObject({ kind: 'response', pushes: 1 })
  })

  test('a connection that ends as it is used again is no finding: the next one is asked', async () => {
    let streams = 0
    const port = await http2Server((stream) => {
      streams += 1
      if (streams === 2) stream.session!.destroy()
      else answered(stream)
    })
    const server = await open(port)
    expect(await server.send(GET)).toMatchObject({ status: 200 })
    expect(await server.send(GET)).toMatchObject({ status: 200 })
    expect(streams).toBe(3)
  })

  test('a server that resets each stream is asked twice and no more', async () => {
    let streams = 0
    const port = await http2Server((stream) => {
      streams += 1
      stream.close(2)
    })
    const server = await open(port)
    expect(await server.send(GET)).toMatchObject({ kind: 'silence', code: 'closed' })
    expect(streams).toBeLessThanOrEqual(2)
  })

  test('no answer in time; what is asked next does not wait for it', async () => {
    let streams = 0
    const sessions = new Set()
    const port = await http2Server((stream) => {
      streams += 1
      sessions.add(stream.session)
      if (streams > 1) answered(stream)
    })
    const server = await open(port, BOTH, 1_000)
    expect(await server.send(GET)).toMatchObject({ kind: 'silence', code: 'timeout' })
    expect(await server.send(GET)).toMatchObject({ status: 200 })
    expect(sessions.size).toBe(2)
  })

  test('a stream that is reset mid-way is no response', async () => {
    const port = await http2Server((stream) => {
      stream.respond({ ':status': 200 })
      stream.write('half', () => stream.destroy(new Error('a fault')))
    })
    expect(await (await open(port)).send(GET)).toMatchObject({ kind: 'silence', code: 'closed' })
  })

  test('a body without end is cut off', async () => {
    const port = await http2Server((stream) => {
      stream.respond({ ':status': 200 })
      stream.end(Buffer.alloc(1024 * 1024))
    })
    expect(await (await open(port)).send(GET)).toMatchObject({ kind: 'silence', code: 'protocol' })
  })

  test('half a body, and the answer to that', async () => {
    const port = await http2Server((stream) => {
      stream.once('data', (chunk: Buffer) => stream.respond({ ':status': 408, octets: String(chunk.length) }))
    })
    const reply = await (await open(port)).connections!.stall(POST, 7)
    expect(reply).toMatchObject({
      kind: 'response',
      status: 408,
      headers: expect.arrayContaining([['octets', '7']]),
    })
  })
})

describe('HTTP/1.1', () => {
  test('a server that knows no ALPN speaks it', async () => {
    const port = await rawServer('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody')
    const server = await open(port)
    expect(await server.send(GET)).toMatchObject({ kind: 'response', status: 200, version: '1.1' })
    expect(await server.send({ ...GET, version: '2' })).toMatchObject({ kind: 'silence', code: 'unspoken' })
  })

  test('what is no HTTP, from a server that chose HTTP/1.1', async () => {
    const server = await open(await rawServer('220 smtp.example ESMTP\r\n', ['http/1.1']))
    expect(await server.send(GET)).toMatchObject({ kind: 'silence', code: 'protocol' })
  })

  test('a body that ends early', async () => {
    const server = await open(
      await rawServer('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbody', ['http/1.1']),
    )
    expect(await server.send(GET)).toMatchObject({ kind: 'silence', code: 'closed' })
  })
})

test('nobody there, or nobody to be trusted, is no connection', async () => {
  const target = { ca: undefined, timeoutMs: 5_000 }
  expect(await openServer({ ...target, url: new URL('https://127.0.0.1:1/') }, BOTH)).toMatchObject({
    kind: 'silence',
    code: 'unreachable',
  })
  const url = new URL(`https://localhost:${await http2Server(answered)}/`)
  expect(await openServer({ ...target, url }, BOTH)).toMatchObject({ kind: 'silence', code: 'unreachable' })
})
