/**
 * The numbers of DNS, by the names their RFCs give them.
 *
 * @see https://www.iana.org/assignments/dns-parameters
 */

/** Resource record types (RFC 1035 §3.2.2 and the RFC named beside each later one). */
export const Type = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  SIG: 24,
  KEY: 25,
  AAAA: 28,
  LOC: 29, // RFC 1876
  SRV: 33, // RFC 2782
  NAPTR: 35, // RFC 3403
  DNAME: 39, // RFC 6672
  OPT: 41, // RFC 6891
  DS: 43, // RFC 4034
  SSHFP: 44, // RFC 4255
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50, // RFC 5155
  NSEC3PARAM: 51,
  TLSA: 52, // RFC 6698
  CDS: 59, // RFC 7344
  CDNSKEY: 60,
  SVCB: 64, // RFC 9460
  HTTPS: 65,
  SPF: 99,
  NXNAME: 128, // RFC 9824
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257, // RFC 8659
  RESINFO: 261, // RFC 9606
} as const

const typeNames = new Map<number, string>(Object.entries(Type).map(([name, number]) => [number, name]))

/** The mnemonic of a record type, or `TYPE123` (RFC 3597 §5). */
export const typeName = (type: number): string => typeNames.get(type) ?? `TYPE${type}`

/** The number of a record type from its mnemonic (any case), `TYPE123` or `123`; undefined when it is none. */
export function typeNumber(text: string): number | undefined {
  const upper = text.toUpperCase()
  if (Object.hasOwn(Type, upper)) return Type[upper as keyof typeof Type]
  const digits = /^(?:TYPE)?(\d{1,5})$/.exec(upper)?.[1]
  const number = digits === undefined ? Number.NaN : Number(digits)
  return number >= 1 && number <= 65535 ? number : undefined
}

/** Classes (RFC 1035 §3.2.4). */
export const Class = { IN: 1, CH: 3, ANY: 255 } as const

/** Response codes (RFC 1035 §4.1.1, RFC 2136, RFC 6891 §9). Those above 15 need an OPT record to travel. */
export const Rcode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  BADVERS: 16,
} as const

/** The mnemonic of a response code, or `RCODE17`. */
export const rcodeName = (rcode: number): string =>
  Object.entries(Rcode).find(([, number]) => number === rcode)?.[0] ?? `RCODE${rcode}`

/** Whether nothing was found out, so that nothing may be concluded from the answer or kept. */
export const isFailure = (rcode: number): boolean =>
  rcode !== Rcode.NOERROR && rcode !== Rcode.NXDOMAIN && rcode !== Rcode.YXDOMAIN

/** Bits of the second header word (RFC 1035 §4.1.1, RFC 4035 §3). */
export const Flag = {
  QR: 0x8000,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  RA: 0x0080,
  AD: 0x0020,
  CD: 0x0010,
} as const

/** EDNS(0) option codes. */
export const Option = { CLIENT_SUBNET: 8, PADDING: 12, EDE: 15 } as const

/** Extended DNS Error codes (RFC 8914 §4, RFC 9462 and the IANA registry). */
export const ExtendedError = {
  OTHER: 0,
  STALE_ANSWER: 3,
  DNSSEC_INDETERMINATE: 5,
  FILTERED: 17,
  PROHIBITED: 18,
  STALE_NXDOMAIN_ANSWER: 19,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
  INVALID_DATA: 24,
  TOO_EARLY: 26,
  SYNTHESIZED: 29,
  INVALID_QUERY_TYPE: 30, // RFC 9824
} as const

/** Octets of the fixed message header (RFC 1035 §4.1.1). */
export const HEADER_LENGTH = 12

/** The largest DNS message there can be: DoH carries no length of its own (RFC 8484 §6). */
export const MAX_MESSAGE_LENGTH = 65_535

/** The media type of a DNS message over HTTPS (RFC 8484 §6). */
export const DNS_MESSAGE = 'application/dns-message'
