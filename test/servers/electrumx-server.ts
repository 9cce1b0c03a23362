import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Transport } from '../../src/namecoin/electrum/address.ts'
import { type Emission, electrumPeer, newWorld, type Peer, type World } from './electrumx-peer.ts'

/** An ElectrumX on a port of this machine, over one of the four transports; what it says is `world`'s. */

/** How messages become chunks of a stream; of a WebSocket, where `split` is fragments, `joined` means nothing. */
export type Chunking =
  | 'whole' // one message a chunk
  | 'split' // three octets a chunk
  | 'joined' // two messages a chunk, or as many as there are in 20 ms
  | 'padded' // spaces before the last brace, to a power of two: ElectrumX 1.18 and later

export interface ElectrumxServer {
  /** `tls://127.0.0.1:12345`, without a pin. */
  readonly address: string
  readonly world: World
  chunking: Chunking
  /** Milliseconds from a request to its reply, as if the server were far away. */
  delayMs: number
  /** Octets of requests that came in, before any was understood. */
  readonly octets: () => number
  /** Connections that are open. */
  readonly connections: () => number
  announce(): void
  /** Cuts all connections, and goes on listening. */
  cut(): void
  close(): Promise<void>
}

export interface ServerCertificate {
  readonly key: string
  readonly cert: string
}

/** A server on a free port of 127.0.0.1. */
export async function startElectrumx(
  transport: Transport,
  certificate?: ServerCertificate,
  changes: Partial<World> = {},
): Promise<ElectrumxServer> {
  const world = newWorld(changes)
  const sockets = new Set<Socket>()
  const peers = new Set<Peer>()
  const timers = new Set<NodeJS.Timeout>()
  let octets = 0

  const later = (milliseconds: number, work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, milliseconds)
    timers.add(timer)
  }

  /** A peer whose messages come out after the delay. */
  function newPeer(deliver: (emission: Emission) => void, socket: Socket): Peer {
    const peer = electrumPeer(world, (emission) => {
      if (server.delayMs === 0) deliver(emission)
      else later(server.delayMs, () => deliver(emission))
    })
    peers.add(peer)
    socket.on('close', () => peers.delete(peer))
    return peer
  }

  function serveLines(socket: Socket): void {
    let text = ''
    let joined = ''
    const flush = (): void => {
      if (joined !== '' && !socket.destroyed) socket.write(joined)
      joined = ''
    }
    const peer = newPeer((emission) => {
      if (socket.destroyed) return
      if (emission.kind === 'close') socket.end()
      else if (emission.kind === 'endless') writeEndlessly(socket)
      else if (emission.kind === 'part') socket.write(emission.text)
      else if (server.chunking === 'split') writeSplit(socket, `${emission.text}\n`)
      else if (server.chunking === 'padded') socket.write(`${padded(emission.text)}\r\n`)
      else if (server.chunking === 'joined') {
        const isSecond = joined !== ''
        joined += `${emission.text}\n`
        if (isSecond) flush()
        else later(20, flush)
      } else socket.write(`${emission.text}\n`)
    }, socket)
    socket.on('data', (chunk) => {
      text += chunk.toString()
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) peer.receive(line)
    })
  }

  const frames = new WebSocketServer({ noServer: true })
  frames.on('connection', (webSocket, request) => {
    const { socket } = request
    const peer = newPeer((emission) => {
      if (emission.kind === 'message' && server.chunking === 'split') sendFragments(webSocket, emission.text)
      else if (emission.kind === 'message' && server.chunking === 'padded')
        webSocket.send(padded(emission.text))
      else if (emission.kind === 'message') webSocket.send(emission.text)
      else if (emission.kind === 'close') webSocket.close()
      else if (emission.kind === 'endless') writeEndlessFrame(socket)
      else webSocket.send(emission.text, { fin: false })
    }, socket)
    webSocket.on('error', () => {})
    webSocket.on('message', (data) => peer.receive(String(data)))
  })

  function listener(): Server {
    switch (transport) {
      case 'tcp':
        return createTcpServer(serveLines)
      case 'tls':
        return createTlsServer({ ...certificate }, serveLines)
      default: {
        const http = transport === 'ws' ? createHttpServer() : createHttpsServer({ ...certificate })
        http.on('upgrade', (request, socket, head) => {
          frames.handleUpgrade(request, socket, head, (webSocket) =>
            frames.emit('connection', webSocket, request),
          )
        })
        http.on('request', (_request, response) => response.writeHead(404).end())
        return http
      }
    }
  }

  const listening = listener()
  const remember = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }
  listening.on('connection', remember)
  listening.on('tlsClientError', () => {})
  for (const event of ['connection', 'secureConnection']) {
    if ((event === 'secureConnection') !== (transport === 'tls' || transport === 'wss')) continue
    listening.on(event, (socket: Socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        octets += chunk.length
      })
    })
  }
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as AddressInfo

  const cut = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const server: ElectrumxServer = {
    address: `${transport}://127.0.0.1:${port}`,
    world,
    chunking: 'whole',
    delayMs: 0,
    octets: () => octets,
    connections: () => sockets.size,
    announce() {
      for (const peer of peers) peer.announce()
    },
    cut,
    async close() {
      for (const timer of timers) clearTimeout(timer)
      const closed = new Promise((resolve) => listening.close(resolve))
      cut()
      await closed
    },
  }
  return server
}

const ENDLESS = Buffer.alloc(65_536, 'ab')

/** Hex digits until the other side has enough. */
function writeEndlessly(socket: Socket): void {
  const write = (): void => {
    while (!socket.destroyed && socket.write(ENDLESS));
  }
  socket.on('drain', write)
  write()
}

/** The beginning of a WebSocket frame of 2^40 octets (RFC 6455 §5.2), and then what fits. */
function writeEndlessFrame(socket: Socket): void {
  socket.write(Buffer.from('817f0000010000000000', 'hex'))
  writeEndlessly(socket)
}

/** Three octets a chunk, each in a segment of its own as far as the system goes along. */
function writeSplit(socket: Socket, text: string): void {
  const octets = Buffer.from(text)
  socket.setNoDelay(true)
  for (let at = 0; at < octets.length; at += 3) socket.write(octets.subarray(at, at + 3))
}

/** Four thousand octets a frame, and a ping between each two (RFC 6455 §5.4). */
function sendFragments(webSocket: WebSocket, text: string): void {
  for (let at = 0; at < text.length; at += 4_000) {
    webSocket.send(text.slice(at, at + 4_000), { fin: at + 4_000 >= text.length })
    webSocket.ping()
  }
}

/** electrumx/server/transport.py: spaces before the last brace. */
function padded(text: string): string {
  const size = 2 ** Math.ceil(Math.log2(Math.max(text.length + 2, 1_024)))
  return `${text.slice(0, -1)}${' '.repeat(size - text.length - 2)}}`
}
