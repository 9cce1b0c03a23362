import { type BitAnswer, type Diagnostic, type Effort, lookup, startEffort } from '../../src/bit/lookup.ts'
import { nameFromText, nameToText } from '../../src/dns/name.ts'
import { rdataToText } from '../../src/dns/presentation.ts'
import { Type, typeName } from '../../src/dns/protocol.ts'
import type { ResourceRecord } from '../../src/dns/record.ts'

/** Values by Namecoin name: octets or text as they are, anything else as JSON. */
export type Values = Record<string, unknown>

/** A value that makes its name one that cannot be asked for. */
export const DOWN = Symbol('down')

const utf8 = new TextEncoder()

export const octetsOf = (value: unknown): Uint8Array =>
  value instanceof Uint8Array ? value : utf8.encode(typeof value === 'string' ? value : JSON.stringify(value))

export interface Asked {
  readonly answer: BitAnswer
  /** Names fetched, in order. */
  readonly fetched: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
  readonly effort: Effort
}

/** Asks for a name in text and a type by its mnemonic. */
export async function ask(
  values: Values,
  name: string,
  type: keyof typeof Type | number = 'A',
  effort = startEffort(),
): Promise<Asked> {
  const fetched: string[] = []
  const diagnostics: Diagnostic[] = []
  const answer = await lookup(
    { name: nameFromText(name)!, type: typeof type === 'number' ? type : Type[type] },
    async (key) => {
      fetched.push(key)
      if (!Object.hasOwn(values, key)) return { kind: 'absent' }
      const value = values[key]
      return value === DOWN ? { kind: 'unreachable' } : { kind: 'value', value: octetsOf(value) }
    },
    { serial: 840_000, effort, report: (diagnostic) => diagnostics.push(diagnostic) },
  )
  return { answer, fetched, diagnostics, effort }
}

const recordText = ({ name, type, data }: ResourceRecord): string =>
  `${nameToText(name)} ${typeName(type)} ${rdataToText(type, data)}`

export const recordTexts = (records: readonly ResourceRecord[]): string[] => records.map(recordText)

/** What is answered, in short: the records' RDATA as text, or the kind of answer there is instead. */
export function short(answer: BitAnswer): string | string[] {
  switch (answer.kind) {
    case 'answer':
      return answer.records.map(({ type, data }) => rdataToText(type, data))
    case 'alias':
      return `alias ${recordTexts(answer.records).join(', ')}`
    case 'delegation':
      return `delegation ${nameToText(answer.zone)}`
    default:
      return answer.kind
  }
}

/** The answer of the value `{…}` of d/example, in short. */
export const example = async (value: unknown, name: string, type: keyof typeof Type | number = 'A') =>
  short((await ask({ 'd/example': value }, name, type)).answer)

/** As `example`, with other names beside d/example. */
export const among = async (values: Values, name: string, type: keyof typeof Type | number = 'A') =>
  short((await ask(values, name, type)).answer)
