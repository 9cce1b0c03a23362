import { X509Certificate } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { runtimeTimer } from '../../src/namecoin/deadline.ts'
import { parseAddress, type ServerAddress } from '../../src/namecoin/electrum/address.ts'
import type { ChannelEvents } from '../../src/namecoin/electrum/channel.ts'
import type { Reply } from '../../src/namecoin/electrum/failure.ts'
import { getBlockHeaders, getHistory, getTip } from '../../src/namecoin/electrum/requests.ts'
import { electrumSession, type Session } from '../../src/namecoin/electrum/session.ts'
import { nodeChannels } from '../../src/node/electrum-sockets.ts'
import { memoryTrust, type TrustStore } from '../../src/node/electrum-trust.ts'
import { makeCa, makeServerCertificate } from '../../src/node/x509.ts'
import { never } from '../namecoin/clock.ts'
import { GENESIS } from '../namecoin/electrum/genesis.ts'
import { mine } from '../servers/electrumx-chain.ts'
import type { Wire, World } from '../servers/electrumx-peer.ts'
import {
  type Chunking,
  type ElectrumxServer,
  type ServerCertificate,
  startElectrumx,
} from '../servers/electrumx-server.ts'
import { afterTest, newLeaf, testCa, testLeaf, until } from './tools.ts'

const TRANSPORTS = ['tcp', 'tls', 'ws', 'wss'] as const
const ENCRYPTED = ['tls', 'wss'] as const
const STREAMS = ['tcp', 'tls'] as const

const fingerprint = ({ cert }: ServerCertificate): string =>
  new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase()

/** A certificate that no CA vouches for, from an hour ago for so many hours. */
function selfMade(hours: number): ServerCertificate {
  const validity = {
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + (hours - 1) * 3_600_000),
  }
  const permitted = { names: ['localhost'], networks: [] }
  return makeServerCertificate(makeCa('nobody', permitted, validity), ['elsewhere.example'], validity)
}

async function serve(
  transport: (typeof TRANSPORTS)[number],
  changes: Partial<World> = {},
  certificate: ServerCertificate = testLeaf,
): Promise<ElectrumxServer> {
  const server = await startElectrumx(transport, certificate, changes)
  afterTest(server.close)
  return server
}

interface Settings {
  readonly pin?: string
  readonly ca?: string | undefined
  readonly trust?: TrustStore
  readonly now?: () => number
  readonly maxMessage?: number
}

const addressOf = ({ address }: ElectrumxServer, pin?: string): ServerAddress =>
  parseAddress(address + (pin === undefined ? '' : `#sha256=${pin}`))!

const openerOf = ({ ca = testCa.cert, trust = memoryTrust(), now = Date.now, maxMessage }: Settings) =>
  nodeChannels({ trust, now, ca, ...(maxMessage === undefined ? {} : { maxMessage }) })

function sessionTo(server: ElectrumxServer, settings: Settings = {}): Session {
  const session = electrumSession({
    address: addressOf(server, settings.pin),
    open: openerOf(settings),
    genesis: GENESIS,
    timer: runtimeTimer,
    now: () => performance.now(),
    random: () => 0,
  })
  afterTest(session.close)
  return session
}

const ping = (session: Session): Promise<Reply> => session.call('server.ping', [], { signal: anew() })
/** A signal that never aborts; Node warns of one with many listeners. */
const anew = (): AbortSignal => new AbortController().signal
const PONG = { kind: 'result', result: null }

