import { messageRcode } from '../dns/message.ts'
import { MAX_MESSAGE_LENGTH, Option, Rcode, Type } from '../dns/protocol.ts'
import { answered, failureCode, get, type Heard, post, refused, seen } from './ask.ts'
import type { Clause, Subject } from './clause.ts'
import { differs, type Finding, fails, holds, notTested, worst } from './finding.ts'
import { joined, opt, option, query, questionEntry } from './query.ts'
import { equalOctets, questionOctets } from './wire.ts'

/** RFC 8484 §4.2, §6 and RFC 1035: one DNS message there, one back. */

const body: Clause = {
  id: 'C5',
  title: 'a body is one DNS message of 12 to 65,535 octets',
  level: 'MUST',
  source: 'RFC 8484 §6, RFC 9112 §7.1',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const findings: Finding[] = []
    for (const length of [0, 11, 12, 16])
      findings.push(refused(`${length} octets`, await post(subject, asked.subarray(0, length)), 400))
    const longest = await post(subject, ofLength(subject, MAX_MESSAGE_LENGTH))
    findings.push(
      longest.kind === 'answer' || (longest.kind === 'refusal' && longest.response.status === 413)
        ? holds(seen('65,535 octets', longest))
        : refused('65,535 octets', longest, 413),
    )
    findings.push(refused('65,536 octets', await post(subject, new Uint8Array(MAX_MESSAGE_LENGTH + 1)), 413))
    if (subject.server.connections === undefined)
      return worst([...findings, notTested('chunks and lengths that lie: this runtime sends none')])
    return worst([...findings, ...(await undeclared(subject, asked))])
  },
}

/** A body whose length is not said, or said wrongly. */
async function undeclared(subject: Subject, asked: Uint8Array): Promise<readonly Finding[]> {
  const http1 = await get(subject, asked, { version: '1.1' })
  const version = http1.kind === 'answer' ? ({ version: '1.1' } as const) : {}
  const unsaid = await post(subject, asked, { ...version, declaredLength: 'none' })
  const lie = await post(subject, asked, { declaredLength: asked.length - 5 })
  return [
    // RFC 9110 §8.6: a server may ask for a length (411).
    unsaid.kind === 'answer' ? holds(seen('no length', unsaid)) : refused('no length', unsaid, 411),
    lie.kind === 'silence' && lie.code !== 'timeout'
      ? holds('a length that lies: the connection ended')
      : refused('a length that lies', lie, 400),
  ]
}

/** The question with so much padding that it has this many octets. */
function ofLength({ names }: Subject, length: number): Uint8Array {
  const { name } = names
  const rest = length - query({ name, additional: [opt({ options: [option(Option.PADDING)] })] }).length
  return query({ name, additional: [opt({ options: [option(Option.PADDING, new Uint8Array(rest))] })] })
}

const id: Clause = {
  id: 'C7',
  title: 'the id comes back, out of caches too',
  level: 'MUST',
  source: 'RFC 8484 §4.1, RFC 1035 §4.1.1',
  async run(subject) {
    const findings = []
    for (const sent of [0, 0xbeef, 0])
      findings.push(
        answered(
          `id ${sent}`,
          await get(subject, query({ id: sent, name: subject.names.name })),
          ({ message }) => (message.id === sent ? undefined : fails(`id ${sent} came back as ${message.id}`)),
        ),
      )
    return worst(findings)
  },
}

const OPCODES = { NOTIFY: 4, UPDATE: 5 }

const oneExchange: Clause = {
  id: 'C8',
  title: 'what is no lookup is refused, and nothing hangs',
  level: 'MUST',
  source: 'RFC 8484 §4.2, RFC 9619, RFC 1035 §4.1.1',
  async run(subject) {
    const { name } = subject.names
    const twice = joined(query({ name, questions: 2 }), questionEntry(subject.names.nxdomain, Type.A))
    const odd: [string, Uint8Array][] = [
      ['two questions', twice],
      ['no question', joined(query({ name, questions: 0 }).subarray(0, 12))],
      ['a response', query({ name, flags: 0x8180 })],
      ...Object.entries(OPCODES).map(([opcode, number]): [string, Uint8Array] => [
        opcode,
        query({ name, flags: number << 11 }),
      ]),
      ['AXFR', query({ name, type: Type.AXFR })],
    ]
    const findings = []
    for (const [sent, message] of odd) findings.push(notLookedUp(sent, await post(subject, message)))
    return worst(findings)
  },
}

/** Any refusal will do, by DNS or by HTTP, as long as there is one. */
function notLookedUp(sent: string, heard: Heard): Finding {
  if (heard.kind === 'silence') return (heard.code === 'timeout' ? fails : differs)(seen(sent, heard))
  // FORMERR may repeat two questions, which nobody reads.
  if (heard.kind === 'broken')
    return (failureCode(heard.response) === undefined ? fails : holds)(seen(sent, heard))
  if (heard.kind === 'refusal')
    return heard.response.status < 500 && heard.response.status >= 400
      ? holds(seen(sent, heard))
      : differs(seen(sent, heard))
  return messageRcode(heard.message) === Rcode.NOERROR ? differs(seen(sent, heard)) : holds(seen(sent, heard))
}

const everyAnswer: Clause = {
  id: 'C9',
  title: 'whatever DNS says is HTTP 2xx',
  level: 'MUST',
  source: 'RFC 8484 §4.2.1',
  async run(subject) {
    const { name, nxdomain, servfail } = subject.names
    const asked: [string, Uint8Array][] = [
      ['a name that does not exist', query({ name: nxdomain })],
      ['a type that does not exist', query({ name, type: Type.LOC })],
      ['a lookup that fails', query({ name: servfail })],
    ]
    const findings = []
    for (const [sent, message] of asked) findings.push(answered(sent, await get(subject, message)))
    return worst(findings)
  },
}

const spelling: Clause = {
  id: 'C32',
  title: 'the question comes back as it was spelled',
  level: 'SHOULD',
  source: 'draft-vixie-dnsext-dns0x20',
  async run(subject) {
    const spelled = subject.names.name.map((label) =>
      label.replace(/[a-z]/gi, (letter, index: number) =>
        index % 2 ? letter.toUpperCase() : letter.toLowerCase(),
      ),
    )
    const asked = query({ name: spelled })
    return answered(spelled.join('.'), await get(subject, asked), ({ response, message }) =>
      equalOctets(questionOctets(response.body), questionOctets(asked))
        ? undefined
        : fails(`${spelled.join('.')} came back as ${message.question?.name.join('.') ?? 'no question'}`),
    )
  },
}

export const messageClauses: readonly Clause[] = [body, id, oneExchange, everyAnswer, spelling]
