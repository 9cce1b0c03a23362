import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Log } from '../log.ts'
import type { Address } from '../settings/kinds.ts'
import { type Protocol, whenProtocolKnown } from './cleartext.ts'
import { createExchange, type FastPath, type Handler } from './exchange.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import { hostPort, type ListenProblem, listen } from './listen.ts'
import { createHttp1, createHttp2 } from './protocols.ts'
import type { CertificateSource } from './tls.ts'

/** What is served, where and how. */
export interface ServeOptions {
  /** Addresses to listen on, at least one. */
  readonly listen: readonly Address[]
  /** Undefined serves plain HTTP/1.1 and cleartext HTTP/2 on the same port. */
  readonly tls: CertificateSource | undefined
  readonly handler: Handler
  /** Answers what it can before the handler; see `FastPath`. */
  readonly fastPath?: FastPath
  readonly log: Log
  readonly limits?: Partial<Limits>
}

/** A server that answers. */
export interface Serving {
  readonly kind: 'serving'
  /** Where, in the order of `listen`, with the ports that were really bound. */
  readonly addresses: readonly Address[]
  /** The same as URLs: `https://127.0.0.1:8443`. */
  readonly origins: readonly string[]
  /**
   * Stops: takes no more connections, lets what is under way finish, closes what is idle, and at the deadline cuts
   * the rest. Resolves once no connection is left.
   */
  close(deadlineMs: number): Promise<void>
}

/**
 * Serves a handler on all addresses, HTTP/1.1 and HTTP/2 alike. One HTTP/1 and one HTTP/2 server of Node do the
 * talking and never listen themselves: what listens are TCP or TLS servers, which hand each connection to the one
 * whose protocol it speaks. So both protocols have the same limits and the same end wherever they came in.
 */
export async function serve(options: ServeOptions): Promise<Serving | ListenProblem> {
  const { handler, fastPath, log } = options
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits }
  const exchange = createExchange({ handler, fastPath, limits, log })
  const servers = { http1: createHttp1(exchange, limits), http2: createHttp2(exchange, limits) }
  const connections = new Map<Socket, ConnectionState>()
  let draining = false

  const remember: Remember = (socket, state) => {
    connections.set(socket, state)
    socket.on('close', () => connections.delete(socket))
  }
  const take: Take = (socket, protocol) => {
    remember(socket, 'speaking')
    if (draining) socket.destroy()
    else servers[protocol].take(socket)
  }
  const openListener = (): Server =>
    options.tls === undefined
      ? cleartextListener(limits, remember, take)
      : tlsListener(options.tls, limits, remember, take)

  const listeners = options.listen.map(openListener)
  const drain = (): void => {
    draining = true
    for (const listener of listeners) listener.close()
    for (const [socket, state] of connections) if (state === 'silent') socket.destroy()
    servers.http1.drain()
    servers.http2.drain()
  }

  const addresses: Address[] = []
  for (const [index, address] of options.listen.entries()) {
    const bound = await listen(listeners[index]!, address, 'listen')
    if (bound.kind === 'failed') {
      drain()
      return bound
    }
    addresses.push({ host: address.host, port: bound.port })
    listeners[index]!.on('error', (error: NodeJS.ErrnoException) => {
      log.error('listener-failed', { code: error.code })
    })
  }

  const scheme = options.tls === undefined ? 'http' : 'https'
  return {
    kind: 'serving',
    addresses,
    origins: addresses.map((address) => originOf(scheme, address)),
    close: async (deadlineMs) => {
      drain()
      const cut = setTimeout(() => {
        for (const socket of connections.keys()) socket.destroy()
      }, deadlineMs)
      await Promise.all([...connections.keys()].map(closed))
      clearTimeout(cut)
    },
  }
}

/** `silent`: nothing was said there yet, so nobody waits for an answer. */
type ConnectionState = 'silent' | 'speaking'
type Remember = (socket: Socket, state: ConnectionState) => void
type Take = (socket: Socket, protocol: Protocol) => void

function cleartextListener(limits: Limits, remember: Remember, take: Take): Server {
  const server = createTcpServer({ noDelay: true }, (socket) => {
    remember(socket, 'silent')
    whenProtocolKnown(socket, limits.headersTimeoutMs, (protocol) => take(socket, protocol))
  })
  server.maxConnections = limits.maxConnections
  return server
}

function tlsListener(certificate: CertificateSource, limits: Limits, remember: Remember, take: Take): Server {
  const server = createTlsServer({
    ...certificate.current(),
    noDelay: true,
    // HTTP/2 first (RFC 8484 §5.2); HTTP/1.1 for proxies in front and for clients without ALPN.
    ALPNProtocols: ['h2', 'http/1.1'],
    minVersion: 'TLSv1.2',
    handshakeTimeout: limits.headersTimeoutMs,
  })
  server.maxConnections = limits.maxConnections
  // The connection below TLS stays as long as TLS does; it is remembered so that a stalled handshake can be cut. TLS
  // sockets do not tell which it is, but no other has the same two ends.
  const shakingHands = new Map<string, Socket>()
  server.on('connection', (socket) => {
    remember(socket, 'silent')
    const ends = endsOf(socket)
    shakingHands.set(ends, socket)
    socket.on('close', () => shakingHands.delete(ends))
  })
  server.on('secureConnection', (socket) => {
    const below = shakingHands.get(endsOf(socket))
    if (below !== undefined) remember(below, 'speaking')
    take(socket, socket.alpnProtocol === 'h2' ? 'http2' : 'http1')
  })
  // A failed handshake is the client's affair: port scanners make thousands a day.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  certificate.onChange((next) => server.setSecureContext({ ...next, minVersion: 'TLSv1.2' }))
  return server
}

const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()))

const originOf = (scheme: string, address: Address): string => `${scheme}://${hostPort(address)}`
