import { Agent, type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { LINGER_MS } from '../limits.ts'
import { type Destination, readTarget, type Target } from './destination.ts'
import { requestFields, responseFields } from './fields.ts'
import { MAX_HEADER_LENGTH, SPARE_MS } from './limits.ts'
import { orThrow, type Reach, RefusedError } from './reach.ts'
import { type Refusal, refusal, refusalFields, refusalPage } from './refusal.ts'

/**
 * Connections to sites for the requests of one client's connection. Not shared between clients: some sites take a
 * connection for a person, and one client must not be able to tell what others visit.
 */
export type SiteConnections = Agent

interface Wanted {
  /** Rides along in the options of a request, the only thing that gets through to whoever connects. */
  readonly destination: Destination
}

/** @param gone aborts when the client's connection is closed */
export function siteConnections(reach: Reach, gone: AbortSignal): SiteConnections {
  const agent = new Agent({ keepAlive: true, timeout: SPARE_MS })
  agent.createConnection = (options, callback) => {
    const { destination } = options as unknown as Wanted
    const done = callback as (error: Error | null, socket?: Socket) => void
    reach(destination, gone)
      .then(orThrow)
      .then((socket) => done(null, socket), done)
    return undefined
  }
  return agent
}

/** Methods whose requests may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']

/** A request, read. */
interface Wish extends Target {
  readonly method: string
  readonly fields: string[]
  readonly hasBody: boolean
}

/**
 * Passes a request on and the response back (RFC 9110 §7.6).
 * @param expectsContinue the client waits for the site's word before it sends the body (RFC 9110 §10.1.1)
 */
export function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  connections: SiteConnections,
  { expectsContinue, stalledMs }: { readonly expectsContinue: boolean; readonly stalledMs: number },
): void {
  const wish = readWish(incoming)
  if ('code' in wish) {
    answerRefusal(incoming, response, wish)
    return
  }
  attempt(wish)

  function attempt({ method, hasBody }: Wish): void {
    const outgoing = askSite(wish as Wish, connections, stalledMs)
    const giveUp = (): void => void outgoing.destroy()
    response.once('close', giveUp)
    if (expectsContinue) outgoing.on('continue', () => response.writeContinue())
    outgoing.on('response', (answer) => {
      const unfit = passBack(answer, response)
      if (unfit !== undefined) answerRefusal(incoming, response, unfit)
    })
    // Nobody asked for it, as `Upgrade` is not passed on; without a listener Node would drop it without a word.
    outgoing.on('upgrade', (_answer, socket) => {
      socket.destroy()
      answerRefusal(
        incoming,
        response,
        refusal('http_protocol_error', 'The site switched protocols unasked.'),
      )
    })
    outgoing.on('error', (error) => {
      response.off('close', giveUp)
      incoming.unpipe(outgoing)
      if (response.destroyed) return
      // The site closed the kept connection as we wrote to it, as servers may: that says nothing about the site.
      const isStale = outgoing.reusedSocket && !(error instanceof RefusedError) && !response.headersSent
      if (isStale && !hasBody && IDEMPOTENT.includes(method)) attempt(wish as Wish)
      else answerRefusal(incoming, response, refusalOf(error))
    })
    if (hasBody) incoming.pipe(outgoing)
    else outgoing.end()
  }
}

function readWish(incoming: IncomingMessage): Wish | Refusal {
  const { url = '', method = '' } = incoming
  // RFC 9110 §9.3.8: it sends back to a page what the page may not read, cookies and all.
  if (method === 'TRACE') return refusal('http_request_denied', 'This proxy does not pass TRACE on.', 405)
  const target = readTarget(url, method)
  if (target.kind === 'refusal') return target
  const head = requestFields(incoming, target.destination.authority)
  return head.kind === 'refusal' ? head : { ...head, ...target, method }
}

function askSite(
  { destination, path, method, fields }: Wish,
  agent: SiteConnections,
  stalledMs: number,
): ClientRequest {
  const wanted: Wanted = { destination }
  const outgoing = request({
    ...wanted,
    agent,
    method,
    path,
    headers: fields,
    // What the agent keeps its connections by.
    host: destination.authority.replace(/:[0-9]+$/, '').toLowerCase(),
    port: destination.port,
    timeout: stalledMs,
    maxHeaderSize: MAX_HEADER_LENGTH,
  })
  outgoing.on('timeout', () => {
    outgoing.destroy(new RefusedError(refusal('http_response_timeout', 'The site keeps us waiting.')))
  })
  return outgoing
}

/** Gives the response to the client; or says why it cannot. */
function passBack(answer: IncomingMessage, response: ServerResponse): Refusal | undefined {
  const fields = responseFields(answer)
  if (fields === undefined) {
    answer.destroy()
    return refusal('http_protocol_error', 'The site sent an answer that is not for browsers.')
  }
  response.writeHead(answer.statusCode!, answer.statusMessage, fields)
  // An answer cut off is cut off for the client, too: a whole one would be a lie.
  pipeline(answer, response, () => {})
  return undefined
}

function refusalOf(error: NodeJS.ErrnoException): Refusal {
  if (error instanceof RefusedError) return error.refused
  return error.code?.startsWith('HPE_') === true
    ? refusal('http_protocol_error', "The site's answer is not HTTP.")
    : refusal('connection_terminated', 'The site closed the connection before it answered.')
}

/** Says no. The rest of a body is thrown away for a moment: cut at once, the client might never read why. */
export function answerRefusal(incoming: IncomingMessage, response: ServerResponse, refused: Refusal): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(refused.status, refusalFields(refused)).end(refusalPage(refused))
  if (incoming.complete) return
  const cut = setTimeout(() => incoming.socket.destroy(), LINGER_MS)
  incoming.once('close', () => clearTimeout(cut))
}
