import { describe, expect, test, vi } from 'vitest'
import {
  type WorkerConnect,
  type WorkerSocketOptions,
  workerChannels,
} from '../../../src/cloudflare/electrum-sockets.ts'
import { MAX_HEADER_OCTETS } from '../../../src/namecoin/chain/header.ts'
import { parseAddress } from '../../../src/namecoin/electrum/address.ts'
import { getBlockHeaders, getTip } from '../../../src/namecoin/electrum/requests.ts'
import { answer } from '../../servers/electrumx.ts'
import { type Emission, electrumPeer, newWorld, type World } from '../../servers/electrumx-peer.ts'
import { never, settled } from '../clock.ts'
import { expectAnswers, sessionTo } from './worker-session.ts'

// The WebSockets are workerd's own, the streams the platform's; only the network between is not there.

interface ServerSocket extends WebSocket {
  accept(): void
}
declare const WebSocketPair: new () => { 0: ServerSocket; 1: ServerSocket }

/** `fetch` that upgrades to a WebSocket on which a world answers. */
function worldFetch(world: World, frames: 'text' | 'binary' = 'text'): WorkerSocketOptions['fetch'] {
  return async (_url, init) => {
    if (new Headers(init.headers).get('upgrade') !== 'websocket') return new Response('no', { status: 426 })
    const { 0: ours, 1: theirs } = new WebSocketPair()
    theirs.accept()
    const peer = electrumPeer(world, (emission) => {
      if (emission.kind === 'message') {
        theirs.send(frames === 'text' ? emission.text : new TextEncoder().encode(emission.text))
      } else if (emission.kind === 'close') theirs.close()
    })
    theirs.addEventListener('message', ({ data }) => peer.receive(String(data)))
    return new Response(null, { status: 101, webSocket: ours } as ResponseInit)
  }
}

/** Hex digits until the other side has enough. */
async function writeEndlessly(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  const digits = new TextEncoder().encode('ab'.repeat(100_000))
  try {
    for (;;) await writer.write(digits)
  } catch {
    // It has.
  }
}

/** `connect` to a world, and what it was asked for. */
function worldConnect(world: World) {
  const asked: unknown[] = []
  let isClosed = false
  const connect: WorkerConnect = (address, options) => {
    asked.push([address, options])
    const incoming = new TransformStream<Uint8Array, Uint8Array>()
    const writer = incoming.writable.getWriter()
    const write = (text: string): void => void writer.write(new TextEncoder().encode(text)).catch(() => {})
    const deliver = (emission: Emission): void => {
      if (emission.kind === 'message') write(`${emission.text}\r\n`)
      else if (emission.kind === 'close') void writer.close()
      else if (emission.kind === 'endless') void writeEndlessly(writer)
    }
    const peer = electrumPeer(world, deliver)
    const decoder = new TextDecoder()
    const writable = new WritableStream<Uint8Array>({
      write(chunk) {
        for (const line of decoder.decode(chunk).split('\n')) if (line !== '') peer.receive(line)
      },
    })
    const close = async (): Promise<void> => {
      isClosed = true
      await writer.abort().catch(() => {})
    }
    return { readable: incoming.readable, writable, opened: Promise.resolve(), close }
  }
  return { connect, asked, isClosed: () => isClosed }
}

describe('WebSocket', () => {
  test.each(['text', 'binary'] as const)('%s frames', async (frames) => {
    const urls: string[] = []
    const fetch = worldFetch(newWorld(), frames)
    const session = sessionTo('wss://host.example:50004/electrumx', {
      fetch: (url, init) => {
        urls.push(url)
        return fetch(url, init)
      },
    })
    await expectAnswers(session)
    session.close()
    expect(urls).toEqual(['https://host.example:50004/electrumx'])
  })

  test('without TLS it is http:', async () => {
    const urls: string[] = []
    const session = sessionTo('ws://host.example:50003', {
      fetch: async (url) => {
        urls.push(url)
        return new Response('no', { status: 404 })
      },
    })
    expect(await getTip(session, never)).toMatchObject({ code: 'protocol' })
    expect(urls).toEqual(['http://host.example:50003/'])
  })

  test.each([
    ['closes', 'network'],
    ['garbage', 'protocol'],
    ['bomb', 'too-long'],
  ] as const)('%s', async (wire, code) => {
    const session = sessionTo('wss://host.example:50004', { fetch: worldFetch(newWorld({ wire: [wire] })) })
    expect(await getTip(session, never)).toMatchObject({ code })
    session.close()
  })

  test.each(['text', 'binary'] as const)('a %s frame above the limit goes by', async (frames) => {
    const session = sessionTo('wss://host.example:50004', {
      fetch: worldFetch(newWorld(), frames),
      maxMessage: 10_000,
    })
    const [headers, tip] = await Promise.all([
      getBlockHeaders(session, 0, 208, never),
      getTip(session, never),
    ])
    expect(headers).toMatchObject({ code: 'too-long' })
    expect(tip).toMatchObject({ kind: 'result' })
    expect(session.state().kind).toBe('ready')
    session.close()
  })

  test('a fetch that fails', async () => {
    const session = sessionTo('wss://host.example:50004', { fetch: () => Promise.reject(new Error('no')) })
    expect(await getTip(session, never)).toMatchObject({ code: 'network' })
    session.close()
  })
})

