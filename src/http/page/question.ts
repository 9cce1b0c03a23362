import { buildQuery } from '../../dns/build-query.ts'
import { extendedErrors, messageRcode, readMessage } from '../../dns/message.ts'
import { nameToText } from '../../dns/name.ts'
import { extendedErrorName, rdataToText } from '../../dns/presentation.ts'
import { rcodeName, typeName } from '../../dns/protocol.ts'
import type { ExchangeHandler } from '../exchange.ts'
import { parseParameters } from '../json.ts'
import type { Prove, ProvenName } from '../proof.ts'

/** What somebody typed, to be shown again. */
export interface Asked {
  readonly name: string
  readonly type: string
}

export type LookupResult =
  | { readonly kind: 'problem'; readonly line: string }
  | {
      readonly kind: 'answer'
      /** `NOERROR`, `NXDOMAIN` … */
      readonly rcode: string
      /** Extended DNS Errors (RFC 8914), each in one line. */
      readonly reasons: readonly string[]
      readonly records: readonly {
        readonly owner: string
        readonly type: string
        readonly ttl: number
        readonly data: string
      }[]
      /** What is known of the name in the chain; undefined for names elsewhere, or when too many ask at once. */
      readonly proof: ProvenName | undefined
    }

/** Longer texts are no names, and are not shown again: 253 characters with each written as an escape. */
const MAX_TYPED = 1_012

/**
 * The question of a page's URL: what its form sends. A pasted address counts as its host, and `d/example` is the
 * blockchain's way of writing `example.bit`.
 */
export function askedIn(parameters: URLSearchParams): Asked | undefined {
  const typed = parameters.get('name')?.trim() ?? ''
  if (typed === '') return undefined
  const [, label] = /^d\/([^/.]+)$/.exec(typed) ?? []
  const host = /^https?:\/\/([^/:?#]+)/i.exec(typed)?.[1]
  const name = label === undefined ? (host ?? typed) : `${label}.bit`
  return { name: name.slice(0, MAX_TYPED), type: (parameters.get('type') || 'A').slice(0, 16) }
}

/** Looks a name up the way every client does, and beside it what proves the answer. */
export async function lookUp(
  { name, type }: Asked,
  exchange: ExchangeHandler,
  prove: Prove,
): Promise<LookupResult> {
  const question = parseParameters(new URLSearchParams({ name, type }))
  if (question.kind === 'problem') return { kind: 'problem', line: question.message }
  const [result, proven] = await Promise.all([exchange(buildQuery(question)), prove(name)])
  if (result.kind === 'malformed') return { kind: 'problem', line: result.reason }
  const message = readMessage(result.body)
  if (message === undefined) return { kind: 'problem', line: 'The answer cannot be read.' }
  return {
    kind: 'answer',
    rcode: rcodeName(messageRcode(message)),
    reasons: extendedErrors(message).map(({ code, text }) =>
      text === '' ? extendedErrorName(code) : `${extendedErrorName(code)}: ${text}`,
    ),
    records: message.answer.map((record) => ({
      owner: nameToText(record.name),
      type: typeName(record.type),
      ttl: record.ttl,
      data: rdataToText(record.type, record.data),
    })),
    proof: proven.kind === 'proof' ? proven.proof : undefined,
  }
}
