import { domainOf, parseAddress, type ServerAddress } from './address.ts'

/**
 * Public ElectrumX servers of Namecoin's mainnet, as of 2026.
 *
 * Sources: electrum-nmc issue #389 (2026-03-04), which asked every server of `servers.json`; the certificates published
 * with the clients gecko and strfry. WSS where there is one: since ElectrumX 1.18 replies over TCP and TLS are padded
 * and may be held back for a second.
 */

/** A server and the person behind it. */
export interface KnownServer {
  readonly address: ServerAddress
  /** Servers of one operator count as one witness. */
  readonly operator: string
}

type Runtime = 'node' | 'workers'

interface Listed {
  readonly address: string
  readonly operator: string
  readonly runtimes: readonly Runtime[]
}

const LIST: readonly Listed[] = [
  // A certificate of Let's Encrypt: the only one that browsers and Workers accept. ElectrumX 1.19.
  {
    address: 'wss://electrum.nmc.ethicnology.com:50004',
    operator: 'ethicnology',
    runtimes: ['node', 'workers'],
  },
  // Self-signed until 2027-05-04. ElectrumX 1.16.
  {
    address:
      'wss://electrumx.testls.space:50004#sha256=5365d5bb2619f5401cd88efcaffba5b2a0ea7a992df70f057e9bcd5036c7799c',
    operator: 'mstrofnone',
    runtimes: ['node'],
  },
  // The same server without TLS, for Workers, which cannot be told to accept a certificate (workerd #6586).
  { address: 'ws://electrumx.testls.space:50003', operator: 'mstrofnone', runtimes: ['workers'] },
  // relay.testls.bit, by its IP address: who resolves .bit cannot resolve .bit first. Self-signed until 2036.
  {
    address:
      'wss://23.158.233.10:50004#sha256=bb0b35e64235a794e157b69acd72da4ccc16a4d81d0ff6b1d8f7fdfc6cca6cba',
    operator: 'mstrofnone',
    runtimes: ['node'],
  },
  // Also 46.229.238.187. Self-signed until 2030-10-22. ElectrumX 1.16. Whether it has WSS is in doubt.
  {
    address:
      'tls://nmc2.bitcoins.sk:57002#sha256=8241aeaf153ed52af84087da27c4327a409e60d555267483b80ccfcb94574aae',
    operator: 'bitcoins.sk',
    runtimes: ['node'],
  },
  // Its certificate is not published: trusted on first use.
  { address: 'tls://namecoin.stackwallet.com:57002', operator: 'Cypher Stack', runtimes: ['node'] },
]

/** The public servers that a runtime can reach, one address a server. */
export function knownServers(runtime: Runtime): readonly KnownServer[] {
  return LIST.filter(({ runtimes }) => runtimes.includes(runtime)).map(({ address, operator }) => ({
    address: parseAddress(address)!,
    operator,
  }))
}

/** Who runs the server at an address: by the list, otherwise by its domain. */
export function operatorOf(address: ServerAddress): string {
  return OPERATORS.get(address.host) ?? OPERATORS.get(domainOf(address)) ?? domainOf(address)
}

const OPERATORS: ReadonlyMap<string, string> = new Map([
  ...LIST.flatMap(({ address, operator }) => {
    const parsed = parseAddress(address)!
    return [[parsed.host, operator] as const, [domainOf(parsed), operator] as const]
  }),
  ['162.212.154.52', 'mstrofnone'], // electrumx.testls.space
  ['46.229.238.187', 'bitcoins.sk'], // nmc2.bitcoins.sk
  ['testls.bit', 'mstrofnone'],
  ['i665jpwsq46zlsdbnj4axgzd3s56uzey5uhotsnxzsknzbn36jaddsid.onion', 'mstrofnone'],
  ['6cbn4rskfdr647otej7gpqlmpqcmj723vg2eoeuu7ljbwu6cpdebozyd.onion', 'mstrofnone'],
])
