import { authority, hasCertificate, isWebSocket, type ServerAddress } from '../namecoin/electrum/address.ts'
import {
  type Channel,
  type ChannelEvents,
  MAX_MESSAGE_OCTETS,
  MAX_MESSAGE_OCTETS_WORKERS,
  type OpenChannel,
} from '../namecoin/electrum/channel.ts'
import { type Failed, failed } from '../namecoin/electrum/failure.ts'
import { decode, lineReader, type MessageEvents } from '../namecoin/electrum/framing.ts'
import { MAX_SKIPPED_OCTETS, skipOctets, skipText, tooLong } from '../namecoin/electrum/skipping.ts'

/**
 * Channels to ElectrumX servers from Workers: WSS and WS by `fetch`, TLS and TCP by `connect`. The runtime accepts
 * certificates of public CAs and shows none (workerd #6586), so an address with a pin cannot be used. Without TLS the
 * answers are as good, as proofs of work are what they are believed for; but whoever is on the way sees the hashes of
 * the names asked for.
 */

/** A socket of `cloudflare:sockets`. */
export interface WorkerSocket {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  readonly opened: Promise<unknown>
  close(): Promise<void>
}

/** `connect` of `cloudflare:sockets`. */
export type WorkerConnect = (
  address: { readonly hostname: string; readonly port: number },
  options: { readonly secureTransport: 'on' | 'off'; readonly allowHalfOpen: boolean },
) => WorkerSocket

/** The WebSocket of a response to a `fetch` that asked for one. */
interface WorkerWebSocket extends WebSocket {
  accept(): void
}

export interface WorkerSocketOptions {
  readonly connect: WorkerConnect
  /** The part of the built-in `fetch` that is used. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Longest message that is read, octets; by default what the transport takes. */
  readonly maxMessage?: number
}

/** Opens channels; see `OpenChannel`. */
export function workerChannels(options: WorkerSocketOptions): OpenChannel {
  const { connect, fetch, maxMessage } = options
  return async function openChannel(address, events, signal) {
    if (address.pin !== undefined)
      return failed('unsupported', 'Workers cannot check a #sha256= of a certificate')
    if (signal.aborted) return NO_CONNECTION
    try {
      return isWebSocket(address.transport)
        ? await openFrames(address, fetch, events, maxMessage ?? MAX_MESSAGE_OCTETS_WORKERS, signal)
        : await openLines(address, connect, events, maxMessage ?? MAX_MESSAGE_OCTETS, signal)
    } catch {
      return signal.aborted ? NO_CONNECTION : failed('network', 'the connection failed')
    }
  }
}

const NO_CONNECTION = failed('timeout', 'no connection in time')
const CLOSED_BY_SERVER = failed('network', 'the server closed the connection')

/** Ends a channel once, whoever does it. */
function ending(events: ChannelEvents, release: () => void) {
  let isOver = false
  return {
    isOver: () => isOver,
    end(why: Failed): void {
      if (isOver) return
      isOver = true
      release()
      events.end(why)
    },
    close(): void {
      if (isOver) return
      isOver = true
      release()
    },
  }
}

async function openFrames(
  { transport, host, port, path }: ServerAddress,
  fetch: WorkerSocketOptions['fetch'],
  events: ChannelEvents,
  maxMessage: number,
  signal: AbortSignal,
): Promise<Channel | Failed> {
  const scheme = hasCertificate(transport) ? 'https' : 'http'
  const response = await fetch(`${scheme}://${authority(host, port)}${path}`, {
    headers: { upgrade: 'websocket' },
    redirect: 'manual',
    signal,
  })
  const webSocket = (response as { readonly webSocket?: WorkerWebSocket | null }).webSocket
  if (webSocket === undefined || webSocket === null) {
    await response.body?.cancel()
    return failed('protocol', `HTTP ${response.status} instead of a WebSocket`)
  }
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const life = ending(events, () => webSocket.close())
  webSocket.binaryType = 'arraybuffer'
  webSocket.accept()
  webSocket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (life.isOver()) return
    // Characters are as good: nobody sends anything but ASCII, and they are never more than the octets.
    const octets = typeof data === 'string' ? data.length : data.byteLength
    if (octets > maxMessage) {
      if (octets > MAX_SKIPPED_OCTETS) life.end(tooLong(MAX_SKIPPED_OCTETS))
      else
        events.skipped(typeof data === 'string' ? skipText(data, octets) : skipOctets(new Uint8Array(data)))
      return
    }
    const text = typeof data === 'string' ? data : decode(decoder, new Uint8Array(data))
    if (text === undefined) life.end(failed('protocol', 'a message is not UTF-8'))
    else events.message(text, octets)
  })
  webSocket.addEventListener('close', () => life.end(CLOSED_BY_SERVER))
  webSocket.addEventListener('error', () => life.end(failed('network', 'the connection failed')))
  if (signal.aborted) {
    life.close()
    return NO_CONNECTION
  }
  return {
    kind: 'channel',
    send(text) {
      if (!life.isOver()) webSocket.send(text)
    },
    close: life.close,
  }
}

async function openLines(
  { transport, host, port }: ServerAddress,
  connect: WorkerConnect,
  events: ChannelEvents,
  maxMessage: number,
  signal: AbortSignal,
): Promise<Channel | Failed> {
  const socket = connect(
    { hostname: host, port },
    { secureTransport: hasCertificate(transport) ? 'on' : 'off', allowHalfOpen: false },
  )
  const close = (): void => void socket.close().catch(() => {})
  if (!(await opened(socket, signal))) {
    close()
    return signal.aborted ? NO_CONNECTION : failed('network', 'the connection failed')
  }
  const writer = socket.writable.getWriter()
  const encoder = new TextEncoder()
  const life = ending(events, close)
  const guarded: MessageEvents = {
    message: (text, octets) => {
      if (!life.isOver()) events.message(text, octets)
    },
    skipped: (left) => {
      if (!life.isOver()) events.skipped(left)
    },
  }
  const take = lineReader({ read: maxMessage }, guarded)
  void readAll(socket.readable, (chunk) => {
    if (life.isOver()) return
    events.heard()
    const problem = take(chunk)
    if (problem !== undefined) life.end(problem)
  }).then(
    () => life.end(CLOSED_BY_SERVER),
    () => life.end(failed('network', 'the connection failed')),
  )
  return {
    kind: 'channel',
    send(text) {
      // A failure ends the reading side, too.
      if (!life.isOver()) void writer.write(encoder.encode(`${text}\n`)).catch(() => {})
    },
    close: life.close,
  }
}

/** Whether the socket opens before the signal aborts. */
function opened(socket: WorkerSocket, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const giveUp = (): void => resolve(false)
    signal.addEventListener('abort', giveUp, { once: true })
    void socket.opened
      .then(() => resolve(true), giveUp)
      .finally(() => signal.removeEventListener('abort', giveUp))
  })
}

async function readAll(stream: ReadableStream<Uint8Array>, take: (chunk: Uint8Array) => void): Promise<void> {
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    take(value)
  }
}
