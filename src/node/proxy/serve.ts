import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Address } from '../../settings/kinds.ts'
import { type ListenProblem, listen } from '../listen.ts'
import { forward, type SiteConnections, siteConnections } from './forward.ts'
import { CONNECT_ALL_MS, DEFAULT_PROXY_LIMITS, MAX_HEADER_LENGTH, type ProxyLimits } from './limits.ts'
import { answerOwn } from './own-page.ts'
import type { Reach } from './reach.ts'
import { type Refusal, refusal } from './refusal.ts'
import { refuseAndEnd, tunnel } from './tunnel.ts'

/** A proxy that takes requests. */
export interface Proxying {
  readonly kind: 'proxying'
  /** Where, in the order of `listen`, with the ports that were really bound. */
  readonly addresses: readonly Address[]
  /**
   * Takes no more connections, closes what is idle, lets requests and tunnels go on, and cuts them at the deadline.
   * Resolves once no connection is left.
   */
  close(deadlineMs: number): Promise<void>
}

/** One connection of a client's. */
interface Client {
  readonly closed: Promise<void>
  readonly connections: SiteConnections
  /** The origin of its latest request: a connection is kept to that one alone. */
  origin: string
  /** The responses it waits for; the first one is being made. */
  readonly owed: Set<ServerResponse>
  /** Resolves when its latest request so far is answered. */
  turn: Promise<void>
  isTunnel: boolean
  /** Nothing more is read from it. */
  isOver: boolean
}

/** Serves a forward proxy on all addresses. */
export async function serveProxy(
  listenAt: readonly Address[],
  reach: Reach,
  given: Partial<ProxyLimits> = {},
): Promise<Proxying | ListenProblem> {
  const limits: ProxyLimits = { ...DEFAULT_PROXY_LIMITS, ...given }
  const clients = new Map<Socket, Client>()
  let draining = false
  const isIdle = ({ owed, isTunnel }: Client): boolean => owed.size === 0 && !isTunnel

  const open = (): Server => {
    const server = createServer({
      maxHeaderSize: MAX_HEADER_LENGTH,
      headersTimeout: limits.headersMs,
      // Whole requests take as long as their bodies: what is not sent is what counts, below.
      requestTimeout: 0,
      connectionsCheckingInterval: limits.checkMs,
      keepAliveTimeout: limits.keepAliveMs,
      noDelay: true,
    })
    // Later than the site's, so that the client is told who kept it waiting.
    server.setTimeout(limits.stalledMs + CONNECT_ALL_MS)
    server.maxConnections = limits.maxClients
    server.on('connection', (socket: Socket) => clients.set(socket, newClient(socket)))
    server.on('request', (incoming, response) => take(incoming, response, false))
    server.on('checkContinue', (incoming, response) => take(incoming, response, true))
    server.on('connect', (incoming, socket, head) => {
      const client = clients.get(socket as Socket)
      // With an answer still owed, the client would take what comes out of the tunnel for it.
      if (client === undefined || !isIdle(client) || draining) socket.destroy()
      else {
        client.isTunnel = true
        tunnel(incoming.url ?? '', socket as Socket, head, reach, limits).catch(() => socket.destroy())
      }
    })
    server.on('clientError', (error: NodeJS.ErrnoException, duplex) => {
      const socket = duplex as Socket
      const client = clients.get(socket)
      if (client === undefined || client.isTunnel) socket.destroy()
      else
        endBadly(client, socket, refusal('http_request_error', 'That is no HTTP request.', statusOf(error)))
    })
    return server
  }

  function newClient(socket: Socket): Client {
    const gone = new AbortController()
    const connections = siteConnections(reach, gone.signal)
    const closed = new Promise<void>((resolve) => socket.once('close', resolve)).then(() => {
      clients.delete(socket)
      gone.abort()
      connections.destroy()
    })
    return {
      closed,
      connections,
      origin: '',
      owed: new Set(),
      turn: Promise.resolve(),
      isTunnel: false,
      isOver: false,
    }
  }

  /** One after the other: not all of pipelined requests may be made at once (RFC 9112 §9.3.2), and none need be. */
  function take(incoming: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const { socket } = incoming
    const client = clients.get(socket)
    if (client === undefined || client.owed.size >= limits.maxPipelined) {
      socket.destroy()
      return
    }
    client.owed.add(response)
    const answered = new Promise<void>((resolve) => response.once('close', resolve)).then(() => {
      client.owed.delete(response)
      if ((draining || client.isOver) && isIdle(client)) socket.destroySoon()
    })
    client.turn = client.turn.then(() => {
      if (!socket.writable) return undefined
      answer(incoming, response, client, { expectsContinue, stalledMs: limits.stalledMs })
      return answered
    })
    // A mistake of ours ends this connection and no other.
    client.turn = client.turn.catch(() => void socket.destroy())
  }

  const listeners: Server[] = []
  const addresses: Address[] = []
  const drain = (): void => {
    draining = true
    for (const listener of listeners) listener.close()
    for (const [socket, client] of clients) {
      if (isIdle(client)) socket.destroy()
      for (const response of client.owed) response.shouldKeepAlive = false
    }
  }
  for (const address of listenAt) {
    const server = open()
    listeners.push(server)
    const bound = await listen(server, address, 'proxy-listen')
    if (bound.kind === 'failed') {
      drain()
      return bound
    }
    addresses.push({ host: address.host, port: bound.port })
  }
  return {
    kind: 'proxying',
    addresses,
    close: async (deadlineMs) => {
      drain()
      const cut = setTimeout(() => {
        for (const socket of clients.keys()) socket.destroy()
      }, deadlineMs)
      await Promise.all(Array.from(clients.values(), ({ closed }) => closed))
      clearTimeout(cut)
    },
  }
}

/**
 * Ends a connection that cannot be read any further. A refusal must not be taken for the answer to what was asked before,
 * which the client gets first; nor come into the middle of an answer.
 */
function endBadly(client: Client, socket: Socket, refused: Refusal): void {
  client.isOver = true
  const owed = [...client.owed]
  const isReadWhole = owed.every(({ req }) => req.complete)
  if (owed.length > 0 && isReadWhole) socket.pause()
  else if (owed.length > 1 || owed[0]?.headersSent === true) socket.destroy()
  else refuseAndEnd(socket, refused)
}

function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  client: Client,
  how: Parameters<typeof forward>[3],
): void {
  const { url = '' } = incoming
  // Origin-form and asterisk-form (RFC 9112 §3.2.1, §3.2.4) are for whoever listens here; Max-Forwards: RFC 9110 §7.6.2.
  const endsHere = incoming.method === 'OPTIONS' && incoming.headers['max-forwards'] === '0'
  if (url.startsWith('/') || url === '*' || endsHere) {
    answerOwn(incoming, response)
    return
  }
  const origin = /^[^/]*\/\/[^/?]*/.exec(url)?.[0] ?? ''
  if (origin !== client.origin) client.connections.destroy()
  client.origin = origin
  forward(incoming, response, client.connections, how)
}

/** The status for what Node's parser refused. */
function statusOf({ code }: NodeJS.ErrnoException): number {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return 431
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 408
    default:
      return 400
  }
}
