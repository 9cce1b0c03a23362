import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto'
import { isIP, isIPv6 } from 'node:net'

/**
 * X.509 certificates (RFC 5280) for a local CA: ECDSA P-256 with SHA-256, and only the extensions that a CA and a
 * server need. Written by hand because the small libraries cannot constrain a CA to names, and a CA that people
 * add to their trust store must not be able to vouch for their bank.
 */
export interface KeyAndCertificate {
  /** The private key, PKCS #8 PEM. */
  readonly key: string
  /** The certificate, PEM. */
  readonly cert: string
}

/** From and until when a certificate holds. */
export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** The names and networks that a CA may vouch for (RFC 5280 §4.2.1.10). */
export interface PermittedNames {
  /** DNS names; each permits itself and what is below it. */
  readonly names: readonly string[]
  /** Networks: an address and the length of its prefix. */
  readonly networks: readonly { readonly address: string; readonly prefix: number }[]
}

/** Makes a CA that may sign servers' certificates for the permitted names alone, and no further CA. */
export function makeCa(commonName: string, permitted: PermittedNames, validity: Validity): KeyAndCertificate {
  const key = newKey()
  const subject = distinguishedName(commonName)
  return issue(key, subject, { key: key.pem, subject, keyId: keyId(key.publicKey) }, validity, [
    extension(Oid.basicConstraints, 'critical', sequence(TRUE, integer(Buffer.of(0)))),
    extension(Oid.keyUsage, 'critical', keyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign)),
    extension(Oid.nameConstraints, 'critical', sequence(context(0, permittedSubtrees(permitted)))),
  ])
}

/** Makes a server's certificate for the hosts (names and addresses), signed by the CA. */
export function makeServerCertificate(
  ca: KeyAndCertificate,
  hosts: readonly string[],
  validity: Validity,
): KeyAndCertificate {
  const issuer = new X509Certificate(ca.cert)
  const publicKey = issuer.publicKey.export({ type: 'spki', format: 'der' })
  const signer = { key: ca.key, subject: subjectOf(issuer), keyId: keyId(publicKey) }
  return issue(newKey(), distinguishedName(hosts[0]!), signer, validity, [
    extension(Oid.basicConstraints, 'critical', sequence()),
    extension(Oid.keyUsage, 'critical', keyUsage(KeyUsage.digitalSignature)),
    extension(Oid.extKeyUsage, 'plain', sequence(Oid.serverAuth)),
    extension(Oid.subjectAltName, 'plain', sequence(...hosts.map(hostName))),
  ])
}

interface NewKey {
  readonly pem: string
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer
}

interface Signer {
  readonly key: string
  /** The distinguished name, DER. */
  readonly subject: Buffer
  readonly keyId: Buffer
}

function newKey(): NewKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
  }
}

/** Octets of a serial number. RFC 5280 §4.1.2.2: at most 20, positive; the CA/Browser Forum asks for 64 random bits. */
const SERIAL_LENGTH = 16

/** Certificate and TBSCertificate, RFC 5280 §4.1. */
function issue(
  key: NewKey,
  subject: Buffer,
  signer: Signer,
  validity: Validity,
  extensions: readonly Buffer[],
): KeyAndCertificate {
  const serial = randomBytes(SERIAL_LENGTH)
  serial[0] = (serial[0]! & 0x7f) | 0x40
  const algorithm = sequence(Oid.ecdsaWithSha256)
  const toBeSigned = sequence(
    context(0, integer(Buffer.of(2))), // v3
    integer(serial),
    algorithm,
    signer.subject,
    sequence(time(validity.notBefore), time(validity.notAfter)),
    subject,
    key.publicKey,
    context(
      3,
      sequence(
        ...extensions,
        extension(Oid.subjectKeyIdentifier, 'plain', octetString(keyId(key.publicKey))),
        extension(Oid.authorityKeyIdentifier, 'plain', sequence(primitiveContext(0, signer.keyId))),
      ),
    ),
  )
  const signature = sign('sha256', toBeSigned, createPrivateKey(signer.key))
  const der = sequence(toBeSigned, algorithm, bitString(signature, 0))
  return { key: key.pem, cert: pem('CERTIFICATE', der) }
}

