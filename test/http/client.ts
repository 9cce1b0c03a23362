import { decode, type Packet } from 'dns-packet'
import { expect } from 'vitest'

/** A gateway as its clients see it, however one gets to it. */
export interface DohClient {
  request(path: string, init?: DohRequest): Promise<DohResponse>
  /** The queries that reached the upstream so far. */
  asked(): Promise<readonly Uint8Array[]>
  /** Lets seconds go by, where the clock is the test's. */
  readonly advance?: (seconds: number) => void
  /** Characters of the shortest request target that is refused for its length. */
  readonly tooLongTarget: number
  /** EDNS options of every answer from the chain: an Extended DNS Error where nothing is more than attested; else none. */
  readonly ownOptions?: readonly number[]
  close(): Promise<void>
}

export interface DohRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface DohResponse {
  readonly status: number
  /** As they came: names in lower case, one that came twice is there twice. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** `1.1` or `2`, where it can be seen. */
  readonly httpVersion?: string
}

export const DNS_MESSAGE = 'application/dns-message'

/** The value of a header that may come once at the most. */
export function header(response: DohResponse, name: string): string | undefined {
  const values = response.headers.filter(([found]) => found === name).map(([, value]) => value)
  expect(values.length, `${name} comes once at the most`).toBeLessThan(2)
  return values[0]
}

/** The one max-age that an answer has to have (RFC 8484 §5.1). */
export function maxAge(response: DohResponse): number {
  const found = [...(header(response, 'cache-control') ?? '').matchAll(/(?:^|[\s,])max-age=(\d+)/g)]
  expect(found, 'one max-age').toHaveLength(1)
  return Number(found[0]![1])
}

/** A query in the URL. */
export const dnsPath = (query: Uint8Array): string =>
  `/dns-query?dns=${Buffer.from(query).toString('base64url')}`

/** Asks with GET (RFC 8484 §4.1). */
export const get = (
  client: Pick<DohClient, 'request'>,
  query: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<DohResponse> => client.request(dnsPath(query), { headers: { accept: DNS_MESSAGE, ...headers } })

/** Asks with POST (RFC 8484 §4.1). */
export const post = (
  client: Pick<DohClient, 'request'>,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<DohResponse> =>
  client.request('/dns-query', { method: 'POST', headers: { 'content-type': DNS_MESSAGE, ...headers }, body })

/** The DNS message in a response, read by a library that is not ours, to its last octet. */
export function messageIn(response: DohResponse): Message {
  expect(response.status).toBe(200)
  expect(header(response, 'content-type')).toBe(DNS_MESSAGE)
  const packet = decode(Buffer.from(response.body)) as DecodedPacket
  expect(decode.bytes, 'nothing behind the last record').toBe(response.body.length)
  const opt = packet.additionals?.find((record) => record.type === 'OPT') as OptRecord | undefined
  const low = response.body[3]! & 0xf
  return {
    id: packet.id ?? 0,
    rcode: ((opt?.extendedRcode ?? 0) << 4) | low,
    truncated: packet.flag_tc,
    authoritative: packet.flag_aa,
    authentic: packet.flag_ad,
    checkingDisabled: packet.flag_cd,
    recursionDesired: packet.flag_rd,
    recursionAvailable: packet.flag_ra,
    answer: packet.answers as unknown as RecordRead[],
    authority: packet.authorities as unknown as RecordRead[],
    additional: (packet.additionals as unknown as RecordRead[]).filter((record) => record.type !== 'OPT'),
    opt,
    extendedErrors: (opt?.options ?? [])
      .filter(({ code }) => code === 15)
      .map(({ data }) => (data[0]! << 8) | data[1]!),
  }
}

interface DecodedPacket extends Packet {
  readonly flag_tc: boolean
  readonly flag_aa: boolean
  readonly flag_ad: boolean
  readonly flag_cd: boolean
  readonly flag_rd: boolean
  readonly flag_ra: boolean
}

/** What the tests look at in a DNS message. */
export interface Message {
  readonly id: number
  /** All twelve bits. */
  readonly rcode: number
  readonly truncated: boolean
  readonly authoritative: boolean
  readonly authentic: boolean
  readonly checkingDisabled: boolean
  readonly recursionDesired: boolean
  readonly recursionAvailable: boolean
  readonly answer: readonly RecordRead[]
  readonly authority: readonly RecordRead[]
  readonly additional: readonly RecordRead[]
  readonly opt: OptRecord | undefined
  /** INFO-CODEs of its Extended DNS Errors (RFC 8914). */
  readonly extendedErrors: readonly number[]
}

export interface RecordRead {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly data: unknown
}

export interface OptRecord {
  readonly type: 'OPT'
  readonly udpPayloadSize: number
  readonly extendedRcode: number
  readonly ednsVersion: number
  readonly flag_do: boolean
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[]
}

/** The data of the records of one type, in the order they came. */
export const dataOf = (message: Message, type: string): readonly unknown[] =>
  message.answer.filter((record) => record.type === type).map(({ data }) => data)

/** The question's name as it stands in a message, to be compared octet for octet. */
export const questionName = (message: Uint8Array): string => {
  let end = 12
  while (message[end] !== 0) end += message[end]! + 1
  return Buffer.from(message.subarray(12, end)).toString('latin1')
}
