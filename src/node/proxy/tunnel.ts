import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { LINGER_MS } from '../limits.ts'
import { readAuthority } from './destination.ts'
import type { ProxyLimits } from './limits.ts'
import type { Reach } from './reach.ts'
import { type Refusal, refusalMessage } from './refusal.ts'

/**
 * Answers CONNECT (RFC 9110 §9.3.6): octets go both ways until both sides have ended, or one is broken.
 * @param head what the client sent at once behind the request
 */
export async function tunnel(
  authority: string,
  client: Socket,
  head: Buffer,
  reach: Reach,
  { tunnelIdleMs, halfOpenIdleMs }: ProxyLimits,
): Promise<void> {
  const gone = new AbortController()
  client.on('error', () => {}).once('close', () => gone.abort())
  const destination = readAuthority(authority)
  const connected = destination.kind === 'refusal' ? destination : await reach(destination, gone.signal)
  if (connected.kind === 'refusal') return refuseAndEnd(client, connected)
  const { socket: site } = connected
  if (client.destroyed) {
    site.destroy()
    return
  }
  site.allowHalfOpen = true
  client.write('HTTP/1.1 200 Connection established\r\n\r\n')
  if (head.length > 0) site.write(head)
  // All that goes through passes the client's socket, so its timer is that of both.
  client.setTimeout(tunnelIdleMs, () => client.destroy())
  const hurry = (): void => void client.setTimeout(halfOpenIdleMs)
  for (const side of [client, site]) side.once('end', hurry)
  // It may have ended while we were connecting.
  if (client.readableEnded) hurry()
  pipeline(client, site, () => {})
  pipeline(site, client, () => {})
}

/** Says no on a bare connection and ends it; cut at once, the client might never read why. */
export function refuseAndEnd(client: Socket, refused: Refusal): void {
  if (!client.writable) {
    client.destroy()
    return
  }
  client.end(refusalMessage(refused))
  client.resume()
  const cut = setTimeout(() => client.destroy(), LINGER_MS)
  client.once('close', () => clearTimeout(cut))
}
