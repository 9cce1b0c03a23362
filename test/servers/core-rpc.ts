import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  coreRecordings,
  type HttpAnswer,
  methodCalled,
  type NodeChanges,
  nameAskedFor,
  readAuth,
  replay,
  rpcError,
} from './core-replay.ts'

/** A Namecoin Core on a port of this machine, made of recordings, that can be told to misbehave. */

export type Behaviour =
  | 'answers'
  | 'hangs' // reads the request, says nothing
  | 'stalls' // sends headers and half a body, then nothing
  | 'closes-midway' // half a body, then the connection breaks
  | 'lies-about-length' // announces more octets than it sends
  | 'another-id'
  | 'another-name'
  | 'endless-body'
  | 'warming-up' // RPC error -28
  | 'initial-download' // RPC error -10
  | 'work-queue-full' // HTTP 503
  | 'redirects'
  | 'garbage'

/** One request that has come in. */
export interface ReceivedCall {
  readonly method: string | undefined
  /** The name asked for, decoded. */
  readonly name: string | undefined
  readonly authorization: string | undefined
  readonly body: string
}

export interface CoreRpcServer {
  /** With `user:password@`. */
  readonly url: string
  /** Without credentials, for use with the cookie. */
  readonly bareUrl: string
  /** Everything received so far, redirected requests included. */
  readonly calls: readonly ReceivedCall[]
  /** The cookie file's content now. */
  cookie(): string
  /** A restarted node: the old cookie is refused from now on. */
  newCookie(): void
  /** From now on, for one method or for all. */
  behave(behaviour: Behaviour, method?: string): void
  /** Another block: height one more, another hash, and perhaps other values (null: the name never existed). */
  newBlock(names?: Readonly<Record<string, string | null>>): void
  /** Other fields of `getblockchaininfo`: `{ chain: 'main', initialblockdownload: true }`. */
  changeChain(fields: Readonly<Record<string, unknown>>): void
  /** Resolves when so many requests have come in, answered or not. */
  received(count: number): Promise<void>
  close(): Promise<void>
}

const USER = 'bitdoh'
const PASSWORD = 'correct:horse%battery' // a colon and a percent sign, which URLs and Basic treat specially
const RECORDED_HEIGHT = 207

/** Starts it on a port of 127.0.0.1: a free one, or the one of a node that was closed before. */
export async function startCoreRpc(at = 0): Promise<CoreRpcServer> {
  const calls: ReceivedCall[] = []
  const waiting: { readonly count: number; readonly done: () => void }[] = []
  const behaviours = new Map<string | undefined, Behaviour>()
  const names = new Map<string, string | null>()
  let chain: Record<string, unknown> = {}
  let height = RECORDED_HEIGHT
  let cookies = 1

  const cookie = () => `__cookie__:${cookies.toString(16).padStart(64, '0')}`
  const changes = (): NodeChanges => ({ ...(Object.keys(chain).length > 0 ? { chain } : {}), names })

  function receive(call: ReceivedCall): void {
    calls.push(call)
    for (const { count, done } of waiting) if (calls.length >= count) done()
  }

  const server = createServer(async (request, response) => {
    const body = await readBody(request)
    const { authorization } = request.headers
    const method = methodCalled(body)
    receive({ method, name: nameAskedFor(body), authorization, body })
    const expected = [basic(`${USER}:${PASSWORD}`), basic(cookie())]
    const auth = readAuth(authorization, expected.find((one) => one === authorization) ?? expected[0])
    const answer = replay(coreRecordings, body, auth, changes())
    const behaviour = auth === 'valid' ? (behaviours.get(method) ?? behaviours.get(undefined)) : undefined
    respond[behaviour ?? 'answers'](answer, body, response)
  })
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/`,
    bareUrl: `http://127.0.0.1:${port}/`,
    calls,
    cookie,
    newCookie() {
      cookies += 1
    },
    behave(behaviour, method) {
      if (method === undefined) behaviours.clear()
      behaviours.set(method, behaviour)
    },
    newBlock(changed = {}) {
      height += 1
      chain = {
        ...chain,
        blocks: height,
        headers: height,
        bestblockhash: height.toString(16).padStart(64, 'b'),
      }
      for (const [name, value] of Object.entries(changed)) names.set(name, value)
    },
    changeChain(fields) {
      chain = { ...chain, ...fields }
    },
    received: (count) =>
      calls.length >= count
        ? Promise.resolve()
        : new Promise((done) => {
            waiting.push({ count, done })
          }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What the honest answer to a request becomes. */
type Respond = (answer: HttpAnswer, request: string, response: ServerResponse) => void

const respond: Readonly<Record<Behaviour, Respond>> = {
  answers: (answer, _request, response) => send(answer, response),
  hangs: () => {},
  stalls: (answer, _request, response) => {
    response.writeHead(answer.status, { 'content-type': answer.contentType })
    response.write(firstHalf(answer.body))
  },
  'closes-midway': (answer, _request, response) => {
    response.writeHead(answer.status, { 'content-type': answer.contentType })
    response.write(firstHalf(answer.body), () => response.destroy())
  },
  'lies-about-length': (answer, _request, response) => {
    response.writeHead(answer.status, { 'content-length': answer.body.length + 1000 })
    response.write(answer.body, () => response.destroy())
  },
  'another-id': (answer, _request, response) => {
    send({ ...answer, body: JSON.stringify({ ...JSON.parse(answer.body), id: -1 }) }, response)
  },
  'another-name': (answer, _request, response) => {
    const reply = JSON.parse(answer.body)
    const result = { ...reply.result, name: '642f6f74686572' }
    send({ ...answer, body: JSON.stringify({ ...reply, result }) }, response)
  },
  'endless-body': (_answer, _request, response) => {
    const chunk = ' '.repeat(16_384)
    // By way of the event loop: Node 26 calls back at once, for ever, when the client has gone.
    const more = (error?: Error | null) => {
      if (!error && !response.destroyed) response.write(chunk, (failure) => setImmediate(more, failure))
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    more()
  },
  'warming-up': (_answer, request, response) => {
    send(rpcError(request, -28, 'Loading block index…'), response)
  },
  'initial-download': (_answer, request, response) => {
    send(rpcError(request, -10, 'Namecoin is downloading blocks...'), response)
  },
  'work-queue-full': (_answer, _request, response) => {
    send({ status: 503, contentType: 'text/plain', body: 'Work queue depth exceeded' }, response)
  },
  redirects: (_answer, _request, response) => {
    response.writeHead(307, { location: '/elsewhere' }).end()
  },
  garbage: (_answer, _request, response) => {
    send({ status: 200, contentType: 'application/json', body: '{"result": nothing' }, response)
  },
}

function firstHalf(text: string): string {
  return text.slice(0, text.length / 2)
}

function send(answer: HttpAnswer, response: ServerResponse): void {
  response.writeHead(answer.status, { 'content-type': answer.contentType }).end(answer.body)
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function basic(userAndPassword: string): string {
  return `Basic ${Buffer.from(userAndPassword).toString('base64')}`
}
