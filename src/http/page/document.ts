import { html } from 'hono/html'
import type { Gateways } from '../../client-config/gateway.ts'
import { version } from '../../version.ts'
import type { ReadyReport } from '../readyz.ts'
import { gatewayStates, mark } from './gateways.ts'
import { copyable, type Html } from './html.ts'
import { lookupForm, lookupResult } from './lookup.ts'
import type { Asked, LookupResult } from './question.ts'
import { setUp } from './set-up.ts'

export interface DocumentParts {
  /** This gateway first, then its siblings. */
  readonly gateways: Gateways
  readonly state: ReadyReport
  /** What somebody looked up, and what came of it. */
  readonly lookup: { readonly asked: Asked; readonly result: LookupResult } | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/** The page for people who open a gateway's address in a browser. */
export function documentOf({ gateways, state, lookup, now }: DocumentParts): Html {
  const [{ url }, ...siblings] = gateways
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${lookup && `${lookup.asked.name} – `}bitdoh: Namecoin .bit names by DNS over HTTPS</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page.css?${version}">
<script src="/page.js?${version}" defer></script>
</head>
<body>
<header>
<p class="brand"><img src="/icon.svg" alt="" width="28" height="28"> bitdoh ${mark(state)}</p>
<h1>Namecoin .bit names, in the browser you have</h1>
<p class="lead">Give this address to a browser as its secure DNS, and <code>.bit</code> names work like all others. Each
comes with all of its servers, in a fresh random order, and with what it rests on in the chain.</p>
${copyable('url', 'DNS over HTTPS', url)}
</header>
<main>
<section aria-labelledby="look-up">
<h2 id="look-up">Look a name up</h2>
${lookupForm(lookup?.asked)}
${lookup && lookupResult(lookup.asked, lookup.result, now)}
</section>
${setUp(gateways)}
${gatewayStates(
  url,
  siblings.map((sibling) => sibling.url),
  state,
)}
${PROMISES}
</main>
<footer>
<p>bitdoh ${version}. Anyone can run one; no gateway is special.</p>
<p role="status" id="said" class="away"></p>
</footer>
</body>
</html>
`
}

const PROMISES = html`<section aria-labelledby="promises">
<h2 id="promises">What it promises</h2>
<ul>
<li>It writes down neither who asks nor for what. No cookies, nothing from third parties on this page.</li>
<li>No question about a <code>.bit</code> name goes to its upstream resolver. For other names that one is told the name
and the type, never who asked.</li>
<li>It never says that a name does not exist when it merely could not find out: then it says that.</li>
<li>Whoever runs a gateway can see what it is asked, as with every resolver: use one of somebody you trust, or your
own.</li>
<li>It does not make certificates. When a <code>.bit</code> site shows a warning, do not click through it.</li>
</ul>
</section>`
