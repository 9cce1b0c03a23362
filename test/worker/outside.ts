import { coreRecordings, replay } from '../servers/core-replay.ts'
import { electrumPeer, newWorld, type World } from '../servers/electrumx-peer.ts'
import { answerUpstream } from '../servers/upstream.ts'

/**
 * All there is outside the workerd of the tests: an upstream, a Namecoin Core, and a page that tells what the upstream
 * was asked. It runs in vitest's own process, so nothing here may need workerd.
 */

export const UPSTREAM_URL = 'https://upstream.example/dns-query'
/** Hexadecimal queries, as a JSON list. */
export const ASKED_URL = 'https://upstream.example/asked'
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

const asked: string[] = []

/** Answers what a Worker fetches; every other host is unknown there. */
export async function outside(request: Request): Promise<Response> {
  const world = ELECTRUMX[new URL(request.url).hostname]
  if (world !== undefined && request.headers.get('upgrade') === 'websocket') return answerElectrum(world)
  const body = Buffer.from(await request.arrayBuffer())
  if (request.url === ASKED_URL) return Response.json(asked)
  if (request.url === UPSTREAM_URL) {
    asked.push(body.toString('hex'))
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
