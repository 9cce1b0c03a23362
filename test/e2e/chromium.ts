import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { chromePolicy } from '../../src/client-config/chrome.ts'
import { type DevTools, speakDevTools } from './devtools.ts'
import type { Gateway } from './gateway.ts'
import type { Namespace } from './namespace.ts'
import { makeStoreThatTrusts } from './nss.ts'
import { newFolder, start } from './program.ts'

/** A Chromium with a new profile that trusts the gateway's CA, set up as `bitdoh client-config chrome` says. */
export interface Chromium {
  /** Loads a page; the text it shows. Rejects when an error page is shown instead. */
  open(url: string): Promise<string>
  /** What an expression is in the page; a promise's value when it is one. */
  evaluate<Value>(expression: string): Promise<Value>
  /** A command for the page, or for the browser itself. */
  readonly send: DevTools['send']
  readonly listen: DevTools['listen']
}

/** As root there is no sandbox; the rest is for silence. */
const SWITCHES = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage', // in containers /dev/shm may be too small
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--remote-debugging-pipe',
]

export async function startChromium(gateway: Gateway, { prefix }: Namespace): Promise<Chromium> {
  const home = newFolder()
  await makeStoreThatTrusts(gateway.ca, join(home, '.pki', 'nssdb'))
  const data = join(home, 'data')
  mkdirSync(data)
  // The switches of the same purpose do nothing in this version.
  const policy = JSON.parse(chromePolicy([{ url: gateway.url, addresses: [] }]).text) as Record<
    string,
    string
  >
  const { DnsOverHttpsMode: mode, DnsOverHttpsTemplates: templates } = policy
  const localState = { dns_over_https: { mode, templates } }
  writeFileSync(join(data, 'Local State'), JSON.stringify(localState))

  const words = [...SWITCHES, `--user-data-dir=${data}`, 'about:blank']
  const { child } = start('chromium', words, { prefix, env: { HOME: home }, pipes: 2 })
  const { send, event, listen } = speakDevTools(child.stdio[4] as Readable, child.stdio[3] as Writable)

  const { targetId } = await send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
  const attached = { targetId, flatten: true }
  const { sessionId } = await send<{ sessionId: string }>('Target.attachToTarget', attached)
  await send('Page.enable', {}, sessionId)

  const inPage: DevTools['send'] = (method, parameters) =>
    send(method, parameters, method.startsWith('Browser.') ? undefined : sessionId)
  const evaluate = async <Value>(expression: string): Promise<Value> => {
    const asked = { expression, awaitPromise: true, returnByValue: true, userGesture: true }
    const { result, exceptionDetails } = await inPage<Evaluated<Value>>('Runtime.evaluate', asked)
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return result.value
  }
  return {
    send: inPage,
    listen,
    evaluate,
    open: async (url) => {
      const loaded = event('Page.loadEventFired')
      const { errorText } = await inPage<{ errorText?: string }>('Page.navigate', { url })
      await loaded
      if (errorText !== undefined) throw new Error(errorText)
      return evaluate('document.body.innerText')
    },
  }
}

interface Evaluated<Value> {
  readonly result: { readonly value: Value }
  readonly exceptionDetails?: object
}
