import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { answerUpstream } from './upstream.ts'

/** The upstream of `upstream.ts` behind a socket. */
export interface UpstreamServer {
  /** `https://localhost:PORT/dns-query`. */
  readonly url: string
  /** Every query, as it came, oldest first. */
  readonly asked: readonly Uint8Array[]
  close(): Promise<void>
}

/**
 * Starts it on a free port of 127.0.0.1, over HTTP/2 and HTTP/1.1.
 * @param certificate for `localhost`, PEM
 */
export async function startUpstreamServer(certificate: {
  readonly cert: string
  readonly key: string
}): Promise<UpstreamServer> {
  const asked: Uint8Array[] = []
  const sockets = new Set<Socket>()
  const server = createSecureServer({ ...certificate, allowHTTP1: true }, async (request, response) => {
    const query = await readBody(request)
    asked.push(query)
    const reply = answerUpstream(query)
    if (reply === 'hangs') return
    response.writeHead(reply.status, {
      'content-type': reply.contentType,
      'content-length': reply.body.length,
    })
    ;(response as Http2ServerResponse).end(reply.body)
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `https://localhost:${port}/dns-query`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

async function readBody(request: AsyncIterable<Buffer> | Http2ServerRequest): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Uint8Array.from(Buffer.concat(chunks))
}
