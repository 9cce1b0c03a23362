import { Type } from '../../dns/protocol.ts'
import { isWellFormedRdata } from '../../dns/rdata.ts'
import { isList } from '../value.ts'
import { type ItemReader, list } from './item.ts'
import { isUnsigned, MAX_UINT16, octetsFrom } from './octets.ts'

/** ifa-0001, `o`: types that DNS servers and resolvers act upon. */
const PROHIBITED: ReadonlySet<number> = new Set([
  Type.NS,
  Type.CNAME,
  Type.SOA,
  Type.DNAME,
  Type.DS,
  Type.RRSIG,
  Type.NSEC,
  Type.NSEC3,
  // And of the same kind, beyond ifa-0001 (namecoin-values §4.2): no owner of a name may speak for the zone .bit.
  Type.OPT,
  Type.DNSKEY,
  Type.NSEC3PARAM,
  Type.CDS,
  Type.CDNSKEY,
])
/** Types of questions and transactions, not of data (RFC 6895 §3.1). */
const FIRST_META_TYPE = 128
const LAST_META_TYPE = 255

const isAllowed = (type: number): boolean =>
  type !== 0 && !PROHIBITED.has(type) && !(type >= FIRST_META_TYPE && type <= LAST_META_TYPE)

/**
 * `o`: records of any type as octets, `[type, rdata]` (ifa-0001). RDATA of types that readers may know must be sure to
 * be well-formed, so that one record cannot spoil a message; that of types not assigned is opaque (RFC 3597).
 *
 * @param wanted the type asked for
 */
export const opaque = (wanted: number): ItemReader =>
  list((entry) => {
    if (!isList(entry)) return 'not an array'
    const [type, text] = entry
    if (!isUnsigned(type, MAX_UINT16)) return 'not [type, rdata]'
    if (!isAllowed(type)) return 'a type that is prohibited'
    if (type !== wanted) return []
    const rdata = octetsFrom(text)
    return rdata === undefined || !isWellFormedRdata(type, rdata) ? 'malformed rdata' : [rdata]
  })