/** RFC 7093 §2 method 1: the first 160 bits of SHA-256 over the key's bits, which end its SubjectPublicKeyInfo. */
const keyId = (publicKey: Buffer): Buffer =>
  createHash('sha256').update(publicKey.subarray(-P256_POINT_LENGTH)).digest().subarray(0, 20)

/** An uncompressed point of P-256 (SEC 1 §2.3.3). */
const P256_POINT_LENGTH = 65

/** The subject of a certificate that `makeCa` made: a common name alone. */
const subjectOf = (certificate: X509Certificate): Buffer =>
  distinguishedName(certificate.subject.replace(/^CN=/, ''))

const distinguishedName = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(Oid.commonName, der(0x0c, Buffer.from(commonName)))))

/** GeneralName, RFC 5280 §4.2.1.6. */
const hostName = (host: string): Buffer =>
  isIP(host) === 0 ? primitiveContext(2, Buffer.from(host)) : primitiveContext(7, addressOctets(host))

const permittedSubtrees = ({ names, networks }: PermittedNames): Buffer =>
  Buffer.concat([
    ...names.map((name) => sequence(primitiveContext(2, Buffer.from(name)))),
    ...networks.map(({ address, prefix }) => {
      const octets = addressOctets(address)
      return sequence(primitiveContext(7, Buffer.concat([octets, maskOctets(octets.length, prefix)])))
    }),
  ])

const maskOctets = (length: number, prefix: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => 0xff & ~(0xff >> Math.min(8, Math.max(0, prefix - 8 * i)))))

/** The 4 or 16 octets of an address. */
function addressOctets(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number))
  // The URL parser writes every IPv6 address as hexadecimal groups, whatever form it came in.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = [], tail = []] = canonical
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** Bits of KeyUsage (RFC 5280 §4.2.1.3), the first of them on the left. */
const KeyUsage = { digitalSignature: 0x80, keyCertSign: 0x04, cRLSign: 0x02 } as const

const keyUsage = (bits: number): Buffer => {
  // DER: trailing zero bits of a named bit list are left off (X.690 §11.2.2).
  const unused = 31 - Math.clz32(bits & -bits)
  return bitString(Buffer.of(bits), unused)
}

const extension = (oid: Buffer, importance: 'critical' | 'plain', value: Buffer): Buffer =>
  sequence(oid, ...(importance === 'critical' ? [TRUE] : []), octetString(value))

/** RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime after. */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/\..*$/, '').replace(/\D/g, '')}Z`
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits))
}

const pem = (label: string, octets: Buffer): string =>
  `-----BEGIN ${label}-----\n${octets.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`

/** One DER value: tag, length, contents (X.690 §8.1). */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), body])
}

const sequence = (...values: readonly Buffer[]): Buffer => der(0x30, ...values)
const integer = (octets: Buffer): Buffer => der(0x02, octets)
const octetString = (octets: Buffer): Buffer => der(0x04, octets)
const bitString = (octets: Buffer, unused: number): Buffer => der(0x03, Buffer.of(unused), octets)
const context = (tag: number, ...values: readonly Buffer[]): Buffer => der(0xa0 | tag, ...values)
const primitiveContext = (tag: number, octets: Buffer): Buffer => der(0x80 | tag, octets)
const TRUE = der(0x01, Buffer.of(0xff))

const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

const base128 = (number: number): number[] => {
  const digits = [number & 0x7f]
  for (let rest = number >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}

const Oid = {
  commonName: oid('2.5.4.3'),
  subjectKeyIdentifier: oid('2.5.29.14'),
  keyUsage: oid('2.5.29.15'),
  subjectAltName: oid('2.5.29.17'),
  basicConstraints: oid('2.5.29.19'),
  nameConstraints: oid('2.5.29.30'),
  authorityKeyIdentifier: oid('2.5.29.35'),
  extKeyUsage: oid('2.5.29.37'),
  serverAuth: oid('1.3.6.1.5.5.7.3.1'),
  ecdsaWithSha256: oid('1.2.840.10045.4.3.2'),
} as const
