import { createFastPath } from '../../src/http/fast-path.ts'
import { silentLog } from '../../src/log.ts'
import type { FastPath } from '../../src/node/exchange.ts'
import { type ServeOptions, type Serving, serve } from '../../src/node/server.ts'
import { nodeUpstreams } from '../../src/node/upstreams.ts'
import { fixedCertificate, testCa, testLeaf } from '../node/tools.ts'
import { startUpstreamServer, type UpstreamServer } from '../servers/upstream-server.ts'
import { openGateway, type TestGateway } from './gateway.ts'

/** How a server is reached. */
export type Security = 'TLS' | 'cleartext'

/** A gateway behind the real server, with a real upstream behind the gateway. */
export interface RunningGateway {
  readonly gateway: TestGateway
  readonly upstream: UpstreamServer
  readonly serving: Serving
  /** `https://127.0.0.1:PORT`. */
  readonly origin: string
  /** Requests that the fast path answered. */
  readonly fastAnswers: () => number
  close(): Promise<void>
}

export interface RunOptions {
  readonly security: Security
  readonly fastPath: boolean
  readonly limits?: ServeOptions['limits']
}

/** A server on a free port of 127.0.0.1, in front of a gateway. */
export async function serveGateway(gateway: TestGateway, { security, fastPath, limits }: RunOptions) {
  let fast = 0
  const path = createFastPath(gateway.exchange)
  const counted: FastPath = (...request) => {
    const answer = path(...request)
    if (answer !== undefined) fast += 1
    return answer
  }
  const serving = await serve({
    listen: [{ host: '127.0.0.1', port: 0 }],
    tls: security === 'TLS' ? fixedCertificate : undefined,
    handler: (request) => gateway.app.fetch(request),
    log: silentLog,
    ...(fastPath ? { fastPath: counted } : {}),
    ...(limits === undefined ? {} : { limits }),
  })
  if (serving.kind === 'failed') throw new Error(serving.line)
  return { serving, origin: serving.origins[0]!, fastAnswers: () => fast }
}

/** All of it, from the server to the upstream. */
export async function runGateway(options: RunOptions): Promise<RunningGateway> {
  const upstream = await startUpstreamServer(testLeaf)
  const transport = nodeUpstreams({ ca: testCa.cert })
  const gateway = openGateway({ upstreams: [upstream.url], runtime: { transport } })
  const served = await serveGateway(gateway, options)
  return {
    gateway,
    upstream,
    ...served,
    async close() {
      await served.serving.close(0)
      transport.close()
      await upstream.close()
    },
  }
}
