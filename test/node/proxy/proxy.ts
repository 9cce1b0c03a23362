import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net'
import { addressBlock } from '../../../src/addresses.ts'
import { dialTcp } from '../../../src/node/proxy/connect.ts'
import type { Others } from '../../../src/node/proxy/destination.ts'
import type { ProxyLimits } from '../../../src/node/proxy/limits.ts'
import { reachBy } from '../../../src/node/proxy/reach.ts'
import { type Proxying, serveProxy } from '../../../src/node/proxy/serve.ts'
import { givenNames, openGateway } from '../../http/gateway.ts'
import { afterTest } from '../tools.ts'

/** Proxies, sites and clients, all of them real; what is public is made believe: it is reached at a loopback address. */

export interface TestProxyOptions {
  readonly names: Readonly<Record<string, object | string>>
  readonly others?: Others
  readonly limits?: Partial<ProxyLimits>
  /** Blocks that are allowed though they are private. */
  readonly allowed?: readonly string[]
  readonly own?: readonly string[]
  /** Where public addresses really are. */
  readonly places?: Readonly<Record<string, string>>
}

export interface TestProxy extends Proxying {
  readonly port: number
  /** The addresses dialled so far. */
  readonly dialled: string[]
}

export async function openProxy(options: TestProxyOptions): Promise<TestProxy> {
  const { names, others = 'off', allowed = ['127.0.0.0/8'], own = [], places = {} } = options
  const { exchange } = openGateway({ source: givenNames(names) })
  const dialled: string[] = []
  const reach = reachBy({
    ask: async (query) => {
      const result = await exchange(query)
      if (result.kind !== 'answer') throw new Error(result.reason)
      return result.body
    },
    others,
    contact: { allowed: allowed.map((text) => addressBlock(text)!), own: () => own },
    dial: (address, port) => {
      dialled.push(address)
      return dialTcp(places[address] ?? address, port)
    },
  })
  const proxying = await serveProxy([{ host: '127.0.0.1', port: 0 }], reach, options.limits)
  if (proxying.kind === 'failed') throw new Error(proxying.line)
  afterTest(() => proxying.close(0))
  return { ...proxying, port: proxying.addresses[0]!.port, dialled }
}

/** Listens; the sockets that come are closed after the test. */
export async function openServer<Listener extends NetServer>(
  server: Listener,
  address = '127.0.0.2',
  port = 0,
): Promise<{ readonly server: Listener; readonly port: number; readonly sockets: Set<Socket> }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, resolve)
  })
  afterTest(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { server, port: (server.address() as AddressInfo).port, sockets }
}

/** A web server. */
export const openSite = (listener: RequestListener, address?: string, port?: number) =>
  openServer<Server>(createServer(listener), address, port)

/** A connection to the proxy. */
export interface RawClient {
  readonly socket: Socket
  /** What has come so far. */
  readonly text: () => string
  /** Resolves with all of it when the connection is closed. */
  readonly closed: Promise<string>
}

export function openClient(port: number): RawClient {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  const chunks: Buffer[] = []
  const text = (): string => Buffer.concat(chunks).toString('latin1')
  socket.on('data', (chunk) => void chunks.push(chunk)).on('error', () => {})
  socket.once('end', () => socket.end())
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text())))
  afterTest(() => socket.destroy())
  return { socket, text, closed }
}

/** Sends octets to the proxy; all that comes back until the connection is closed. */
export function say(port: number, text: string): Promise<string> {
  const { socket, closed } = openClient(port)
  socket.write(text, 'latin1')
  return closed
}

/** The same for one request, which asks for the connection to be closed. */
export const ask = (port: number, line: string, fields: readonly string[] = [], body = ''): Promise<string> =>
  say(port, [`${line} HTTP/1.1`, 'Host: x', 'Connection: close', ...fields, '', body].join('\r\n'))

/** Status and `Proxy-Status` of a response. */
export const verdict = (response: string): string =>
  [/^HTTP\/1\.1 (\d+)/.exec(response)?.[1], /^proxy-status: bitdoh; error=(\w+)/im.exec(response)?.[1]]
    .filter(Boolean)
    .join(' ')
