import { OPT_LENGTH, OPTION_HEADER_LENGTH, QUERY_BLOCK, writeOpt } from '../dns/edns.ts'
import { Class, Flag, HEADER_LENGTH } from '../dns/protocol.ts'
import type { Query } from '../dns/query.ts'

const NO_OPTIONS = new Uint8Array()

/**
 * The query that goes to an upstream in a client's place. It is made anew, so that nothing of the client's own
 * message leaves but name, type, DO and CD: no client subnet, no cookie, no padding habits, no 0x20 pattern.
 *
 * Id 0 (RFC 8484 §4.1), RD, AD (RFC 6840 §5.7: we want to know).
 *
 * @param encrypted then it is padded to a multiple of 128 octets (RFC 8467 §4.1); in the clear padding must not be
 *   sent (RFC 7830 §6: it hides nothing, and amplifies)
 */
export function upstreamQuery(query: Query, encrypted: boolean): Uint8Array {
  const { wireName, type, flags, edns } = query
  const end = HEADER_LENGTH + wireName.length + 4
  const unpadded = end + OPT_LENGTH + (encrypted ? OPTION_HEADER_LENGTH : 0)
  const length = encrypted ? Math.ceil(unpadded / QUERY_BLOCK) * QUERY_BLOCK : unpadded
  const message = new Uint8Array(length)
  const wanted = Flag.RD | Flag.AD | (flags & Flag.CD)
  message.set([0, 0, wanted >> 8, wanted & 0xff, 0, 1, 0, 0, 0, 0, 0, 1])
  for (let index = 0; index < wireName.length; index++) {
    const octet = wireName[index]!
    message[HEADER_LENGTH + index] = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet
  }
  message.set([type >> 8, type & 0xff, 0, Class.IN], end - 4)
  writeOpt(message, end, {
    rcode: 0,
    dnssecOk: edns?.dnssecOk === true,
    options: NO_OPTIONS,
    padding: encrypted ? length - unpadded : undefined,
  })
  return message
}
