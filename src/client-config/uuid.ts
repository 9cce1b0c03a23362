/** The namespace of UUIDs made from URLs (RFC 9562 §6.6). */
export const URL_NAMESPACE = '6ba7b811-9dad-11d1-80b4-00c04fd430c8'

/** A UUID of version 5 (RFC 9562 §5.5): the same for the same name, so that a new profile replaces the old one. */
export async function nameUuid(namespace: string, name: string): Promise<string> {
  const prefix = namespace
    .replaceAll('-', '')
    .match(/../g)!
    .map((digits) => Number.parseInt(digits, 16))
  const named = Uint8Array.from([...prefix, ...new TextEncoder().encode(name)])
  const octets = new Uint8Array(await crypto.subtle.digest('SHA-1', named)).slice(0, 16)
  octets[6] = (octets[6]! & 0x0f) | 0x50
  octets[8] = (octets[8]! & 0x3f) | 0x80
  const digits = [...octets].map((octet) => octet.toString(16).padStart(2, '0')).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
