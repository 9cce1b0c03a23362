import type { Value } from '../value.ts'

/** Base64 with padding, the standard alphabet and nothing else (RFC 4648 §4). */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Whether the value is an integer from 0 to `limit`. JSON has one type of number: 8.0 is the integer 8. */
export const isUnsigned = (value: Value | undefined, limit: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= limit

export const MAX_UINT8 = 0xff
export const MAX_UINT16 = 0xffff

/** A number in network byte order. */
export const uint16 = (number: number): readonly number[] => [number >> 8, number & 0xff]

/**
 * Octets written as canonical base64 (ifa-0001, Definition of Base64; RFC 4648 §3.5), or a CBOR byte string.
 * @returns undefined for anything else, and for no octets at all: no record that has a place for octets here may
 * leave it empty, and readers refuse whole messages over one that does
 */
export function octetsFrom(value: Value | undefined): Uint8Array | undefined {
  const octets =
    value instanceof Uint8Array ? value : typeof value === 'string' ? fromBase64(value) : undefined
  return octets === undefined || octets.length === 0 ? undefined : octets
}

function fromBase64(text: string): Uint8Array | undefined {
  if (!BASE64.test(text)) return undefined
  const binary = atob(text)
  // Canonical: the bits that padding leaves over are zero, so that encoding gives back the same text.
  return btoa(binary) === text ? Uint8Array.from(binary, (octet) => octet.charCodeAt(0)) : undefined
}
