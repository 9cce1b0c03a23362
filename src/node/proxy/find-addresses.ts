import { buildQuery } from '../../dns/build-query.ts'
import { extendedErrors, type Message, messageRcode, readMessage } from '../../dns/message.ts'
import type { Name } from '../../dns/name.ts'
import { extendedErrorName } from '../../dns/presentation.ts'
import { Rcode, rcodeName, Type } from '../../dns/protocol.ts'
import { type Refusal, refusal } from './refusal.ts'

/** Asks a gateway, here or elsewhere: a query in, the answer out. Rejects when there is none. */
export type Ask = (query: Uint8Array) => Promise<Uint8Array>

/**
 * The addresses of a name in the order in which they are to be tried: that of the answers, IPv6 and IPv4 by turns
 * (RFC 8305 §4). What one of the two questions brings counts without the other.
 */
export async function findAddresses(
  ask: Ask,
  name: Name,
): Promise<{ readonly kind: 'addresses'; readonly addresses: readonly Uint8Array[] } | Refusal> {
  const askFor = async (type: number): Promise<Message | undefined> =>
    readMessage(await ask(buildQuery({ name, type, dnssecOk: false, checkingDisabled: false })))
  const types = [Type.AAAA, Type.A]
  const answers = await Promise.all(types.map((type) => askFor(type).catch(() => undefined)))
  const [ipv6 = [], ipv4 = []] = answers.map((message, index) =>
    (message?.answer ?? []).filter(({ type }) => type === types[index]).map(({ data }) => data),
  )
  const addresses = alternately(ipv6, ipv4)
  return addresses.length > 0 ? { kind: 'addresses', addresses } : noAddress(answers)
}

/** The worst that was said: what failed may have had an address. */
function noAddress(answers: readonly (Message | undefined)[]): Refusal {
  if (answers.includes(undefined)) return refusal('dns_error', 'The gateway could not be asked for the name.')
  const messages = answers as readonly Message[]
  const failed = messages.find((message) => !ABSENCES.includes(messageRcode(message)))
  if (failed !== undefined) {
    const why = extendedErrors(failed).map(({ code, text }) => (text === '' ? extendedErrorName(code) : text))
    const reason = [rcodeName(messageRcode(failed)), ...why].join(': ')
    return refusal('dns_error', `The name could not be resolved: ${reason}.`)
  }
  return messages.some((message) => messageRcode(message) === Rcode.NXDOMAIN)
    ? refusal('dns_error', 'There is no such name.')
    : refusal('dns_error', 'The name has no address.')
}

const ABSENCES: readonly number[] = [Rcode.NOERROR, Rcode.NXDOMAIN]

const alternately = <Item>(first: readonly Item[], second: readonly Item[]): readonly Item[] =>
  Array.from({ length: Math.max(first.length, second.length) }, (_, index) => [
    ...first.slice(index, index + 1),
    ...second.slice(index, index + 1),
  ]).flat()
