import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import {
  ExchangeError,
  type ExchangeErrorCode,
  MAX_STRANGERS,
  type ServerExchange,
} from '../delegation/exchange.ts'
import { MAX_MESSAGE_LENGTH } from '../dns/protocol.ts'
import { boundedSlots } from '../namecoin/slots.ts'

/** Messages to nameservers under way at once: each has a socket. Nobody waits for one: a name asked later may be quicker. */
const MAX_EXCHANGES = 1_000

/** Carries DNS messages to nameservers over UDP and TCP. */
export function nodeExchange(): ServerExchange {
  const slots = boundedSlots(MAX_EXCHANGES, 0)
  const bounded =
    (exchange: ServerExchange['tcp']): ServerExchange['tcp'] =>
    async (address, port, message, signal, isReply) => {
      const reply = await slots(signal, () => exchange(address, port, message, signal, isReply))
      if (reply === 'full') throw new ExchangeError('overloaded')
      if (reply === 'gave-up') throw new ExchangeError('timeout')
      return reply
    }
  return { udp: bounded(overUdp), tcp: bounded(overTcp) }
}

/** The addresses of this machine. */
export const ownAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? [])

/**
 * A socket for each message: the system gives it a random port, and once connected passes nothing on but what comes from
 * that address and port. So a forger has to guess both.
 */
function overUdp(
  address: string,
  port: number,
  message: Uint8Array,
  signal: AbortSignal,
  isReply: (datagram: Uint8Array) => boolean = () => true,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    let strangers = 0
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', giveUp)
      socket.removeAllListeners()
      // What fails now concerns nobody; without a listener it would end the process.
      socket.on('error', () => {})
      socket.close()
      act()
    }
    const fail = (error: ExchangeError): void => settle(() => reject(error))
    const giveUp = (): void => fail(new ExchangeError('timeout'))
    if (signal.aborted) {
      giveUp()
      return
    }
    signal.addEventListener('abort', giveUp, { once: true })
    socket.on('error', (error) => fail(exchangeError(error)))
    socket.on('message', (datagram) => {
      if (isReply(datagram)) settle(() => resolve(datagram))
      else if (++strangers === MAX_STRANGERS) fail(new ExchangeError('too-many-strangers'))
    })
    // The types do not say so, but what keeps it from connecting, no route for one, comes to the callback.
    const connected = (problem?: Error): void => {
      if (problem !== undefined) fail(exchangeError(problem))
      else
        socket.send(message, (error) => {
          if (error !== null) fail(exchangeError(error))
        })
    }
    socket.connect(port, address, connected)
  })
}

/** A connection for each message, which has its length in front (RFC 1035 §4.2.2). */
function overTcp(
  address: string,
  port: number,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new ExchangeError('timeout'))
      return
    }
    const socket = connect({ host: address, port, noDelay: true })
    const chunks: Buffer[] = []
    let received = 0
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', giveUp)
      socket.removeAllListeners()
      socket.on('error', () => {})
      socket.destroy()
      act()
    }
    const fail = (error: ExchangeError): void => settle(() => reject(error))
    const giveUp = (): void => fail(new ExchangeError('timeout'))
    signal.addEventListener('abort', giveUp, { once: true })
    socket.on('error', (error) => fail(exchangeError(error)))
    socket.on('close', () => fail(new ExchangeError('network')))
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      received += chunk.length
      if (received < 2) return
      const whole = Buffer.concat(chunks)
      const end = 2 + whole.readUInt16BE()
      if (received >= end) settle(() => resolve(whole.subarray(2, end)))
      // One octet at a time must not make as many pieces.
      else chunks.splice(0, chunks.length, whole)
    })
    socket.write(framed(message))
  })
}

/** The message behind its length. */
function framed(message: Uint8Array): Uint8Array {
  if (message.length > MAX_MESSAGE_LENGTH) throw new RangeError('longer than a DNS message can be')
  const whole = new Uint8Array(2 + message.length)
  whole.set([message.length >> 8, message.length & 0xff])
  whole.set(message, 2)
  return whole
}

/** What a system's error means. */
function exchangeError(error: NodeJS.ErrnoException): ExchangeError {
  const code: ExchangeErrorCode = error.code === 'ECONNREFUSED' ? 'refused' : 'network'
  return new ExchangeError(code, { cause: error })
}
