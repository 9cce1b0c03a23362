import { Option } from './protocol.ts'

/** Octets of an OPT record without options: root owner, TYPE, CLASS, TTL, RDLENGTH (RFC 6891 §6.1.2). */
export const OPT_LENGTH = 11
/** Octets before an option's data: OPTION-CODE and OPTION-LENGTH. */
export const OPTION_HEADER_LENGTH = 4

/**
 * The UDP payload size we name. It says nothing over HTTPS, but the field must hold something: the size that
 * avoids fragmentation (DNS Flag Day 2020).
 */
export const UDP_PAYLOAD_SIZE = 1_232

/** Answers are padded to a multiple of this (RFC 8467 §4.1). */
export const RESPONSE_BLOCK = 468
/** Queries are padded to a multiple of this (RFC 8467 §4.1). */
export const QUERY_BLOCK = 128
/** No answer is padded beyond this: six blocks; the next multiple is more than curl reads (`doh-clients.md` §2c.3). */
export const MAX_PADDED_LENGTH = 2_808

/** The longest EXTRA-TEXT we send: it is for people, and must not crowd out addresses. */
const MAX_EXTRA_TEXT_OCTETS = 160

/**
 * An Extended DNS Error option (RFC 8914 §2), ready for an OPT record.
 * @param code see `ExtendedError`
 * @param text for people, in UTF-8; cut after 160 octets
 */
export function extendedError(code: number, text: string): Uint8Array {
  const extra = new TextEncoder().encode(text).subarray(0, MAX_EXTRA_TEXT_OCTETS)
  const length = 2 + extra.length
  const option = new Uint8Array(OPTION_HEADER_LENGTH + length)
  option.set([0, Option.EDE, length >> 8, length & 0xff, code >> 8, code & 0xff])
  option.set(extra, 6)
  return option
}

/** Those options of an OPT's RDATA that are Extended DNS Errors: all that is passed on, the rest is hop by hop. */
export function keepExtendedErrors(options: Uint8Array): Uint8Array {
  const kept: number[] = []
  let offset = 0
  while (offset + OPTION_HEADER_LENGTH <= options.length) {
    const code = (options[offset]! << 8) | options[offset + 1]!
    const end = offset + OPTION_HEADER_LENGTH + ((options[offset + 2]! << 8) | options[offset + 3]!)
    if (end > options.length) break
    if (code === Option.EDE && end - offset >= OPTION_HEADER_LENGTH + 2)
      kept.push(...options.subarray(offset, end))
    offset = end
  }
  return Uint8Array.from(kept)
}

/** The INFO-CODEs of options that are all Extended DNS Errors (RFC 8914 §2). */
export function extendedErrorCodes(options: Uint8Array): number[] {
  const codes: number[] = []
  let offset = 0
  while (offset + OPTION_HEADER_LENGTH + 2 <= options.length) {
    codes.push((options[offset + 4]! << 8) | options[offset + 5]!)
    offset += OPTION_HEADER_LENGTH + ((options[offset + 2]! << 8) | options[offset + 3]!)
  }
  return codes
}

/**
 * Extended DNS Errors with which a resolver says what it found out about the name: DNSSEC does not hold (RFC 8914 §4.6
 * to §4.13, IANA's 25, RFC 9276 §3.2), or the name is blocked (§4.16 to §4.18).
 */
const VERDICTS: ReadonlySet<number> = new Set([5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 17, 25, 27])

/** Whether options that are all Extended DNS Errors say so: then no other resolver knows better. */
export const hasVerdict = (options: Uint8Array): boolean =>
  extendedErrorCodes(options).some((code) => VERDICTS.has(code))

/**
 * Writes an OPT record, with PADDING when `padding` is not undefined (then even for 0 octets: RFC 7830 §3).
 * @returns the offset behind it
 */
export function writeOpt(
  into: Uint8Array,
  offset: number,
  opt: { rcode: number; dnssecOk: boolean; options: Uint8Array; padding: number | undefined },
): number {
  const paddingLength = opt.padding === undefined ? 0 : OPTION_HEADER_LENGTH + opt.padding
  const length = opt.options.length + paddingLength
  into[offset] = 0
  into[offset + 1] = 0
  into[offset + 2] = 41
  into[offset + 3] = UDP_PAYLOAD_SIZE >> 8
  into[offset + 4] = UDP_PAYLOAD_SIZE & 0xff
  into[offset + 5] = opt.rcode >> 4
  into[offset + 6] = 0
  into[offset + 7] = opt.dnssecOk ? 0x80 : 0
  into[offset + 8] = 0
  into[offset + 9] = length >> 8
  into[offset + 10] = length & 0xff
  into.set(opt.options, offset + OPT_LENGTH)
  let end = offset + OPT_LENGTH + opt.options.length
  if (opt.padding !== undefined) {
    into[end] = 0
    into[end + 1] = Option.PADDING
    into[end + 2] = opt.padding >> 8
    into[end + 3] = opt.padding & 0xff
    end += OPTION_HEADER_LENGTH
    into.fill(0, end, end + opt.padding)
    end += opt.padding
  }
  return end
}
