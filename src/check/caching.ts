import { messageRcode } from '../dns/message.ts'
import { rcodeName, Type } from '../dns/protocol.ts'
import { type Answer, answered, get, type Heard, header, headers, post } from './ask.ts'
import type { Clause } from './clause.ts'
import { differs, type Finding, fails, holds, notTested, worst } from './finding.ts'
import { directives, freshness, shortestTtl, soaMinimum } from './freshness.ts'
import { query } from './query.ts'
import type { DohResponse } from './server.ts'
import { asksTheSame } from './wire.ts'

/** RFC 8484 §5.1: for how long HTTP caches may keep an answer. */

/** Seconds that a failure may be kept: it may have passed (RFC 9520 §3.2 starts with 5). */
const MAX_FAILURE_AGE = 5

const explicit: Clause = {
  id: 'C12',
  title: 'every answer says for how long it is fresh',
  level: 'SHOULD',
  source: 'RFC 8484 §5.1',
  async run(subject) {
    const { name, nxdomain } = subject.names
    const judge =
      (sent: string) =>
      ({ response }: Answer) => {
        const ages = directives(response).filter((each) => each.startsWith('max-age='))
        if (ages.length === 1 && headers(response, 'cache-control').length === 1)
          return holds(`${sent}: ${ages[0]}`)
        const fresh = freshness(response)
        if (fresh === undefined) return fails(`${sent}: no freshness`)
        return differs(`${sent}: ${fresh} s, and not by one max-age`)
      }
    return worst([
      answered('GET', await get(subject, query({ name })), judge('GET')),
      answered('POST', await post(subject, query({ name })), judge('POST')),
      answered('NXDOMAIN', await get(subject, query({ name: nxdomain })), judge('NXDOMAIN')),
    ])
  },
}

const positive: Clause = {
  id: 'C13',
  title: 'no answer is fresh for longer than its shortest TTL',
  level: 'MUST',
  source: 'RFC 8484 §5.1',
  async run(subject) {
    const { name, alias } = subject.names
    const findings = []
    for (const [sent, asked] of [
      ['the name', name],
      ['the alias', alias],
    ] as const)
      findings.push(
        answered(sent, await get(subject, query({ name: asked })), ({ response, message }) => {
          const fresh = freshness(response)
          if (message.answer.length === 0) return notTested(`${sent} has no records`)
          if (fresh === undefined) return notTested('no freshness is said')
          const shortest = shortestTtl(message)
          const compared = `${sent}: fresh for ${fresh} s, shortest TTL ${shortest}`
          if (fresh > shortest) return fails(compared)
          return fresh === shortest ? holds(compared) : differs(compared)
        }),
      )
    return worst(findings)
  },
}

const negative: Clause = {
  id: 'C14',
  title: 'no negative answer is fresh for longer than SOA.MINIMUM',
  level: 'MUST',
  source: 'RFC 8484 §5.1, RFC 2308 §5',
  async run(subject) {
    const { name, nxdomain } = subject.names
    const findings = []
    for (const [sent, asked] of [
      ['NXDOMAIN', query({ name: nxdomain })],
      ['NODATA', query({ name, type: Type.LOC })],
    ] as const)
      findings.push(
        answered(sent, await get(subject, asked), ({ response, message }) => {
          const [fresh, minimum] = [freshness(response), soaMinimum(message)]
          if (message.answer.length > 0) return notTested(`${sent}: there is an answer`)
          if (minimum === undefined) return notTested(`${sent}: no SOA`)
          if (fresh === undefined) return notTested('no freshness is said')
          const { ttl } = message.authority.find(({ type }) => type === Type.SOA)!
          const compared = `${sent}: fresh for ${fresh} s, SOA.MINIMUM ${minimum}, TTL ${ttl}`
          if (fresh > minimum) return fails(compared)
          // Chrome keeps a negative answer for the TTL of the SOA, whatever its MINIMUM.
          return ttl > minimum ? differs(compared) : holds(compared)
        }),
      )
    return worst(findings)
  },
}

const failures: Clause = {
  id: 'C15',
  title: 'failures, and answers that no SOA dates, are not kept',
  level: 'SHOULD',
  source: 'RFC 8484 §5.1, RFC 9520 §3.2',
  async run(subject) {
    const { name, servfail } = subject.names
    const findings: Finding[] = []
    for (const [_sent, asked] of [
      ['the failing name', query({ name: servfail })],
      ['AXFR', query({ name, type: Type.AXFR })],
      ['NOTIFY', query({ name, flags: 4 << 11 })],
    ] as const) {
      const heard = await get(subject, asked)
      // What is no answer at all is C9's and C10's.
      if (heard.kind !== 'answer') continue
      if (heard.message.answer.length > 0 || soaMinimum(heard.message) !== undefined) continue
      const fresh = freshness(heard.response) ?? 0
      const what = `${rcodeName(messageRcode(heard.message))} fresh for ${fresh} s`
      findings.push(fresh > MAX_FAILURE_AGE ? fails(what) : holds(what))
    }
    return findings.length > 0 ? worst(findings) : notTested('nothing failed: name one with --servfail')
  },
}