describe('connect', () => {
  test.each([
    ['tcp', 'off'],
    ['tls', 'on'],
  ] as const)('%s', async (transport, secureTransport) => {
    const { connect, asked, isClosed } = worldConnect(newWorld())
    const session = sessionTo(`${transport}://host.example:50001`, { connect })
    await expectAnswers(session)
    expect(asked).toEqual([
      [
        { hostname: 'host.example', port: 50_001 },
        { secureTransport, allowHalfOpen: false },
      ],
    ])
    session.close()
    expect(isClosed()).toBe(true)
  })

  test.each([
    ['closes', 'network'],
    ['garbage', 'protocol'],
    ['endless', 'too-long'],
  ] as const)('%s', async (wire, code) => {
    const { connect, isClosed } = worldConnect(newWorld({ wire: [wire] }))
    const session = sessionTo('tcp://host.example:50001', { connect })
    expect(await getTip(session, never)).toMatchObject({ code })
    expect(isClosed()).toBe(true)
    session.close()
  })

  test('octets are heard of before the message that they make up', async () => {
    const { connect } = worldConnect(newWorld())
    const told: string[] = []
    const events = {
      ...{ heard: () => void told.push('heard'), message: () => void told.push('message') },
      ...{ skipped: () => {}, end: () => {} },
    }
    const open = workerChannels({ connect, fetch: () => expect.unreachable() })
    const channel = await open(parseAddress('tcp://host.example:50001')!, events, never)
    if (channel.kind === 'failed') throw new Error(channel.detail)
    channel.send(JSON.stringify({ id: 0, method: 'server.version', params: ['bitdoh', ['1.4', '1.4.3']] }))
    await vi.waitUntil(() => told.includes('message'))
    expect(told).toEqual([...told.slice(1).map(() => 'heard'), 'message'])
    expect(told.length).toBeGreaterThan(1)
    channel.close()
  })

  test('a header that is too long for a WebSocket comes over a line', async () => {
    const world = newWorld({
      backend: (method, params) =>
        method === 'blockchain.headers.subscribe'
          ? { result: { hex: '00'.repeat(MAX_HEADER_OCTETS), height: 300 } }
          : answer(newWorld().chain, method, params),
    })
    const session = sessionTo('tcp://host.example:50001', { connect: worldConnect(world).connect })
    expect(await getTip(session, never)).toMatchObject({ kind: 'result', result: { height: 300 } })
    session.close()
  })

  test('given up while it connects', async () => {
    const { connect, isClosed } = worldConnect(newWorld())
    const open = workerChannels({
      connect: (...asked) => ({ ...connect(...asked), opened: new Promise(() => {}) }),
      fetch: () => expect.unreachable(),
    })
    const controller = new AbortController()
    const events = { heard: () => {}, message: () => {}, skipped: () => {}, end: () => {} }
    const opening = open(parseAddress('tcp://host.example:50001')!, events, controller.signal)
    await settled()
    controller.abort()
    expect(await opening).toMatchObject({ code: 'timeout' })
    expect(isClosed()).toBe(true)
  })

  test('nobody there', async () => {
    const { connect } = worldConnect(newWorld())
    const session = sessionTo('tcp://host.example:50001', {
      connect: (...asked) => ({ ...connect(...asked), opened: Promise.reject(new Error('refused')) }),
    })
    expect(await getTip(session, never)).toMatchObject({ code: 'network' })
    session.close()
  })
})

test('an address with a pin is refused: it could not be checked', async () => {
  const session = sessionTo(`wss://host.example:50004#sha256=${'ab'.repeat(32)}`, {})
  expect(await getTip(session, never)).toMatchObject({ code: 'unsupported' })
})
