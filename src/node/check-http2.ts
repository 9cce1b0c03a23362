import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { DohRequest, Reply } from '../check/server.ts'
import { MAX_BODY_LENGTH, reasonOf, silence } from './check-connect.ts'
import { pairs } from './check-http1.ts'

/** An HTTP/2 connection of the suite's. */
export interface Http2Connection {
  /** @param part octets of the body that are sent, when that is not all of it */
  send(request: DohRequest, timeoutMs: number, part?: number): Promise<Reply>
  /** Sends and cancels in one go. */
  cancel(request: DohRequest): void
  readonly isOpen: () => boolean
  close(): void
}

/** HTTP/2 on a connection that chose it. Pushes are allowed, to see whether there are any. */
export function http2Connection(origin: string, socket: TLSSocket): Http2Connection {
  const session = connectHttp2(origin, { createConnection: () => socket, settings: { enablePush: true } })
  let pushes = 0
  let isGoing = false
  session.on('error', () => {})
  session.on('goaway', () => {
    isGoing = true
  })
  session.on('stream', (pushed) => {
    pushes += 1
    pushed.on('error', () => {})
    pushed.close(constants.NGHTTP2_CANCEL)
  })
  return {
    send: (request, timeoutMs, part) => sendHttp2(session, request, timeoutMs, part, () => pushes),
    cancel: (request) => {
      if (session.closed || session.destroyed) return
      const stream = open(session, request)
      stream.on('error', () => {})
      stream.close(constants.NGHTTP2_CANCEL)
    },
    isOpen: () => !isGoing && !session.closed && !session.destroyed,
    close: () => session.destroy(),
  }
}

function sendHttp2(
  session: ClientHttp2Session,
  request: DohRequest,
  timeoutMs: number,
  part: number | undefined,
  pushes: () => number,
): Promise<Reply> {
  if (session.closed || session.destroyed) return Promise.resolve(silence('closed', 'the connection ended'))
  const before = pushes()
  const { body } = request
  return new Promise((resolve) => {
    const stream = open(session, request)
    let status: number | undefined
    let headers: readonly (readonly [string, string])[] = []
    const chunks: Buffer[] = []
    let octets = 0
    let reason: string | undefined
    const give = (reply: Reply): void => {
      clearTimeout(timer)
      resolve(reply)
      if (!stream.destroyed) stream.close(constants.NGHTTP2_CANCEL)
    }
    const timer = setTimeout(() => give(silence('timeout', `none within ${timeoutMs} ms`)), timeoutMs)
    stream.on('response', (fields, _flags, raw?: readonly string[]) => {
      status = fields[':status']
      headers = pairs(raw!).filter(([name]) => !name.startsWith(':'))
      // To half a body, the head of a response is all of it: the stream stays open for the other half.
      if (part !== undefined) finish()
    })
    stream.on('data', (chunk: Buffer) => {
      octets += chunk.length
      if (octets > MAX_BODY_LENGTH) give(silence('protocol', `a body of more than ${MAX_BODY_LENGTH} octets`))
      else chunks.push(chunk)
    })
    stream.on('error', (error) => {
      reason = reasonOf(error)
    })
    // A stream that was reset mid-way ends, too, and looks complete: only at 'close' its code is known. But to a body
    // that the server does not read there may be an answer and no close.
    stream.on('end', () => {
      if (status !== undefined && !stream.writableFinished) finish()
    })
    stream.on('close', finish)
    function finish(): void {
      const { rstCode = constants.NGHTTP2_NO_ERROR } = stream
      const isWhole = status !== undefined && rstCode === constants.NGHTTP2_NO_ERROR
      give(
        isWhole
          ? {
              ...{ kind: 'response', status: status!, headers, version: '2' },
              body: Uint8Array.from(Buffer.concat(chunks)),
              pushes: pushes() - before,
            }
          : silence('closed', reason ?? 'the stream or the connection ended'),
      )
    }
    if (part !== undefined) stream.write(body!.subarray(0, part))
    else if (body !== undefined) stream.end(body)
  })
}

function open(session: ClientHttp2Session, request: DohRequest): ClientHttp2Stream {
  const { method, target, headers = {}, body, declaredLength = body?.length ?? 0 } = request
  const length =
    declaredLength === 'none' || body === undefined ? {} : { 'content-length': String(declaredLength) }
  return session.request(
    { ':method': method, ':path': target, ...headers, ...length },
    { endStream: body === undefined },
  )
}
