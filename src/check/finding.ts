/** What came of checking one clause. */
export type FindingKind =
  | 'holds'
  | 'fails' // the clause is not met
  | 'differs' // allowed, but not what is recommended or what most servers do
  | 'not-tested' // it could not be found out, and the detail says why

/** @property detail one line: what was sent and what came. Holds a stranger's octets: see `report.ts`. */
export interface Finding {
  readonly kind: FindingKind
  readonly detail: string
}

export const holds = (detail: string): Finding => ({ kind: 'holds', detail })
export const fails = (detail: string): Finding => ({ kind: 'fails', detail })
export const differs = (detail: string): Finding => ({ kind: 'differs', detail })
export const notTested = (detail: string): Finding => ({ kind: 'not-tested', detail })

const FROM_WORST: readonly FindingKind[] = ['fails', 'differs', 'holds', 'not-tested']

/** Several observations of one clause as one: the worst kind, with the details of all that are as bad. */
export function worst(findings: readonly Finding[]): Finding {
  const kind = FROM_WORST.find((each) => findings.some((finding) => finding.kind === each)) ?? 'not-tested'
  const details = findings.filter((finding) => finding.kind === kind).map(({ detail }) => detail)
  return { kind, detail: [...new Set(details)].join('; ') }
}
