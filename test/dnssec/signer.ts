/** A zone with a key of its own, for answers that no honest server gives. Its canonical form is for lower case only. */
import type { Message } from '../../src/dns/message.ts'
import { type Name, nameToWire } from '../../src/dns/name.ts'
import { Class, Type } from '../../src/dns/protocol.ts'
import type { ResourceRecord } from '../../src/dns/record.ts'
import { readDnsKey } from '../../src/dnssec/dnskey.ts'
import type { ZoneKeys } from '../../src/dnssec/zone-keys.ts'
import { name } from '../dns/messages.ts'
import { join, uint16, uint32 } from '../dns/octets.ts'
import { EXPIRATION, INCEPTION, ZONE } from './recordings.ts'

export const TTL = 300

export const record = (owner: string, type: number, data: Uint8Array): ResourceRecord => ({
  name: name(owner),
  type,
  ttl: TTL,
  data,
})

export const address = (owner: string): ResourceRecord => record(owner, Type.A, Uint8Array.of(192, 0, 2, 1))

/** A type bit map of types below 256. */
export const bitMap = (...types: readonly number[]): Uint8Array => {
  if (types.length === 0) return new Uint8Array()
  const bits = new Uint8Array((Math.max(...types) >> 3) + 1)
  for (const type of types) bits[type >> 3]! |= 0x80 >> (type & 7)
  return join(Uint8Array.of(0, bits.length), bits)
}

export const nsec = (owner: string, next: string, ...types: readonly number[]): ResourceRecord =>
  record(owner, Type.NSEC, join(nameToWire(name(next)), bitMap(...types)))

export const answerWith = (parts: {
  rcode?: number
  answer?: readonly ResourceRecord[]
  authority?: readonly ResourceRecord[]
}): Message => ({
  id: 0,
  flags: 0x8400 | (parts.rcode ?? 0),
  question: undefined,
  answer: parts.answer ?? [],
  authority: parts.authority ?? [],
  additional: [],
})

export interface SignatureParts {
  readonly labels?: number
  readonly signer?: Name
  readonly inception?: number
  readonly expiration?: number
  readonly owner?: Name
  readonly tag?: number
  readonly algorithm?: number
}

export interface Signer {
  readonly keys: ZoneKeys
  /** DNSKEY RDATA with other flags or another protocol. */
  dnskey(flags?: number, protocol?: number): ResourceRecord
  /** The records and the RRSIG record of theirs. */
  sign(records: readonly ResourceRecord[], parts?: SignatureParts): Promise<ResourceRecord[]>
  /** A DS record by SHA-256. */
  ds(key: ResourceRecord): Promise<ResourceRecord>
}

/** RFC 4034 appendix B, in the words of its C. */
export const tagOf = (data: Uint8Array): number => {
  let sum = 0
  for (const [index, octet] of data.entries()) sum += index % 2 === 1 ? octet : octet * 256
  sum += Math.floor(sum / 65536) % 65536
  return sum % 65536
}

export async function signer(): Promise<Signer> {
  const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const point = new Uint8Array((await crypto.subtle.exportKey('raw', pair.publicKey)) as ArrayBuffer)
  const dnskey = (flags = 0x0101, protocol = 3) =>
    record('example.bit', Type.DNSKEY, join(uint16(flags), Uint8Array.of(protocol, 13), point.subarray(1)))
  const own = readDnsKey(dnskey())!

  return {
    keys: { zone: ZONE, keys: [own], lifetime: TTL },
    dnskey,
    async sign(records, parts = {}) {
      const { name: owner, type } = records[0]!
      const labels = parts.labels ?? owner.length - (owner[0] === '*' ? 1 : 0)
      const fixed = join(
        uint16(type),
        Uint8Array.of(parts.algorithm ?? 13, labels),
        uint32(TTL),
        uint32((parts.expiration ?? EXPIRATION) >>> 0),
        uint32((parts.inception ?? INCEPTION) >>> 0),
        uint16(parts.tag ?? own.tag),
        nameToWire(parts.signer ?? ZONE),
      )
      const sorted = [...records].sort((a, b) =>
        `${[...a.data].map((o) => String(o).padStart(3, '0'))}` <
        `${[...b.data].map((o) => String(o).padStart(3, '0'))}`
          ? -1
          : 1,
      )
      const signed = sorted.map(({ data }) =>
        join(
          nameToWire(parts.owner ?? owner),
          uint16(type),
          uint16(Class.IN),
          uint32(TTL),
          uint16(data.length),
          data,
        ),
      )
      const octets = Uint8Array.from(join(fixed, ...signed))
      const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, octets)
      return [
        ...records,
        { name: owner, type: Type.RRSIG, ttl: TTL, data: join(fixed, new Uint8Array(signature)) },
      ]
    },
    async ds(key) {
      const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(join(nameToWire(ZONE), key.data)))
      const data = join(uint16(tagOf(key.data)), Uint8Array.of(13, 2), new Uint8Array(digest))
      return { name: ZONE, type: Type.DS, ttl: TTL, data }
    },
  }
}

/** The keys of a zone behind so many of another that pretend to have the same tag. */
export const withColliding = (keys: ZoneKeys, other: Signer, count: number): ZoneKeys => {
  const { tag } = keys.keys[0]!
  const colliding = Array.from({ length: count }, () => ({ ...other.keys.keys[0]!, tag }))
  return { ...keys, keys: [...colliding, ...keys.keys] }
}
