/**
 * Public keys on the curve P-256 in their compressed form (SEC 1 §2.3.4), which saves 32 octets of a Namecoin value.
 */

/** SubjectPublicKeyInfo (RFC 5480 §2) of a P-256 key, up to the octets of the point: compressed and uncompressed. */
const ALGORITHM = '301306072a8648ce3d020106082a8648ce3d030107'
const COMPRESSED = fromHex(`3039${ALGORITHM}032200`)
const UNCOMPRESSED = fromHex(`3059${ALGORITHM}034200`)
const COORDINATE_LENGTH = 32

/** The prime and the coefficient of y² = x³ − 3x + b (FIPS 186-5, SP 800-186 §3.2.1.3). */
const PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

/**
 * The same key with both coordinates of its point.
 * @param spki a SubjectPublicKeyInfo in DER
 * @returns undefined when it is no compressed P-256 key, or its point is not on the curve
 */
export function uncompressedKey(spki: Uint8Array): Uint8Array | undefined {
  if (spki.length !== COMPRESSED.length + 1 + COORDINATE_LENGTH) return undefined
  if (!COMPRESSED.every((octet, index) => octet === spki[index])) return undefined
  const form = spki[COMPRESSED.length]!
  if (form !== 2 && form !== 3) return undefined
  const coordinate = spki.subarray(COMPRESSED.length + 1)
  const x = coordinate.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n)
  if (x >= PRIME) return undefined

  const square = modulo(x ** 3n - 3n * x + B)
  // The prime is 3 modulo 4, so that this power is the root, if there is one.
  const root = power(square, (PRIME + 1n) / 4n)
  if (modulo(root * root) !== square) return undefined
  const y = (root & 1n) === BigInt(form & 1) ? root : PRIME - root
  return Uint8Array.from([...UNCOMPRESSED, 4, ...coordinate, ...fromHex(y.toString(16).padStart(64, '0'))])
}

const modulo = (number: bigint): bigint => ((number % PRIME) + PRIME) % PRIME

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let square = base, rest = exponent; rest > 0n; square = modulo(square * square), rest >>= 1n)
    if ((rest & 1n) === 1n) result = modulo(result * square)
  return result
}

function fromHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16))
}
