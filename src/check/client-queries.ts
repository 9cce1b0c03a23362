import { QUERY_BLOCK } from '../dns/edns.ts'
import type { Name } from '../dns/name.ts'
import { Option } from '../dns/protocol.ts'
import type { Clause } from './clause.ts'
import { joined, opt, option, paddingFor, query } from './query.ts'

/** What the clauses of all clients share. */

/** A clause that no RFC demands. */
export const clientClause = (id: string, title: string, source: string, run: Clause['run']): Clause => ({
  ...{ id, title, source, level: 'CLIENT', run },
})

/** A query with one OPT, padded as browsers do (RFC 8467 §4.1). */
export function padded(
  name: Name,
  type: number,
  size: number,
  options: readonly Uint8Array[] = [],
): Uint8Array {
  const length = joined(...options).length
  const padding = option(Option.PADDING, paddingFor(name, QUERY_BLOCK, length))
  return query({ name, type, additional: [opt({ size, options: [...options, padding] })] })
}
