/** Hexadecimal, as Namecoin Core and ElectrumX write octets. */

const HEX = /^(?:[0-9a-f]{2})*$/i

/** The octets as lower-case hex. */
export function toHex(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) text += octet.toString(16).padStart(2, '0')
  return text
}

/** The octets that a text of hex digit pairs stands for; undefined when it is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (!HEX.test(text)) return undefined
  const octets = new Uint8Array(text.length / 2)
  for (let index = 0; index < octets.length; index++) {
    octets[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16)
  }
  return octets
}
