import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { firefoxUserJs } from '../../src/client-config/firefox.ts'
import type { Gateway } from './gateway.ts'
import { speakMarionette } from './marionette.ts'
import type { Namespace } from './namespace.ts'
import { makeStoreThatTrusts } from './nss.ts'
import { newFolder, type Program, start } from './program.ts'

/** A Firefox with a new profile that trusts the gateway's CA, set up as `bitdoh client-config firefox` says. */
export interface Firefox {
  /** Loads a page; the text it shows. Rejects when an error page is shown instead. */
  open(url: string): Promise<string>
  /** What its own cache says of a name's IPv4 addresses. */
  cached(host: string): Promise<readonly CachedName[]>
  /** The URL it loads when this is typed. */
  typed(text: string): Promise<string>
  /** Asks anew; IPv4 addresses in the order of the answer. */
  resolve(host: string): Promise<readonly string[]>
}

export interface CachedName {
  readonly addresses: readonly string[]
  /** Whether it came over DoH. */
  readonly trr: boolean
}

const BRIDGE = fileURLToPath(new URL('tcp-over-stdio.mjs', import.meta.url))

/** So that it asks for nothing by itself, and can be driven. */
const FOR_TESTS = `
user_pref("marionette.port", 0);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
`

export async function startFirefox(gateway: Gateway, { prefix }: Namespace): Promise<Firefox> {
  const profile = newFolder()
  await makeStoreThatTrusts(gateway.ca, profile)
  const { text } = firefoxUserJs([{ url: gateway.url, addresses: [] }])
  writeFileSync(join(profile, 'user.js'), text + FOR_TESTS)
  const program = start(
    'firefox-esr',
    [
      '--headless',
      '--no-remote',
      '--marionette',
      '--remote-allow-system-access', // for scripts that look at its DNS cache
      '--profile',
      profile,
    ],
    { prefix, env: { HOME: profile } },
  )
  const port = await marionettePort(profile, program)
  const bridge = start(process.execPath, [BRIDGE, port], { prefix })
  const { send } = await speakMarionette(bridge.child.stdout!, bridge.child.stdin!)
  await send('WebDriver:NewSession', {
    capabilities: { alwaysMatch: { acceptInsecureCerts: false } },
  })

  const inPage = async (script: string): Promise<string> => {
    const { value } = (await send('WebDriver:ExecuteScript', { script, args: [] })) as { value: string }
    return value
  }
  const inBrowser = async <Result>(script: string, ...args: readonly unknown[]): Promise<Result> => {
    await send('Marionette:SetContext', { value: 'chrome' })
    try {
      const { value } = (await send('WebDriver:ExecuteAsyncScript', { script, args })) as { value: Result }
      return value
    } finally {
      await send('Marionette:SetContext', { value: 'content' })
    }
  }
  return {
    open: async (url) => {
      await send('WebDriver:Navigate', { url })
      return inPage('return document.body.innerText')
    },
    typed: (text) => inBrowser(FIX_UP, text),
    cached: (host) => inBrowser(READ_CACHE, host),
    resolve: (host) => inBrowser(RESOLVE, host),
  }
}

const PORT_TRIES = 600
const PORT_PAUSE_MS = 100

/** Firefox writes down the port it chose once it listens. */
async function marionettePort(profile: string, { child }: Program): Promise<string> {
  for (let attempt = 0; attempt < PORT_TRIES && child.exitCode === null; attempt++) {
    try {
      const port = readFileSync(join(profile, 'MarionetteActivePort'), 'utf8')
      if (port !== '') return port
    } catch {
      // Not yet.
    }
    await pause(PORT_PAUSE_MS)
  }
  throw new Error('Firefox offers no Marionette')
}

/** What the address bar makes of a text. */
const FIX_UP = `
  const [text, done] = arguments
  done(Services.uriFixup.getFixupURIInfo(text, Services.uriFixup.FIXUP_FLAG_ALLOW_KEYWORD_LOOKUP).preferredURI.spec)
`

/** Of the entries of type 0: those of other types hold HTTPS records. */
const READ_CACHE = `
  const [host, done] = arguments
  Cc['@mozilla.org/network/dashboard;1'].getService(Ci.nsIDashboard).requestDNSInfo(({ entries }) =>
    done(
      entries
        .filter(({ hostname, type }) => hostname === host && type === 0)
        .map(({ hostaddr, trr }) => ({ addresses: [...hostaddr], trr })),
    ),
  )`

/** With the cache emptied: Firefox keeps the answer it has when a new one says the same in another order. */
const RESOLVE = `
  const [host, done] = arguments
  const listener = {
    onLookupComplete(request, record, status) {
      const addresses = []
      const read = record?.QueryInterface(Ci.nsIDNSAddrRecord)
      while (read?.hasMore()) addresses.push(read.getNextAddrAsString())
      done(addresses)
    },
  }
  const { RESOLVE_TYPE_DEFAULT, RESOLVE_DISABLE_IPV6 } = Ci.nsIDNSService
  Services.dns.clearCache(true)
  Services.dns.asyncResolve(host, RESOLVE_TYPE_DEFAULT, RESOLVE_DISABLE_IPV6, null, listener, null, {})`