describe.each(TRANSPORTS)('%s', (transport) => {
  test('pipelined requests, each with its reply', async () => {
    const session = sessionTo(await serve(transport))
    const heights = Array.from({ length: 100 }, (_, index) => index)
    const replies = await Promise.all(
      heights.map((height) => session.call('blockchain.block.header', [height], { signal: anew() })),
    )
    const { headers } = (await serve('tcp')).world.chain
    expect(replies).toEqual(heights.map((height) => ({ kind: 'result', result: headers[height] })))
  })

  test('a long reply', async () => {
    const session = sessionTo(await serve(transport))
    expect(await getBlockHeaders(session, 0, 2_016, never)).toMatchObject({ result: { count: 208 } })
  })

  test('notifications, over a cut connection', async () => {
    const server = await serve(transport)
    const session = sessionTo(server)
    const seen: unknown[] = []
    session.subscribe({
      method: 'blockchain.headers.subscribe',
      changed: (tip) => seen.push((tip as { height: number }).height),
    })
    await until(() => seen.length === 1)
    server.world.chain = mine(server.world.chain, [[]])
    server.announce()
    await until(() => seen.length === 2)
    server.cut()
    await until(() => seen.length === 3)
    expect(seen).toEqual([207, 208, 208])
  })

  test.each<[Wire]>([['out-of-order'], ['notification-between'], ['unknown-messages'], ['duplicate-id']])(
    '%s',
    async (wire) => {
      const session = sessionTo(await serve(transport, { wire: [wire] }))
      const replies = await Promise.all([getTip(session, never), getHistory(session, '00'.repeat(32), never)])
      expect(replies).toMatchObject([{ result: { height: 207 } }, { result: [] }])
    },
  )

  test.each<[Wire, string]>([
    ['garbage', 'protocol'],
    ['endless', 'too-long'],
    ['closes', 'network'],
    ['bomb', 'too-long'],
    ['not-json', 'protocol'],
  ])('%s ends the connection', async (wire, code) => {
    const server = await serve(transport, { wire: [wire] })
    const session = sessionTo(server)
    expect(await ping(session)).toMatchObject({ kind: 'failed', code })
    expect(session.state()).toMatchObject({ kind: 'waiting', code })
    await until(() => server.connections() === 0)
  })

  test.each<[Wire]>([['silent'], ['stalls'], ['wrong-id']])('%s: the caller gives up', async (wire) => {
    const session = sessionTo(await serve(transport, { wire: [wire] }))
    const signal = AbortSignal.timeout(50)
    expect(await session.call('server.ping', [], { signal })).toMatchObject({ code: 'timeout' })
  })

  test('closing leaves nothing behind', async () => {
    const server = await serve(transport)
    const session = sessionTo(server)
    await ping(session)
    expect(server.connections()).toBe(1)
    session.close()
    await until(() => server.connections() === 0)
  })

  test('nobody listens', async () => {
    const server = await serve(transport)
    const session = sessionTo(server)
    await server.close()
    expect(await ping(session)).toMatchObject({ code: 'network', detail: 'ECONNREFUSED' })
  })

  test('given up before, at and during connecting: nothing stays open', async () => {
    const silent = await startSilent()
    const address = parseAddress(`${transport}://127.0.0.1:${silent.port}`)!
    const open = openerOf({})
    expect(await open(address, deaf, AbortSignal.abort())).toMatchObject({ code: 'timeout' })
    const controller = new AbortController()
    const opening = open(address, deaf, controller.signal)
    if (transport !== 'tcp') {
      await until(() => silent.connections() === 1)
      controller.abort()
      expect(await opening).toMatchObject({ code: 'timeout' })
    } else {
      const channel = await opening
      controller.abort() // Means nothing to a channel that is open.
      if (channel.kind === 'channel') channel.close()
      expect(channel.kind).toBe('channel')
    }
    await until(() => silent.connections() === 0)
  })

  test('a delayed server takes one delay for pipelined requests', async () => {
    const server = await serve(transport)
    const session = sessionTo(server)
    await ping(session)
    server.delayMs = 20
    const replies = await Promise.all(Array.from({ length: 10 }, () => ping(session)))
    expect(replies).toEqual(Array(10).fill(PONG))
  })
})

const deaf: ChannelEvents = { heard: () => {}, message: () => {}, skipped: () => {}, end: () => {} }

/** Takes connections and says nothing: no TLS, no WebSocket. */
async function startSilent() {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterTest(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, connections: () => sockets.size }
}

