/** Hexadecimal, as Namecoin Core and ElectrumX write octets. */

/** The value of the digit with each character code; -1 where the character is none. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
)

/** The value of the digit in the text at `index`; negative when there is none. */
const digitAt = (text: string, index: number): number => DIGITS[text.charCodeAt(index)] ?? -1

/** The octets as lower-case hex. */
export function toHex(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) text += octet.toString(16).padStart(2, '0')
  return text
}

/** The octets that a text of hex digit pairs stands for; undefined when it is anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined
  const octets = new Uint8Array(text.length / 2)
  for (let index = 0; index < octets.length; index++) {
    // A negative half makes the whole negative.
    const octet = (digitAt(text, index * 2) << 4) | digitAt(text, index * 2 + 1)
    if (octet < 0) return undefined
    octets[index] = octet
  }
  return octets
}
