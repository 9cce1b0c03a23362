import { type Name, nameFromText } from '../dns/name.ts'
import { Type } from '../dns/protocol.ts'
import type { CheckNames } from './clause.ts'

/** Letters and digits that need no escape anywhere: RFC 4648 §7 in lower case. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'
const LABEL_LENGTH = 16

/** A label of 80 random bits. */
export const freshLabel = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(LABEL_LENGTH)), (octet) => LETTERS[octet & 31]).join('')

const name = (text: string): Name => nameFromText(text)!

/**
 * Names that every public resolver can answer. IANA's and the root's are there for good; dnssec-failed.org is wrongly
 * signed on purpose.
 */
export const publicNames = (): CheckNames => ({
  name: name('example.com'),
  nxdomain: [freshLabel(), ...name('example.com')],
  alias: name('www.iana.org'),
  servfail: name('dnssec-failed.org'),
  long: { name: [], type: Type.DNSKEY },
})
