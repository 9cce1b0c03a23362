/**
 * Domain names.
 *
 * A `Name` is the list of its labels, leftmost first, without the root: `www.example.bit` is
 * `['www', 'example', 'bit']` and the root is `[]`. A label is a string of octets: each character is one
 * octet (0 to 255), so that any label there can be on the wire, dots and zero bytes included, survives
 * (RFC 2181 §11). Names compare without regard to ASCII case (RFC 4343).
 */
export type Name = readonly string[]

/** RFC 1035 §2.3.4: a label is at most 63 octets. */
export const MAX_LABEL_LENGTH = 63
/** RFC 1035 §2.3.4: a name is at most 255 octets on the wire, length octets and root included. */
export const MAX_NAME_LENGTH = 255

/** Octets of the name on the wire, uncompressed. */
export const nameLength = (name: Name): number => name.reduce((sum, label) => sum + 1 + label.length, 1)

/** Whether the name fits RFC 1035 §2.3.4: no empty label, none above 63 octets, 255 octets in all. */
export const isValidName = (name: Name): boolean =>
  nameLength(name) <= MAX_NAME_LENGTH &&
  name.every((label) => label.length >= 1 && label.length <= MAX_LABEL_LENGTH)

/** ASCII letters to lower case and nothing else: other octets are not letters to DNS (RFC 4343 §3). */
export const lowerLabel = (label: string): string =>
  BEYOND_ASCII.test(label)
    ? label.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    : // Many times faster, and as it should be as long as there are no letters but those of ASCII.
      label.toLowerCase()

/** Octets that `toLowerCase` takes for letters of Latin 1. */
const BEYOND_ASCII = /[\x80-\xff]/

/** The name in lower case (RFC 4343). */
export const lowerName = (name: Name): Name => name.map(lowerLabel)

/**
 * A key that is equal for equal names only: lower case, each label behind its length, as any octet may be in a label.
 * It is made of a name as a whole, for one in lower case label by label takes three times as long; no length is a letter,
 * as labels have 63 octets at the most.
 */
export function nameKey(name: Name): string {
  let key = ''
  for (const label of name) key += String.fromCharCode(label.length) + label
  return lowerLabel(key)
}

/** Whether two names are the same name. */
export const equalNames = (a: Name, b: Name): boolean =>
  a.length === b.length && a.every((label, index) => lowerLabel(label) === lowerLabel(b[index]!))

/** Whether `name` is `ancestor` or lies below it. */
export const isAtOrBelow = (name: Name, ancestor: Name): boolean =>
  name.length >= ancestor.length && equalNames(name.slice(name.length - ancestor.length), ancestor)

/** What needs no escape in a zone file: printable ASCII but `"`, `$`, `(`, `)`, `.`, `;`, `@` and the backslash. */
const NEEDS_ESCAPE = /[^!#%&'*+,\-/0-9:<=>?A-Z[\]^_`a-z{|}~]/g

const escapeLabel = (label: string): string =>
  label.replace(NEEDS_ESCAPE, (octet) =>
    octet > ' ' && octet <= '~' ? `\\${octet}` : `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`,
  )

/** The name as text with a final dot, special octets escaped as in a zone file (RFC 1035 §5.1, RFC 4343 §2.1). */
export const nameToText = (name: Name): string =>
  name.length === 0 ? '.' : `${name.map((label) => escapeLabel(label)).join('.')}.`

/**
 * A name from text, with or without the final dot; `\.` and `\065` escapes are understood (RFC 1035 §5.1).
 * Characters beyond ASCII become their UTF-8 octets; nothing is turned into punycode.
 *
 * @returns undefined when the text is no valid name.
 */
export function nameFromText(text: string): Name | undefined {
  if (text === '.') return []
  const labels: string[] = []
  let label = ''
  const octets = Array.from(new TextEncoder().encode(text), (octet) => String.fromCharCode(octet)).join('')
  for (let index = 0; index < octets.length; index++) {
    const octet = octets[index]!
    if (octet === '.') {
      labels.push(label)
      label = ''
    } else if (octet === '\\') {
      const decimal = /^\d{3}/.exec(octets.slice(index + 1, index + 4))?.[0]
      const escaped = decimal === undefined ? octets[index + 1] : String.fromCharCode(Number(decimal))
      if (escaped === undefined || escaped.charCodeAt(0) > 255) return undefined
      label += escaped
      index += decimal === undefined ? 1 : 3
    } else {
      label += octet
    }
  }
  if (label !== '') labels.push(label)
  return labels.length > 0 && isValidName(labels) ? labels : undefined
}

/** Writes the name uncompressed. The caller has seen to `isValidName`. @returns the offset behind it. */
export function writeName(name: Name, into: Uint8Array, offset: number): number {
  for (const label of name) {
    into[offset++] = label.length
    for (let index = 0; index < label.length; index++) into[offset++] = label.charCodeAt(index)
  }
  into[offset++] = 0
  return offset
}

/** The name on the wire, uncompressed (RFC 1035 §3.1). The caller has seen to `isValidName`. */
export function nameToWire(name: Name): Uint8Array {
  const wire = new Uint8Array(nameLength(name))
  writeName(name, wire, 0)
  return wire
}

/** Pointers followed in one name. A useful one follows a label at least, and a name has at most 127 of those. */
const MAX_POINTERS = 127

/**
 * Reads a name, following compression pointers (RFC 1035 §4.1.4).
 *
 * Attacks: a pointer to itself or forward loops or explodes a naive reader, so each must lead to an earlier octet
 * than the part it ends; a chain of thousands of pointers to pointers, read for each record, costs half a second, so
 * their number is bounded.
 *
 * @returns the name and the offset behind its first part, or undefined when it is malformed.
 */
export function readName(message: Uint8Array, start: number): { name: Name; end: number } | undefined {
  const labels: string[] = []
  let length = 1
  let offset = start
  let partStart = start
  let end = -1
  let pointers = 0
  for (;;) {
    const octet = message[offset]
    if (octet === undefined) return undefined
    if (octet === 0) return { name: labels, end: end === -1 ? offset + 1 : end }
    if (octet >= 0xc0) {
      const low = message[offset + 1]
      if (low === undefined) return undefined
      const target = ((octet & 0x3f) << 8) | low
      if (target >= partStart || ++pointers > MAX_POINTERS) return undefined
      if (end === -1) end = offset + 2
      offset = target
      partStart = target
      continue
    }
    length += octet + 1
    if (octet > MAX_LABEL_LENGTH || length > MAX_NAME_LENGTH || offset + 1 + octet > message.length)
      return undefined
    let label = ''
    for (let index = offset + 1; index <= offset + octet; index++)
      label += String.fromCharCode(message[index]!)
    labels.push(label)
    offset += octet + 1
  }
}

/**
 * The offset behind a name without reading its labels: past its zero octet or its first pointer.
 * @returns -1 when it runs out of the message or has a label type that does not exist (RFC 6891 §5).
 */
export function skipName(message: Uint8Array, offset: number): number {
  for (;;) {
    const octet = message[offset]
    if (octet === undefined) return -1
    if (octet === 0) return offset + 1
    if (octet >= 0xc0) return offset + 2 <= message.length ? offset + 2 : -1
    if (octet > MAX_LABEL_LENGTH) return -1
    offset += octet + 1
  }
}
