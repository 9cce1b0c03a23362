/**
 * Names as Namecoin spells them: which names of the chain stand for a domain, which may be imported, and which
 * labels a value may use.
 */

/** Octets of a Namecoin name at most, by consensus (Namecoin Core, `names/main.h`). */
const MAX_NAMECOIN_NAME_LENGTH = 255

/** A UTF-16 unit takes three octets of UTF-8 at most. */
const MAX_OCTETS_PER_UNIT = 3

/** ifa-0001, Keys; Namecoin Core and Electrum-NMC check the same. */
const DOMAIN = /^(xn--)?[a-z0-9]+(-[a-z0-9]+)*$/
const MAX_DOMAIN_LENGTH = 63
const WHOLLY_NUMERIC = /^[0-9]+$/

/** ifa-0001, Definitions of Valid Names: what a valid DNS label must at least be allowed to look like. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/
const MAX_LABEL_LENGTH = 63

/** `d/example`, `dd/shared`: a namespace, a slash, anything (namecoin-values §2.1). */
const NAMECOIN_NAME = /^[a-z]+\/./s

const utf8 = new TextEncoder()

/**
 * The Namecoin name that stands for a domain under .bit, or undefined when no name can: then nothing may be asked.
 *
 * Attack: `d/sub.example` can be registered by anyone, and must never speak for a name below example.bit.
 *
 * @param label the label before `bit`, in lower case
 */
export const domainKey = (label: string): string | undefined =>
  label.length <= MAX_DOMAIN_LENGTH && DOMAIN.test(label) && !WHOLLY_NUMERIC.test(label)
    ? `d/${label}`
    : undefined

/** Whether the text can name a value for `import` or `delegate`. */
export const isNamecoinName = (text: string): boolean =>
  NAMECOIN_NAME.test(text) &&
  // A value has a hundred of these: most are too short to be worth counting.
  (text.length * MAX_OCTETS_PER_UNIT <= MAX_NAMECOIN_NAME_LENGTH ||
    utf8.encode(text).length <= MAX_NAMECOIN_NAME_LENGTH)

/** Whether the text, in lower case, is a label that a value may use (ifa-0001, Definitions of Valid Names). */
export const isLabel = (text: string): boolean => text.length <= MAX_LABEL_LENGTH && LABEL.test(text)
