import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { createServer, type Server, type Socket as TcpSocket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { ExchangeError, MAX_STRANGERS } from '../../src/delegation/exchange.ts'
import { nodeExchange, ownAddresses } from '../../src/node/dns-exchange.ts'
import { afterTest, until } from './tools.ts'

const HOST = '127.0.0.1'
const never = new AbortController().signal
const query = Uint8Array.of(1, 2, 3)
const text = (octets: Uint8Array): string => Buffer.from(octets).toString()
const { udp, tcp } = nodeExchange()

async function code(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ExchangeError)
  return (error as ExchangeError).code
}

async function udpServer(
  onMessage: (server: Socket, message: Buffer, from: RemoteInfo) => void,
): Promise<number> {
  const server = createSocket('udp4')
  afterTest(() => server.close())
  server.on('message', (message, from) => onMessage(server, message, from))
  await new Promise<void>((resolve) => server.bind(0, HOST, resolve))
  return server.address().port
}

async function tcpServer(onConnection: (socket: TcpSocket) => void): Promise<number> {
  const sockets = new Set<TcpSocket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  afterTest(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  return (server.address() as { port: number }).port
}

describe('over UDP', () => {
  test('sends the message and brings the reply, each from a port of its own', async () => {
    const ports = new Set<number>()
    const port = await udpServer((server, message, from) => {
      ports.add(from.port)
      server.send(`reply to ${message.join()}`, from.port, from.address)
    })
    const replies = await Promise.all(Array.from({ length: 20 }, () => udp!(HOST, port, query, never)))
    expect(new Set(replies.map(text))).toEqual(new Set(['reply to 1,2,3']))
    expect(ports.size).toBe(20)
  })

  test('passes over what is not the reply', async () => {
    const port = await udpServer((server, _message, from) => {
      for (const reply of ['forged', 'forged', 'true']) server.send(reply, from.port, from.address)
    })
    const reply = await udp!(HOST, port, query, never, (datagram) => text(datagram) === 'true')
    expect(text(reply)).toBe('true')
  })

  test('gives up when there is too much of it', async () => {
    const port = await udpServer((server, _message, from) => {
      for (let count = 0; count < MAX_STRANGERS; count++) server.send('forged', from.port, from.address)
    })
    expect(await code(udp!(HOST, port, query, never, () => false))).toBe('too-many-strangers')
  })

  test('takes nothing from another port, although it comes first', async () => {
    const stranger = createSocket('udp4')
    afterTest(() => stranger.close())
    const port = await udpServer((server, _message, from) => {
      stranger.send('forged', from.port, from.address, () => server.send('true', from.port, from.address))
    })
    expect(text(await udp!(HOST, port, query, never))).toBe('true')
  })

  test('says at once that nobody listens', async () => {
    const closed = createSocket('udp4')
    await new Promise<void>((resolve) => closed.bind(0, HOST, resolve))
    const { port } = closed.address()
    await new Promise<void>((resolve) => closed.close(resolve))
    expect(await code(udp!(HOST, port, query, never))).toBe('refused')
  })

  test('ends when nobody waits any longer', async () => {
    let asked = 0
    const port = await udpServer(() => {
      asked++
    })
    const abort = new AbortController()
    const failing = code(udp!(HOST, port, query, abort.signal))
    await until(() => asked === 1)
    abort.abort()
    expect(await failing).toBe('timeout')
    expect(await code(udp!(HOST, port, query, abort.signal))).toBe('timeout')
    expect(asked).toBe(1)
  })

  test('fails where the system lets nothing out, as where there is no route', async () => {
    expect(await code(udp!('255.255.255.255', 53, query, never))).toBe('network')
  })

  test('has a bound: beyond it nobody waits for a socket', async () => {
    const bounded = nodeExchange()
    let asked = 0
    const port = await udpServer(() => {
      asked++
    })
    const abort = new AbortController()
    const many = Array.from({ length: 1_100 }, () => code(bounded.udp!(HOST, port, query, abort.signal)))
    await until(() => asked >= 100)
    abort.abort()
    const codes = await Promise.all(many)
    expect(codes.filter((one) => one === 'overloaded')).toHaveLength(100)
    expect(asked).toBeLessThanOrEqual(1_000)
  })
})

describe('over TCP', () => {
  const framed = (reply: string): Buffer =>
    Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 0xff]), Buffer.from(reply)])

  test('puts the length in front, and reads to the length of the reply and no further', async () => {
    const received: Buffer[] = []
    const port = await tcpServer((socket) =>
      socket.on('data', (chunk) => {
        received.push(chunk)
        socket.write(Buffer.concat([framed('reply'), Buffer.from('more')]))
      }),
    )
    expect(text(await tcp(HOST, port, query, never))).toBe('reply')
    expect([...Buffer.concat(received)]).toEqual([0, 3, 1, 2, 3])
  })

  test('takes a reply that comes octet by octet', async () => {
    const long = 'y'.repeat(300)
    const port = await tcpServer((socket) => {
      const octets = [...framed(long)]
      const next = (): void => {
        const octet = octets.shift()
        if (octet !== undefined) socket.write(Buffer.from([octet]), () => setImmediate(next))
      }
      socket.on('data', next)
    })
    expect(text(await tcp(HOST, port, query, never))).toBe(long)
  })

  test('fails when the server closes before the end, or at once', async () => {
    const half = await tcpServer((socket) => socket.end(framed('reply').subarray(0, 4)))
    expect(await code(tcp(HOST, half, query, never))).toBe('network')
    const none = await tcpServer((socket) => socket.destroy())
    expect(await code(tcp(HOST, none, query, never))).toBe('network')
  })

  test('says at once that nobody listens, and ends when nobody waits', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    expect(await code(tcp(HOST, port, query, never))).toBe('refused')

    let asked = 0
    const silent = await tcpServer((socket) => socket.on('data', () => asked++))
    const abort = new AbortController()
    const failing = code(tcp(HOST, silent, query, abort.signal))
    await until(() => asked === 1)
    abort.abort()
    expect(await failing).toBe('timeout')
  })
})

test('this machine’s own addresses are known', () => {
  expect(ownAddresses()).toContain('127.0.0.1')
})
