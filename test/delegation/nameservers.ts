import { addressOctets } from '../../src/addresses.ts'
import type { Delegation } from '../../src/bit/answer.ts'
import type { AddressesOf } from '../../src/delegation/candidates.ts'
import { startTrail, type Trail } from '../../src/delegation/effort.ts'
import { ExchangeError, type ServerExchange } from '../../src/delegation/exchange.ts'
import { type DelegationOptions, delegations, type Followed } from '../../src/delegation/follow.ts'
import { encodeAnswer } from '../../src/dns/encode.ts'
import { type Message, readMessage } from '../../src/dns/message.ts'
import { equalNames, isAtOrBelow, type Name, nameToText, nameToWire } from '../../src/dns/name.ts'
import { recordToText } from '../../src/dns/presentation.ts'
import { Class, Flag, Rcode, Type, typeName, typeNumber } from '../../src/dns/protocol.ts'
import type { ResourceRecord } from '../../src/dns/record.ts'
import { secureRandom } from '../../src/random.ts'
import { name, octets, soaData, word } from '../dns/messages.ts'
import { fakeClock } from '../namecoin/clock.ts'

/** Nameservers in memory, and a follower that asks them, with a clock of its own. */

/** A record of class IN from text: `A`, `AAAA`, `NS`, `CNAME`, `DNAME`, `TXT`, or a SOA with this MINIMUM. */
export function rr(owner: string, type: string, data: string, ttl = 300): ResourceRecord {
  const number = typeNumber(type)!
  const encoded: Record<string, () => Uint8Array> = {
    A: () => addressOctets(data)!,
    AAAA: () => addressOctets(data)!,
    TXT: () => octets(data.length, data),
    SOA: () => soaData(Number(data)),
  }
  return { name: name(owner), type: number, ttl, data: (encoded[type] ?? (() => nameToWire(name(data))))() }
}

/** What a server puts into its answer. */
export interface Reply {
  readonly rcode?: number
  readonly isAuthoritative?: boolean
  readonly isTruncated?: boolean
  readonly answer?: readonly ResourceRecord[]
  readonly authority?: readonly ResourceRecord[]
  readonly additional?: readonly ResourceRecord[]
  /** The question that is given back, where it is not the one asked. */
  readonly question?: { readonly name?: Name; readonly type?: number; readonly class?: number }
  readonly id?: number
}

/** One message that a server got. */
export interface Asked {
  readonly address: string
  readonly transport: 'udp' | 'tcp'
  readonly message: Message
  /** In lower case with a final dot. */
  readonly name: string
  readonly type: string
}

/** What a server does with a query: `silent` never answers, `refused` has nobody listening. */
export type Behaviour = (
  asked: Asked,
) => Reply | Uint8Array | readonly (Reply | Uint8Array)[] | 'silent' | 'refused'

/** The answer on the wire. */
export function toWire({ message }: Asked, reply: Reply): Uint8Array {
  const { question } = message
  const { bytes } = encodeAnswer({
    question: { name: question!.name, type: question!.type, class: Class.IN, ...reply.question },
    rcode: reply.rcode ?? Rcode.NOERROR,
    authoritative: reply.isAuthoritative ?? true,
    truncated: reply.isTruncated ?? false,
    answer: reply.answer ?? [],
    authority: reply.authority ?? [],
    additional: reply.additional ?? [],
  })
  bytes.set(word(reply.id ?? message.id))
  return bytes
}

/** A server that knows these zones: their records, and the cuts in them, which are NS records below the apex. */
export const authority =
  (apex: string, ...records: readonly ResourceRecord[]): Behaviour =>
  ({ message }) => {
    const { name: asked, type } = message.question!
    const zone = name(apex)
    if (!isAtOrBelow(asked, zone)) return { rcode: Rcode.REFUSED, isAuthoritative: false }
    const soa = rr(apex, 'SOA', '60')
    const cut = records.find(
      (record) =>
        record.type === Type.NS && record.name.length > zone.length && isAtOrBelow(asked, record.name),
    )
    if (cut !== undefined) {
      const servers = records.filter((record) => record.type === Type.NS && equalNames(record.name, cut.name))
      const additional = records.filter((record) =>
        servers.some(({ data }) => nameToWire(record.name).join() === data.join()),
      )
      return { isAuthoritative: false, authority: servers, additional }
    }
    const own = records.filter((record) => equalNames(record.name, asked))
    const answer = own.filter((record) => record.type === type || record.type === Type.CNAME)
    if (answer.length > 0) return { answer }
    const exists = records.some((record) => isAtOrBelow(record.name, asked))
    return { rcode: exists ? Rcode.NOERROR : Rcode.NXDOMAIN, authority: [soa] }
  }

