import { hashFromText } from '../chain/hash.ts'
import type { Branch } from '../chain/merkle.ts'
import type { Evidence } from '../chain/value-proof.ts'
import { fromHex } from '../hex.ts'
import { isRecord } from '../json-rpc.ts'
import type { UnreachableCode } from '../source.ts'

/** What a gateway's `/proof/NAME` says of a name. None of it is checked yet. */
export type Statement =
  | { readonly kind: 'update'; readonly evidence: Evidence }
  /** There is no such name, or its registration has expired. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'silent'; readonly code: UnreachableCode; readonly detail: string }

/**
 * Reads the JSON of `/proof/NAME`. Only what a proof needs is taken: the value itself is in the transaction.
 *
 * @param name the name in the blockchain that was asked for
 */
export function readStatement(text: string, name: string): Statement {
  const proof = parse(text)
  if (proof === undefined || proof['key'] !== name) return silent('protocol', 'no proof of that name')
  switch (proof['outcome']) {
    case 'found':
    case 'unconfirmed': {
      const evidence = evidenceIn(proof, name)
      return evidence === undefined ? silent('protocol', 'it shows no proof') : { kind: 'update', evidence }
    }
    case 'absent':
    case 'expired':
      return { kind: 'nothing' }
    default:
      return silent('network', 'its own backend does not answer')
  }
}

export const silent = (code: UnreachableCode, detail: string): Extract<Statement, { kind: 'silent' }> => ({
  kind: 'silent',
  code,
  detail,
})

type Json = Readonly<Record<string, unknown>>

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function evidenceIn({ transaction, branch, position, height }: Json, name: string): Evidence | undefined {
  const octets = typeof transaction === 'string' ? fromHex(transaction) : undefined
  const hashes = branchOf(branch)
  if (octets === undefined || hashes === undefined || !isIndex(position) || !isIndex(height)) return undefined
  return { name: new TextEncoder().encode(name), height, transaction: octets, branch: hashes, position }
}

function branchOf(branch: unknown): Branch | undefined {
  if (!Array.isArray(branch)) return undefined
  const hashes = branch.map((hash: unknown) => (typeof hash === 'string' ? hashFromText(hash) : undefined))
  return hashes.every((hash) => hash !== undefined) ? hashes : undefined
}

const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
