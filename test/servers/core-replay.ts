import fixture from '../fixtures/namecoin-core-rpc.json' with { type: 'json' }

/**
 * A Namecoin Core made of recordings, `(request) => response`. Pure: it runs in workerd too, where it can be handed in
 * as `fetch`. `core-rpc.ts` puts it behind a socket.
 *
 * Requests are matched by meaning, not by octets: the method, the name after decoding, the value's encoding,
 * `allowExpired` and the JSON-RPC version. The recorded body is used with the request's id and encoding of the name.
 * Names that were not asked for in the recordings never existed.
 */

export interface Recording {
  readonly request: { readonly body: unknown; readonly auth: string }
  readonly response: HttpAnswer
}

export interface HttpAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export type Auth = 'valid' | 'wrong' | 'none'

/** How the node differs from the recorded one. */
export interface NodeChanges {
  /** Fields of `getblockchaininfo`. */
  readonly chain?: Readonly<Record<string, unknown>>
  /** Names with another value (the text), or null when they never existed. */
  readonly names?: ReadonlyMap<string, string | null>
}

/** The recordings of `regtest/README.md`: a regtest chain at height 207. */
export const coreRecordings = fixture as readonly Recording[]

/** What the node answers to one POST. */
export function replay(
  recordings: readonly Recording[],
  requestBody: string,
  auth: Auth,
  changes: NodeChanges = {},
): HttpAnswer {
  if (auth !== 'valid') return recorded(recordings, (recording) => recording.request.auth === auth)
  const request = parseJson(requestBody)
  if (Array.isArray(request)) {
    const replies = request.map((one) => replay(recordings, JSON.stringify(one), auth, changes).body.trim())
    return { status: 200, contentType: 'application/json', body: `[${replies.join(',')}]\n` }
  }
  if (!isRecord(request))
    return recorded(recordings, (recording) => typeof recording.request.body === 'string')
  const call = readCall(request)
  const changed = changedReply(recordings, call, changes)
  if (changed !== undefined) return changed
  const found = recordings.find((recording) => sameCall(recording, call))
  if (found !== undefined) return withCall(found.response, call)
  if (call.method === 'name_show' && call.name !== undefined) return neverExisted(call, call.name)
  return withCall(
    recorded(recordings, (recording) => {
      const other = recordedCall(recording)
      return other?.method === 'no_such_method' && other.version === call.version
    }),
    call,
  )
}

/** The same as `fetch`, for callers that send their credentials in `Authorization`. */
export function replayFetch(
  recordings: readonly Recording[],
  options: { readonly authorization?: string; readonly changes?: () => NodeChanges } = {},
): (url: string, init: RequestInit) => Promise<Response> {
  return async function fetchRecorded(_url, init) {
    const sent = new Headers(init.headers).get('authorization')
    const auth = readAuth(sent, options.authorization)
    const answer = replay(recordings, String(init.body), auth, options.changes?.())
    return new Response(answer.body, {
      status: answer.status,
      headers: { 'content-type': answer.contentType },
    })
  }
}

/** Whether what was sent is what is expected; everything is when nothing is. */
export function readAuth(sent: string | null | undefined, expected: string | undefined): Auth {
  if (expected === undefined || sent === expected) return 'valid'
  return sent === null || sent === undefined ? 'none' : 'wrong'
}

/** The name a request asks for, decoded; undefined for other methods and other bodies. */
export function nameAskedFor(requestBody: string): string | undefined {
  const request = parseJson(requestBody)
  return isRecord(request) ? readCall(request).name : undefined
}

/** The method a request calls. */
export function methodCalled(requestBody: string): string | undefined {
  const request = parseJson(requestBody)
  return isRecord(request) ? readCall(request).method : undefined
}

interface Call {
  readonly id: unknown
  readonly version: '1.0' | '2.0'
  readonly method: string
  readonly params: readonly unknown[]
  readonly name?: string
  readonly nameEncoding: string
  readonly valueEncoding: string
  readonly allowExpired: boolean
}

