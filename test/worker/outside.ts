import { coreRecordings, replay } from '../servers/core-replay.ts'
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

const asked: string[] = []

/** Answers what a Worker fetches; every other host is unknown there. */
export async function outside(request: Request): Promise<Response> {
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
