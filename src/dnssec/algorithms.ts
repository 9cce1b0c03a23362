/** The signature algorithms of DNSSEC by WebCrypto (IANA, DNS Security Algorithm Numbers; RFC 9904 §3). */
import type { DnsKey } from './dnskey.ts'

interface Algorithm {
  /** @returns undefined for octets that are no such key */
  importKey(publicKey: Uint8Array<ArrayBuffer>): Promise<CryptoKey> | undefined
  readonly verification: AlgorithmIdentifier | EcdsaParams
}

const VERIFY: KeyUsage[] = ['verify']

const base64url = (octets: Uint8Array): string =>
  btoa(String.fromCharCode(...octets))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

/** RFC 5702 §2: the longest modulus. */
const MAX_RSA_MODULUS_OCTETS = 4096 / 8
/**
 * Attack: the cost of a verification grows with the exponent, and that is the key's owner's to choose. All that are
 * in use fit into 33 bits.
 */
const MAX_RSA_EXPONENT_OCTETS = 5

/** RFC 3110 §2: the exponent's length in one octet, or in the two behind a zero; the exponent; the modulus. */
function rsaNumbers(publicKey: Uint8Array): { exponent: Uint8Array; modulus: Uint8Array } | undefined {
  const isLong = publicKey[0] === 0
  const start = isLong ? 3 : 1
  const length = isLong ? (publicKey[1]! << 8) | publicKey[2]! : publicKey[0]!
  const exponent = publicKey.subarray(start, start + length)
  const modulus = publicKey.subarray(start + length)
  const isOne =
    publicKey.length > start &&
    exponent.length >= 1 &&
    exponent.length <= MAX_RSA_EXPONENT_OCTETS &&
    modulus.length >= 1 &&
    modulus.length <= MAX_RSA_MODULUS_OCTETS
  return isOne ? { exponent, modulus } : undefined
}

/** RFC 5702. The length of the hash is in the name of the algorithm, the signature is that of PKCS #1 v1.5. */
const rsa = (hash: string): Algorithm => ({
  verification: 'RSASSA-PKCS1-v1_5',
  importKey(publicKey) {
    const numbers = rsaNumbers(publicKey)
    if (numbers === undefined) return undefined
    const key = { kty: 'RSA', e: base64url(numbers.exponent), n: base64url(numbers.modulus) }
    return crypto.subtle.importKey('jwk', key, { name: 'RSASSA-PKCS1-v1_5', hash }, false, VERIFY)
  },
})

/** RFC 6605 §4: a key is a point without the octet that says so; a signature is the two numbers, as WebCrypto has it. */
const ecdsa = (namedCurve: string, hash: string, coordinateOctets: number): Algorithm => ({
  verification: { name: 'ECDSA', hash },
  importKey(publicKey) {
    if (publicKey.length !== 2 * coordinateOctets) return undefined
    const point = Uint8Array.from([4, ...publicKey])
    return crypto.subtle.importKey('raw', point, { name: 'ECDSA', namedCurve }, false, VERIFY)
  },
})

/** RFC 8080 §3. */
const ed25519: Algorithm = {
  verification: 'Ed25519',
  importKey: (publicKey) => crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, VERIFY),
}

/** Those that may be used for validation (RFC 9904 §3, RFC 9905) and that WebCrypto has: no Ed448 (16). */
const ALGORITHMS: ReadonlyMap<number, Algorithm> = new Map<number, Algorithm>([
  [8, rsa('SHA-256')],
  [10, rsa('SHA-512')],
  [13, ecdsa('P-256', 'SHA-256', 32)],
  [14, ecdsa('P-384', 'SHA-384', 48)],
  [15, ed25519],
])

export const isSupportedAlgorithm = (number: number): boolean => ALGORITHMS.has(number)

/** Whether the signature is the key's over the data. False as well for a key that is none. Never rejects. */
export async function verify(
  { algorithm: number, publicKey }: DnsKey,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const algorithm = ALGORITHMS.get(number)
  try {
    const key = await algorithm?.importKey(publicKey)
    if (algorithm === undefined || key === undefined) return false
    return await crypto.subtle.verify(algorithm.verification, key, signature, data)
  } catch {
    return false // The runtime refuses the key: a point off the curve, a modulus too short.
  }
}
