import { createSocket, type RemoteInfo } from 'node:dgram'
import { setMaxListeners } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readMessage } from '../../src/dns/message.ts'
import { readName } from '../../src/dns/name.ts'
import { type NodeUpstreams, nodeUpstreams } from '../../src/node/upstreams.ts'
import { readUpstream } from '../../src/upstream/address.ts'
import { frame, frameReader } from '../../src/upstream/frames.ts'
import { upstreamQuery } from '../../src/upstream/query.ts'
import type { UpstreamReply } from '../../src/upstream/transport.ts'
import { startUnbound, UNBOUND_LONG_NAME, UNBOUND_NAME, type Unbound } from '../servers/unbound.ts'
import { answerUpstream } from '../servers/upstream.ts'
import { startUpstreamServer } from '../servers/upstream-server.ts'
import { ask } from '../upstream/world.ts'
import { afterTest, has, testCa, testLeaf, until } from './tools.ts'

const forever = new AbortController().signal
setMaxListeners(0, forever)
const message = (name: string, type = 1): Uint8Array => upstreamQuery({ ...ask(name), type }, true)

function transport(options: Parameters<typeof nodeUpstreams>[0] = { ca: testCa.cert }): NodeUpstreams {
  const made = nodeUpstreams(options)
  afterTest(made.close)
  return made
}
const exchange = (upstreams: NodeUpstreams, url: string, query: Uint8Array, signal = forever) =>
  upstreams.exchange(readUpstream(url), query, signal)

const read = (reply: UpstreamReply) => {
  if (reply.kind === 'failed') throw new Error(`${reply.code} ${reply.detail}`)
  return readMessage(reply.message)!
}
const nameIn = (reply: UpstreamReply): string => read(reply).question!.name.join('.')

/** The project's upstream, which answers every name. */
function honest(query: Uint8Array): Uint8Array {
  const reply = answerUpstream(query)
  if (reply === 'hangs') throw new Error('it hangs')
  const { body } = reply
  body.set(query.subarray(0, 2))
  return body
}

interface Listening {
  readonly port: number
  readonly sockets: readonly Socket[]
}

