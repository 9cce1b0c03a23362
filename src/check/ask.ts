import { type Message, messageRcode, readMessage } from '../dns/message.ts'
import { DNS_MESSAGE, Flag, HEADER_LENGTH, MAX_MESSAGE_LENGTH, Rcode, rcodeName } from '../dns/protocol.ts'
import type { Subject } from './clause.ts'
import { differs, type Finding, fails, holds } from './finding.ts'
import type { DohRequest, DohResponse, Reply, Silence } from './server.ts'

/** A reply as a DNS client reads it. */
export type Heard =
  /** 2xx with a DNS message (RFC 8484 §4.2.1). */
  | { readonly kind: 'answer'; readonly message: Message; readonly response: DohResponse }
  /** 2xx that says it is a DNS message and is none. */
  | { readonly kind: 'broken'; readonly response: DohResponse }
  /** Any other response: no answer. */
  | { readonly kind: 'refusal'; readonly response: DohResponse }
  | Silence

export type Answer = Extract<Heard, { kind: 'answer' }>

/** All values of a header. */
export const headers = (response: DohResponse, name: string): readonly string[] =>
  response.headers.filter(([found]) => found === name).map(([, value]) => value)

/** A header's value, undefined when it is not there. */
export const header = (response: DohResponse, name: string): string | undefined => headers(response, name)[0]

/** The media type of a response without its parameters, in lower case. */
export const mediaType = (response: DohResponse): string =>
  (header(response, 'content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()

/** Reads a reply. */
export function hear(reply: Reply): Heard {
  if (reply.kind === 'silence') return reply
  const { status, body } = reply
  if (status < 200 || status > 299 || mediaType(reply) !== DNS_MESSAGE)
    return { kind: 'refusal', response: reply }
  const message = body.length > MAX_MESSAGE_LENGTH ? undefined : readMessage(body)
  return message === undefined || (message.flags & Flag.QR) === 0
    ? { kind: 'broken', response: reply }
    : { kind: 'answer', message, response: reply }
}

/** base64url without padding (RFC 8484 §6). */
export const base64url = (octets: Uint8Array): string =>
  btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** The server's target with more behind it. */
export const targetWith = ({ target }: Subject, parameters: string): string =>
  `${target}${target.includes('?') ? '&' : '?'}${parameters}`

/** Sends anything and reads what comes. */
export const send = async ({ server }: Subject, request: DohRequest): Promise<Heard> =>
  hear(await server.send(request))

type Extra = Pick<DohRequest, 'headers' | 'version'>

/** Asks with GET (RFC 8484 §4.1). */
export const get = (subject: Subject, query: Uint8Array, extra: Extra = {}): Promise<Heard> =>
  send(subject, {
    ...extra,
    method: 'GET',
    target: targetWith(subject, `dns=${base64url(query)}`),
    headers: { accept: DNS_MESSAGE, ...extra.headers },
  })

/** Asks with POST (RFC 8484 §4.1). */
export const post = (
  subject: Subject,
  body: Uint8Array,
  extra: Extra & Pick<DohRequest, 'declaredLength'> & { readonly target?: string } = {},
): Promise<Heard> =>
  send(subject, {
    target: subject.target,
    ...extra,
    method: 'POST',
    headers: { accept: DNS_MESSAGE, 'content-type': DNS_MESSAGE, ...extra.headers },
    body,
  })

/** What came, in a few words. */
export function described(heard: Heard): string {
  switch (heard.kind) {
    case 'answer': {
      const records = heard.message.answer.length
      return `${rcodeName(messageRcode(heard.message))}${records === 0 ? '' : `, ${records} record${records === 1 ? '' : 's'}`}`
    }
    case 'broken': {
      const { status, body } = heard.response
      const rcode = failureCode(heard.response)
      return `HTTP ${status} with ${body.length} octets that are no DNS response${rcode === undefined ? '' : `, but begin as a ${rcodeName(rcode)}`}`
    }
    case 'refusal': {
      const type = mediaType(heard.response)
      return `HTTP ${heard.response.status}${heard.response.status < 300 && type !== '' ? ` ${type}` : ''}`
    }
    case 'silence':
      return `no response: ${heard.detail}`
  }
}

/** What was sent and what came. */
export const seen = (sent: string, heard: Heard): string => `${sent}: ${described(heard)}`

/**
 * It has to be answered with a DNS message, whatever that says.
 * @param judge a closer look at the answer; undefined when there is nothing wrong with it
 */
export function answered(
  sent: string,
  heard: Heard,
  judge?: (answer: Answer) => Finding | undefined,
): Finding {
  if (heard.kind !== 'answer') return fails(seen(sent, heard))
  return judge?.(heard) ?? holds(seen(sent, heard))
}

/**
 * It cannot be answered, and has to be refused.
 * @param right the status that says best why
 */
export function refused(sent: string, heard: Heard, right: number): Finding {
  const finding = seen(sent, heard)
  switch (heard.kind) {
    case 'answer':
      return messageRcode(heard.message) === Rcode.NOERROR && heard.message.answer.length > 0
        ? fails(finding)
        : differs(finding)
    case 'broken':
      return failureCode(heard.response) === undefined ? fails(finding) : differs(finding)
    case 'refusal':
      if (heard.response.status === right) return holds(finding)
      return heard.response.status >= 500
        ? fails(`${finding}, not ${right}`)
        : differs(`${finding}, not ${right}`)
    case 'silence':
      return heard.code === 'timeout' ? fails(finding) : differs(finding)
  }
}

/**
 * The response code of a message that can be read no further: servers repeat what they cannot read, behind a header
 * that says so.
 * @returns undefined for what is no failure, or longer than any message
 */
export function failureCode({ body }: DohResponse): number | undefined {
  if (body.length < HEADER_LENGTH || body.length > MAX_MESSAGE_LENGTH || (body[2]! & 0x80) === 0)
    return undefined
  return (body[3]! & 0xf) === Rcode.NOERROR ? undefined : body[3]! & 0xf
}