export interface FollowerOptions {
  /** Servers by address. At any other address there is nobody. */
  readonly servers: Readonly<Record<string, Behaviour>>
  /** All addresses of a name. */
  readonly addressesOf?: (name: Name, trail: Trail, signal: AbortSignal) => ReturnType<AddressesOf>
  readonly withoutUdp?: boolean
  readonly allowed?: DelegationOptions['contact']['allowed']
  readonly own?: readonly string[]
}

/** A follower in a world of its own. */
export function follower({ servers, withoutUdp = false, ...options }: FollowerOptions) {
  const clock = fakeClock()
  const asked: Asked[] = []

  const carry =
    (transport: 'udp' | 'tcp'): ServerExchange['tcp'] =>
    async (address, _port, query, signal, isReply = () => true) => {
      const message = readMessage(query)!
      const { name: askedName, type } = message.question!
      const one: Asked = {
        address,
        transport,
        message,
        name: nameToText(askedName).toLowerCase(),
        type: typeName(type),
      }
      asked.push(one)
      const does = servers[address]?.(one) ?? 'refused'
      if (does === 'refused') throw new ExchangeError('refused')
      const replies = does === 'silent' ? [] : Array.isArray(does) ? does : [does]
      for (const reply of replies as (Reply | Uint8Array)[]) {
        const datagram = reply instanceof Uint8Array ? reply : toWire(one, reply)
        if (transport === 'tcp' || isReply(datagram)) return datagram
      }
      return new Promise((_resolve, reject) => {
        const giveUp = () => reject(new ExchangeError('timeout'))
        if (signal.aborted) giveUp()
        signal.addEventListener('abort', giveUp)
      })
    }

  const follow = delegations({
    exchange: withoutUdp ? { tcp: carry('tcp') } : { udp: carry('udp'), tcp: carry('tcp') },
    addressesOf: async (name, type, trail, signal) =>
      options.addressesOf === undefined || type !== Type.A
        ? { addresses: [], ttl: 0 }
        : options.addressesOf(name, trail, signal),
    contact: { allowed: options.allowed ?? [], own: () => options.own ?? [] },
    now: clock.now,
    wallClock: clock.now,
    timer: clock.timer,
    random: secureRandom((lot) => crypto.getRandomValues(lot)),
  })

  /** Lets time go by until it is done. */
  async function passing<Result>(work: Promise<Result>): Promise<Result> {
    let isDone = false
    const done = work.finally(() => {
      isDone = true
    })
    while (!isDone) {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
      if (!isDone) clock.advance(50)
    }
    return done
  }

  return {
    clock,
    asked,
    /** What was asked, `1.2.3.4 www.example.bit. A` each, without what came before. */
    log: () => asked.splice(0).map((one) => `${one.address} ${one.name} ${one.type}`),
    /** Follows a delegation as part of another question. */
    follow: (below: Delegation, askedName: string, trail: Trail): Promise<Followed> =>
      follow.follow(
        below,
        { name: name(askedName), type: Type.A, dnssecOk: false, checkingDisabled: false },
        trail,
        new AbortController().signal,
      ),
    /** Follows a delegation within a client's time. */
    async ask(
      delegation: Delegation,
      askedName: string,
      type = 'A',
      { dnssecOk = false, checkingDisabled = false, trail = startTrail() as Trail } = {},
    ): Promise<Followed> {
      const deadline = new AbortController()
      const cancel = clock.timer(4_500, () => deadline.abort())
      const question = { name: name(askedName), type: typeNumber(type)!, dnssecOk, checkingDisabled }
      const followed = await passing(follow.follow(delegation, question, trail, deadline.signal))
      cancel()
      return followed
    },
  }
}

/** A delegation as `lookup` gives it. */
export function delegation(
  zone: string,
  servers: readonly string[],
  glue: readonly ResourceRecord[] = [],
  more: Partial<Delegation> = {},
): Delegation {
  return {
    kind: 'delegation',
    zone: name(zone),
    servers: servers.map(name),
    serverAddresses: [],
    undottedServers: [],
    ds: [],
    glue,
    ...more,
  }
}

/** What was followed, as people read it. */
export function shown(followed: Followed) {
  const lines = (records: readonly ResourceRecord[]) =>
    records.map((record) =>
      recordToText(record)
        .replace(/\tIN\t/, ' ')
        .replaceAll('\t', ' '),
    )
  switch (followed.kind) {
    case 'answer':
      return {
        rcode: followed.rcode,
        answer: lines(followed.answer),
        authority: lines(followed.authority),
      }
    case 'alias':
      return { alias: lines(followed.records), target: nameToText(followed.target) }
    case 'failed':
      return followed.code
    case 'bogus':
      return `bogus ${followed.code}`
  }
}

export const isFlagSet = ({ message }: Asked, flag: keyof typeof Flag): boolean =>
  (message.flags & Flag[flag]) !== 0
