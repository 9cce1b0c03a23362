import { type Message, readMessage } from '../../src/dns/message.ts'
import { Type, typeNumber } from '../../src/dns/protocol.ts'
import type { ResourceRecord } from '../../src/dns/record.ts'
import { authenticateKeys, type ZoneKeys } from '../../src/dnssec/zone-keys.ts'
import { name } from '../dns/messages.ts'
import { base64, hex, join, uint16 } from '../dns/octets.ts'
import ecdsap256Nsec from '../fixtures/dnssec/ecdsap256-nsec.json' with { type: 'json' }
import ecdsap256Nsec3 from '../fixtures/dnssec/ecdsap256-nsec3.json' with { type: 'json' }
import ecdsap384Nsec from '../fixtures/dnssec/ecdsap384-nsec.json' with { type: 'json' }
import ecdsap384Nsec3 from '../fixtures/dnssec/ecdsap384-nsec3.json' with { type: 'json' }
import ed25519Nsec from '../fixtures/dnssec/ed25519-nsec.json' with { type: 'json' }
import ed25519Nsec3 from '../fixtures/dnssec/ed25519-nsec3.json' with { type: 'json' }
import optOut from '../fixtures/dnssec/nsec3-opt-out.json' with { type: 'json' }
import salt10 from '../fixtures/dnssec/nsec3-salt-10.json' with { type: 'json' }
import salt500 from '../fixtures/dnssec/nsec3-salt-500.json' with { type: 'json' }
import rsasha256Nsec from '../fixtures/dnssec/rsasha256-nsec.json' with { type: 'json' }
import rsasha256Nsec3 from '../fixtures/dnssec/rsasha256-nsec3.json' with { type: 'json' }
import rsasha512Nsec from '../fixtures/dnssec/rsasha512-nsec.json' with { type: 'json' }
import rsasha512Nsec3 from '../fixtures/dnssec/rsasha512-nsec3.json' with { type: 'json' }

/** What real servers answered from one signed zone: `test/fixtures/dnssec/make.sh`. */
export interface Recording {
  readonly ds: readonly string[]
  readonly answers: { readonly [question: string]: { readonly message: string; readonly delv: string } }
}

/** One of each algorithm and each kind of denial; the zone is the same. */
export const RECORDINGS: { readonly [which: string]: Recording } = {
  'rsasha256-nsec': rsasha256Nsec,
  'rsasha256-nsec3': rsasha256Nsec3,
  'rsasha512-nsec': rsasha512Nsec,
  'rsasha512-nsec3': rsasha512Nsec3,
  'ecdsap256-nsec': ecdsap256Nsec,
  'ecdsap256-nsec3': ecdsap256Nsec3,
  'ecdsap384-nsec': ecdsap384Nsec,
  'ecdsap384-nsec3': ecdsap384Nsec3,
  'ed25519-nsec': ed25519Nsec,
  'ed25519-nsec3': ed25519Nsec3,
  'nsec3-salt-10': salt10,
}
export const OPT_OUT: Recording = optOut
export const ITERATIONS_500: Recording = salt500

export const ZONE = name('example.bit')

/** Seconds since 1970 of a time as RRSIG records have it in text. */
export const seconds = (text: string): number =>
  Date.parse(text.replace(/(....)(..)(..)(..)(..)(..)/, '$1-$2-$3T$4:$5:$6Z')) / 1000

/** What `make.sh` signed for, and a time in between. */
export const INCEPTION = seconds('20250101000000')
export const EXPIRATION = seconds('20450101000000')
export const NOW = seconds('20260701000000')

export const question = (text: string): { name: ReturnType<typeof name>; type: number } => {
  const [owner, type] = text.split(' ') as [string, string]
  return { name: name(owner), type: typeNumber(type)! }
}

export const recorded = (recording: Recording, text: string): Message =>
  readMessage(base64(recording.answers[text]!.message))!

/** A DS record from its text. */
export const dsRecord = (text: string): ResourceRecord => {
  const [tag, algorithm, digestType, digest] = text.split(' ') as [string, string, string, string]
  const data = join(uint16(Number(tag)), Uint8Array.of(Number(algorithm), Number(digestType)), hex(digest))
  return { name: ZONE, type: Type.DS, ttl: 3600, data }
}

export const dsOf = (recording: Recording): ResourceRecord[] => recording.ds.map(dsRecord)

const known = new Map<Recording, ZoneKeys>()

export async function keysOf(recording: Recording): Promise<ZoneKeys> {
  const before = known.get(recording)
  if (before !== undefined) return before
  const answer = recorded(recording, 'example.bit DNSKEY')
  const authentic = await authenticateKeys(ZONE, dsOf(recording), answer, NOW)
  if (authentic.kind !== 'secure') throw new Error(JSON.stringify(authentic))
  known.set(recording, authentic.keys)
  return authentic.keys
}

type Section = 'answer' | 'authority'

/** The message with each record of its sections as it is, changed, or left out. */
export function changed(
  message: Message,
  change: (record: ResourceRecord, section: Section) => ResourceRecord | undefined,
): Message {
  const section = (name: Section) =>
    message[name].map((record) => change(record, name)).filter((record) => record !== undefined)
  return { ...message, answer: section('answer'), authority: section('authority') }
}

/** The message with another response code. */
export const withRcode = (message: Message, rcode: number): Message => ({
  ...message,
  flags: (message.flags & ~0xf) | rcode,
})

/** RDATA with one bit turned over. */
export const flipped = (data: Uint8Array, octet = data.length - 1, bit = 1): Uint8Array =>
  data.map((value, index) => (index === octet ? value ^ bit : value))

/** The type an RRSIG record covers. */
export const covered = ({ data }: ResourceRecord): number => (data[0]! << 8) | data[1]!
