import type { ClientConfig, Gateways } from './gateway.ts'

/** Brackets of an IPv6 address are a pattern to shells. */
const quoted = (url: string): string => (url.includes('[') ? `'${url}'` : url)

/** curl takes one gateway: the next is asked when a command fails. */
export function curlCommand(gateways: Gateways, page: string): ClientConfig {
  const commands = gateways.map(({ url }) => `curl --doh-url ${quoted(url)} ${page}`)
  return {
    fileName: 'fetch.sh',
    text: `${commands.join(' ||\n  ')}\n`,
    notes: [
      `To have it always, put the line doh-url = "${gateways[0].url}" into ~/.curlrc. Needs curl 7.62 or newer.`,
    ],
  }
}
