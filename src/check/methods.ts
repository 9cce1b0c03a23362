import { messageRcode } from '../dns/message.ts'
import { DNS_MESSAGE } from '../dns/protocol.ts'
import { answered, base64url, get, header, headers, post, refused, seen, send, targetWith } from './ask.ts'
import type { Clause } from './clause.ts'
import { differs, fails, holds, worst } from './finding.ts'
import { query } from './query.ts'

/** RFC 8484 §4.1: GET and POST, the variable `dns`, and the methods that pages and caches use besides. */

const getAndPost: Clause = {
  id: 'C1',
  title: 'GET and POST get the same answer',
  level: 'MUST',
  source: 'RFC 8484 §4.1',
  async run(subject) {
    const asked = query({ id: 0x1234, name: subject.names.name })
    const [got, posted] = [await get(subject, asked), await post(subject, asked)]
    const both = [answered('GET', got), answered('POST', posted)]
    if (got.kind !== 'answer' || posted.kind !== 'answer') return worst(both)
    const [rcode, other] = [messageRcode(got.message), messageRcode(posted.message)]
    return rcode === other ? worst(both) : fails(`${seen('GET', got)}; ${seen('POST', posted)}`)
  },
}

const parameter: Clause = {
  id: 'C2',
  title: 'the variable dns is base64url without padding',
  level: 'MUST',
  source: 'RFC 8484 §4.1, §6; RFC 4648 §5',
  async run(subject) {
    const { name } = subject.names
    const ask = (text: string) => send(subject, { method: 'GET', target: targetWith(subject, text) })
    // Of three lengths, so that one needs no padding; the id makes the text begin with both - and _.
    const texts = ['', 'a', 'aa'].map((more) => {
      const longer =
        more === '' ? name : [`${more}${subject.freshLabel().slice(2)}`, ...subject.names.nxdomain.slice(1)]
      return base64url(query({ id: 0xfbff, name: longer }))
    })
    const findings = []
    for (const text of texts) findings.push(answered(`${text.length} characters`, await ask(`dns=${text}`)))
    const padded = await ask(`dns=${texts[0]!.padEnd(Math.ceil(texts[0]!.length / 4) * 4, '=')}`)
    // RFC 8484 forbids clients the padding; whether servers take it is left to them.
    findings.push(padded.kind === 'answer' ? holds(seen('with =', padded)) : refused('with =', padded, 400))
    const other = texts[0]!.replaceAll('-', '+').replaceAll('_', '/')
    const plain = await ask(`dns=${encodeURIComponent(other)}`)
    findings.push(
      plain.kind === 'answer' ? differs(seen('with + and /', plain)) : refused('with + and /', plain, 400),
    )
    const twice = await ask(
      `dns=${base64url(query({ id: 1, name }))}&dns=${base64url(query({ id: 2, name }))}`,
    )
    if (twice.kind === 'answer') {
      const which =
        twice.message.id === 1 ? holds('of two the first counts') : differs('of two the last counts')
      findings.push(which)
    } else findings.push(refused('two of them', twice, 400))
    findings.push(refused('empty', await ask('dns='), 400))
    findings.push(refused('missing', await send(subject, { method: 'GET', target: subject.target }), 400))
    return worst(findings)
  },
}

const unknownParameters: Clause = {
  id: 'C3',
  title: 'parameters that nobody knows are ignored',
  level: 'CLIENT',
  source: 'dnscrypt-proxy, Chrome, JSON clients',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const around = `ct=&dns=${base64url(asked)}&random_padding=xxx`
    return worst([
      answered(
        'GET ?ct=&dns=…&random_padding=…',
        await send(subject, { method: 'GET', target: targetWith(subject, around) }),
      ),
      answered(
        'POST ?body_hash=…',
        await post(subject, asked, { target: targetWith(subject, 'body_hash=0123abcd') }),
      ),
    ])
  },
}

const otherMethods: Clause = {
  id: 'C11',
  title: 'another method is 405 and says which are allowed',
  level: 'MUST',
  source: 'RFC 8484 §4.2.1, RFC 9110 §15.5.6',
  async run(subject) {
    const heard = await send(subject, {
      method: 'DELETE',
      target: targetWith(subject, `dns=${base64url(query({ name: subject.names.name }))}`),
    })
    const what = seen('DELETE', heard)
    if (heard.kind === 'silence') return heard.code === 'timeout' ? fails(what) : differs(what)
    if (heard.response.status !== 405) return differs(`${what}, not 405`)
    const allow = header(heard.response, 'allow')
    return allow === undefined ? fails(`${what} without Allow`) : holds(`${what}, Allow: ${allow}`)
  },
}

const pages: Clause = {
  id: 'C30',
  title: 'HEAD has no body, and any web page may ask',
  level: 'MUST',
  source: 'RFC 9110 §9.3.2, Fetch §3.2',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const origin = { origin: 'https://page.example' }
    const head = await send(subject, {
      method: 'HEAD',
      target: targetWith(subject, `dns=${base64url(asked)}`),
    })
    const findings = []
    if (head.kind === 'silence') findings.push(fails(seen('HEAD', head)))
    else if (head.response.body.length > 0)
      findings.push(fails(`HEAD: a body of ${head.response.body.length} octets`))
    else {
      const { status } = head.response
      const isUsual = status === 200 || status === 405
      findings.push(
        (isUsual ? holds : differs)(`HEAD: HTTP ${status}${isUsual ? '' : ', neither 200 nor 405'}`),
      )
    }

    const got = await get(subject, asked, { headers: origin })
    const preflight = await send(subject, {
      method: 'OPTIONS',
      target: subject.target,
      headers: {
        ...origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
    const mayRead =
      got.kind === 'answer' &&
      allows(headers(got.response, 'access-control-allow-origin'), ['*', origin.origin])
    const mayPost =
      preflight.kind !== 'silence' &&
      preflight.response.status < 300 &&
      allows(headers(preflight.response, 'access-control-allow-origin'), ['*', origin.origin]) &&
      allows(headers(preflight.response, 'access-control-allow-headers'), ['*', 'content-type'])
    if (mayPost && !mayRead) findings.push(fails('a page may send a POST and not read the answer to a GET'))
    else if (!mayRead) findings.push(differs('GET: no Access-Control-Allow-Origin'))
    else if (!mayPost)
      findings.push(differs(`${seen('OPTIONS', preflight)}: no page may POST ${DNS_MESSAGE}`))
    else findings.push(holds('any page may GET and POST'))
    return worst(findings)
  },
}

/** Whether a list in headers names one of these. */
const allows = (values: readonly string[], wanted: readonly string[]): boolean =>
  values.some((value) => value.split(',').some((each) => wanted.includes(each.trim().toLowerCase())))

export const methodClauses: readonly Clause[] = [
  getAndPost,
  parameter,
  unknownParameters,
  otherMethods,
  pages,
]
