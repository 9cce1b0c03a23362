import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { speakDevTools } from './devtools.ts'
import type { Gateway } from './gateway.ts'
import type { Namespace } from './namespace.ts'
import { makeStoreThatTrusts } from './nss.ts'
import { newFolder, start } from './program.ts'

/** A Chromium with a new profile that trusts the gateway's CA and asks the gateway alone (mode secure). */
export interface Chromium {
  /** Loads a page; the text it shows. Rejects when an error page is shown instead. */
  open(url: string): Promise<string>
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
  const localState = { dns_over_https: { mode: 'secure', templates: gateway.url } }
  writeFileSync(join(data, 'Local State'), JSON.stringify(localState))

  const words = [...SWITCHES, `--user-data-dir=${data}`, 'about:blank']
  const { child } = start('chromium', words, { prefix, env: { HOME: home }, pipes: 2 })
  const { send, event } = speakDevTools(child.stdio[4] as Readable, child.stdio[3] as Writable)

  const { targetId } = await send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
  const attached = { targetId, flatten: true }
  const { sessionId } = await send<{ sessionId: string }>('Target.attachToTarget', attached)
  await send('Page.enable', {}, sessionId)

  return {
    open: async (url) => {
      const loaded = event('Page.loadEventFired')
      const { errorText } = await send<{ errorText?: string }>('Page.navigate', { url }, sessionId)
      await loaded
      if (errorText !== undefined) throw new Error(errorText)
      const expression = 'document.body.innerText'
      const { result } = await send<{ result: { value: string } }>(
        'Runtime.evaluate',
        { expression },
        sessionId,
      )
      return result.value
    },
  }
}
