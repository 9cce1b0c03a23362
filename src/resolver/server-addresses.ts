import { BIT } from '../bit/apex.ts'
import type { AddressesOf } from '../delegation/candidates.ts'
import { readMessage } from '../dns/message.ts'
import { isAtOrBelow, nameToWire } from '../dns/name.ts'
import { Class, Flag, Type } from '../dns/protocol.ts'
import type { Answerer } from './question.ts'

/**
 * The addresses of nameservers: of .bit names from the chain, of all others from the upstream.
 *
 * @param inBit answers without joining a flight: a delegation that leads back to itself would wait for itself
 */
export function serverAddresses(inBit: Answerer, outside: Answerer): AddressesOf {
  return async function addressesOf(name, type, trail, signal) {
    const wireName = nameToWire(name)
    const query = { id: 0, flags: Flag.RD, wireName, type, class: Class.IN, edns: undefined }
    const resolve = isAtOrBelow(name, BIT) ? inBit : outside
    try {
      const { bytes } = await resolve({ query, name, signal, following: trail })
      const length = type === Type.A ? 4 : 16
      const records = (readMessage(bytes)?.answer ?? []).filter(
        (record) => record.type === type && record.data.length === length,
      )
      return {
        addresses: records.map(({ data }) => data),
        ttl: Math.min(...records.map(({ ttl }) => ttl)),
      }
    } catch {
      // A source that throws: the client's question may do without this server.
      return { addresses: [], ttl: 0 }
    }
  }
}
