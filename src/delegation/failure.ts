/** Why a delegation could not be followed. Stable: see `resolver/failure.ts`. */
export type DelegationFailureCode =
  | 'delegation-timeout' // no server answered in time
  | 'delegation-network' // none can be reached
  | 'delegation-lame' // they answer, but know nothing of the zone
  | 'delegation-overloaded' // too many exchanges under way here
  | 'delegation-forbidden' // their addresses must not be contacted
  | 'delegation-no-address' // no address of any server is known, or they lead in a circle
  | 'delegation-exhausting' // it costs more than one question may
  | 'delegation-unknown-keys' // whether the zone is signed could not be found out
  | 'alias-loop'
  | 'alias-chain-too-long'

export interface DelegationFailed {
  readonly kind: 'failed'
  readonly code: DelegationFailureCode
}

export const failed = (code: DelegationFailureCode): DelegationFailed => ({ kind: 'failed', code })
