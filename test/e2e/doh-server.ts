import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'
import { testCa, testLeaf } from '../node/tools.ts'
import { newFile } from './program.ts'

/** A DoH server of the test's own, for what no gateway would say or when. */
export interface DohServer {
  readonly url: string
  /** Path of the CA to trust. */
  readonly ca: string
  /** Every query that came, oldest first. */
  readonly asked: readonly Uint8Array[]
}

/** What it answers to a query, sooner or later. */
export type Answerer = (query: Uint8Array) => Uint8Array | Promise<Uint8Array>

const servers = new Map<Http2SecureServer, Set<ServerHttp2Session>>()

afterAll(() => {
  for (const [server, sessions] of servers) {
    server.close()
    for (const session of sessions) session.destroy()
  }
})

/** Starts it on a free port of 127.0.0.1, until the end of the test file. */
export async function startDohServer(answer: Answerer): Promise<DohServer> {
  const asked: Uint8Array[] = []
  const sessions = new Set<ServerHttp2Session>()
  const server = createSecureServer({ cert: testLeaf.cert, key: testLeaf.key })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  server.on('request', async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const query = new Uint8Array(Buffer.concat(chunks))
    asked.push(query)
    response.setHeader('content-type', 'application/dns-message')
    response.end(await answer(query))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.set(server, sessions)
  const ca = newFile('ca.pem', testCa.cert)
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/dns-query`, ca, asked }
}
