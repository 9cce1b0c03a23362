import { createServer as createHttp1Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Exchange } from './exchange.ts'
import { GOODBYE_MS, LINGER_MS, type Limits, MAX_READ_HEADER_LENGTH } from './limits.ts'

/** One of Node's HTTP servers that never listens: it is given connections that speak its protocol. */
export interface ProtocolServer {
  /** Talks on a connection from here on. */
  take(socket: Socket): void
  /** Closes what is idle at once, and the rest as soon as its answers are sent. */
  drain(): void
}

/** HTTP/1.0 and 1.1. */
export function createHttp1(exchange: Exchange, limits: Limits): ProtocolServer {
  const answering = new Set<ServerResponse>()
  const sockets = new Set<Socket>()
  let draining = false
  const isAnswering = (socket: Socket): boolean => [...answering].some(({ req }) => req.socket === socket)

  const server = createHttp1Server({
    maxHeaderSize: MAX_READ_HEADER_LENGTH,
    headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.connectionsCheckingIntervalMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
  })
  server.on('request', (request, response) => {
    answering.add(response)
    response.shouldKeepAlive &&= !draining
    response.on('close', () => {
      answering.delete(response)
      if (draining && !isAnswering(request.socket)) request.socket.destroySoon()
    })
    exchange.http1(request, response)
  })
  server.on('clientError', (error: ClientError, socket) => {
    // With an answer still owed for an earlier request, the client would take this one for it.
    const owed = [...answering].some(
      ({ req, headersSent }) => req.socket === socket && (req.complete || headersSent),
    )
    if (owed || !socket.writable) socket.destroy()
    else refuse(socket, statusOf(error, limits))
  })
  // Node enforces headersTimeout and requestTimeout from the moment a server listens, and this one never does.
  server.emit('listening')
  return {
    take: (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      server.emit('connection', socket)
    },
    drain: () => {
      draining = true
      for (const response of answering) response.shouldKeepAlive = false
      for (const socket of sockets) if (!isAnswering(socket)) socket.destroy()
      server.close()
    },
  }
}

type ClientError = Error & {
  readonly code?: string
  /** The octets at fault: the last ones that came, not the whole request. */
  readonly rawPacket?: Buffer
  readonly bytesParsed?: number
}

/** The status for what Node's parser refused. */
function statusOf({ code, rawPacket, bytesParsed }: ClientError, limits: Limits): number {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return isRequestLine(rawPacket?.subarray(0, bytesParsed).toString('latin1') ?? '', limits) ? 414 : 431
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 413
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408
    default:
      return 400
  }
}

/** Whether what overflowed the header was the request line. A guess where it came in several packets. */
function isRequestLine(packet: string, limits: Limits): boolean {
  const line = packet.split('\n', 1)[0]!
  const isWhole = line !== packet
  return isWhole
    ? /^[A-Z]+ /.test(line) && line.length > limits.maxTargetLength
    : /^(?:[A-Z]+ )?\S*$/.test(line)
}

/** Says no in HTTP/1 on a connection whose requests can no longer be told apart, and ends it. */
function refuse(socket: Duplex, status: number): void {
  if (socket.writableEnded) return
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncache-control: no-store\r\ncontent-length: 0\r\n\r\n`,
  )
  // Cut at once, the connection would be reset for what the client still sends, and the status lost with it.
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
}

/** HTTP/2, over TLS or with prior knowledge. */
export function createHttp2(exchange: Exchange, limits: Limits): ProtocolServer {
  const sessions = new Map<ServerHttp2Session, { readonly socket: Socket; openStreams: number }>()
  const server = createHttp2Server({
    maxSessionMemory: limits.maxSessionMemoryMb,
    maxSessionRejectedStreams: limits.maxSessionRejectedStreams,
    maxSessionInvalidFrames: limits.maxSessionInvalidFrames,
    streamResetBurst: limits.streamResetBurst,
    streamResetRate: limits.streamResetRate,
    settings: {
      maxConcurrentStreams: limits.maxConcurrentStreams,
      maxHeaderListSize: MAX_READ_HEADER_LENGTH,
    },
  })
  server.on('session', (session) => {
    // What a client or its network breaks is its own affair; without a listener it would be the end of the process.
    session.on('error', () => {})
    // Nothing was sent or received for so long that what is still open is stuck.
    session.setTimeout(limits.sessionTimeoutMs, () => session.destroy())
  })
  server.on('sessionError', () => {})
  server.on('stream', (stream, headers, _flags, rawHeaders: readonly string[]) => {
    const state = sessions.get(stream.session as ServerHttp2Session)
    if (state !== undefined) {
      state.openStreams++
      stream.on('close', () => state.openStreams--)
    }
    exchange.http2(stream, headers, rawHeaders)
  })
  return {
    take: (socket) => {
      server.once('session', (session: ServerHttp2Session) => {
        sessions.set(session, { socket, openStreams: 0 })
        session.on('close', () => sessions.delete(session))
      })
      server.emit('connection', socket)
    },
    drain: () => {
      for (const [session, { socket, openStreams }] of sessions) {
        session.close()
        // A client that does not read never takes note of the GOAWAY, and nothing is owed to this one.
        if (openStreams === 0) setTimeout(() => socket.destroy(), GOODBYE_MS).unref()
      }
    },
  }
}
