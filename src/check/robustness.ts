import { DNS_MESSAGE } from '../dns/protocol.ts'
import { answered, base64url, failureCode, get, type Heard, hear, seen, send, targetWith } from './ask.ts'
import type { Clause, Subject } from './clause.ts'
import { differs, type Finding, fails, holds, notTested, worst } from './finding.ts'
import { query } from './query.ts'
import type { Connections, DohRequest } from './server.ts'

/** What a server must outlive. R1 to R3 are for its operator alone: `--robust`. */

/** Octets of a URL that nobody needs: the longest query in use has some 1,000. */
const LONG_TARGET = 16_384
const MANY_FIELDS = 100
const STREAMS = 1_000
const RESETS = 1_000

const oddRequests: Clause = {
  id: 'C31',
  title: 'odd requests are answered or refused, never a 5xx',
  level: 'SHOULD',
  source: 'RFC 9110 §15.6',
  async run(subject) {
    const dns = `dns=${base64url(query({ name: subject.names.name }))}`
    const path = subject.target.split('?', 1)[0]!
    const fields = Object.fromEntries(
      Array.from({ length: MANY_FIELDS }, (_, index) => [`x-field-${index}`, 'x']),
    )
    const odd: [sent: string, request: Omit<DohRequest, 'method'>][] = [
      ['a slash behind the path', { target: `${path}/?${dns}` }],
      ['two slashes before it', { target: `/${path}?${dns}` }],
      ['dns=%zz', { target: targetWith(subject, 'dns=%zz') }],
      ['a final %', { target: targetWith(subject, `${dns}%`) }],
      ['%00', { target: targetWith(subject, `${dns}%00`) }],
      ['100 header fields', { target: targetWith(subject, dns), headers: fields }],
      ['a URL of 16 KB', { target: targetWith(subject, 'dns=').padEnd(LONG_TARGET, 'A') }],
    ]
    const findings = []
    for (const [sent, request] of odd)
      findings.push(outlived(sent, await send(subject, { method: 'GET', ...request })))
    findings.push(answered('GET after that', await get(subject, query({ name: subject.names.name }))))
    return worst(findings)
  },
}

function outlived(sent: string, heard: Heard): Finding {
  const what = seen(sent, heard)
  if (heard.kind === 'silence') return (heard.code === 'timeout' ? fails : differs)(what)
  if (heard.kind === 'broken') return (failureCode(heard.response) === undefined ? fails : differs)(what)
  return heard.response.status >= 500 ? fails(what) : holds(what)
}

/** A clause about what only an operator should do, and only where the runtime can. */
const rough = (
  clause: Omit<Clause, 'run' | 'level'>,
  run: (subject: Subject, connections: Connections) => Promise<Finding>,
): Clause => ({
  ...clause,
  level: 'SHOULD',
  run: async (subject) => {
    if (!subject.robust) return notTested('only with --robust')
    const { connections } = subject.server
    if (connections === undefined) return notTested('this runtime has no connections of its own')
    return worst([
      await run(subject, connections),
      answered('GET after that', await get(subject, query({ name: subject.names.name }))),
    ])
  },
})

const plainGet = (subject: Subject): DohRequest => ({
  method: 'GET',
  target: targetWith(subject, `dns=${base64url(query({ name: subject.names.name }))}`),
  headers: { accept: DNS_MESSAGE },
})

const manyStreams = rough(
  { id: 'R1', title: '1,000 queries at once are answered or refused', source: 'RFC 9113 §5.1.2, §10.5' },
  async (subject, connections) => {
    const replies = await connections.sendAtOnce(plainGet(subject), STREAMS)
    const heard = replies.map(hear)
    const lost = heard.filter(
      (each) => each.kind === 'broken' || (each.kind === 'silence' && each.code === 'timeout'),
    )
    const count = (kind: Heard['kind']) => heard.filter((each) => each.kind === kind).length
    const what = `${count('answer')} answered, ${count('refusal')} refused, ${count('silence')} closed`
    return lost.length > 0 ? fails(`${what}, ${lost.length} of them lost`) : holds(what)
  },
)

const rapidReset = rough(
  { id: 'R2', title: 'queries cancelled at once cost nobody else an answer', source: 'CVE-2023-44487' },
  async (subject, connections) => {
    await connections.cancelAtOnce(plainGet(subject), RESETS)
    return holds(`${RESETS} cancelled`)
  },
)

const slowBody = rough(
  { id: 'R3', title: 'a body that stops coming is not waited for', source: 'RFC 9110 §15.5.9' },
  async (subject, connections) => {
    const body = query({ name: subject.names.name })
    const request = { method: 'POST', target: subject.target, headers: { 'content-type': DNS_MESSAGE }, body }
    const heard = hear(await connections.stall(request, body.length - 5))
    const what = seen('half a body', heard)
    if (heard.kind === 'silence') return heard.code === 'timeout' ? fails(what) : holds(what)
    return heard.response.status >= 400 && heard.response.status < 500 ? holds(what) : fails(what)
  },
)

export const robustnessClauses: readonly Clause[] = [oddRequests, manyStreams, rapidReset, slowBody]
