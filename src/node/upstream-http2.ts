import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import {
  type BodyCollector,
  collectBody,
  DNS_MESSAGE,
  type HttpResponse,
  TransportError,
  toTransportError,
  UnansweredError,
  type UpstreamExchange,
} from './upstream-exchange.ts'

/** Milliseconds without an answer after which the other end is asked whether it lives. */
const PROBED_AFTER_MS = 1_000
/** Milliseconds for the PING that tells a slow server from one that is gone. */
const PING_TIMEOUT_MS = 2_000

/** Posts a message on an HTTP/2 session. */
export function postHttp2(session: ClientHttp2Session, exchange: UpstreamExchange): Promise<HttpResponse> {
  const { url, message, deadline } = exchange
  return new Promise((resolve, reject) => {
    const stream = openStream(session, url, message.length)
    if (stream === undefined) return reject(new UnansweredError('network', 'the session was closed'))

    let headers: IncomingHttpHeaders | undefined
    let collector: BodyCollector | undefined
    let failure: TransportError | undefined

    const fail = (error: TransportError): void => {
      failure ??= error
      stream.close(constants.NGHTTP2_CANCEL)
    }
    const onAbort = (): void => {
      fail(deadline.signal.reason)
      probe(session)
    }
    stream.on('response', (received) => {
      headers = received
      collector = collectBody(stream, received['content-length'], fail)
      if (failure !== undefined) stream.resume()
    })
    stream.on('error', (error) => {
      failure ??= toTransportError(headers === undefined ? 'network' : 'protocol', error)
    })
    // Not at 'end': a stream that was reset mid-way ends too, and looks complete.
    stream.on('close', () => {
      clearTimeout(alarm)
      deadline.signal.removeEventListener('abort', onAbort)
      if (failure === undefined && stream.rstCode === constants.NGHTTP2_NO_ERROR && headers !== undefined) {
        return resolve({
          status: Number(headers[':status']),
          contentType: headers['content-type'] ?? '',
          body: collector!.body(),
        })
      }
      const cause =
        failure ?? new TransportError('network', `the stream was reset with code ${stream.rstCode}`)
      const isOurs = cause.code === 'timeout' || cause.code === 'aborted'
      reject(
        headers === undefined && !isOurs ? new UnansweredError(cause.code, cause.message, { cause }) : cause,
      )
    })
    const alarm = setTimeout(() => probe(session), PROBED_AFTER_MS)
    if (deadline.signal.aborted) return onAbort()
    deadline.signal.addEventListener('abort', onAbort, { once: true })
    stream.end(message)
  })
}

function openStream(session: ClientHttp2Session, url: URL, length: number): ClientHttp2Stream | undefined {
  if (session.closed || session.destroyed) return undefined
  return session.request({
    ':method': 'POST',
    ':path': url.pathname + url.search,
    accept: DNS_MESSAGE,
    'content-type': DNS_MESSAGE,
    'content-length': length,
  })
}

const probed = new WeakSet<ClientHttp2Session>()

/**
 * Finds out whether the other end still lives, when an exchange gets no answer, and ends the session if not; what is
 * under way on it is then asked again on another. A connection whose state a NAT forgot, or whose server lost power, stays open here for a quarter of an
 * hour (RFC 9293 §3.8.3), and every query on it would wait in vain.
 */
function probe(session: ClientHttp2Session): void {
  if (session.destroyed || probed.has(session)) return
  probed.add(session)
  const timer = setTimeout(() => session.destroy(), PING_TIMEOUT_MS)
  timer.unref()
  const sent = session.ping(() => {
    clearTimeout(timer)
    probed.delete(session)
  })
  if (!sent) {
    clearTimeout(timer)
    probed.delete(session)
  }
}
