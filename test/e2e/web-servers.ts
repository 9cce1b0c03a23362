import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Program, type ProgramOptions, start } from './program.ts'

/** Two web servers with one page between them, where the demo's `ha-demo.bit` has them. */

const SCRIPT = fileURLToPath(new URL('web-server.mjs', import.meta.url))

/** Addresses of `ha-demo.bit`. */
export const ADDRESSES = ['127.0.0.2', '127.0.0.3'] as const

export interface WebServers {
  /** Both have the same. */
  readonly port: number
  /** Ends the one at this address as a crash would, open connections included. */
  readonly kill: (address: string) => Promise<void>
}

/** A port that is free on one address may be taken on the other. */
const MAX_TRIES = 10

/** Starts both on one port: the one given, otherwise any that is free. */
export async function startWebServers(port = 0, options: ProgramOptions = {}): Promise<WebServers> {
  const [firstAddress, secondAddress] = ADDRESSES
  for (let attempt = 1; ; attempt++) {
    const first = await startOne(firstAddress, port, options)
    try {
      const second = await startOne(secondAddress, first.port, options)
      const servers = new Map([first, second].map((server) => [server.address, server]))
      return {
        port: first.port,
        kill: async (address) => void (await servers.get(address)!.program.kill('SIGKILL')),
      }
    } catch (error) {
      await first.program.kill('SIGKILL')
      if (port !== 0 || attempt === MAX_TRIES) throw error
    }
  }
}

interface WebServer {
  readonly address: string
  readonly port: number
  readonly program: Program
}

async function startOne(address: string, port: number, options: ProgramOptions): Promise<WebServer> {
  const program = start(process.execPath, [SCRIPT, address, String(port)], options)
  const [, bound] = await program.said(/^listening on (\d+)$/m)
  return { address, port: Number(bound), program }
}

/** The address that served a page. */
export function servedBy(page: string): string {
  const [, address] = /^(?:.*>)?ha-demo\.bit(?::\d+)? served by (127\.0\.0\.\d)/m.exec(page) ?? []
  if (address === undefined) throw new Error(`not the page of ha-demo.bit: ${page}`)
  return address
}

/** The address that did not. */
export const otherThan = (address: string): string => (address === ADDRESSES[0] ? ADDRESSES[1] : ADDRESSES[0])

/** A web server at every loopback address. One cannot listen on those alone, so others are turned away. */
export async function startServerEverywhere(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((_request, response) => response.end())
  server.on('connection', (socket) => {
    if (!/^(::ffff:)?127\./.test(socket.remoteAddress ?? '')) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
