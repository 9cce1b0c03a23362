import { isValidName, lowerLabel, type Name } from '../dns/name.ts'
import { isLabel } from './name.ts'

/** A name in a value made absolute; undefined when it is no valid DNS name. The root is `[]`. */
export type Qualify = (text: string) => Name | undefined

/**
 * Reads names as they stand in a value (ifa-0001, Interpretation of DNS Names): with a final dot absolute, with the
 * last label `@` relative to the domain, otherwise relative to the object that holds the map with this object in it.
 *
 * Labels are those of ifa-0001, so that what is emitted needs no escaping anywhere; underscores are fine.
 *
 * @param apex the domain under .bit whose value is being answered from, not the one imported from
 * @param base what names without `@` and final dot are relative to: the owner of the parent object, or the apex
 */
export const qualifier =
  (apex: Name, base: Name): Qualify =>
  (text) => {
    if (text === '') return base
    if (text === '.') return []
    const labels = lowerLabel(text).split('.')
    const last = labels.at(-1)
    const ending = last === '' ? [] : last === '@' ? apex : base
    const own = last === '' || last === '@' ? labels.slice(0, -1) : labels
    const name = [...own, ...ending]
    return own.every(isLabel) && isValidName(name) ? name : undefined
  }
