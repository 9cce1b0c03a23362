/** A DoH server as the clauses see it. A runtime gives it: sockets under Node, `fetch` where there is nothing else. */

export type HttpVersion = '1.1' | '2'

/** One HTTP request, well-formed or not. */
export interface DohRequest {
  readonly method: string
  /** Path and query, octet for octet as they go out. */
  readonly target: string
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** The version to speak; when left out, the one that the server prefers. */
  readonly version?: HttpVersion
  /** What content-length says: the truth when left out. `none` makes chunks over HTTP/1.1. */
  readonly declaredLength?: number | 'none'
}

/** What a server may do instead of responding. Stable: they are in the details of findings. */
export type SilenceCode =
  | 'timeout' // nothing, or not all of it, in time
  | 'closed' // the connection or the stream ended without a response
  | 'unspoken' // the server does not speak that version
  | 'unwanted' // whoever asks for the check does not want that version spoken
  | 'unreachable' // no connection, no TLS
  | 'protocol' // what came is no HTTP

/** A response, whatever its status. */
export interface DohResponse {
  readonly kind: 'response'
  readonly status: number
  /** As they came: names in lower case, one that came twice is there twice. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** Undefined where the runtime hides it. */
  readonly version: HttpVersion | undefined
  /** Responses that the server pushed along with it (RFC 9113 §8.4). */
  readonly pushes: number
}

/** No response. */
export interface Silence {
  readonly kind: 'silence'
  readonly code: SilenceCode
  readonly detail: string
}

/** What came of a request. Never an exception: no response is a finding too. */
export type Reply = DohResponse | Silence

/** Sends requests to one server. */
export interface DohServer {
  send(request: DohRequest): Promise<Reply>
  /** What takes connections of the suite's own; undefined where the runtime has none to give. */
  readonly connections?: Connections
}

/** What cannot be said with a single well-formed request. */
export interface Connections {
  /** The same request so many times at once on one HTTP/2 connection. */
  sendAtOnce(request: DohRequest, count: number): Promise<readonly Reply[]>
  /** The same so many times, each cancelled as soon as it is sent (rapid reset, CVE-2023-44487). */
  cancelAtOnce(request: DohRequest, count: number): Promise<void>
  /** The head and so many octets of the body, and no more; the reply to that. */
  stall(request: DohRequest, octets: number): Promise<Reply>
}
