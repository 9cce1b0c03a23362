import { ExchangeError, type ServerExchange } from '../delegation/exchange.ts'
import type { WorkerConnect, WorkerSocket } from './electrum-sockets.ts'

/** Carries DNS messages to nameservers from Workers, which have TCP and no UDP (RFC 7766: every server has both). */
export const workerExchange = (connect: WorkerConnect): ServerExchange => ({
  async tcp(address, port, message, signal) {
    if (signal.aborted) throw new ExchangeError('timeout')
    const socket = connect(
      { hostname: address.includes(':') ? `[${address}]` : address, port },
      { secureTransport: 'off', allowHalfOpen: false },
    )
    const close = (): void => void socket.close().catch(() => {})
    // A socket that is closed ends what is waited for.
    const aborted = new Promise<never>((_resolve, reject) => {
      const giveUp = (): void => reject(new ExchangeError('timeout'))
      signal.addEventListener('abort', giveUp, { once: true })
    })
    try {
      return await Promise.race([exchangeOver(socket, message), aborted])
    } catch (error) {
      throw error instanceof ExchangeError ? error : new ExchangeError('network', { cause: error })
    } finally {
      aborted.catch(() => {})
      close()
    }
  },
})

/** Writes a message and reads one, each with its length in front (RFC 1035 §4.2.2). */
async function exchangeOver(socket: WorkerSocket, message: Uint8Array): Promise<Uint8Array> {
  // It fails along with the reading, which says why.
  socket.opened.catch(() => {})
  const framed = new Uint8Array(2 + message.length)
  framed.set([message.length >> 8, message.length & 0xff])
  framed.set(message, 2)
  const writer = socket.writable.getWriter()
  writer.write(framed).catch(() => {})

  const reader = socket.readable.getReader()
  let received = new Uint8Array(0)
  for (;;) {
    const { done, value } = await reader.read()
    if (done) throw new ExchangeError('network')
    const joined = new Uint8Array(received.length + value.length)
    joined.set(received)
    joined.set(value, received.length)
    received = joined
    if (received.length < 2) continue
    const end = 2 + ((received[0]! << 8) | received[1]!)
    if (received.length >= end) return received.subarray(2, end)
  }
}
