import { readName } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { isPrivateAddress } from '../special-addresses.ts'

/** Whether a record leads to a private address: an A or AAAA, or the hints of an SVCB or HTTPS record (RFC 9460 §7.3). */
export function leadsToPrivate({ type, data }: ResourceRecord): boolean {
  if (type === Type.A || type === Type.AAAA) return isPrivateAddress(data)
  if (type !== Type.SVCB && type !== Type.HTTPS) return false
  return hintsOf(data).some(isPrivateAddress)
}

const IPV4_HINT = 4
const IPV6_HINT = 6

/** The addresses in the parameters of an SVCB record; none where it cannot be read. */
function hintsOf(data: Uint8Array): readonly Uint8Array[] {
  const hints: Uint8Array[] = []
  let offset = readName(data, 2)?.end ?? data.length
  while (offset + 4 <= data.length) {
    const key = (data[offset]! << 8) | data[offset + 1]!
    const end = offset + 4 + ((data[offset + 2]! << 8) | data[offset + 3]!)
    const length = key === IPV4_HINT ? 4 : key === IPV6_HINT ? 16 : undefined
    for (
      let at = offset + 4;
      length !== undefined && at + length <= Math.min(end, data.length);
      at += length
    ) {
      hints.push(data.subarray(at, at + length))
    }
    offset = end
  }
  return hints
}
