import type { Credentials } from './credentials.ts'
import { type Timer, within } from './deadline.ts'
import type { Slots } from './slots.ts'
import { type Unreachable, unreachable } from './unreachable.ts'

/**
 * JSON-RPC over HTTP as Bitcoin's descendants speak it: 2.0 from Core 28 on, before that a 1.0 of their own that puts
 * errors under HTTP 500 and 404 and ignores the version asked for. Both are understood.
 */

/** What came back from a call: never an exception. */
export type RpcReply =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | Unreachable

/** Calls a method. Never rejects; gives up when the signal aborts. */
export type RpcCall = (method: string, params: readonly unknown[], signal?: AbortSignal) => Promise<RpcReply>

/** The part of the built-in `fetch` that is used. It must stop when its signal aborts. */
export type HttpFetch = (url: string, init: RequestInit) => Promise<Response>

export interface RpcOptions {
  /** `http:` or `https:`; user and password in it are not sent as part of the URL, which `fetch` refuses. */
  readonly url: URL
  readonly credentials: Credentials
  readonly fetch: HttpFetch
  readonly slots: Slots
  readonly timer: Timer
}

/**
 * Longest wait for one call, milliseconds, waiting for room included. Core answers in a few, except while it connects
 * a block; DoH clients give up after some 5 seconds.
 */
export const CALL_TIMEOUT_MS = 3_000

/**
 * Longest reply that is read, octets: a value has at most 1023, `getblockchaininfo` of an old Core some 5,000.
 * Attack: an endless body, from whoever answers at the node's address.
 */
export const MAX_REPLY_OCTETS = 65_536

/** Calls to one server. */
export function rpcClient({ url, credentials, fetch, slots, timer }: RpcOptions): RpcCall {
  const address = withoutCredentials(url)
  let lastId = 0

  async function post(id: number, body: string, authorization: string | undefined, signal: AbortSignal) {
    const response = await fetch(address, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body,
      redirect: 'manual', // Attack: a redirect that carries the password to another host.
      signal,
    })
    if (!mayHoldReply(response.status)) {
      await response.body?.cancel()
      return refusal(response.status)
    }
    const text = await readText(response, MAX_REPLY_OCTETS)
    return text === undefined
      ? unreachable('protocol', `the reply is longer than ${MAX_REPLY_OCTETS} octets`)
      : readReply(response.status, text, id)
  }

  async function postWithCredentials(id: number, body: string, signal: AbortSignal): Promise<RpcReply> {
    const authorization = await readCredentials(credentials.current())
    if (isUnreachable(authorization)) return authorization
    const reply = await post(id, body, authorization, signal)
    if (reply.kind !== 'unreachable' || reply.code !== 'credentials') return reply
    // The node has started anew since and made another cookie.
    const other = await readCredentials(credentials.insteadOf(authorization))
    if (isUnreachable(other)) return other
    return other === undefined ? reply : post(id, body, other, signal)
  }

  return async function callRpc(method, params, signal) {
    lastId += 1
    const id = lastId
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params })
    try {
      const reply = await within(CALL_TIMEOUT_MS, signal, timer, (limit) =>
        slots(limit, () => postWithCredentials(id, body, limit)),
      )
      if (reply === 'timeout' || reply === 'gave-up') return unreachable('timeout', 'no reply in time')
      if (reply === 'full') return unreachable('overloaded', 'too many calls are waiting already')
      return reply
    } catch (error) {
      return unreachable('network', systemCode(error) ?? 'the connection failed')
    }
  }
}

/** Reads an HTTP response as the reply to the call with this id. Pure. */
export function readReply(status: number, text: string, id: number): RpcReply {
  if (!mayHoldReply(status)) return refusal(status)
  const reply = parseJson(text)
  if (!isRecord(reply)) return unreachable('protocol', `HTTP ${status} without a JSON-RPC reply`)
  if (reply['id'] !== id) return unreachable('protocol', 'the reply has another id than the call')
  const error = reply['error'] ?? undefined
  const result = reply['result'] ?? undefined
  if (error !== undefined && result === undefined) return readError(error)
  if (error === undefined && result !== undefined && status === 200) return { kind: 'result', result }
  return unreachable('protocol', `HTTP ${status} with a reply that is neither a result nor an error`)
}

function readError(error: unknown): RpcReply {
  if (!isRecord(error)) return unreachable('protocol', 'the error is no object')
  const { code, message } = error
  if (!Number.isInteger(code)) return unreachable('protocol', 'the error has no code')
  return { kind: 'error', code: code as number, message: typeof message === 'string' ? message : '' }
}

/** Statuses under which Core sends a JSON-RPC reply; 400, 404 and 500 only with an error in it. */
function mayHoldReply(status: number): boolean {
  return status === 200 || status === 400 || status === 404 || status === 500
}

/** What the other statuses mean: Core's own, or those of a proxy in front of it. */
function refusal(status: number): Unreachable {
  if (status === 401 || status === 403) return unreachable('credentials', `HTTP ${status}`)
  if (status === 503 || status === 429) return unreachable('overloaded', `HTTP ${status}`)
  if (status === 502 || status === 504) return unreachable('network', `HTTP ${status}`)
  if (status === 0 || (status >= 300 && status < 400))
    return unreachable('protocol', 'a redirect, not followed')
  return unreachable('protocol', `HTTP ${status}`)
}

async function readCredentials(
  reading: Promise<string | undefined>,
): Promise<string | undefined | Unreachable> {
  try {
    return await reading
  } catch {
    return unreachable('credentials', 'the cookie cannot be read: is the node running?')
  }
}

function isUnreachable(value: string | undefined | Unreachable): value is Unreachable {
  return typeof value === 'object'
}

/** The body as text; undefined when it is longer than the limit, of which no more is then read. */
export async function readText(response: Response, limit: number): Promise<string | undefined> {
  if (response.body === null) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let octets = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    octets += value.length
    if (octets > limit) {
      await reader.cancel()
      return undefined
    }
    text += decoder.decode(value, { stream: true })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function withoutCredentials(url: URL): string {
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  return bare.href
}

/** `ECONNREFUSED` and its like, from the error or its cause. Its message is not used: it may hold the URL. */
function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code)) return code
  return systemCode(cause)
}
