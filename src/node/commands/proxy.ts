import { createGateway } from '../../gateway.ts'
import { DNS_MESSAGE } from '../../http/exchange.ts'
import type { Arguments, CommandFlags } from '../../settings/arguments.ts'
import { type Address, address, dohUrl } from '../../settings/kinds.ts'
import { problem, type SettingsProblem, shown } from '../../settings/problem.ts'
import type { Settings } from '../../settings/settings.ts'
import { ownAddresses } from '../dns-exchange.ts'
import { hostPort } from '../listen.ts'
import { loopbackCa } from '../loopback-ca.ts'
import { dialTcp } from '../proxy/connect.ts'
import type { Others } from '../proxy/destination.ts'
import type { Ask } from '../proxy/find-addresses.ts'
import { reachBy } from '../proxy/reach.ts'
import { serveProxy } from '../proxy/serve.ts'
import { nodeRuntime } from '../runtime.ts'
import { readSettings, stateFolder } from '../settings.ts'
import { openSource } from '../sources.ts'
import { tcpProbing } from '../tcp-probe.ts'
import { nodeTransport } from '../upstream-transport.ts'
import { nodeUpstreams } from '../upstreams.ts'
import { Exit, type Terminal } from './command.ts'

/** The flags of `bitdoh proxy`. */
export const PROXY_FLAGS: CommandFlags = {
  switches: ['help', 'version'],
  options: ['config', 'server', 'proxy-others'],
  lists: ['proxy-listen'],
}

/** What the proxy is to do. */
export interface ProxyRequest {
  readonly kind: 'proxy'
  readonly listen: readonly Address[]
  readonly others: Others
  readonly settings: Settings
  /** The DoH URL of the gateway that is asked; undefined: one of these settings inside this process. */
  readonly server: string | undefined
}

const DEFAULT_LISTEN = '127.0.0.1:8080'

/** Settings that are about serving DNS over HTTPS: who gives one of them expects what the proxy does not do. */
const OF_SERVE: readonly string[] = ['listen', 'tls', 'tls-cert', 'tls-key', 'public-url', 'siblings']
/** Settings that say something when another gateway resolves. */
const WITH_SERVER: readonly string[] = ['state', 'allow-private']

/** Reads the command line of `bitdoh proxy`. */
export function readProxyRequest(
  { flags, options, lists }: Arguments,
  operands: readonly string[],
): ProxyRequest | SettingsProblem {
  const [operand] = operands
  if (operand !== undefined) return problem('bad-value', 'proxy', `given ${shown(operand)}, takes flags only`)
  const server = options['server']
  const foreign = Object.keys(flags).find(
    (flag) => OF_SERVE.includes(flag) || (server !== undefined && !WITH_SERVER.includes(flag)),
  )
  if (foreign !== undefined) {
    const why = OF_SERVE.includes(foreign) ? 'says nothing to proxy' : 'says nothing to --server'
    return problem('bad-value', `--${foreign}`, foreign === 'listen' ? `${why}; --proxy-listen does` : why)
  }
  if (server !== undefined && dohUrl.read(server) === undefined) {
    return problem('bad-value', '--server', `given ${shown(server)}, takes ${dohUrl.takes}`)
  }
  const others = options['proxy-others'] ?? 'off'
  if (others !== 'on' && others !== 'off') {
    return problem('bad-value', '--proxy-others', `given ${shown(others)}, takes on or off`)
  }
  const texts = lists['proxy-listen'] ?? [DEFAULT_LISTEN]
  const bad = texts.find((text) => address.read(text) === undefined)
  if (bad !== undefined) {
    return problem('bad-value', '--proxy-listen', `given ${shown(bad)}, takes ${address.takes}`)
  }
  const listen = texts.flatMap((text) => address.read(text) ?? [])
  const read = readSettings(flags, options['config'])
  if (read.kind === 'problem') return read
  const url = server === undefined ? undefined : dohUrl.read(server)
  return { kind: 'proxy', listen, others, settings: read.settings, server: url }
}

/** Milliseconds that requests and tunnels under way get to finish after SIGTERM, as with `serve`. */
const DRAIN_MS = 8_000

/**
 * Runs the proxy until `stop` aborts: prints one line once it takes requests, then drains.
 * @returns the exit code
 */
export async function runProxy(
  request: ProxyRequest,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<number> {
  const { listen, others, settings, server } = request
  const { log } = terminal
  const asker =
    server === undefined
      ? await openGateway(settings, terminal)
      : await openServer(server, stateFolder(settings.state))
  if (asker.kind === 'failed') return failed(terminal, asker.line)
  const contact = { allowed: settings.allowPrivate ?? [], own: ownAddresses }
  const proxying = await serveProxy(listen, reachBy({ ask: asker.ask, others, contact, dial: dialTcp }))
  if (proxying.kind === 'failed') {
    await asker.close()
    return failed(terminal, proxying.line)
  }
  if (others === 'on' && listen.some(({ host }) => !isLoopback(host))) log.warn('open-proxy')
  const places = proxying.addresses.map(hostPort)
  terminal.print(`bitdoh proxies at ${places.join(' and ')}; PAC file: http://${places[0]}/proxy.pac`)

  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
  log.info('stopping')
  await proxying.close(DRAIN_MS)
  await asker.close()
  return Exit.OK
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.')

type Asker =
  | { readonly kind: 'asker'; readonly ask: Ask; close(): Promise<void> | void }
  | { readonly kind: 'failed'; readonly line: string }

/** A gateway inside this process. */
async function openGateway(settings: Settings, { log }: Terminal): Promise<Asker> {
  const opened = await openSource(settings, log)
  if (opened.kind === 'failed') return opened
  const { source } = opened
  const transport = nodeUpstreams()
  const probing = settings.probe === 'off' ? undefined : tcpProbing()
  const runtime = { ...nodeRuntime(log, transport), ...(probing === undefined ? {} : { probing }) }
  const { exchange } = createGateway(settings, source, runtime)
  return {
    kind: 'asker',
    ask: async (query) => {
      const result = await exchange(query)
      if (result.kind !== 'answer') throw new Error(result.reason)
      return result.body
    },
    close: async () => {
      source.close()
      probing?.close()
      await transport.close()
    },
  }
}

/** Milliseconds another gateway gets to answer. */
const SERVER_TIMEOUT_MS = 10_000

/** A gateway elsewhere. */
async function openServer(url: string, state: string): Promise<Asker> {
  const ca = await loopbackCa(new URL(url), state)
  const transport = nodeTransport(ca === undefined ? {} : { ca })
  return {
    kind: 'asker',
    ask: async (query) => {
      const { status, contentType, body } = await transport.post(
        url,
        query,
        AbortSignal.timeout(SERVER_TIMEOUT_MS),
      )
      if (status !== 200 || !contentType.toLowerCase().startsWith(DNS_MESSAGE))
        throw new Error(`HTTP ${status}`)
      return body
    },
    close: () => transport.close(),
  }
}

function failed({ complain }: Terminal, line: string): number {
  complain(line)
  return Exit.FAILED
}
