import { messageRcode } from '../dns/message.ts'
import { nameToText } from '../dns/name.ts'
import { recordToText } from '../dns/presentation.ts'
import { DNS_MESSAGE, Type } from '../dns/protocol.ts'
import { answered, base64url, get, mediaType, refused, seen, send, targetWith } from './ask.ts'
import type { Clause, Subject } from './clause.ts'
import { differs, type Finding, fails, holds, worst } from './finding.ts'
import { query } from './query.ts'
import { asksTheSame, layoutOf } from './wire.ts'

/** RFC 8484 §4.1, §6: what is sent and wanted is `application/dns-message`. */

const contentType: Clause = {
  id: 'C4',
  title: 'a POST is read by its media type',
  level: 'MUST',
  source: 'RFC 8484 §4.1, RFC 9110 §8.3.1',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const postAs = (type: string | undefined) =>
      send(subject, {
        method: 'POST',
        target: subject.target,
        headers: type === undefined ? {} : { 'content-type': type },
        body: asked,
      })
    const withParameter = await postAs(`${DNS_MESSAGE}; charset=utf-8`)
    const findings = [
      answered('Application/DNS-Message', await postAs('Application/DNS-Message')),
      withParameter.kind === 'answer'
        ? holds('with a parameter: answered')
        : differs(seen('with a parameter', withParameter)),
    ]
    for (const type of ['text/plain', undefined]) {
      const heard = await postAs(type)
      const sent = type ?? 'no content-type'
      // No RFC forbids to answer, but any web page can make a browser send text/plain.
      findings.push(
        heard.kind === 'answer' ? differs(`${seen(sent, heard)}, not 415`) : refused(sent, heard, 415),
      )
    }
    return worst(findings)
  },
}

const accept: Clause = {
  id: 'C6',
  title: 'clients that accept DNS messages, or anything, get one',
  level: 'MUST',
  source: 'RFC 8484 §4.1, RFC 9110 §12.5.1',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const withAccept = (accept: string) => get(subject, asked, { headers: { accept } })
    const findings = []
    for (const accept of [DNS_MESSAGE, '*/*', 'application/*', `text/html, ${DNS_MESSAGE};q=0.5`])
      findings.push(answered(accept, await withAccept(accept)))
    const target = targetWith(subject, `dns=${base64url(asked)}`)
    findings.push(answered('no Accept', await send(subject, { method: 'GET', target })))
    for (const accept of ['application/dns-json', 'image/png']) {
      const heard = await withAccept(accept)
      findings.push(heard.kind === 'answer' ? holds(seen(accept, heard)) : refused(accept, heard, 406))
    }
    return worst(findings)
  },
}

const wholeMessage: Clause = {
  id: 'C23',
  title: 'an answer is one whole message, and JSON says the same',
  level: 'MUST',
  source: 'RFC 8484 §5.4, §6',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const got = await get(subject, asked)
    const message = answered('GET', got, ({ response: { body } }) => {
      const layout = layoutOf(body)
      if (layout === undefined || layout.surplus !== 0)
        return fails(
          layout === undefined ? 'ends within a record' : `${layout.surplus} octets behind the last record`,
        )
      // Letters aside, which are C32's.
      if (layout.questions !== 1 || !asksTheSame(body, asked))
        return fails('the question is not the one that was asked')
      return undefined
    })
    return got.kind === 'answer' ? worst([message, await json(subject, messageRcode(got.message))]) : message
  },
}

/** The JSON dialect of Cloudflare and Google, where there is one. */
async function json(subject: Subject, rcode: number): Promise<Finding> {
  const { name } = subject.names
  const heard = await send(subject, {
    method: 'GET',
    target: targetWith(subject, `name=${encodeURIComponent(nameToText(name))}&type=A`),
    headers: { accept: 'application/dns-json' },
  })
  if (heard.kind !== 'refusal' || !/json/.test(mediaType(heard.response)) || heard.response.status !== 200)
    return holds('no JSON')
  const said = readJson(heard.response.body)
  if (said?.status !== rcode) return fails(`JSON: Status ${said?.status}, not ${rcode}`)
  const again = await get(subject, query({ name }))
  if (again.kind !== 'answer') return fails(seen('GET', again))
  const wire = again.message.answer
    .filter(({ type }) => type === Type.A)
    .map((record) => recordToText(record).split('\t').at(-1)!)
  const told = said.addresses
  return wire.toSorted().join() === told.toSorted().join()
    ? holds(`JSON: the same ${told.length} addresses`)
    : differs(`JSON: ${told.join(', ')}; GET: ${wire.join(', ')}`)
}

/** What a JSON answer says, as far as it is in the form that both dialects share. */
interface DnsJson {
  readonly status: number
  readonly addresses: readonly string[]
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

function readJson(body: Uint8Array): DnsJson | undefined {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
  if (!isObject(value) || typeof value['Status'] !== 'number') return undefined
  const answer: readonly unknown[] = Array.isArray(value['Answer']) ? value['Answer'] : []
  const addresses = answer.filter(isObject).filter(({ type }) => type === Type.A)
  return {
    status: value['Status'],
    addresses: addresses.map(({ data }) => data).filter((data) => typeof data === 'string'),
  }
}

export const mediaTypeClauses: readonly Clause[] = [contentType, accept, wholeMessage]