describe.each(STREAMS)('%s, in chunks', (transport) => {
  test.each<[Chunking]>([['split'], ['joined'], ['padded']])('%s', async (chunking) => {
    const server = await serve(transport)
    server.chunking = chunking
    const session = sessionTo(server)
    const replies = await Promise.all([getTip(session, never), getHistory(session, '00'.repeat(32), never)])
    expect(replies).toMatchObject([{ result: { height: 207 } }, { result: [] }])
  })
})

test.each(TRANSPORTS)('%s: octets are heard of before the message that they make up', async (transport) => {
  const server = await serve(transport)
  const told: string[] = []
  const events: ChannelEvents = {
    ...deaf,
    heard: () => void told.push('heard'),
    message: () => void told.push('message'),
  }
  const channel = await openerOf({})(addressOf(server), events, never)
  if (channel.kind === 'failed') throw new Error(channel.detail)
  afterTest(channel.close)
  channel.send(JSON.stringify({ id: 0, method: 'server.version', params: ['bitdoh', ['1.4', '1.4.3']] }))
  await until(() => told.includes('message'))
  expect(told).toEqual([...told.slice(1).map(() => 'heard'), 'message'])
  expect(told.length).toBeGreaterThan(1)
})

test.each(STREAMS)('%s: those of half a message, too', async (transport) => {
  const server = await serve(transport, { wire: ['stalls'] })
  let heard = 0
  const events: ChannelEvents = { ...deaf, heard: () => void heard++ }
  const channel = await openerOf({})(addressOf(server), events, never)
  if (channel.kind === 'failed') throw new Error(channel.detail)
  afterTest(channel.close)
  channel.send(JSON.stringify({ id: 0, method: 'server.version', params: ['bitdoh', ['1.4', '1.4.3']] }))
  await until(() => heard > 0)
  heard = 0
  channel.send(JSON.stringify({ id: 1, method: 'blockchain.headers.subscribe', params: [] }))
  await until(() => heard > 0)
})

describe.each(TRANSPORTS)('%s: a message above the limit', (transport) => {
  test.each<[Chunking]>([['whole'], ['split'], ['padded']])(
    'goes by, and costs nobody else anything: %s',
    async (chunking) => {
      const server = await serve(transport)
      server.chunking = chunking
      const session = sessionTo(server, { maxMessage: 10_000 })
      const [headers, history, tip] = await Promise.all([
        getBlockHeaders(session, 0, 208, never),
        getHistory(session, '00'.repeat(32), never),
        getTip(session, never),
      ])
      expect(headers).toMatchObject({ kind: 'failed', code: 'too-long' })
      expect([history, tip]).toMatchObject([{ result: [] }, { result: { height: 207 } }])
      expect(await ping(session)).toEqual(PONG)
      expect([session.state().kind, server.connections()]).toEqual(['ready', 1])
    },
  )
})

test.each(['ws', 'wss'] as const)('%s: a server that speaks HTTP and nothing else', async (transport) => {
  const server = await serve(transport)
  const plain = await import('node:http').then(({ createServer: create }) =>
    create((_request, response) => response.writeHead(302, { location: server.address }).end()),
  )
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  afterTest(() => plain.close())
  const { port } = plain.address() as { port: number }
  const channel = await openerOf({})(parseAddress(`ws://127.0.0.1:${port}`)!, deaf, never)
  expect(channel).toMatchObject({ kind: 'failed', code: 'protocol' })
})

