import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { authority, isWebSocket, type ServerAddress } from '../namecoin/electrum/address.ts'
import {
  type Channel,
  type ChannelEvents,
  MAX_MESSAGE_OCTETS,
  type OpenChannel,
} from '../namecoin/electrum/channel.ts'
import { type Failed, failed } from '../namecoin/electrum/failure.ts'
import { decode, lineReader, type MessageEvents } from '../namecoin/electrum/framing.ts'
import { MAX_SKIPPED_OCTETS, skipOctets, tooLong } from '../namecoin/electrum/skipping.ts'
import { type ConnectOptions, connectSocket, networkFailure } from './electrum-connect.ts'

/** Channels to ElectrumX servers over TCP, TLS, WS and WSS. */

export interface SocketOptions extends ConnectOptions {
  /** Longest message that is read, octets. */
  readonly maxMessage?: number
}

/** Opens channels; see `OpenChannel`. */
export function nodeChannels({ maxMessage = MAX_MESSAGE_OCTETS, ...options }: SocketOptions): OpenChannel {
  return async function openChannel(address, events, signal) {
    const socket = await connectSocket(address, signal, options)
    if ('kind' in socket) return socket
    return isWebSocket(address.transport)
      ? openFrames(address, socket, events, maxMessage, signal)
      : openLines(socket, events, maxMessage)
  }
}

const CLOSED_BY_SERVER = failed('network', 'the server closed the connection')

/** Messages as lines of a socket. */
function openLines(socket: Socket, events: ChannelEvents, maxMessage: number): Channel {
  let isOver = false
  const guarded: MessageEvents = {
    message: (text, octets) => {
      if (!isOver) events.message(text, octets)
    },
    skipped: (left) => {
      if (!isOver) events.skipped(left)
    },
  }
  const take = lineReader({ read: maxMessage }, guarded)
  function end(why: Failed): void {
    if (isOver) return
    isOver = true
    socket.destroy()
    events.end(why)
  }
  // Listeners stay until the socket is gone: one without a listener for `error` ends the process.
  socket.on('error', (error) => end(networkFailure(error)))
  socket.on('close', () => end(CLOSED_BY_SERVER))
  socket.on('data', (chunk) => {
    if (isOver) return
    events.heard()
    const problem = take(chunk)
    if (problem !== undefined) end(problem)
  })
  return {
    kind: 'channel',
    send(text) {
      if (!isOver) socket.write(`${text}\n`)
    },
    close() {
      isOver = true
      socket.destroy()
    },
  }
}

/** Messages as frames of a WebSocket, over a socket that is open already: `ws` never sees a certificate. */
function openFrames(
  { host, port, path }: ServerAddress,
  socket: Socket,
  events: ChannelEvents,
  maxMessage: number,
  signal: AbortSignal,
): Promise<Channel | Failed> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  return new Promise((resolve) => {
    let isOpen = false
    let isOver = false
    const webSocket = new WebSocket(`ws://${authority(host, port)}${path}`, {
      createConnection: () => socket,
      maxPayload: MAX_SKIPPED_OCTETS, // Longer than is read: `ws` takes a message whole or ends the connection.
      perMessageDeflate: false, // Attack: a few octets that become gigabytes.
      followRedirects: false,
    })
    function end(why: Failed): void {
      if (isOver) return
      isOver = true
      signal.removeEventListener('abort', giveUp)
      socket.destroy()
      if (isOpen) events.end(why)
      else resolve(why)
    }
    const giveUp = (): void => end(failed('timeout', 'no connection in time'))
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })

    webSocket.on('open', () => {
      isOpen = true
      signal.removeEventListener('abort', giveUp)
      // Before `ws` hears of it, which tells of whole messages only.
      socket.prependListener('data', () => {
        if (!isOver) events.heard()
      })
      resolve({
        kind: 'channel',
        send(text) {
          if (!isOver) webSocket.send(text, () => {}) // A failure comes as `error`, too.
        },
        close() {
          isOver = true
          webSocket.terminate()
        },
      })
    })
    webSocket.on('message', (data) => {
      if (isOver) return
      const octets = data as Buffer // `nodebuffer` is the default type of `ws`, for text as well.
      if (octets.length > maxMessage) return events.skipped(skipOctets(octets))
      const text = decode(decoder, octets)
      if (text === undefined) end(failed('protocol', 'a message is not UTF-8'))
      else events.message(text, octets.length)
    })
    webSocket.on('error', (error) => end(frameFailure(error)))
    webSocket.on('close', () => end(CLOSED_BY_SERVER))
  })
}

/** What an error means: codes of `ws` begin with `WS_ERR_`, those of Node's HTTP with `HPE_`; a bad handshake has none. */
function frameFailure(error: Error): Failed {
  const { code = '' } = error as NodeJS.ErrnoException
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return tooLong(MAX_SKIPPED_OCTETS)
  if (code.startsWith('WS_ERR_')) return failed('protocol', code)
  const isHandshake = code === '' || code.startsWith('HPE_')
  return isHandshake ? failed('protocol', 'the server does not speak WebSocket') : networkFailure(error)
}
