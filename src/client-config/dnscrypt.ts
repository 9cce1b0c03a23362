import type { ClientConfig, Gateways } from './gateway.ts'
import { dnsStamp } from './stamp.ts'

/**
 * Lines for dnscrypt-proxy.toml. `p2`: each question goes to one of the two fastest gateways, and a dead one is left out.
 * @see https://github.com/DNSCrypt/dnscrypt-proxy/wiki/Load-Balancing-Options
 */
export function dnscryptSection(gateways: Gateways): ClientConfig {
  const named = gateways.map((gateway, index) => ({ name: `bitdoh-${index + 1}`, stamp: dnsStamp(gateway) }))
  const names = named.map(({ name }) => `'${name}'`).join(', ')
  const tables = named.map(({ name, stamp }) => `[static.'${name}']\nstamp = '${stamp}'\n`)
  return {
    fileName: 'dnscrypt-proxy.toml',
    text: [`server_names = [${names}]\nlb_strategy = 'p2'\n\n[static]\n`, ...tables].join('\n'),
    notes: [
      'The first two lines go to the top of dnscrypt-proxy.toml, in place of those that are there; the rest to its end.',
    ],
  }
}
