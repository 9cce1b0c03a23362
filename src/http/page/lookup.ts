import { html } from 'hono/html'
import type { ProvenName } from '../proof.ts'
import { type Html, note } from './html.ts'
import { proofFacts } from './proof-facts.ts'
import type { Asked, LookupResult } from './question.ts'
import { count } from './units.ts'

/** The types in the list; any other can be asked for in the URL. */
const TYPES = ['A', 'AAAA', 'TXT', 'MX', 'SRV', 'CNAME', 'NS', 'DS', 'TLSA', 'SSHFP', 'HTTPS', 'SOA']

/** The form. It is sent with GET, so it works without a script and its result can be linked to. */
export function lookupForm(asked: Asked | undefined): Html {
  const chosen = asked?.type.toUpperCase() ?? 'A'
  const option = (type: string): Html => html`<option${type === chosen && html` selected`}>${type}</option>`
  return html`<form action="/" method="get">
<label for="name">Name</label>
<input id="name" name="name" type="text" inputmode="url" required maxlength="253" placeholder="example.bit"
value="${asked?.name ?? ''}" autocomplete="off" autocapitalize="none" spellcheck="false">
<label for="type">Type</label>
<select id="type" name="type">${[...new Set([...TYPES, chosen])].map(option)}</select>
<button type="submit">Look up</button>
</form>`
}

/** What came of it. All of it is strangers' text. */
export const lookupResult = (asked: Asked, result: LookupResult, now: number): Html =>
  html`<div class="result">${result.kind === 'problem' ? verdict(result.line) : answer(asked, result, now)}</div>`

type Answer = Extract<LookupResult, { kind: 'answer' }>

const verdict = (text: string): Html => html`<p class="verdict">${text}</p>`

const answer = (asked: Asked, result: Answer, now: number): Html => html`${verdict(verdictOf(asked, result))}
${result.reasons.map(note)}
${result.records.length > 0 && records(result)}
${result.proof !== undefined && proof(asked.name, result.proof, now)}`

function verdictOf({ name, type }: Asked, { rcode, records }: Answer): string {
  if (rcode === 'NXDOMAIN') return `${name} does not exist.`
  if (rcode !== 'NOERROR') return `${name} could not be looked up: ${rcode}.`
  if (records.length === 0) return `${name} exists, but has no ${type.toUpperCase()} records.`
  return `${count(records.length, 'record')} for ${name}`
}

const records = ({ records }: Answer): Html => html`<table><caption class="away">Records</caption>
<thead><tr><th scope="col">Name</th><th scope="col">Type</th><th scope="col">TTL</th><th scope="col">Data</th></tr></thead>
<tbody>${records.map(
  ({ owner, type, ttl, data }) =>
    html`<tr><td>${owner}</td><td>${type}</td><td>${ttl} s</td><td class="data">${data}</td></tr>`,
)}</tbody></table>`

const proof = (name: string, proven: ProvenName, now: number): Html => html`${
  proven.value !== undefined &&
  html`<h3>Value of <code>${proven.key}</code></h3><pre>${proven.value.text ?? proven.value.hex}</pre>`
}
<h3>What it rests on</h3>
${proven.detail !== undefined && note(proven.detail)}
<dl>${proofFacts(proven, now).map(([term, fact]) => html`<div><dt>${term}</dt><dd>${fact}</dd></div>`)}</dl>
<p><a href="/proof/${encodeURIComponent(name)}">All of the proof, to check it yourself</a></p>`
