import { request as sendRequest } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { DohRequest, Reply } from '../check/server.ts'
import { MAX_BODY_LENGTH, reasonOf, silence } from './check-connect.ts'

/**
 * One request over HTTP/1.1 on a connection of its own, which it ends: whatever was sent, the next one starts afresh.
 *
 * @param part octets of the body that are sent, when that is not all of it
 */
export function sendHttp1(
  socket: TLSSocket,
  host: string,
  request: DohRequest,
  timeoutMs: number,
  part?: number,
): Promise<Reply> {
  const { method, target, headers = {}, body, declaredLength = body?.length ?? 0 } = request
  const length =
    declaredLength === 'none' || (body === undefined && method !== 'POST')
      ? {}
      : { 'content-length': declaredLength }
  return new Promise((resolve) => {
    const give = (reply: Reply): void => {
      clearTimeout(timer)
      resolve(reply)
      sent.destroy()
    }
    const sent = sendRequest({
      createConnection: () => socket,
      method,
      path: target,
      headers: { host, ...headers, ...length },
    })
    const timer = setTimeout(() => give(silence('timeout', `none within ${timeoutMs} ms`)), timeoutMs)
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const isHttp = error.code?.startsWith('HPE_') !== true
      give(silence(isHttp ? 'closed' : 'protocol', reasonOf(error)))
    })
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      let octets = 0
      response.on('data', (chunk: Buffer) => {
        octets += chunk.length
        if (octets > MAX_BODY_LENGTH)
          give(silence('protocol', `a body of more than ${MAX_BODY_LENGTH} octets`))
        else chunks.push(chunk)
      })
      response.on('error', (error) => give(silence('closed', reasonOf(error))))
      response.on('end', () =>
        give({
          kind: 'response',
          status: response.statusCode!,
          headers: pairs(response.rawHeaders),
          body: Uint8Array.from(Buffer.concat(chunks)),
          version: '1.1',
          pushes: 0,
        }),
      )
    })
    if (part === undefined) sent.end(body)
    else sent.write(body!.subarray(0, part))
  })
}

/** Names and values that stand behind each other, as pairs; names in lower case. */
export const pairs = (raw: readonly string[]): readonly (readonly [string, string])[] =>
  Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index]!.toLowerCase(), raw[2 * index + 1]!])
