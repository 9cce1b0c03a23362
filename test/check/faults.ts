import type { DohRequest, DohResponse, DohServer, Reply, SilenceCode } from '../../src/check/server.ts'
import { readName } from '../../src/dns/name.ts'
import { long, octets, QUESTION_NAME, record, wire, word } from '../dns/messages.ts'

/**
 * Servers with one fault each: a good one behind something that spoils what comes or goes. The first column is the
 * clause that has to find it.
 */

type Next = (request: DohRequest) => Promise<Reply>
/** Spoils a request or its reply. */
export type Fault = (request: DohRequest, next: Next) => Promise<Reply>

/** What a query asks for: `www.example` and the type's number. */
interface Asked {
  readonly name: string
  readonly type: number
  readonly message: Uint8Array
}

function asked({ target, body }: DohRequest): Asked | undefined {
  const text = /[?&]dns=([^&]*)/.exec(target)?.[1]
  const message = body ?? (text === undefined ? undefined : Uint8Array.from(Buffer.from(text, 'base64url')))
  const read = message && message.length > 12 ? readName(message, 12) : undefined
  if (message === undefined || read === undefined) return undefined
  return { name: read.name.join('.'), type: (message[read.end]! << 8) | message[read.end + 1]!, message }
}

const silent = (code: SilenceCode = 'timeout'): Reply => ({ kind: 'silence', code, detail: 'a fault' })

const refusal = (status: number): Reply => ({
  ...{ kind: 'response', status, version: '2', pushes: 0 },
  headers: [['content-type', 'text/plain']],
  body: new Uint8Array(),
})

/** Another response to the requests that it concerns. */
const spoilt =
  (
    concerns: (request: DohRequest, query: Asked | undefined) => boolean,
    spoil: (response: DohResponse) => Partial<DohResponse>,
  ): Fault =>
  async (request, next) => {
    const reply = await next(request)
    return reply.kind === 'response' && concerns(request, asked(request))
      ? { ...reply, ...spoil(reply) }
      : reply
  }

/** Something else instead of an answer to the requests that it concerns. */
const instead =
  (concerns: (request: DohRequest, query: Asked | undefined) => boolean, reply: Reply): Fault =>
  async (request, next) =>
    concerns(request, asked(request)) ? reply : next(request)

/** Another query behind the server's back. */
const rewritten =
  (change: (message: Uint8Array) => void): Fault =>
  (request, next) => {
    const query = asked(request)
    if (query === undefined) return next(request)
    const message = Uint8Array.from(query.message)
    change(message)
    if (request.body !== undefined) return next({ ...request, body: message })
    const text = Buffer.from(message).toString('base64url')
    return next({ ...request, target: request.target.replace(/dns=[^&]*/, `dns=${text}`) })
  }

/** A response with a header, in place of those of its name. */
const withHeader = ({ headers }: DohResponse, name: string, ...values: string[]): Partial<DohResponse> => ({
  headers: [
    ...headers.filter(([found]) => found !== name),
    ...values.map((value): [string, string] => [name, value]),
  ],
})

/** A response whose body is changed in place. */
function withBody({ body }: DohResponse, change: (message: Uint8Array) => void): Partial<DohResponse> {
  const message = Uint8Array.from(body)
  if (message.length >= 12) change(message)
  return { body: message }
}

/** A message whose answer section is these records, and that has no other. */
function withAnswer({ body }: DohResponse, rcode: number, ...records: Uint8Array[]): Partial<DohResponse> {
  const { end } = readName(body, 12)!
  const counts = octets(word(1), word(records.length), word(0), word(0))
  return {
    body: octets(
      body.subarray(0, 3),
      (body[3]! & 0xf0) | rcode,
      counts,
      body.subarray(12, end + 4),
      ...records,
    ),
  }
}

/** Where the type of the OPT record is, which no query here has anything behind but its data. */
const optOffset = (message: Uint8Array): number => {
  if (message.length < 12 || message[11] === 0) return -1
  const { end } = readName(message, 12)!
  return end + 4 + 1
}

