import { SOCKETS_URL, type SocketWish } from './outside.ts'

/** An ElectrumX on a true socket of this machine, as tests in workerd see it: it runs in vitest's own process. */
export interface ElectrumxOnSocket {
  /** `tcp://127.0.0.1:12345` */
  readonly address: string
  /** Connections that are open, and octets that came in over TLS or TCP. */
  seen(): Promise<{ readonly connections: number; readonly octets: number }>
  close(): Promise<void>
}

export async function openElectrumx(wish: SocketWish): Promise<ElectrumxOnSocket> {
  const started = await fetch(SOCKETS_URL, { method: 'POST', body: JSON.stringify(wish) })
  const address = (await started.json()) as string
  const own = `${SOCKETS_URL}?at=${encodeURIComponent(address)}`
  return {
    address,
    seen: async () => (await (await fetch(own)).json()) as { connections: number; octets: number },
    async close() {
      await (await fetch(own, { method: 'DELETE' })).text()
    },
  }
}
