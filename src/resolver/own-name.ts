import { encodeAnswer } from '../dns/encode.ts'
import { equalNames, type Name, nameToWire } from '../dns/name.ts'
import { ExtendedError, Rcode, Type } from '../dns/protocol.ts'
import { queryName } from '../dns/query.ts'
import { encodeRdata } from '../dns/rdata.ts'
import { emptyZoneSoa, LOCAL_TTL } from './local-names.ts'
import type { Stage } from './question.ts'

/** What a client asks that knows no more of its resolver than an address (RFC 9462 §4, RFC 9606 §3). */
const RESOLVER: Name = ['resolver', 'arpa']
const RESOLVER_DISCOVERY: Name = ['_dns', ...RESOLVER]

/** Keys of SvcParams (RFC 9460 §14.3.2, RFC 9461 §5). */
const Parameter = { ALPN: 1, PORT: 3, DOH_PATH: 7 } as const

const HTTPS_PORT = 443

/**
 * Tells clients that ask for it where and what this gateway is: DDR (RFC 9462), and RESINFO (RFC 9606).
 *
 * Of the gateway's own name only these two records are answered here: all others are its operator's, in its zone.
 *
 * @param publicUrl where clients reach it: `https://doh.example/dns-query`
 */
export function ownNameStage(publicUrl: string): Stage {
  const { hostname, port, pathname, origin } = new URL(publicUrl)
  const host: Name = hostname.replace(/\.$/, '').split('.')
  const service = serviceData(host, port === '' ? HTTPS_PORT : Number(port), `${pathname}{?dns}`)
  const information = encodeRdata(Type.TXT, [`exterr=${EXTENDED_ERRORS}`, `infourl=${origin}/`])
  const discovery: readonly Name[] = [RESOLVER_DISCOVERY, ['_dns', ...host]]

  return async function ownName(question, next) {
    const { type } = question.query
    const answerWith = (data: Uint8Array | undefined) =>
      encodeAnswer({
        question: { name: queryName(question.query), type, class: question.query.class },
        rcode: Rcode.NOERROR,
        authoritative: true,
        answer: data === undefined ? [] : [{ name: question.name, type, ttl: LOCAL_TTL, data }],
        authority: data === undefined ? [emptyZoneSoa(RESOLVER)] : [],
      })
    const isNamed = (names: readonly Name[]) => names.some((name) => equalNames(name, question.name))

    if (type === Type.SVCB && isNamed(discovery)) return answerWith(service)
    if (type === Type.RESINFO && isNamed([RESOLVER, host])) return answerWith(information)
    // The name is there now, so that other types are NODATA.
    return isNamed([RESOLVER_DISCOVERY]) ? answerWith(undefined) : next(question)
  }
}

/** RDATA of the SVCB record: one server, DoH over HTTP/2, under this name (RFC 9461 §4 and §5). */
function serviceData(target: Name, port: number, path: string): Uint8Array {
  const parameter = (key: number, value: readonly number[]) => [
    0,
    key,
    value.length >> 8,
    value.length & 0xff,
    ...value,
  ]
  return Uint8Array.of(
    0,
    1, // SvcPriority
    ...nameToWire(target),
    ...parameter(Parameter.ALPN, [2, ...Buffer.from('h2')]),
    ...parameter(Parameter.PORT, [port >> 8, port & 0xff]),
    ...parameter(Parameter.DOH_PATH, [...Buffer.from(path)]),
  )
}

/** The Extended DNS Errors that may come from here, as RESINFO lists them: `0,3-4,17-24` (RFC 9606 §5). */
const EXTENDED_ERRORS = ranges(Object.values(ExtendedError))

function ranges(numbers: readonly number[]): string {
  const found: { first: number; last: number }[] = []
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const range = found.at(-1)
    if (range?.last === number - 1) range.last = number
    else found.push({ first: number, last: number })
  }
  return found.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}