const ageAndTtl: Clause = {
  id: 'C16',
  title: 'Age and counted-down TTLs are not both subtracted',
  level: 'MUST',
  source: 'RFC 8484 §5.1, RFC 9111 §4.2.3',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const seen: Moment[] = []
    for (let round = 0; round < AGE_ROUNDS; round++) {
      if (round > 0) await subject.wait(AGE_PAUSE)
      const heard = await get(subject, asked)
      if (heard.kind !== 'answer') return answered('GET', heard)
      if (heard.message.answer.length === 0) return notTested('the name has no records')
      seen.push({ age: Number(header(heard.response, 'age') ?? 0), ttl: shortestTtl(heard.message) })
    }
    const what = `every ${AGE_PAUSE} s: ${seen.map(({ age, ttl }) => `Age ${age} and TTL ${ttl}`).join(', ')}`
    const steps = seen.slice(1).map((now, index) => ({ before: seen[index]!, now }))
    if (steps.every(isSubtractedTwice)) return fails(what)
    const isMixed = steps.some(({ before, now }) => now.age > 0 && now.ttl < before.ttl)
    return isMixed ? differs(`${what}: several caches, or both subtracted`) : holds(what)
  },
}

/** One answer: its Age and its shortest TTL, both in seconds. */
interface Moment {
  readonly age: number
  readonly ttl: number
}

/** Answers looked at, and seconds in between: several caches behind one address do not agree so often by chance. */
const AGE_ROUNDS = 4
const AGE_PAUSE = 2

/**
 * Whether one cached body got older by Age and by TTL at once: one's gain is the other's loss, but for rounding. Of two
 * caches that each count one way, the second may be older and its TTL shorter: not by the same, and not every time.
 */
const isSubtractedTwice = ({ before, now }: { before: Moment; now: Moment }): boolean =>
  now.age > before.age && now.ttl < before.ttl && Math.abs(now.age + now.ttl - before.age - before.ttl) <= 1

const drawn: Clause = {
  id: 'C17',
  title: 'what is drawn for one client is not for shared caches',
  level: 'SHOULD',
  source: 'RFC 8484 §5.1, RFC 9111 §5.2.2.7',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const heard: Heard[] = []
    for (let round = 0; round < 4; round++) heard.push(await get(subject, asked))
    const answers = heard.filter((each) => each.kind === 'answer')
    if (answers.length < heard.length) return worst(heard.map((each) => answered('GET', each)))
    const orders = new Set(
      answers.map(({ message }) => message.answer.map(({ data }) => data.join()).join(' ')),
    )
    if (orders.size === 1) return holds('the same records in the same order each time')
    const responses = answers.map(({ response }) => response)
    const keepsOff = (response: DohResponse) =>
      header(response, 'vary') !== undefined ||
      ['private', 'no-store'].some((each) => directives(response).includes(each))
    if (responses.every(keepsOff)) return holds(`${orders.size} orders in 4 answers, all private`)
    return responses.some((response) => directives(response).includes('public'))
      ? fails(`${orders.size} orders in 4 answers, and public`)
      : differs(`${orders.size} orders in 4 answers: a shared cache makes it one`)
  },
}

const posts: Clause = {
  id: 'C18',
  title: 'a POST is not answered out of what another one left',
  level: 'MUST',
  source: 'RFC 8484 §5.1, RFC 9110 §9.3.3',
  async run(subject) {
    const findings = []
    for (const name of [subject.names.name, subject.names.nxdomain, subject.names.name]) {
      const asked = query({ name })
      findings.push(
        answered('POST', await post(subject, asked), ({ response }) =>
          asksTheSame(response.body, asked)
            ? undefined
            : fails(`POST for ${name.join('.')}: the answer to another question`),
        ),
      )
    }
    return worst(findings)
  },
}

const conditions: Clause = {
  id: 'C19',
  title: 'no conditional requests: an answer has no ETag',
  level: 'SHOULD',
  source: 'RFC 8484 §5.1',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const heard = await get(subject, asked, { headers: { 'if-none-match': '"bitdoh"' } })
    return answered('If-None-Match', heard, ({ response }) => {
      const found = ['etag', 'last-modified'].filter((name) => header(response, name) !== undefined)
      return found.length > 0 ? differs(`has ${found.join(' and ')}`) : undefined
    })
  },
}

const wishes: Clause = {
  id: 'C20',
  title: 'clients may say what they like about caches',
  level: 'CLIENT',
  source: 'Firefox, dig, dnscrypt-proxy; RFC 9111 §5.2.1',
  async run(subject) {
    const asked = query({ name: subject.names.name })
    const findings = []
    for (const wish of ['no-store', 'max-stale', 'no-cache, no-store, must-revalidate']) {
      const extra = { headers: { 'cache-control': wish } }
      findings.push(answered(`GET ${wish}`, await get(subject, asked, extra)))
      findings.push(answered(`POST ${wish}`, await post(subject, asked, extra)))
    }
    return worst(findings)
  },
}

export const cachingClauses: readonly Clause[] = [
  explicit,
  positive,
  negative,
  failures,
  ageAndTtl,
  drawn,
  posts,
  conditions,
  wishes,
]
