import { coreRecordings, replay } from '../servers/core-replay.ts'
import { electrumPeer, newWorld, type Wire, type World } from '../servers/electrumx-peer.ts'
import type { Chunking, ElectrumxServer } from '../servers/electrumx-server.ts'
import { answerUpstream } from '../servers/upstream.ts'

/**
 * All there is outside the workerd of the tests: an upstream, a Namecoin Core, and a page that tells what the upstream
 * was asked. It runs in vitest's own process, so nothing here may need workerd.
 */

export const UPSTREAM_URL = 'https://upstream.example/dns-query'
/** Another gateway: it answers .bit names, too, and remembers nothing. */
export const GATEWAY_URL = 'https://gateway.example/dns-query'
/** Hexadecimal queries, as a JSON list. */
export const ASKED_URL = 'https://upstream.example/asked'
/** Starts ElectrumX servers on sockets of this machine: `openElectrumx` of `electrumx-on-socket.ts` asks it. */
export const SOCKETS_URL = 'https://upstream.example/electrumx-on-socket'
/** With a password that URLs treat specially. */
export const CORE_URL = 'https://user:pass%3Aword@core.example/'

const AUTHORIZATION = `Basic ${Buffer.from('user:pass:word').toString('base64')}`

/** ElectrumX servers of two operators with the recorded chain, and a third that says it has nothing. */
const ELECTRUMX: Readonly<Record<string, World>> = {
  'electrumx.one.example': newWorld(),
  'electrumx.two.example': newWorld({ protocol: '1.4.2' }),
  'electrumx.liar.example': newWorld({ lies: ['never-existed'] }),
}
export const ELECTRUMX_URLS = 'ws://electrumx.one.example:50003,ws://electrumx.two.example:50003'

/** The other end of a WebSocket that workerd opens. */
async function answerElectrum(world: World): Promise<Response> {
  // Here, as tests in workerd take the addresses above from this file.
  const { Response: MiniflareResponse, WebSocketPair } = await import('miniflare')
  const { 0: ours, 1: theirs } = new WebSocketPair()
  theirs.accept()
  const peer = electrumPeer(world, (emission) => {
    if (emission.kind === 'message') theirs.send(emission.text)
    else theirs.close()
  })
  theirs.addEventListener('message', ({ data }) => peer.receive(String(data)))
  return new MiniflareResponse(null, { status: 101, webSocket: ours }) as unknown as Response
}

/** What is wanted of a server on a socket. */
export interface SocketWish {
  readonly transport: 'tcp' | 'tls'
  readonly chunking?: Chunking
  readonly wire?: readonly Wire[]
}

const DAY_MS = 86_400_000

const listening = new Map<string, ElectrumxServer>()

/** POST a wish: starts a server and says where. GET `?at=`: what it has seen. DELETE `?at=`: ends it. */
async function attendSocket(request: Request): Promise<Response> {
  const at = new URL(request.url).searchParams.get('at') ?? ''
  const server = listening.get(at)
  if (request.method === 'POST') {
    const { transport, chunking = 'whole', wire = [] } = (await request.json()) as SocketWish
    // Here, as they need Node.
    const { startElectrumx } = await import('../servers/electrumx-server.ts')
    const { PERMITTED } = await import('../../src/node/local-ca.ts')
    const { makeCa, makeServerCertificate } = await import('../../src/node/x509.ts')
    const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) }
    const unknownCa = makeCa('a CA that nobody knows', PERMITTED, validity)
    const certificate = makeServerCertificate(unknownCa, ['127.0.0.1'], validity)
    const started = await startElectrumx(transport, certificate, { wire })
    started.chunking = chunking
    listening.set(started.address, started)
    return Response.json(started.address)
  }
  if (request.method === 'DELETE') {
    listening.delete(at)
    await server?.close()
    return Response.json('closed')
  }
  return Response.json({ connections: server?.connections(), octets: server?.octets() })
}

const asked: string[] = []

/** Answers what a Worker fetches; every other host is unknown there. */
export async function outside(request: Request): Promise<Response> {
  const world = ELECTRUMX[new URL(request.url).hostname]
  if (world !== undefined && request.headers.get('upgrade') === 'websocket') return answerElectrum(world)
  if (request.url.startsWith(SOCKETS_URL)) return attendSocket(request)
  const body = Buffer.from(await request.arrayBuffer())
  if (request.url === ASKED_URL) return Response.json(asked)
  if (request.url === UPSTREAM_URL || request.url === GATEWAY_URL) {
    if (request.url === UPSTREAM_URL) asked.push(body.toString('hex'))
    const reply = answerUpstream(body)
    if (reply === 'hangs') return new Promise(() => {})
    return new Response(Uint8Array.from(reply.body), {
      status: reply.status,
      headers: { 'content-type': reply.contentType },
    })
  }
  if (new URL(request.url).host === 'core.example') {
    const auth = request.headers.get('authorization') === AUTHORIZATION ? 'valid' : 'wrong'
    const answer = replay(coreRecordings, body.toString(), auth)
    return new Response(answer.body, {
      status: answer.status,
      headers: { 'content-type': answer.contentType },
    })
  }
  return new Response('no such host', { status: 530 })
}