describe.each(ENCRYPTED)('%s: certificates', (transport) => {
  test('a pin: this certificate, whoever made it, for whatever host, expired or not', async () => {
    for (const certificate of [selfMade(2), selfMade(0), testLeaf]) {
      const server = await serve(transport, {}, certificate)
      expect(await ping(sessionTo(server, { pin: fingerprint(certificate) }))).toEqual(PONG)
    }
  })

  test('a pin: no other certificate, not even of a CA, and nothing is written', async () => {
    const server = await serve(transport)
    expect(await ping(sessionTo(server, { pin: 'ab'.repeat(32) }))).toMatchObject({ code: 'certificate' })
    expect(server.octets()).toBe(0)
  })

  test('a CA vouches for it: only CAs from then on', async () => {
    const trust = memoryTrust()
    const server = await serve(transport)
    expect(await ping(sessionTo(server, { trust }))).toEqual(PONG)
    expect(trust.get(addressOf(server))).toEqual({ kind: 'ca' })
    const other = await serve(transport, {}, newLeaf())
    trust.set(addressOf(other), { kind: 'ca' })
    expect(await ping(sessionTo(other, { trust }))).toEqual(PONG)
  })

  test('once of a CA, then self-made: refused, nothing written', async () => {
    const trust = memoryTrust()
    const server = await serve(transport, {}, selfMade(2))
    trust.set(addressOf(server), { kind: 'ca' })
    expect(await ping(sessionTo(server, { trust }))).toMatchObject({ code: 'certificate' })
    expect(server.octets()).toBe(0)
  })

  test('self-made: trusted on first use, for another host name too, and required afterwards', async () => {
    const trust = memoryTrust()
    const certificate = selfMade(2)
    const server = await serve(transport, {}, certificate)
    expect(await ping(sessionTo(server, { trust }))).toEqual(PONG)
    expect(trust.get(addressOf(server))).toMatchObject({
      kind: 'certificate',
      sha256: fingerprint(certificate),
    })
    expect(await ping(sessionTo(server, { trust }))).toEqual(PONG)
    const impostor = await serve(transport, {}, selfMade(2))
    trust.set(addressOf(impostor), trust.get(addressOf(server))!)
    expect(await ping(sessionTo(impostor, { trust }))).toMatchObject({ code: 'certificate' })
    expect(impostor.octets()).toBe(0)
  })

  test('once the certificate it had has expired, the next is trusted', async () => {
    const trust = memoryTrust()
    const next = selfMade(10)
    const server = await serve(transport, {}, next)
    trust.set(addressOf(server), {
      kind: 'certificate',
      sha256: fingerprint(selfMade(2)),
      expires: Date.now() + 3_600_000,
    })
    expect(await ping(sessionTo(server, { trust }))).toMatchObject({ code: 'certificate' })
    const later = () => Date.now() + 2 * 3_600_000
    expect(await ping(sessionTo(server, { trust, now: later }))).toEqual(PONG)
    expect(trust.get(addressOf(server))).toMatchObject({ sha256: fingerprint(next) })
  })

  test('self-made and expired: refused', async () => {
    const server = await serve(transport, {}, selfMade(0))
    expect(await ping(sessionTo(server))).toMatchObject({ code: 'certificate' })
  })

  test('no TLS at all', async () => {
    const plain = createServer((socket) => socket.on('error', () => {}).end('no TLS here\n'))
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    afterTest(() => plain.close())
    const { port } = plain.address() as { port: number }
    const channel = await openerOf({})(parseAddress(`${transport}://127.0.0.1:${port}`)!, deaf, never)
    expect(channel).toMatchObject({ kind: 'failed', code: 'network' })
  })
})

describe.each(['ws', 'wss'] as const)('%s: the handshake', (transport) => {
  const consent = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'

  /** What comes of a server that answers the handshake with this. */
  async function answered(response: string) {
    const reply = (socket: Socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.write(response))
    }
    const listening = transport === 'ws' ? createServer(reply) : createTlsServer({ ...testLeaf }, reply)
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    afterTest(() => listening.close())
    const { port } = listening.address() as { port: number }
    return openerOf({})(parseAddress(`${transport}://127.0.0.1:${port}`)!, deaf, never)
  }

  test.each([
    ['another key', `${consent}Sec-WebSocket-Accept: ${'A'.repeat(27)}=\r\n\r\n`],
    ['no key', `${consent}\r\n`],
    ['a page', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ])('%s: refused', async (_title, response) => {
    expect(await answered(response)).toMatchObject({ kind: 'failed', code: 'protocol' })
  })
})
