import { startEffort, type Effort as ValueEffort } from '../bit/read.ts'
import { equalNames, type Name } from '../dns/name.ts'
import { newEffort, type Effort as ValidationEffort } from '../dnssec/effort.ts'
import { MAX_NAME_LOOKUPS, MAX_NESTING, MAX_QUERIES } from './limits.ts'

/** What one question of a client has cost. One for all that it leads to, however it branches. */
export interface Effort {
  queries: number
  nameLookups: number
  /** Signatures verified and names hashed. */
  readonly validation: ValidationEffort
  /** Values read: whoever has one may name servers below many others, each of which leads on to more. */
  readonly values: ValueEffort
}

/** Where following has led so far. A question for the address of a nameserver goes on with it. */
export interface Trail {
  readonly effort: Effort
  /** The zones whose servers' addresses are being looked up, outermost first. */
  readonly zones: readonly Name[]
}

/** The trail of a client's question. */
export const startTrail = (): Trail => ({
  effort: { queries: 0, nameLookups: 0, validation: newEffort(), values: startEffort() },
  zones: [],
})

/** Takes one message from what is left. @returns whether there was one left */
export const spendQuery = (effort: Effort): boolean => effort.queries < MAX_QUERIES && ++effort.queries > 0

/** Takes one look-up of a nameserver's name from what is left. @returns whether there was one left */
export const spendLookup = (effort: Effort): boolean =>
  effort.nameLookups < MAX_NAME_LOOKUPS && ++effort.nameLookups > 0

/** The trail for the servers of a zone; undefined when it would lead in a circle, or too deep. */
export const lookingUpServersOf = (zone: Name, { effort, zones }: Trail): Trail | undefined =>
  zones.length >= MAX_NESTING || zones.some((earlier) => equalNames(earlier, zone))
    ? undefined
    : { effort, zones: [...zones, zone] }
