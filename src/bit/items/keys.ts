import { Type } from '../../dns/protocol.ts'
import { isWellFormedRdata } from '../../dns/rdata.ts'
import { isList, isObject, type Value } from '../value.ts'
import { list } from './item.ts'
import { isUnsigned, MAX_UINT8, MAX_UINT16, octetsFrom, uint16 } from './octets.ts'
import { uncompressedKey } from './p256.ts'

/** RFC 6698 §2.1.2 and §2.1.3: the whole public key, not hashed. */
const SELECTOR_PUBLIC_KEY = 1
const MATCHING_EXACT = 0

/**
 * `ds`: DS records `[key tag, algorithm, digest type, digest]` (ifa-0001). How long the digest is must not be looked
 * at: hexadecimal by mistake is good base64, and is served as that.
 */
export const ds = list((entry) => {
  if (!isList(entry)) return 'not an array'
  const [tag, algorithm, digestType, text] = entry
  const digest = octetsFrom(text)
  if (
    !isUnsigned(tag, MAX_UINT16) ||
    !isUnsigned(algorithm, MAX_UINT8) ||
    !isUnsigned(digestType, MAX_UINT8) ||
    !digest
  )
    return 'not [key tag, algorithm, digest type, digest]'
  return [Uint8Array.from([...uint16(tag), algorithm, digestType, ...digest])]
})

/**
 * `sshfp`: SSHFP records `[algorithm, type, fingerprint]` (ifa-0001). Readers refuse the whole message over a
 * fingerprint that is not as long as its type says.
 */
export const sshfp = list((entry) => {
  if (!isList(entry)) return 'not an array'
  const [algorithm, type, text] = entry
  const fingerprint = octetsFrom(text)
  if (!isUnsigned(algorithm, MAX_UINT8) || !isUnsigned(type, MAX_UINT8) || !fingerprint)
    return 'not [algorithm, type, fingerprint]'
  const rdata = Uint8Array.from([algorithm, type, ...fingerprint])
  return isWellFormedRdata(Type.SSHFP, rdata) ? [rdata] : 'a fingerprint too long or too short for its type'
})

/**
 * `tls`: TLSA records `[usage, selector, matching type, data]` (ifa-0001), or `{"dane": […]}` around one (ifa-0003).
 * Numbers nobody has assigned yet pass. A whole public key in the compressed form is served in the usual form as
 * well, for that is the one in certificates (ncdns 88affcd).
 *
 * `{"d8": …}`, a certificate to be put together from its parts, is left out; `dane` beside it says the same (ifa-0003).
 */
export const tls = list((entry) => {
  const dane = isObject(entry) ? entry.get('dane') : entry
  if (!isList(dane)) return isObject(entry) ? 'no dane' : 'not an array'
  return tlsaRdata(dane)
})

function tlsaRdata(dane: readonly Value[]): Uint8Array[] | string {
  const [usage, selector, matching, text] = dane
  const data = octetsFrom(text)
  if (
    !isUnsigned(usage, MAX_UINT8) ||
    !isUnsigned(selector, MAX_UINT8) ||
    !isUnsigned(matching, MAX_UINT8) ||
    !data
  )
    return 'not [usage, selector, matching type, data]'
  const key =
    selector === SELECTOR_PUBLIC_KEY && matching === MATCHING_EXACT ? uncompressedKey(data) : undefined
  return [data, ...(key === undefined ? [] : [key])].map((association) =>
    Uint8Array.from([usage, selector, matching, ...association]),
  )
}
