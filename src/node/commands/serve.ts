import { createGateway } from '../../gateway.ts'
import { createFastPath } from '../../http/fast-path.ts'
import type { Settings } from '../../settings/settings.ts'
import { serveAdmin } from '../admin.ts'
import { nodeRuntime } from '../runtime.ts'
import { serve as serveHandler } from '../server.ts'
import { openSource } from '../sources.ts'
import { tcpProbing } from '../tcp-probe.ts'
import { openCertificate } from '../tls.ts'
import { nodeUpstreams } from '../upstreams.ts'
import { Exit, type Terminal } from './command.ts'

/** Milliseconds that answers under way get to finish after SIGTERM: more than any query may take. */
const DRAIN_MS = 8_000

/**
 * Runs the gateway until `stop` aborts: prints one line with the URL once it answers, then drains.
 * @param state the state folder, settled by the caller
 * @returns the exit code
 */
export async function serve(
  settings: Settings & { state: string },
  terminal: Terminal,
  stop: AbortSignal,
): Promise<number> {
  const { log } = terminal
  const opened = await openSource(settings, log)
  if (opened.kind === 'failed') return failed(terminal, opened.line)
  const { source } = opened
  const certificate =
    settings.tls === 'off'
      ? undefined
      : await openCertificate({
          tlsCert: settings.tlsCert,
          tlsKey: settings.tlsKey,
          state: settings.state,
          hosts: settings.listen.map(({ host }) => host),
          log,
          now: Date.now,
        })
  if (certificate?.kind === 'failed') {
    source.close()
    return failed(terminal, certificate.line)
  }
  const transport = nodeUpstreams()
  const probing = settings.probe === 'off' ? undefined : tcpProbing()
  const runtime = { ...nodeRuntime(log, transport), ...(probing === undefined ? {} : { probing }) }
  const gateway = createGateway(settings, source, runtime)
  const { app, exchange } = gateway
  const admin =
    settings.adminListen === undefined ? undefined : await serveAdmin(settings.adminListen, gateway)
  const serving = await serveHandler({
    listen: settings.listen,
    tls: certificate,
    handler: (request) => app.fetch(request),
    fastPath: createFastPath(exchange),
    log,
  })
  const release = async (): Promise<void> => {
    source.close()
    certificate?.close()
    probing?.close()
    if (admin?.kind === 'serving') admin.close()
    await transport.close()
  }
  if (serving.kind === 'failed') {
    await release()
    return failed(terminal, serving.line)
  }
  if (admin?.kind === 'failed') {
    await serving.close(0)
    await release()
    return failed(terminal, admin.line)
  }
  if (admin !== undefined) log.info('admin', { metrics: `${admin.origin}/metrics` })

  const caPath = certificate?.caPath
  if (caPath !== undefined) log.info('local-ca', { trust: caPath })
  log.info('settings', {
    backend: settings.backend.join(','),
    upstream: settings.upstream.join(',') || 'none',
    network: settings.network,
    cache: settings.cacheEntries,
  })
  terminal.print(`bitdoh answers at ${serving.origins.map((origin) => `${origin}/dns-query`).join(' and ')}`)

  await aborted(stop)
  log.info('stopping')
  await serving.close(DRAIN_MS)
  await release()
  return Exit.OK
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

function failed({ complain }: Terminal, line: string): number {
  complain(line)
  return Exit.FAILED
}
