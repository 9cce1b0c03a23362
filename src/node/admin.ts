import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import type { Gateway } from '../gateway.ts'
import { METRICS_TYPE, metricsText } from '../http/metrics.ts'
import { readyz } from '../http/readyz.ts'
import type { Address } from '../settings/kinds.ts'
import { hostPort, type ListenProblem, listen } from './listen.ts'

/** Connections at once: a scraper or two need one each. */
const MAX_CONNECTIONS = 64

/** What operators alone may see, on an address of its own. */
export interface Admin {
  readonly kind: 'serving'
  /** `http://127.0.0.1:9153` */
  readonly origin: string
  close(): void
}

/** Serves `/metrics` and `/readyz` over plain HTTP. */
export async function serveAdmin(
  address: Address,
  { counts, probes, readiness }: Pick<Gateway, 'counts' | 'probes' | 'readiness'>,
): Promise<Admin | ListenProblem> {
  const app = new Hono()
  app.get('/readyz', readyz(readiness))
  app.get('/metrics', async (c) => {
    const text = metricsText({ counts, probes: probes && { ...probes }, state: await readiness() })
    return c.body(text, 200, { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' })
  })
  const server = createServer(getRequestListener((request) => app.fetch(request)))
  server.maxConnections = MAX_CONNECTIONS
  const bound = await listen(server, address, 'admin-listen')
  if (bound.kind === 'failed') return bound
  return {
    kind: 'serving',
    origin: `http://${hostPort({ host: address.host, port: bound.port })}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
