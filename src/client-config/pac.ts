import type { ClientConfig } from './gateway.ts'

/** What `readProxy` reads. */
export const PROXY_FORM = 'HOST:PORT, an IPv6 address in brackets'

const MAX_PORT = 65_535

/** A proxy's `host:port`, with only such characters as may stand in a script; undefined when it is none. */
export function readProxy(text: string): string | undefined {
  const [, host, digits] = /^([\w.-]+|\[[0-9a-f:.]+\]):([0-9]{1,5})$/i.exec(text) ?? []
  const port = Number(digits)
  if (host === undefined || port < 1 || port > MAX_PORT || !URL.canParse(`http://${host}`)) return undefined
  return `${host.toLowerCase()}:${port}`
}

/**
 * A proxy auto-configuration file: names under .bit go to the proxies, the next when one is down, all else goes direct.
 * Never DIRECT for .bit: the name would be looked up, in vain and for all to see, by the system's resolver.
 */
export function pacScript(proxies: readonly [string, ...string[]]): ClientConfig {
  const list = proxies.map((proxy) => `PROXY ${proxy}`).join('; ')
  return {
    fileName: 'bit.pac',
    // ECMAScript 3: Windows still runs these in JScript.
    text: `function FindProxyForURL(url, host) {
  return /(^|\\.)bit\\.?$/i.test(host) ? ${JSON.stringify(list)} : 'DIRECT'
}
`,
    notes: [
      'Put it on a web server, with the type application/x-ns-proxy-autoconfig, and its URL into the proxy settings of ' +
        'the browser or the system.',
    ],
  }
}