function readCall(request: Readonly<Record<string, unknown>>): Call {
  const params = Array.isArray(request['params']) ? (request['params'] as unknown[]) : []
  const options = isRecord(params[1]) ? params[1] : {}
  const nameEncoding = String(options['nameEncoding'] ?? 'ascii')
  const method = String(request['method'])
  const [name] = params
  return {
    id: request['id'] ?? null,
    version: request['jsonrpc'] === '2.0' ? '2.0' : '1.0',
    method,
    params,
    ...(method === 'name_show' && typeof name === 'string' ? { name: decodeName(name, nameEncoding) } : {}),
    nameEncoding,
    valueEncoding: String(options['valueEncoding'] ?? 'ascii'),
    allowExpired: options['allowExpired'] === true,
  }
}

function recordedCall(recording: Recording): Call | undefined {
  const { body, auth } = recording.request
  return auth === 'valid' && isRecord(body) ? readCall(body) : undefined
}

function sameCall(recording: Recording, call: Call): boolean {
  const other = recordedCall(recording)
  if (other === undefined || other.method !== call.method || other.version !== call.version) return false
  if (call.name === undefined) return JSON.stringify(other.params) === JSON.stringify(call.params)
  return (
    other.name === call.name &&
    other.valueEncoding === call.valueEncoding &&
    other.allowExpired === call.allowExpired
  )
}

/** A recorded answer as the answer to this call: its id, and the name as the call encodes it. */
function withCall(answer: HttpAnswer, call: Call): HttpAnswer {
  const reply = JSON.parse(answer.body) as Record<string, unknown>
  const { result } = reply
  const isName = call.name !== undefined && isRecord(result)
  return {
    ...answer,
    body: `${JSON.stringify({
      ...reply,
      ...(isName ? { result: { ...result, name: call.params[0], name_encoding: call.nameEncoding } } : {}),
      id: call.id,
    })}\n`,
  }
}

function changedReply(
  recordings: readonly Recording[],
  call: Call,
  changes: NodeChanges,
): HttpAnswer | undefined {
  if (call.method === 'getblockchaininfo' && changes.chain !== undefined) {
    const answer = recorded(recordings, (recording) => sameCall(recording, call))
    const { result } = JSON.parse(answer.body) as { result: object }
    return resultAnswer(call, { ...result, ...changes.chain })
  }
  const value = call.name === undefined ? undefined : changes.names?.get(call.name)
  if (value === undefined || call.name === undefined) return undefined
  if (value === null) return neverExisted(call, call.name)
  return resultAnswer(call, {
    name: call.params[0],
    name_encoding: call.nameEncoding,
    value: call.valueEncoding === 'hex' ? hexOfText(value) : value,
    value_encoding: call.valueEncoding,
    txid: 'c0'.repeat(32),
    vout: 0,
    height: changes.chain?.['blocks'] ?? 207,
    expires_in: 30,
    expired: false,
  })
}

function resultAnswer(call: Call, result: object): HttpAnswer {
  const reply =
    call.version === '2.0' ? { jsonrpc: '2.0', result, id: call.id } : { result, error: null, id: call.id }
  return { status: 200, contentType: 'application/json', body: `${JSON.stringify(reply)}\n` }
}

function neverExisted(call: Call, name: string): HttpAnswer {
  return errorAnswer(call, -4, `name never existed: '${name}'`)
}

/** An RPC error as this node writes it: HTTP 500 under 1.0, 200 under 2.0. */
function errorAnswer(call: Call, code: number, message: string): HttpAnswer {
  const error = { code, message }
  return call.version === '2.0'
    ? answerJson(200, { jsonrpc: '2.0', error, id: call.id })
    : answerJson(500, { result: null, error, id: call.id })
}

/** An RPC error in answer to a request. */
export function rpcError(requestBody: string, code: number, message: string): HttpAnswer {
  const request = parseJson(requestBody)
  return errorAnswer(readCall(isRecord(request) ? request : {}), code, message)
}

function answerJson(status: number, reply: object): HttpAnswer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(reply)}\n` }
}

function recorded(recordings: readonly Recording[], matches: (recording: Recording) => boolean): HttpAnswer {
  const found = recordings.find(matches)
  if (found === undefined) throw new Error('no such recording')
  return found.response
}

function decodeName(name: string, encoding: string): string {
  if (encoding !== 'hex') return name
  const octets = (name.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))
  return new TextDecoder().decode(new Uint8Array(octets))
}

function hexOfText(text: string): string {
  return [...new TextEncoder().encode(text)].map((octet) => octet.toString(16).padStart(2, '0')).join('')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
