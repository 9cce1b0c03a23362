/**
 * Names as people type them.
 */
import { type Name, nameFromText } from './name.ts'

const NON_ASCII = /[^\0-\x7f]/
/** What else an international label may hold. All other ASCII means something to the URL parser. */
const URL_SYNTAX = /[^A-Za-z0-9_\-\x80-\u{10ffff}]/u

/**
 * A label beyond ASCII as its A-label (UTS #46, the way browsers do it), or undefined when it has none.
 *
 * The URL parser is the one implementation that Node and Workers share. The label is never last, or it could be
 * read as an IPv4 address.
 */
function toAscii(label: string): string | undefined {
  if (!NON_ASCII.test(label)) return label
  if (URL_SYNTAX.test(label) || !URL.canParse(`http://${label}.a`)) return undefined
  return new URL(`http://${label}.a`).hostname.slice(0, -'.a'.length)
}

/**
 * A name as a person typed it: `bücher.bit` becomes `xn--bcher-kva.bit`, because that is the name clients ask
 * for and the only one Namecoin registers. Labels of ASCII are taken as they are, with `\.` and `\065` escapes,
 * so any octets can still be asked for.
 *
 * @returns undefined when the text is no valid name.
 */
export function nameFromUser(text: string): Name | undefined {
  const labels = text.split('.').map(toAscii)
  return labels.includes(undefined) ? undefined : nameFromText(labels.join('.'))
}
