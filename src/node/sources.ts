import { readFile } from 'node:fs/promises'
import { sharedFlights } from '../flights.ts'
import type { Log } from '../log.ts'
import { coreSource } from '../namecoin/core.ts'
import { runtimeTimer } from '../namecoin/deadline.ts'
import { demoNames } from '../namecoin/demo.ts'
import { elsewhere } from '../namecoin/elsewhere.ts'
import { gatewaySource } from '../namecoin/gateways/source.ts'
import { inOrder } from '../namecoin/in-order.ts'
import { namesSource, parseNames } from '../namecoin/names.ts'
import { boundedSlots } from '../namecoin/slots.ts'
import type { NameSource } from '../namecoin/source.ts'
import type { Backend, Settings } from '../settings/settings.ts'
import { nodeSha256, openKeeper, openLightClient } from './light-client.ts'
import { watchFile } from './watch-file.ts'

/** The sources of the settings, in their order, as one; or the line that says why not. */
export type OpenedSource =
  | { readonly kind: 'source'; readonly source: NameSource }
  | { readonly kind: 'failed'; readonly line: string }

/** Opens all backends of the settings. */
export async function openSource(settings: Settings, log: Log): Promise<OpenedSource> {
  const opened = await Promise.all(settings.backend.map((backend) => OPENERS[backend](settings, log)))
  const failed = opened.find((each) => each.kind === 'failed')
  if (failed !== undefined) {
    for (const each of opened) if (each.kind === 'source') each.source.close()
    return failed
  }
  return {
    kind: 'source',
    source: inOrder(opened.flatMap((each) => (each.kind === 'source' ? [each.source] : []))),
  }
}

const OPENERS: { readonly [Name in Backend]: (settings: Settings, log: Log) => Promise<OpenedSource> } = {
  names: openNames,
  core: openCore,
  electrum: openLightClient,
  doh: openGateways,
}

async function openNames({ names }: Settings, log: Log): Promise<OpenedSource> {
  if (names === undefined || names === 'demo') return { kind: 'source', source: namesSource(demoNames()) }
  const watch = watchFile(
    names,
    (text) => {
      const parsed = parseNames(text)
      // The last good names stay: half a file, or a slip of the editor, must not take all names away.
      if (parsed.kind === 'bad-names')
        return log.warn('names-file-bad', { file: names, detail: parsed.detail })
      source?.replace(parsed)
      log.info('names-file-read', { file: names, names: parsed.values.size })
    },
    ({ detail }) => log.warn('names-file-unreadable', { file: names, detail }),
  )
  const first = await watch.first
  const parsed = first.kind === 'text' ? parseNames(first.text) : undefined
  const source = parsed?.kind === 'names' ? namesSource(parsed) : undefined
  if (source === undefined) {
    watch.close()
    const reason = first.kind === 'text' ? (parsed as { detail: string }).detail : first.detail
    return { kind: 'failed', line: `--names: given ${JSON.stringify(names)}: ${reason}` }
  }
  return { kind: 'source', source: { ...source, close: () => watch.close() } }
}

async function openCore({ coreUrl, coreCookie, network }: Settings): Promise<OpenedSource> {
  const source = coreSource({
    url: new URL(coreUrl!),
    ...(coreCookie === undefined ? {} : { readCookie: () => readFile(coreCookie, 'utf8') }),
    network,
    fetch: (url, init) => fetch(url, init),
    now: () => performance.now(),
    flights: sharedFlights(),
    slots: boundedSlots(),
  })
  return { kind: 'source', source }
}

async function openGateways(settings: Settings, log: Log): Promise<OpenedSource> {
  if (settings.verify === 'off') return { kind: 'source', source: elsewhere }
  const opened = await openKeeper(settings, log)
  if (opened.kind === 'failed') return opened
  const { keeper, servers, network } = opened
  const source = gatewaySource({
    sha256: nodeSha256,
    network,
    gateways: settings.gateway ?? [],
    agree: settings.agree,
    keeper,
    fetch: (url, init) => fetch(url, init),
    leastConfirmations: settings.minConfirmations,
    maxTipAge: settings.maxTipAge,
    now: () => performance.now(),
    wallClock: Date.now,
    timer: runtimeTimer,
    log,
    close() {
      void keeper.close()
      for (const { session } of servers) session.close()
    },
  })
  return { kind: 'source', source }
}
