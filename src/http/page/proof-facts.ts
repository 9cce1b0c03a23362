import type { ProvenName } from '../proof.ts'
import { count, span } from './units.ts'

/** What the words of a proof mean to somebody who has to decide whether to believe it. */
const ASSURANCES: Readonly<Record<NonNullable<ProvenName['assurance']>, string>> = {
  proven: 'Proven: checked here, header by header, down to a block that this gateway trusts.',
  attested:
    'Attested: the value has proof of work; that it is the newest is the word of two operators or more.',
  trusted: 'Trusted: this gateway believes that source.',
}

/** Who says so, by the name of the backend. */
const BACKENDS: Readonly<Record<string, string>> = {
  names: "this gateway's list of names",
  core: "this gateway's Namecoin Core",
  electrum: 'ElectrumX servers, none of which is believed',
  doh: 'other gateways',
}

/** Seconds between Namecoin's blocks, on average. */
const BLOCK_SECONDS = 600

/**
 * The facts of a proof that are known, each with its name: who says so, how far it is proven, how fresh it is.
 * @param now milliseconds since 1970
 */
export function proofFacts(
  proof: ProvenName,
  now: number,
): readonly (readonly [name: string, fact: string])[] {
  const { outcome, backend, assurance, height, confirmations, expiresIn, tip, txid, servers } = proof
  const tipAge = tip?.time === undefined ? '' : `, mined ${span(now / 1000 - tip.time)} ago`
  const depth = confirmations === undefined ? '' : `, ${count(confirmations, 'confirmation')}`
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Outcome', `${outcome}, from ${BACKENDS[backend] ?? backend}`],
    ['Assurance', assurance && ASSURANCES[assurance]],
    ['Newest block', tip && `${tip.height.toLocaleString('en')}${tipAge}`],
    ['Last update', height === undefined ? undefined : `block ${height.toLocaleString('en')}${depth}`],
    ['Expires', expiresIn === undefined ? undefined : expiry(expiresIn)],
    ['Transaction', txid],
    ['Servers', servers?.map(({ operator, said }) => `${operator}: ${said}`).join('; ')],
  ]
  return facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined)
}

const expiry = (blocks: number): string =>
  blocks > 0 ? `in ${count(blocks, 'block')}, some ${span(blocks * BLOCK_SECONDS)}` : 'has expired'
