import { messageRcode } from '../dns/message.ts'
import { Flag, Rcode, rcodeName, Type, typeName } from '../dns/protocol.ts'
import { aliasChain } from './alias-chain.ts'
import { answered, get } from './ask.ts'
import type { Clause } from './clause.ts'
import { differs, fails, holds, notTested, worst } from './finding.ts'
import { opt, query } from './query.ts'

/** What no client may be given, whoever it is (N), and what .bit names need (B). */

const order: Clause = {
  id: 'N1',
  title: 'aliases come first, each behind the one that leads to it',
  level: 'CLIENT',
  source: 'glibc, Cisco; RFC 1034 §4.3.2',
  async run(subject) {
    const { alias } = subject.names
    return answered('the alias', await get(subject, query({ name: alias })), ({ message }) => {
      const followed = aliasChain(alias, message.answer)
      if (followed.aliases === 0) return notTested('the name is no alias: name one with --alias')
      if (followed.kind === 'broken') return fails(`the alias: ${followed.why}`)
      return followed.isInOrder
        ? holds(`${followed.aliases} aliases in order`)
        : fails('the alias: records out of order')
    })
  },
}

/** What only a client that validates asks for. */
const SIGNATURES: readonly number[] = [Type.RRSIG, Type.NSEC, Type.NSEC3]

const unsigned: Clause = {
  id: 'N2',
  title: 'no signatures for clients that did not ask for them',
  level: 'MUST',
  source: 'RFC 4035 §3.2.1',
  async run(subject) {
    const { name, nxdomain } = subject.names
    const findings = []
    for (const [sent, asked] of [
      ['no OPT', query({ name })],
      ['OPT without DO', query({ name, additional: [opt()] })],
      ['NXDOMAIN', query({ name: nxdomain, additional: [opt()] })],
    ] as const)
      findings.push(
        answered(sent, await get(subject, asked), ({ message: { answer, authority } }) => {
          const found = [...answer, ...authority].find(({ type }) => SIGNATURES.includes(type))
          return found === undefined ? undefined : fails(`${sent}: ${typeName(found.type)}`)
        }),
      )
    return worst(findings)
  },
}

const recursion: Clause = {
  id: 'N3',
  title: 'RA says that the server follows names itself',
  level: 'CLIENT',
  source: 'Firefox; RFC 1035 §4.1.1',
  async run(subject) {
    return answered(
      'RD',
      await get(subject, query({ name: subject.names.name })),
      ({ message: { flags } }) => {
        if ((flags & Flag.RD) === 0) return fails('RD did not come back')
        return (flags & Flag.RA) === 0 ? fails('no RA: stub resolvers go elsewhere') : undefined
      },
    )
  },
}

const bit: Clause = {
  id: 'B1',
  title: '.bit: addresses, NXDOMAIN with an SOA, and an apex',
  level: 'CLIENT',
  source: 'ifa-0001; Firefox blocklists all of .bit when its apex fails',
  async run(subject) {
    const name = subject.names.bit
    if (name === undefined) return notTested('only with --bit NAME')
    const missing = [subject.freshLabel(), 'bit']
    return worst([
      answered(
        name.join('.'),
        await get(subject, query({ name, flags: Flag.RD | Flag.AD })),
        ({ message }) => {
          if (message.answer.length === 0)
            return fails(`${name.join('.')}: ${rcodeName(messageRcode(message))}, no records`)
          return (message.flags & Flag.AD) === 0
            ? undefined
            : differs(`${name.join('.')}: AD, which no signature of the root can give`)
        },
      ),
      answered('a fresh .bit name', await get(subject, query({ name: missing })), ({ message }) => {
        const rcode = messageRcode(message)
        if (rcode !== Rcode.NXDOMAIN) return fails(`a fresh .bit name: ${rcodeName(rcode)}`)
        return message.authority.some(({ type }) => type === Type.SOA)
          ? undefined
          : fails('a fresh .bit name: no SOA')
      }),
      answered('NS bit', await get(subject, query({ name: ['bit'], type: Type.NS })), ({ message }) =>
        messageRcode(message) === Rcode.NOERROR
          ? undefined
          : fails(`NS bit: ${rcodeName(messageRcode(message))}`),
      ),
    ])
  },
}

export const answerClauses: readonly Clause[] = [order, unsigned, recursion, bit]
