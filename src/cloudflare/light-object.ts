import { connect } from 'cloudflare:sockets'
import { DurableObject } from 'cloudflare:workers'
import { runtimeTimer } from '../namecoin/deadline.ts'
import { parseSettings } from '../settings/settings.ts'
import { consoleLog } from './console-log.ts'
import { workerChannels } from './electrum-sockets.ts'
import { type LightRuntime, lightTerms } from './light-terms.ts'
import type { ObjectStorage } from './object-store.ts'
import { type ResidentClient, residentClient } from './resident-client.ts'

/** What a light client stands on in workerd. */
export const workerRuntime: LightRuntime = {
  open: workerChannels({ connect, fetch: (url, init) => fetch(url, init) }),
  now: () => Date.now(),
  wallClock: () => Date.now(),
  timer: runtimeTimer,
  log: consoleLog,
}

/** The Durable Object `LIGHT_CLIENT` of `wrangler.toml`. Its settings are the Worker's. */
export class LightClient extends DurableObject {
  readonly #storage: ObjectStorage
  readonly #variables: Readonly<Record<string, unknown>>
  #client: ResidentClient | undefined

  constructor(ctx: { readonly storage: ObjectStorage }, env: Readonly<Record<string, unknown>>) {
    super(ctx, env)
    this.#storage = ctx.storage
    this.#variables = env
  }

  fetch(request: Request): Promise<Response> {
    return this.#open().fetch(request)
  }

  alarm(): Promise<void> {
    return this.#open().alarm()
  }

  /** Not before the first event: there are no sockets outside of events. */
  #open(): ResidentClient {
    this.#client ??= residentClient(termsOf(this.#variables), this.#storage, workerRuntime)
    return this.#client
  }
}

/** The Worker has the same settings, and asks nothing while they are wrong. */
function termsOf(variables: Readonly<Record<string, unknown>>) {
  const outcome = parseSettings({ variables })
  const terms = outcome.kind === 'problem' ? outcome.line : lightTerms(outcome.settings)
  if (typeof terms === 'string') throw new Error(terms)
  return terms
}
