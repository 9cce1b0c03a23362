import { lowerLabel, type Name, nameToText, nameToWire } from '../../dns/name.ts'
import { type DomainObject, objectWithChildren, toDomainObject } from '../domain.ts'
import { isLabel } from '../name.ts'
import type { Qualify } from '../relative.ts'
import { isList, type Value } from '../value.ts'
import { type ItemContext, list } from './item.ts'
import { isUnsigned, MAX_UINT16, uint16 } from './octets.ts'

/** ifa-0001, MX: only services on this port are mail exchangers. */
const SMTP_PORT = 25

interface Service {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: Name
}

/** One entry of `srv`; what follows the first four values is ignored (ifa-0001). */
function toService(entry: Value, qualify: Qualify): Service | undefined {
  if (!isList(entry)) return undefined
  const [priority, weight, port, text] = entry
  if (!isUnsigned(priority, MAX_UINT16) || !isUnsigned(weight, MAX_UINT16) || !isUnsigned(port, MAX_UINT16))
    return undefined
  // RFC 2782: the target `.` says that there is no such service here.
  const target = typeof text === 'string' ? qualify(text) : undefined
  return target && { priority, weight, port, target }
}

const mxRdata = (preference: number, exchange: Name) =>
  Uint8Array.from([...uint16(preference), ...nameToWire(exchange)])

const NOT_A_SERVICE = 'not [priority, weight, port, target]'

/** `srv`: SRV records at the item's own place (ifa-0001). */
export const srv = list((entry, qualify) => {
  const service = toService(entry, qualify)
  if (service === undefined) return NOT_A_SERVICE
  const { priority, weight, port, target } = service
  return [Uint8Array.from([...uint16(priority), ...uint16(weight), ...uint16(port), ...nameToWire(target)])]
})

/** `srv` at `_smtp._tcp`: the MX records two labels up (ifa-0001, MX). */
export const mxFromSrv = list((entry, qualify) => {
  const service = toService(entry, qualify)
  if (service === undefined) return NOT_A_SERVICE
  return service.port === SMTP_PORT ? [mxRdata(service.priority, service.target)] : []
})

/** `mx`, which ncdns reads and ifa-0001 does not have: `[[preference, exchange], …]`. */
export const mx = list((entry, qualify) => {
  if (!isList(entry)) return 'not an array'
  const [preference, text] = entry
  const exchange = typeof text === 'string' ? qualify(text) : undefined
  return exchange === undefined || !isUnsigned(preference, MAX_UINT16)
    ? 'not [preference, exchange]'
    : [mxRdata(preference, exchange)]
})

/**
 * `service` of the 2.0 specification, deprecated: `["smtp", "tcp", priority, weight, port, target]` is an SRV record
 * at `_smtp._tcp` below. Read as an object to lie below all others, so that every `srv` there takes precedence.
 */
export function serviceObject(value: Value, { qualify, report }: ItemContext): DomainObject | undefined {
  if (!isList(value)) return undefined
  const protocols = new Map<string, Map<string, Value[]>>()
  value.forEach((entry, index) => {
    const [service, protocol, ...fields] = isList(entry) ? entry : []
    const labels = [underscored(service), underscored(protocol)] as const
    const target = toService(fields, qualify)?.target
    if (labels[0] === undefined || labels[1] === undefined || target === undefined) {
      report?.(`entry ${index}: not [service, protocol, priority, weight, port, target]`)
      return
    }
    const services = protocols.get(labels[1]) ?? new Map<string, Value[]>()
    const entries = services.get(labels[0]) ?? []
    protocols.set(
      labels[1],
      services.set(labels[0], [...entries, [...fields.slice(0, 3), nameToText(target)]]),
    )
  })
  return protocols.size === 0
    ? undefined
    : objectOf(protocols, (services) =>
        objectOf(services, (entries) => toDomainObject(new Map([['srv', entries]]))),
      )
}

const objectOf = <T>(children: ReadonlyMap<string, T>, toObject: (child: T) => DomainObject): DomainObject =>
  objectWithChildren(new Map([...children].map(([label, child]) => [label, toObject(child)])))

function underscored(value: Value | undefined): string | undefined {
  const label = typeof value === 'string' ? `_${lowerLabel(value)}` : ''
  return isLabel(label) ? label : undefined
}