const hasOpt = (query: Asked | undefined): boolean => query !== undefined && optOffset(query.message) > 0
const udpSize = ({ message }: Asked): number =>
  (message[optOffset(message) + 2]! << 8) | message[optOffset(message) + 3]!
const opcode = (query: Asked | undefined): number =>
  query === undefined ? 0 : (query.message[2]! >> 3) & 0xf

const rcodeOf = ({ body }: DohResponse): number => body[3]! & 0xf
const always = () => true
const isPost = ({ method }: DohRequest): boolean => method === 'POST'
const isRefusal = ({ status }: DohResponse): boolean => status >= 300

const TXT = 16
const CNAME = 5
const RRSIG = 46
const ANY = 255
const NXDOMAIN = 3
const REFUSED = 5

const address = (owner: Uint8Array | readonly number[]) => record(owner, 1, 300, [192, 0, 2, 1])
const alias = (owner: Uint8Array | readonly number[], target: string) =>
  record(owner, CNAME, 300, wire(target))

/** One address and another in turn, for whoever may keep them. */
function publicTurns(): Fault {
  let turn = 0
  return spoilt(always, (reply) => {
    turn += 1
    const next = record(QUESTION_NAME, 1, 300, [192, 0, 2, turn])
    return { ...withHeader(reply, 'cache-control', 'public, max-age=1'), ...withAnswer(reply, 0, next) }
  })
}

/** Two seconds older each time, as the clause comes back. */
function ageing(): Fault {
  let age = 0
  return spoilt(always, (reply) => {
    age += 2
    return withHeader(reply, 'age', String(age))
  })
}

/** Two HTTP caches behind one address, asked in turn; the second got its body earlier, and of an older record. */
export function twoCaches(): Fault {
  const caches = [
    { age: 0, ttl: 300 },
    { age: 7, ttl: 293 },
  ]
  let asked = 0
  return spoilt(always, (reply) => {
    const { age, ttl } = caches[asked % caches.length]!
    const body = withAnswer(reply, 0, record(QUESTION_NAME, 1, ttl, [192, 0, 2, 1]))
    const aged = withHeader(reply, 'age', String(age + 2 * asked))
    asked += 1
    return { ...aged, ...body }
  })
}

/** The first reply to a POST for every later one, as a cache gives it that looks at URLs alone. */
function firstPost(): Fault {
  let first: Reply | undefined
  return async (request, next) => {
    if (!isPost(request)) return next(request)
    first ??= await next(request)
    return first
  }
}