async function listening(server: Server): Promise<Listening> {
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterTest(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

type OnQuery = (query: Uint8Array, socket: Socket) => void
const onQueries =
  (onQuery: OnQuery) =>
  (socket: Socket): void => {
    const take = frameReader((query) => onQuery(query, socket))
    socket.on('data', take)
    socket.on('error', () => {})
  }
const tcpServer = (onQuery: OnQuery) => listening(createTcpServer(onQueries(onQuery)))
const tlsServer = (onQuery: OnQuery) => listening(createTlsServer(testLeaf, onQueries(onQuery)))

async function udpServer(
  onQuery: (query: Uint8Array, answer: (message: Uint8Array) => void, from: RemoteInfo) => void,
) {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    onQuery(query, (reply) => socket.send(reply, from.port, from.address), from)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  afterTest(() => socket.close())
  return socket.address().port
}

describe.skipIf(!has('unbound'))('unbound', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bitdoh-unbound-'))
  let unbound: Unbound
  beforeAll(async () => {
    unbound = await startUnbound(folder, testLeaf)
  })
  afterAll(async () => {
    await unbound?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('answers over UDP, TCP and TLS', async () => {
    const upstreams = transport()
    const urls = [
      `udp://127.0.0.1:${unbound.port}`,
      `tcp://127.0.0.1:${unbound.port}`,
      `tls://localhost:${unbound.tlsPort}`,
    ]
    for (const url of urls) {
      const { id, answer } = read(await exchange(upstreams, url, message(UNBOUND_NAME)))
      expect([id, answer.map(({ data }) => [...data])]).toEqual([0, [[192, 0, 2, 1]]])
    }
  })

  it('answers over TCP what fits no datagram', async () => {
    const { flags, answer } = read(
      await exchange(transport(), `udp://127.0.0.1:${unbound.port}`, message(UNBOUND_LONG_NAME, 16)),
    )
    expect([flags & 0x0200, answer.length]).toEqual([0, 10])
  })

  it.each(['tls://localhost:', 'tcp://127.0.0.1:'])(
    'answers 200 queries at once on one connection: %s',
    async (start) => {
      const upstreams = transport()
      const url = `${start}${start.startsWith('tls') ? unbound.tlsPort : unbound.port}`
      const names = Array.from({ length: 200 }, (_, index) => `n${index}.unbound.test`)
      const replies = await Promise.all(names.map((name) => exchange(upstreams, url, message(name))))
      expect(replies.map(nameIn)).toEqual(names)
    },
  )
})

describe('over TCP and TLS', () => {
  it('queries are pipelined on one connection, and answered out of order', async () => {
    const held: (() => void)[] = []
    const { port, sockets } = await tlsServer((query, socket) => {
      held.push(() => socket.write(frame(honest(query))))
    })
    const upstreams = transport()
    const names = Array.from({ length: 50 }, (_, index) => `n${index}.test`)
    const asked = names.map((name) => exchange(upstreams, `tls://localhost:${port}`, message(name)))
    await until(() => held.length === 50)
    for (const release of held.reverse()) release()
    expect((await Promise.all(asked)).map(nameIn)).toEqual(names)
    expect(sockets).toHaveLength(1)
  })

  it.each([
    ['half-closes', (socket: Socket) => socket.end()],
    ['is reset', (socket: Socket) => socket.resetAndDestroy()],
  ])('none of 50 queries under way is lost when the connection %s', async (_how, finish) => {
    let isFirst = true
    let received = 0
    const { port, sockets } = await tcpServer((query, socket) => {
      if (!isFirst) socket.write(frame(honest(query)))
      else if (++received === 50) {
        isFirst = false
        finish(socket)
      } else if (received <= 10) socket.write(frame(honest(query)))
    })
    const upstreams = transport()
    const names = Array.from({ length: 50 }, (_, index) => `n${index}.test`)
    const asked = names.map((name) => exchange(upstreams, `tcp://127.0.0.1:${port}`, message(name)))
    expect((await Promise.all(asked)).map(nameIn)).toEqual(names)
    expect(sockets).toHaveLength(2)
  })

  it('a server that always cuts the connection is asked twice and no more', async () => {
    let asked = 0
    const { port } = await tcpServer((_query, socket) => {
      asked += 1
      socket.destroy()
    })
    expect(await exchange(transport(), `tcp://127.0.0.1:${port}`, message('a.test'))).toMatchObject({
      code: 'network',
    })
    expect(asked).toBe(2)
  })

  it('a connection that went silent is left for another', async () => {
    const { port, sockets } = await tcpServer((query, socket) => {
      if (socket !== sockets[0]) socket.write(frame(honest(query)))
    })
    const upstreams = transport()
    const url = `tcp://127.0.0.1:${port}`
    expect(await exchange(upstreams, url, message('a.test'), AbortSignal.timeout(800))).toMatchObject({
      code: 'timeout',
    })
    expect(nameIn(await exchange(upstreams, url, message('b.test')))).toBe('b.test')
  })

  it.each([
    ['a CA that is not trusted', 'localhost', {}],
    ['another host', 'other.localhost', { ca: testCa.cert }],
    ['another address', '127.0.0.2', { ca: testCa.cert }],
  ])('a certificate of %s gets no query', async (_what, host, options) => {
    let received = 0
    const server = createTlsServer(
      testLeaf,
      onQueries(() => received++),
    )
    const { port } = await listening(server)
    const bootstrap = host === '127.0.0.2' ? '' : '#127.0.0.1'
    const target = host === '127.0.0.2' ? await forwardedFrom(host, port) : port
    const reply = await exchange(
      transport(options),
      `tls://${host}:${target}${bootstrap}`,
      message('secret.test'),
    )
    expect(reply).toMatchObject({ kind: 'failed', code: 'tls' })
    expect(received).toBe(0)
  })

  it('a server that speaks no TLS gets no query', async () => {
    let received = ''
    const { port } = await listening(
      createTcpServer((socket) =>
        socket.on('data', (chunk) => {
          received += chunk.toString('latin1')
          socket.end('SSH-2.0-x\r\n')
        }),
      ),
    )
    expect(await exchange(transport(), `tls://localhost:${port}`, message('secret.test'))).toMatchObject({
      code: 'tls',
    })
    expect(received).not.toContain('secret')
  })

  it('a port where nobody listens is network', async () => {
    const gone = createTcpServer()
    const { port } = await listening(gone)
    await new Promise((resolve) => gone.close(resolve))
    for (const scheme of ['tls', 'tcp', 'udp']) {
      expect(await exchange(transport(), `${scheme}://127.0.0.1:${port}`, message('a.test'))).toEqual({
        kind: 'failed',
        code: 'network',
        detail: 'ECONNREFUSED',
      })
    }
  })

  it('a server that accepts and hangs is waited for no longer than the signal says', async () => {
    const { port } = await listening(createTcpServer())
    for (const url of [`tls://localhost:${port}`, `tcp://127.0.0.1:${port}`]) {
      const signal = AbortSignal.timeout(50)
      expect(await exchange(transport(), url, message('a.test'), signal)).toMatchObject({ code: 'timeout' })
    }
  })

  it('after close nothing is sent any more, and what was under way fails', async () => {
    const { port, sockets } = await tcpServer(() => {})
    const upstreams = transport()
    const underWay = exchange(upstreams, `tcp://127.0.0.1:${port}`, message('a.test'))
    await until(() => sockets.length === 1)
    upstreams.close()
    expect(await underWay).toMatchObject({ kind: 'failed', code: 'network' })
    expect(await exchange(upstreams, `tcp://127.0.0.1:${port}`, message('a.test'))).toMatchObject({
      code: 'network',
    })
    expect(sockets).toHaveLength(1)
  })
})

/** The same server at another address of this machine. */
async function forwardedFrom(host: string, port: number): Promise<number> {
  const { connect } = await import('node:net')
  const server = createTcpServer((inner) => {
    const outer = connect(port, '127.0.0.1')
    for (const socket of [inner, outer]) socket.on('error', () => {})
    inner.pipe(outer).pipe(inner)
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  afterTest(() => server.close())
  return (server.address() as AddressInfo).port
}

describe('bootstrap addresses', () => {
  it('are where the host is found, all of them, and its certificate is checked all the same', async () => {
    const upstream = await startUpstreamServer(testLeaf)
    afterTest(() => upstream.close())
    const { port } = await tlsServer((query, socket) => socket.write(frame(honest(query))))
    const dnsPort = await udpServer((query, reply) => reply(honest(query)))
    // Nobody listens on the first one.
    const upstreams = transport()
    for (const url of [`${upstream.url}#127.0.0.9,127.0.0.1`, `tls://localhost:${port}#127.0.0.9,127.0.0.1`])
      expect(nameIn(await exchange(upstreams, url, message('a.test')))).toBe('a.test')
    const udp = `udp://dns.invalid:${dnsPort}#127.0.0.9,127.0.0.1`
    expect(await exchange(upstreams, udp, message('a.test'))).toMatchObject({ code: 'network' })
    expect(nameIn(await exchange(upstreams, udp, message('a.test')))).toBe('a.test')
  })

  it('are never looked up: a host that nobody knows is found by them', async () => {
    const { port } = await tcpServer((query, socket) => socket.write(frame(honest(query))))
    const upstreams = transport()
    expect(nameIn(await exchange(upstreams, `tcp://dns.invalid:${port}#127.0.0.1`, message('a.test')))).toBe(
      'a.test',
    )
    for (const url of [`tcp://dns.invalid:${port}`, `udp://dns.invalid:${port}`])
      expect(await exchange(upstreams, url, message('a.test'))).toMatchObject({
        kind: 'failed',
        code: 'network',
      })
  })
})

describe('over UDP', () => {
  it('each query has an id, a port and a case of its own, and a size that is not fragmented', async () => {
    const seen: {
      readonly id: number
      readonly port: number
      readonly name: string
      readonly size: number
    }[] = []
    const port = await udpServer((query, reply, from) => {
      const { id, question } = readMessage(query)!
      seen.push({ id, port: from.port, name: question!.name.join('.'), size: ednsSize(query) })
      reply(honest(query))
    })
    const upstreams = transport()
    for (let query = 0; query < 20; query++) {
      const reply = await exchange(upstreams, `udp://127.0.0.1:${port}`, message('a-long-name.example'))
      expect([read(reply).id, nameIn(reply)]).toEqual([0, 'a-long-name.example'])
    }
    for (const part of ['id', 'port', 'name'] as const)
      expect(new Set(seen.map((query) => query[part])).size).toBeGreaterThan(10)
    expect(new Set(seen.map(({ size }) => size))).toEqual(new Set([1_232]))
  })

  it('datagrams that answer something else are passed over until the answer comes', async () => {
    const port = await udpServer((query, reply) => {
      const right = honest(query)
      const wrongId = Uint8Array.from(right)
      wrongId[1]! ^= 1
      const wrongName = Uint8Array.from(right)
      wrongName[13]! ^= 3
      for (const datagram of [wrongId, wrongName, Uint8Array.of(1, 2, 3), right]) reply(datagram)
    })
    const reply = await exchange(transport(), `udp://127.0.0.1:${port}`, message('right.test'))
    expect(nameIn(reply)).toBe('right.test')
  })

  it.each([
    ['is cut off', (query: Uint8Array) => [withFlags(honest(query), 0x02)]],
    ['does not keep the case', (query: Uint8Array) => [lowerCase(honest(query))]],
    [
      'is one of many guesses',
      (query: Uint8Array) => Array.from({ length: 40 }, () => wrongId(honest(query))),
    ],
  ])('the same server is asked over TCP when the answer %s', async (_what, datagrams) => {
    let overTcp = 0
    const { port: tcpPort } = await tcpServer((query, socket) => {
      overTcp += 1
      socket.write(frame(honest(query)))
    })
    const socket = createSocket('udp4')
    socket.on('message', (query, from) => {
      for (const datagram of datagrams(query)) socket.send(datagram, from.port, from.address)
    })
    await new Promise<void>((resolve) => socket.bind(tcpPort, '127.0.0.1', resolve))
    afterTest(() => socket.close())
    const reply = await exchange(transport(), `udp://127.0.0.1:${tcpPort}`, message('a-long-name.example'))
    expect([nameIn(reply), read(reply).flags & 0x0200, overTcp]).toEqual(['a-long-name.example', 0, 1])
  })

  it('a server that hangs is waited for no longer than the signal says', async () => {
    const port = await udpServer(() => {})
    const signal = AbortSignal.timeout(50)
    expect(await exchange(transport(), `udp://127.0.0.1:${port}`, message('a.test'), signal)).toMatchObject({
      code: 'timeout',
    })
  })
})

/** The UDP payload size: CLASS of the OPT record right behind the question. */
function ednsSize(query: Uint8Array): number {
  const opt = readName(query, 12)!.end + 4
  return (query[opt + 3]! << 8) | query[opt + 4]!
}
function withFlags(message: Uint8Array, flags: number): Uint8Array {
  message[2]! |= flags
  return message
}
function wrongId(message: Uint8Array): Uint8Array {
  message[0]! ^= 0x55
  return message
}
function lowerCase(message: Uint8Array): Uint8Array {
  for (let offset = 12; message[offset] !== 0; offset++)
    if (message[offset]! >= 0x41 && message[offset]! <= 0x5a) message[offset]! |= 0x20
  return message
}

describe('over HTTPS', () => {
  it.each([
    ['http-500.example', 'HTTP 500'],
    ['text-html.example', 'another media type than application/dns-message'],
  ])('what is no DNS message is a failure: %s', async (name, detail) => {
    const upstream = await startUpstreamServer(testLeaf)
    afterTest(() => upstream.close())
    expect(await exchange(transport(), upstream.url, message(name))).toEqual({
      kind: 'failed',
      code: 'protocol',
      detail,
    })
  })
  it('why it failed is a code, and never what the other side wrote', async () => {
    const upstream = await startUpstreamServer(testLeaf)
    afterTest(() => upstream.close())
    const reply = await exchange(transport({}), upstream.url, message('a.test'))
    expect(reply).toMatchObject({ kind: 'failed', code: 'tls', detail: expect.stringMatching(/^[A-Z_]+$/) })
  })
})
