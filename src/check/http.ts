import { DNS_MESSAGE } from '../dns/protocol.ts'
import {
  answered,
  base64url,
  described,
  get,
  type Heard,
  header,
  headers,
  mediaType,
  post,
  seen,
  send,
  targetWith,
} from './ask.ts'
import type { Clause, Subject } from './clause.ts'
import { differs, fails, holds, notTested, worst } from './finding.ts'
import { query } from './query.ts'
import type { DohResponse } from './server.ts'

/** HTTP itself: versions, pushes, and what stands beside an answer or in its place. */

/** Requests that nobody can answer. */
async function senseless(subject: Subject): Promise<readonly [sent: string, heard: Heard][]> {
  const message = query({ name: subject.names.name })
  const target = targetWith(subject, `dns=${base64url(message)}`)
  return [
    ['dns=!', await send(subject, { method: 'GET', target: targetWith(subject, 'dns=!') })],
    ['DELETE', await send(subject, { method: 'DELETE', target })],
    ['POST text/plain', await post(subject, message, { headers: { 'content-type': 'text/plain' } })],
    ['4 octets', await post(subject, message.subarray(0, 4))],
  ]
}

const noAnswer: Clause = {
  id: 'C10',
  title: 'what is not 2xx carries no answer and is not kept',
  level: 'MUST',
  source: 'RFC 8484 §4.2.1',
  async run(subject) {
    const findings = []
    for (const [sent, heard] of await senseless(subject)) {
      if (heard.kind !== 'refusal' || heard.response.status < 300) continue
      const what = seen(sent, heard)
      const kept = headers(heard.response, 'cache-control').find((value) => /max-age=0*[1-9]/.test(value))
      if (mediaType(heard.response) === DNS_MESSAGE) findings.push(fails(`${what} as ${DNS_MESSAGE}`))
      else if (kept !== undefined) findings.push(differs(`${what} with Cache-Control: ${kept}`))
      else findings.push(holds(what))
    }
    return findings.length > 0 ? worst(findings) : notTested('nothing was refused')
  },
}

const versions: Clause = {
  id: 'C21',
  title: 'HTTP/2, and HTTP/1.1 for those who have no other',
  level: 'SHOULD',
  source: 'RFC 8484 §5.2',
  async run(subject) {
    if (subject.server.connections === undefined) return notTested('this runtime does not choose versions')
    const asked = query({ name: subject.names.name })
    const [http2, http1] = [
      await get(subject, asked, { version: '2' }),
      await get(subject, asked, { version: '1.1' }),
    ]
    const unwanted = [http2, http1].find((heard) => heard.kind === 'silence' && heard.code === 'unwanted')
    if (unwanted !== undefined) return notTested(described(unwanted))
    return worst([
      answered('HTTP/2', http2),
      http1.kind === 'answer' ? holds(seen('HTTP/1.1', http1)) : differs(seen('HTTP/1.1', http1)),
    ])
  },
}

const push: Clause = {
  id: 'C22',
  title: 'nothing is pushed',
  level: 'SHOULD',
  source: 'RFC 8484 §5.3',
  async run(subject) {
    const reply = await get(subject, query({ name: subject.names.name }))
    return answered('GET', reply, ({ response: { version, pushes } }) => {
      if (version !== '2') return notTested('nothing can be pushed but over HTTP/2')
      return pushes > 0 ? fails(`${pushes} pushed`) : holds('nothing pushed to a client that allows it')
    })
  },
}

/** Headers that say more about the server than its clients need. */
const TALKATIVE = ['server', 'x-powered-by', 'via']

const identity: Clause = {
  id: 'C26',
  title: 'no cookies, and no word about the software',
  level: 'SHOULD',
  source: 'RFC 8484 §8',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const heard = [
      await get(subject, asked),
      await post(subject, asked),
      ...(await senseless(subject)).map(([, each]) => each),
    ]
    const responses = heard.filter((each) => each.kind !== 'silence').map(({ response }) => response)
    if (responses.length === 0) return fails('no response')
    const cookie = responses.find((response) => header(response, 'set-cookie') !== undefined)
    if (cookie !== undefined) return fails(`HTTP ${cookie.status} sets a cookie`)
    const said = new Set(responses.flatMap(talk))
    return said.size > 0 ? differs([...said].join(', ')) : holds(`${responses.length} responses without`)
  },
}

const talk = (response: DohResponse): readonly string[] =>
  TALKATIVE.flatMap((name) => headers(response, name).map((value) => `${name}: ${value}`))

export const httpClauses: readonly Clause[] = [noAnswer, versions, push, identity]