export const FAULTS: readonly (readonly [clause: string, what: string, fault: Fault])[] = [
  ['C1', 'GET alone', instead(isPost, refusal(405))],
  ['C1', 'POST is answered with something else', spoilt(isPost, (reply) => withAnswer(reply, REFUSED))],
  ['C2', 'base64 with + and / alone', instead(({ target }) => /dns=[^&]*[-_]/.test(target), refusal(400))],
  ['C2', 'no dns is a fault of the server', instead(({ target }) => /dns=$/.test(target), refusal(500))],
  ['C3', 'parameters are counted', instead(({ target }) => target.includes('body_hash'), refusal(400))],
  [
    'C4',
    'media types with case',
    instead(({ headers }) => /[A-Z]/.test(headers?.['content-type'] ?? ''), refusal(415)),
  ],
  ['C5', 'four octets are too few to think', instead(({ body }) => body?.length === 11, refusal(500))],
  ['C5', 'the longest query is never answered', instead(({ body }) => body?.length === 65_535, silent())],
  [
    'C5',
    'more than a message is read',
    spoilt(
      ({ body }) => body?.length === 65_536,
      () => ({
        status: 200,
        headers: [['content-type', 'application/dns-message']],
        body: new Uint8Array(65_536),
      }),
    ),
  ],
  [
    'C5',
    'bodies in chunks are no bodies',
    instead(({ declaredLength }) => declaredLength === 'none', refusal(500)),
  ],
  [
    'C5',
    'content-length is not read',
    async (request, next) =>
      next({
        ...request,
        ...(typeof request.declaredLength === 'number' ? { declaredLength: request.body!.length } : {}),
      }),
  ],
  [
    'C6',
    'Accept: */* is not acceptable',
    instead(({ headers }) => headers?.['accept'] === '*/*', refusal(406)),
  ],
  [
    'C7',
    'the id of whoever asked first',
    spoilt(always, (reply) => withBody(reply, (message) => message.fill(0, 0, 2))),
  ],
  ['C8', 'NOTIFY is never answered', instead((_request, query) => opcode(query) === 4, silent())],
  [
    'C9',
    'a failed lookup is 503',
    spoilt(always, (reply) => (reply.status === 200 && rcodeOf(reply) === 2 ? { status: 503 } : {})),
  ],
  [
    'C10',
    'errors as DNS messages',
    spoilt(always, (reply) =>
      isRefusal(reply) ? withHeader(reply, 'content-type', 'application/dns-message') : {},
    ),
  ],
  ['C11', '405 says no more', spoilt(always, (reply) => withHeader(reply, 'allow'))],
  ['C12', 'no Cache-Control', spoilt(always, (reply) => withHeader(reply, 'cache-control'))],
  [
    'C13',
    'a day for everything',
    spoilt(always, (reply) => withHeader(reply, 'cache-control', 'max-age=86400')),
  ],
  [
    'C13',
    'a day for shared caches',
    spoilt(always, (reply) => withHeader(reply, 'cache-control', 'max-age=1, s-maxage=86400')),
  ],
  [
    'C13',
    'a day by Expires',
    spoilt(always, () => ({
      headers: [
        ['content-type', 'application/dns-message'],
        ['date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
        ['expires', 'Fri, 02 Jan 2026 00:00:00 GMT'],
      ],
    })),
  ],
  [
    'C14',
    'the TTL of the SOA',
    spoilt(always, (reply) =>
      reply.status === 200 && rcodeOf(reply) === NXDOMAIN
        ? withHeader(reply, 'cache-control', 'max-age=3600')
        : {},
    ),
  ],
  [
    'C15',
    'failures for a minute',
    spoilt(always, (reply) =>
      reply.status === 200 && rcodeOf(reply) === 2 ? withHeader(reply, 'cache-control', 'max-age=60') : {},
    ),
  ],
  ['C16', 'Age beside what is counted down', ageing()],
  ['C17', 'other records each time, and public', publicTurns()],
  ['C18', 'POST out of a cache', firstPost()],
  [
    'C19',
    'anything was not modified',
    instead(({ headers }) => headers?.['if-none-match'] !== undefined, refusal(304)),
  ],
  [
    'C20',
    'max-stale is a bad request',
    instead(({ headers }) => headers?.['cache-control'] === 'max-stale', refusal(400)),
  ],
  ['C21', 'no HTTP/2', instead(({ version }) => version === '2', silent('unspoken'))],
  ['C22', 'pushes', spoilt(always, () => ({ pushes: 1 }))],
  ['C23', 'an octet too many', spoilt(always, ({ body }) => ({ body: octets(body, 0) }))],
  [
    'C23',
    'another question',
    spoilt(always, (reply) => withBody(reply, (message) => message.set([0x7a], 13))),
  ],
  [
    'C24',
    'truncates for UDP',
    spoilt(
      (_request, query) => hasOpt(query) && udpSize(query!) === 512,
      (reply) => withBody(reply, (message) => message.set([message[2]! | 2], 2)),
    ),
  ],
  [
    'C25',
    'leaves records out',
    spoilt(
      (_request, query) => query?.type === TXT && !hasOpt(query),
      (reply) => withAnswer(reply, 0),
    ),
  ],
  ['C26', 'cookies', spoilt(always, (reply) => withHeader(reply, 'set-cookie', 'id=1'))],
  [
    'C27',
    'any version of EDNS',
    rewritten((message) => {
      if (optOffset(message) > 0) message[optOffset(message) + 5] = 0
    }),
  ],
  [
    'C27',
    'OPT for those without',
    spoilt(
      (_request, query) => !hasOpt(query),
      (reply) => ({
        body: octets(
          withBody(reply, (message) => message.set([0, 1], 10)).body!,
          0,
          word(41),
          word(1_232),
          long(0),
          word(0),
        ),
      }),
    ),
  ],
  [
    'C27',
    'the first of two OPT records',
    async (request, next) =>
      hasOpt(asked(request)) && request.body?.[11] === 2
        ? next({ ...request, body: octets(request.body.subarray(0, 11), 1, request.body.subarray(12, -11)) })
        : next(request),
  ],
  [
    'C28',
    'never pads',
    rewritten((message) => {
      const offset = optOffset(message)
      if (offset > 0 && message[offset + 11] === 12) message[offset + 11] = 99
    }),
  ],
  ['C29', 'ANY is never answered', instead((_request, query) => query?.type === ANY, silent())],
  [
    'C30',
    'HEAD with a body',
    spoilt(
      ({ method }) => method === 'HEAD',
      () => ({ body: new Uint8Array(4) }),
    ),
  ],
  ['C31', 'falls over a percent sign', instead(({ target }) => target.endsWith('%'), refusal(500))],
  ['C31', 'a long URL is never answered', instead(({ target }) => target.length > 16_000, silent())],
  ['C32', 'the question in lower case', spoilt(always, (reply) => withBody(reply, lowerQuestion))],
  [
    'N1',
    'addresses before aliases',
    spoilt(
      (_request, query) => query?.name === 'chain.example',
      (reply) =>
        withAnswer(reply, 0, address(wire('second.example')), alias(QUESTION_NAME, 'second.example')),
    ),
  ],
  [
    'N1',
    'aliases in the order of the alphabet',
    spoilt(
      (_request, query) => query?.name === 'chain.example',
      (reply) =>
        withAnswer(
          reply,
          0,
          alias(wire('a.example'), 'b.example'),
          alias(QUESTION_NAME, 'a.example'),
          address(wire('b.example')),
        ),
    ),
  ],
  [
    'N2',
    'signatures for everybody',
    spoilt(
      (_request, query) => query?.name === 'three.example',
      (reply) =>
        withAnswer(reply, 0, address(QUESTION_NAME), record(QUESTION_NAME, RRSIG, 300, new Uint8Array(40))),
    ),
  ],
  [
    'N3',
    'no recursion',
    spoilt(always, (reply) => withBody(reply, (message) => message.set([message[3]! & 0x7f], 3))),
  ],
  [
    'B1',
    'every .bit name is there, without records',
    spoilt(
      (_request, query) => query?.name.endsWith('.bit') === true,
      (reply) => withAnswer(reply, 0),
    ),
  ],
  [
    'B1',
    'no apex',
    spoilt(
      (_request, query) => query?.name === 'bit',
      (reply) => withAnswer(reply, 2),
    ),
  ],
  ['F1', 'another 2xx', spoilt(always, ({ status }) => ({ status: status === 200 ? 203 : status }))],
  [
    'F1',
    'padded to 4 KB',
    spoilt(
      (_request, query) => query?.name === 'three.example',
      (reply) => withAnswer(reply, 0, ...Array.from({ length: 240 }, () => address(QUESTION_NAME))),
    ),
  ],
  [
    'F2',
    'no NS of example.com',
    spoilt(
      (_request, query) => query?.name === 'example.com',
      (reply) => withAnswer(reply, NXDOMAIN),
    ),
  ],
  ['G1', 'another 2xx', spoilt(always, ({ status }) => ({ status: status === 200 ? 203 : status }))],
  [
    'G2',
    'no address for the probe',
    spoilt(
      (_request, query) => query?.name === 'www.gstatic.com',
      (reply) => withAnswer(reply, 0),
    ),
  ],
  [
    'G3',
    'the first alias alone',
    spoilt(
      (_request, query) => query?.name === 'chain.example',
      (reply) => withAnswer(reply, 0, alias(QUESTION_NAME, 'second.example')),
    ),
  ],
  [
    'G3',
    'aliases in a circle',
    spoilt(
      (_request, query) => query?.name === 'chain.example',
      (reply) =>
        withAnswer(
          reply,
          0,
          alias(QUESTION_NAME, 'second.example'),
          alias(wire('second.example'), 'chain.example'),
        ),
    ),
  ],
  [
    'U1',
    'a TXT record beside the addresses',
    spoilt(
      (_request, query) => query?.type === 1,
      (reply) => withAnswer(reply, 0, address(QUESTION_NAME), record(QUESTION_NAME, TXT, 300, [0])),
    ),
  ],
  [
    'A1',
    'UDP size 512 is too small',
    instead((_request, query) => hasOpt(query) && udpSize(query!) === 512, refusal(400)),
  ],
  [
    'A2',
    'refuses resolver.arpa',
    spoilt(
      (_request, query) => query?.name === '_dns.resolver.arpa',
      (reply) => withAnswer(reply, REFUSED),
    ),
  ],
  [
    'D1',
    'id 0 for everybody',
    spoilt(always, (reply) => withBody(reply, (message) => message.fill(0, 0, 2))),
  ],
  [
    'D2',
    'an address for what does not exist',
    spoilt(
      (_request, query) => query?.name.endsWith('dnscrypt') === true,
      (reply) => withAnswer(reply, 0, address(QUESTION_NAME)),
    ),
  ],
  ['K1', 'no HTTP/2', instead(({ version }) => version === '2', silent('unspoken'))],
]

function lowerQuestion(message: Uint8Array): void {
  if (message[5] !== 1) return
  const { end } = readName(message, 12)!
  for (let index = 12; index < end; index++)
    if (message[index]! >= 0x41 && message[index]! <= 0x5a) message[index]! |= 0x20
}

/** A server of this process that seems to have connections: HTTP/2 by default, and lengths that are believed. */
export function connected(server: DohServer): DohServer {
  const send = async (request: DohRequest): Promise<Reply> => {
    const { body, declaredLength } = request
    const read = typeof declaredLength === 'number' ? body!.subarray(0, declaredLength) : body
    const reply = await server.send({ ...request, ...(read === undefined ? {} : { body: read }) })
    return reply.kind === 'response' ? { ...reply, version: request.version ?? '2' } : reply
  }
  return {
    send,
    connections: {
      sendAtOnce: (request, count) => Promise.all(Array.from({ length: count }, () => send(request))),
      cancelAtOnce: async () => {},
      stall: async () => refusal(408),
    },
  }
}

/** The server with a fault. */
export const faulty = (server: DohServer, fault: Fault): DohServer => ({
  ...server,
  send: (request) => fault(request, server.send),
})

/** Faults of connections: each is something that `Connections` or the server does afterwards. */
export const ROUGH_FAULTS: readonly (readonly [
  clause: string,
  what: string,
  fault: (server: DohServer) => DohServer,
])[] = [
  [
    'R1',
    'some of many are lost',
    (server) => ({
      ...server,
      connections: { ...server.connections!, sendAtOnce: async () => [silent()] },
    }),
  ],
  [
    'R2',
    'what was cancelled costs all others their answer',
    (server) => {
      let isDown = false
      return {
        send: async (request) => (isDown ? silent() : server.send(request)),
        connections: {
          ...server.connections!,
          cancelAtOnce: async () => {
            isDown = true
          },
        },
      }
    },
  ],
  [
    'R3',
    'half a body is waited for',
    (server) => ({ ...server, connections: { ...server.connections!, stall: async () => silent() } }),
  ],
]
