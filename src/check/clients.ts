import { messageRcode } from '../dns/message.ts'
import { Rcode, rcodeName, Type, typeName } from '../dns/protocol.ts'
import { type Answer, answered, described, get, post, seen, targetWith } from './ask.ts'
import type { Clause } from './clause.ts'
import { clientClause, padded } from './client-queries.ts'
import { differs, fails, notTested, worst } from './finding.ts'
import { opt, option, query } from './query.ts'
import { layoutOf } from './wire.ts'

/**
 * What clients really send, and what they throw an answer away for: U curl, A Apple's systems,
 * D dnscrypt-proxy, K kdig and dig. No RFC demands it; a server that fails one of them is a server for the others.
 */

/** curl refuses a body of 3,000 octets and more (DYN_DOH_RESPONSE). */
const CURL_MAX_LENGTH = 2_999
/** dnscrypt-proxy's probes have this id. */
const DNSCRYPT_PROXY_ID = 0xcafe

/** What curl lets into an answer beside the type it asked for. */
const ALIASES: readonly number[] = [Type.CNAME, Type.DNAME]

const curl = clientClause(
  'U1',
  'curl: below 3,000 octets, nothing but what it asked for',
  'lib/vdns/doh.c',
  async (subject) => {
    const findings = []
    for (const type of [Type.A, Type.AAAA, Type.HTTPS]) {
      const asked = query({ name: subject.names.name, type })
      findings.push(
        answered(
          typeName(type),
          await post(subject, asked, { headers: { accept: '*/*' } }),
          ({ message, response }) => {
            if (response.body.length > CURL_MAX_LENGTH)
              return fails(`${typeName(type)}: ${response.body.length} octets`)
            const other = message.answer.find(
              (record) => record.type !== type && !ALIASES.includes(record.type),
            )
            return other === undefined
              ? undefined
              : fails(`${typeName(type)}: ${typeName(other.type)} in the answer`)
          },
        ),
      )
    }
    return worst(findings)
  },
)

const apple = clientClause(
  'A1',
  'iOS: GET with UDP size 512, and any name',
  'AdGuardHome#4927',
  async (subject) => {
    // iOS asks for what apps hand it: URLs, too.
    const odd = ['https://example', 'com/path']
    return worst([
      answered('UDP size 512, padded', await get(subject, padded(subject.names.name, Type.A, 512))),
      answered('a name like https://…', await get(subject, padded(odd, Type.A, 512))),
    ])
  },
)

const discovery = clientClause(
  'A2',
  'iOS: _dns.resolver.arpa is answered',
  'RFC 9462 §4',
  async (subject) => {
    const asked = query({ name: ['_dns', 'resolver', 'arpa'], type: Type.SVCB })
    return answered('SVCB _dns.resolver.arpa', await get(subject, asked), ({ message }) => {
      const rcode = messageRcode(message)
      return rcode === Rcode.NOERROR || rcode === Rcode.NXDOMAIN
        ? undefined
        : fails(`_dns.resolver.arpa: ${rcodeName(rcode)}`)
    })
  },
)

const dnscryptProbe = clientClause(
  'D1',
  'dnscrypt-proxy: its probe comes back with its id',
  'serversInfo.go',
  async (subject) => {
    const asked = query({ id: DNSCRYPT_PROXY_ID, name: [], type: Type.NS })
    const headers = { 'cache-control': 'max-stale', 'user-agent': 'dnscrypt-proxy' }
    const judge =
      (sent: string) =>
      ({ message, response }: Answer) => {
        if (message.id !== DNSCRYPT_PROXY_ID)
          return fails(`${sent}: id ${message.id}, not ${DNSCRYPT_PROXY_ID}`)
        return layoutOf(response.body)?.questions === 1 ? undefined : fails(`${sent}: not one question`)
      }
    const target = targetWith(subject, 'body_hash=0123abcd')
    const posted = await post(subject, asked, { headers, target })
    const got = await get(subject, asked, { headers })
    const byGet = answered('GET NS .', got, judge('GET NS .'))
    // It goes on with GET where POST fails.
    if (posted.kind !== 'answer' && byGet.kind === 'holds')
      return differs(`${seen('POST NS .', posted)}; GET does`)
    return worst([answered('POST NS .', posted, judge('POST NS .')), byGet])
  },
)

const lying = clientClause(
  'D2',
  'dnscrypt-proxy: what does not exist is NXDOMAIN',
  'serversInfo.go',
  async (subject) => {
    const name = [subject.freshLabel(), 'test', 'dnscrypt']
    return answered(
      'NS of a random name',
      await post(subject, query({ id: DNSCRYPT_PROXY_ID, name, type: Type.NS })),
      ({ message }) =>
        messageRcode(message) === Rcode.NXDOMAIN
          ? undefined
          : fails(`a random name: ${rcodeName(messageRcode(message))}, a lying resolver`),
    )
  },
)

const diggers = clientClause(
  'K1',
  'kdig and dig: POST over HTTP/2, exactly 200',
  'src/utils/common/https.c',
  async (subject) => {
    if (subject.server.connections === undefined) return notTested('this runtime does not choose versions')
    const { name } = subject.names
    const cookie = opt({ size: 1_232, options: [option(10, new Uint8Array(8).fill(7))] })
    const noCache = { 'cache-control': 'no-cache, no-store, must-revalidate' }
    const findings = []
    for (const [sent, asked, headers] of [
      ['kdig', query({ name, additional: [opt({ size: 4_096 })] }), {}],
      ['dig', query({ name, additional: [cookie] }), noCache],
    ] as const) {
      const heard = await post(subject, asked, { headers, version: '2' })
      if (heard.kind === 'silence' && heard.code === 'unwanted') return notTested(described(heard))
      findings.push(
        answered(sent, heard, ({ response: { status } }) =>
          status === 200 ? undefined : fails(`${sent}: HTTP ${status}`),
        ),
      )
    }
    return worst(findings)
  },
)

export const clientClauses: readonly Clause[] = [curl, apple, discovery, dnscryptProbe, lying, diggers]
