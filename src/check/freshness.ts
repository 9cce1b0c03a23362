import type { Message } from '../dns/message.ts'
import { Type } from '../dns/protocol.ts'
import { header, headers } from './ask.ts'
import type { DohResponse } from './server.ts'

/** For how long a response may be kept by HTTP, and for how long by DNS. */

/** Directives of Cache-Control, names in lower case. */
export const directives = (response: DohResponse): readonly string[] =>
  headers(response, 'cache-control')
    .flatMap((value) => value.split(','))
    .map((directive) => directive.trim().toLowerCase())

/** Seconds for which a shared or private cache may keep a response (RFC 9111 §4.2.1); undefined when it says none. */
export function freshness(response: DohResponse): number | undefined {
  const given = directives(response)
  if (given.includes('no-store') || given.includes('no-cache')) return 0
  const ages = given
    .map((each) => /^(?:s-maxage|max-age)="?(\d+)"?$/.exec(each)?.[1])
    .filter((age) => age !== undefined)
  if (ages.length > 0) return Math.max(...ages.map(Number))
  const [expires, date] = [header(response, 'expires'), header(response, 'date')]
  if (expires === undefined || date === undefined) return undefined
  const seconds = (Date.parse(expires) - Date.parse(date)) / 1000
  return Number.isNaN(seconds) ? 0 : Math.max(0, seconds)
}

/** Seconds. */
export const shortestTtl = ({ answer }: Message): number => Math.min(...answer.map(({ ttl }) => ttl))

/** Octets of an SOA's RDATA with two root names: those and five numbers (RFC 1035 §3.3.13). */
const SHORTEST_SOA = 22

/** MINIMUM of the SOA in the authority section: the last of its numbers. */
export function soaMinimum({ authority }: Message): number | undefined {
  const data = authority.find(({ type }) => type === Type.SOA)?.data
  if (data === undefined || data.length < SHORTEST_SOA) return undefined
  return new DataView(data.buffer, data.byteOffset, data.length).getUint32(data.length - 4)
}
