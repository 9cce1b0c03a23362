import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2'
import { Agent, request } from 'node:https'
import { connect as connectTls } from 'node:tls'
import { afterAll } from 'vitest'
import type { Gateway } from './gateway.ts'

/** A connection that stays open until the gateway closes it, at the latest until the end of the test file. */
export interface Connection {
  /** Sends a request; its response. */
  request(path: string, options?: RequestOptions): Promise<Response>
  /** Resolves when the gateway has closed it. */
  readonly closed: Promise<unknown>
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface Response {
  readonly status: number
  readonly body: string
}

const cleanups: (() => void)[] = []
afterAll(() => {
  for (const clean of cleanups) clean()
})

/** Opens a connection over which HTTP/1.1 or HTTP/2 is spoken. */
export const open = {
  /** @param localAddress the client's address, as the gateway sees it */
  '1.1': async (gateway: Gateway, localAddress?: string): Promise<Connection> => {
    const socket = connectTls({ ...endOf(gateway, localAddress), ALPNProtocols: ['http/1.1'] })
    cleanups.push(() => socket.destroy())
    await once(socket, 'secureConnect')
    socket.on('error', () => {})
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    agent.createConnection = () => socket
    return {
      closed: once(socket, 'close'),
      request: (path, { method = 'GET', headers = {}, body } = {}) =>
        new Promise((resolve, reject) => {
          const sent = request({ agent, host: '127.0.0.1', path, method, headers }, async (response) => {
            resolve({ status: response.statusCode!, body: await textOf(response) })
          })
          sent.on('error', reject).end(body)
        }),
    }
  },

  '2': async (gateway: Gateway, localAddress?: string): Promise<Connection> => {
    const socket = connectTls({ ...endOf(gateway, localAddress), ALPNProtocols: ['h2'] })
    await once(socket, 'secureConnect')
    const session = connectHttp2(gateway.origin, { createConnection: () => socket })
    cleanups.push(() => session.destroy())
    session.on('error', () => {})
    return {
      closed: once(session, 'close'),
      request: (path, { method = 'GET', headers = {}, body } = {}) =>
        new Promise((resolve, reject) => {
          const stream = session.request({ ':method': method, ':path': path, ...headers })
          stream.on('response', async (received: IncomingHttpHeaders & { ':status'?: number }) => {
            resolve({ status: received[':status']!, body: await textOf(stream) })
          })
          stream.on('error', reject).end(body)
        }),
    }
  },
} as const

const endOf = ({ port, ca }: Gateway, localAddress: string | undefined) => ({
  host: '127.0.0.1',
  port,
  ca: readFileSync(ca),
  ...(localAddress !== undefined && { localAddress }),
})

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
