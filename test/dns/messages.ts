import { type Name, nameFromText, nameToWire } from '../../src/dns/name.ts'

/** Messages for tests, written by hand so that no code under test makes them. */

export const octets = (...parts: (number | string | Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === 'number'
        ? [part]
        : typeof part === 'string'
          ? Array.from(part, (character) => character.charCodeAt(0))
          : Array.from(part),
    ),
  )

export const word = (value: number): number[] => [value >> 8, value & 0xff]
export const long = (value: number): number[] => [...word(value >>> 16), ...word(value & 0xffff)]

export const name = (text: string): Name => {
  const labels = nameFromText(text)
  if (labels === undefined) throw new Error(`no name: ${text}`)
  return labels
}

/** A name on the wire, in the case given. */
export const wire = (text: string): Uint8Array => nameToWire(name(text))

export const option = (code: number, data: Uint8Array | readonly number[] = []): Uint8Array =>
  octets(word(code), word(data.length), data)

export const opt = (
  { size = 4096, extendedRcode = 0, version = 0, flags = 0 } = {},
  ...options: Uint8Array[]
): Uint8Array => {
  const data = octets(...options)
  return octets(0, word(41), word(size), extendedRcode, version, word(flags), word(data.length), data)
}

export const record = (
  owner: Uint8Array | readonly number[],
  type: number,
  ttl: number,
  data: Uint8Array | readonly number[],
) => octets(owner, word(type), word(1), long(ttl), word(data.length), data)

/** A pointer to the name in the question. */
export const QUESTION_NAME = [0xc0, 12] as const

export interface QueryParts {
  id?: number
  flags?: number
  question?: string
  type?: number
  qclass?: number
  additional?: Uint8Array[]
}

export const query = ({
  id = 0,
  flags = 0x0100,
  question = 'jordia65.bit',
  type = 1,
  qclass = 1,
  additional = [],
}: QueryParts = {}): Uint8Array =>
  octets(
    word(id),
    word(flags),
    word(1),
    word(0),
    word(0),
    word(additional.length),
    wire(question),
    word(type),
    word(qclass),
    ...additional,
  )

export interface AnswerParts {
  id?: number
  flags?: number
  question?: string
  type?: number
  answer?: Uint8Array[]
  authority?: Uint8Array[]
  additional?: Uint8Array[]
}

export const answer = ({
  id = 0,
  flags = 0x8180,
  question = 'example.com',
  type = 1,
  answer = [],
  authority = [],
  additional = [],
}: AnswerParts = {}): Uint8Array =>
  octets(
    word(id),
    word(flags),
    word(1),
    word(answer.length),
    word(authority.length),
    word(additional.length),
    wire(question),
    word(type),
    word(1),
    ...answer,
    ...authority,
    ...additional,
  )

/** A SOA's data with the given MINIMUM. */
export const soaData = (minimum: number): Uint8Array =>
  octets(wire('ns.example'), wire('mail.example'), long(1), long(2), long(3), long(4), long(minimum))
