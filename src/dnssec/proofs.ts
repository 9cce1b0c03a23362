import { Type } from '../dns/protocol.ts'
import { type Denial, NOT_PROVEN } from './denial.ts'
import type { Effort } from './effort.ts'
import { nsecDenial, readNsec } from './nsec.ts'
import { nsec3Denial, readNsec3 } from './nsec3.ts'
import type { RrSets } from './rrset.ts'
import type { Bogus } from './verdict.ts'
import { type Signers, type VerifiedSet, verifySet } from './verify.ts'

/** The NSEC and NSEC3 records of an authority section that the zone has signed, and what they prove. */
export interface Proofs {
  readonly sets: readonly VerifiedSet[]
  readonly denial: Denial
  /** What to say when the records do not prove it: that one is not signed well is more to the point than that it is missing. */
  readonly otherwise: Bogus
}

/**
 * Verifies the records that deny.
 *
 * Attack: the NSEC record of a wildcard verifies under any name the wildcard stands for, and would then deny what is
 * behind that name. So none that comes from a wildcard counts.
 */
export async function verifyProofs(
  authority: RrSets,
  signers: Signers,
  now: number,
  effort: Effort,
): Promise<Proofs> {
  const sets: VerifiedSet[] = []
  let otherwise = NOT_PROVEN
  for (const set of authority.all.filter(({ type }) => type === Type.NSEC || type === Type.NSEC3)) {
    const verified = await verifySet(set, signers, now, effort)
    if (verified.kind === 'bogus') otherwise = verified
    else if (verified.wildcard === undefined) sets.push(verified)
  }
  const recordsOf = (wanted: number) =>
    sets.flatMap(({ type, records }) =>
      type === wanted ? records.filter((record) => record.type === type) : [],
    )
  const nsec = recordsOf(Type.NSEC)
    .map(readNsec)
    .filter((record) => record !== undefined)
  const nsec3 = recordsOf(Type.NSEC3)
    .map((record) => readNsec3(record, signers.zone))
    .filter((record) => record !== undefined)
  const denial = nsec.length > 0 ? nsecDenial(nsec, signers.zone) : nsec3Denial(nsec3, signers.zone, effort)
  return { sets, denial, otherwise }
}
