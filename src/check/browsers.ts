import { messageRcode } from '../dns/message.ts'
import { equalNames } from '../dns/name.ts'
import { Option, Rcode, rcodeName, Type, typeName } from '../dns/protocol.ts'
import { aliasChain } from './alias-chain.ts'
import { type Answer, answered, get, type Heard, post } from './ask.ts'
import type { Clause } from './clause.ts'
import { clientClause, padded } from './client-queries.ts'
import { type Finding, fails, holds, notTested, worst } from './finding.ts'
import { joined, option, query, word } from './query.ts'
import { asksTheSame, equalOctets, layoutOf, questionOctets } from './wire.ts'

/**
 * What browsers really send, and what they throw an answer away for: F Firefox, G Chrome. A server that fails one of
 * these is a server for the others.
 */

/** Firefox reads no longer body (`netwerk/dns/TRR.h`, kMaxSize). */
const FIREFOX_MAX_LENGTH = 3_200
/** A subnet of no octets: `do not use mine` (RFC 7871 §7.1.2). */
const NO_SUBNET = joined(word(1), [0, 0])

const EXAMPLE_COM = ['example', 'com']

/** Status 200 and no other 2xx, the media type, the question and id 0. */
function forBrowser(
  sent: string,
  heard: Heard,
  asked: Uint8Array,
  more: (answer: Answer) => string | undefined,
): Finding {
  return answered(sent, heard, (answer) => {
    const { message, response } = answer
    if (response.status !== 200) return fails(`${sent}: HTTP ${response.status}, not exactly 200`)
    if (message.id !== 0) return fails(`${sent}: id ${message.id}, not 0`)
    if (!asksTheSame(response.body, asked)) return fails(`${sent}: the answer to another question`)
    const wrong = more(answer)
    return wrong === undefined ? undefined : fails(`${sent}: ${wrong}`)
  })
}

const firefox = clientClause(
  'F1',
  'Firefox: exactly 200, id 0, at most 3,200 octets',
  'netwerk/dns/TRR.cpp',
  async (subject) => {
    const findings = []
    for (const type of [Type.A, Type.AAAA, Type.HTTPS]) {
      const asked = padded(subject.names.name, type, 4_096, [option(Option.CLIENT_SUBNET, NO_SUBNET)])
      const heard = await post(subject, asked, {
        headers: { 'cache-control': 'no-store', 'accept-encoding': '' },
      })
      findings.push(
        forBrowser(typeName(type), heard, asked, ({ response: { body } }) => {
          const layout = layoutOf(body)
          if (body.length > FIREFOX_MAX_LENGTH) return `${body.length} octets`
          if (layout === undefined || layout.surplus > 0) return 'octets behind the last record'
          return layout.isInternet ? undefined : 'a record that is not of class IN'
        }),
      )
    }
    return worst(findings)
  },
)

const confirmation = clientClause(
  'F2',
  'Firefox: NS of example.com confirms the server',
  'TRRService.cpp',
  async (subject) => {
    const asked = padded(EXAMPLE_COM, Type.NS, 4_096)
    return forBrowser('NS example.com', await post(subject, asked), asked, ({ message }) => {
      const rcode = messageRcode(message)
      return rcode === Rcode.NOERROR ? undefined : `${rcodeName(rcode)}, so Firefox does without the server`
    })
  },
)

const chrome = clientClause(
  'G1',
  'Chrome: exactly 200, its question and id',
  'net/dns/dns_http_attempt.cc',
  async (subject) => {
    const asked = padded(subject.names.name, Type.A, 4_096)
    const headers = { 'user-agent': 'Chrome', 'accept-language': '*', 'accept-encoding': 'identity' }
    // Octet for octet: Chrome compares what it sent.
    const sameLetters = ({ response }: Answer) =>
      equalOctets(questionOctets(response.body), questionOctets(asked))
        ? undefined
        : 'the question in other letters'
    return worst([
      forBrowser('GET', await get(subject, asked, { headers }), asked, sameLetters),
      forBrowser('POST', await post(subject, asked, { headers }), asked, sameLetters),
    ])
  },
)

const probe = clientClause(
  'G2',
  'Chrome: its probe has an address',
  'net/dns/dns_transaction.cc',
  async (subject) => {
    const asked = padded(['www', 'gstatic', 'com'], Type.A, 4_096)
    return forBrowser('A www.gstatic.com', await get(subject, asked), asked, ({ message }) => {
      if (messageRcode(message) !== Rcode.NOERROR) return rcodeName(messageRcode(message))
      return message.answer.some(({ type }) => type === Type.A) ? undefined : 'no address'
    })
  },
)

const chain = clientClause(
  'G3',
  'Chrome, Firefox: an alias is followed to its end',
  'dns_response_result_extractor.cc',
  async (subject) => {
    return answered('the alias', await get(subject, query({ name: subject.names.alias })), ({ message }) => {
      const followed = aliasChain(subject.names.alias, message.answer)
      if (followed.aliases === 0) return notTested('the name is no alias: name one with --alias')
      if (followed.kind === 'broken') return fails(`the alias: ${followed.why}`)
      const strangers = message.answer.filter(
        ({ name, type }) => type === Type.A && !equalNames(name, followed.end),
      )
      if (strangers.length > 0) return fails('the alias: an address that is not at the last name')
      const hasAddress = message.answer.some(({ type }) => type === Type.A)
      return hasAddress
        ? holds(`${followed.aliases} aliases, then addresses`)
        : fails('the alias: no address at its end')
    })
  },
)

export const browserClauses: readonly Clause[] = [firefox, confirmation, chrome, probe, chain]
