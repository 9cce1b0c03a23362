/** Where a server is, and which certificate it must have. */

export interface ServerAddress {
  readonly transport: Transport
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string
  readonly port: number
  /** Path of the WebSocket, with its slash; `/` for the other transports. */
  readonly path: string
  /** SHA-256 of the DER certificate that must be shown, 64 lower-case hex digits; no other counts then. */
  readonly pin?: string
}

export type Transport = 'tcp' | 'tls' | 'ws' | 'wss'

/** What `parseAddress` takes, for messages to people. */
export const ADDRESS_SHAPE = 'tcp|tls|ws|wss://HOST:PORT[/PATH][#sha256=HEX]'

const ADDRESS =
  /^(tcp|tls|ws|wss):\/\/(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?)):(\d{1,5})(\/[\x21-\x22\x24-\x7e]*)?(?:#sha256=([0-9a-f:]+))?$/i

/** Reads an address; undefined when it is none, or asks of a transport what it does not have. */
export function parseAddress(text: string): ServerAddress | undefined {
  const [, scheme, ipv6, name, digits, path, fingerprint] = ADDRESS.exec(text) ?? []
  if (scheme === undefined) return undefined
  const transport = scheme.toLowerCase() as Transport
  const host = (ipv6 ?? name ?? '').toLowerCase()
  const port = Number(digits)
  const pin = fingerprint?.replaceAll(':', '').toLowerCase() // `openssl x509 -fingerprint` writes colons.
  if (port < 1 || port > 65_535) return undefined
  if (path !== undefined && path !== '/' && !isWebSocket(transport)) return undefined
  if (pin !== undefined && (pin.length !== 64 || !hasCertificate(transport))) return undefined
  return { transport, host, port, path: path ?? '/', ...(pin === undefined ? {} : { pin }) }
}

/** The address as `parseAddress` reads it. */
export function formatAddress({ transport, host, port, path, pin }: ServerAddress): string {
  const fragment = pin === undefined ? '' : `#sha256=${pin}`
  return `${transport}://${authority(host, port)}${path === '/' ? '' : path}${fragment}`
}

/** Host and port as they stand in a URL. */
export const authority = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

export const isWebSocket = (transport: Transport): boolean => transport === 'ws' || transport === 'wss'

export const hasCertificate = (transport: Transport): boolean => transport === 'tls' || transport === 'wss'

/**
 * Who runs a server nobody knows: its domain, which is at least the last two labels, or its IP address. Attack: one
 * person's many host names must not pass for many operators; that two people under one public suffix pass for one
 * costs nothing but an agreement.
 */
export function domainOf({ host }: ServerAddress): string {
  return /^[\d.]+$|:/.test(host) ? host : host.split('.').slice(-2).join('.')
}
