import { html } from 'hono/html'
import { chromePolicy } from '../../client-config/chrome.ts'
import { curlCommand } from '../../client-config/curl.ts'
import { dnscryptSection } from '../../client-config/dnscrypt.ts'
import { firefoxPolicies, firefoxUserJs } from '../../client-config/firefox.ts'
import { type ClientConfig, type Gateways, onlyTheFirst } from '../../client-config/gateway.ts'
import { copyable, type Html, note } from './html.ts'

/** One client and how it is set up. */
interface Tab {
  readonly id: string
  readonly label: string
  readonly steps: (gateways: Gateways) => Html
}

const file = (id: string, { fileName, text, notes }: ClientConfig): Html =>
  html`${copyable(id, fileName, text)}${notes.map(note)}`

const firefox: Tab['steps'] = (gateways) => html`<ol>
<li><b>Settings → Privacy &amp; Security → DNS over HTTPS</b>: choose <i>Max Protection</i>, then the provider
<i>Custom</i>, and paste:
${copyable('firefox-url', 'Address', gateways[0].url)}</li>
<li>Open <code>about:config</code>, search for the name below, choose <i>Boolean</i>, press <b>+</b>, and leave it
<code>true</code>. Otherwise a typed <code>example.bit</code> goes to the search engine.
${copyable('firefox-suffix', 'Preference', 'browser.fixup.domainsuffixwhitelist.bit')}</li>
</ol>
${onlyTheFirst('Firefox', gateways).map(note)}
<details><summary>As a file, for one profile or for all users</summary>
${file('firefox-user-js', firefoxUserJs([gateways[0]]))}
${file('firefox-policies', firefoxPolicies([gateways[0]]))}
</details>`

const chrome: Tab['steps'] = (gateways) => html`<ol>
<li><b>Settings → Privacy and security → Security → Use secure DNS</b>: choose <i>Add custom DNS service provider</i> and
paste (Edge and Brave have the same, in nearly the same words):
${copyable('chrome-url', 'Address', gateways.map(({ url }) => url).join(' '))}</li>
<li>Type <code>.bit</code> names with <code>http://</code> in front or a <code>/</code> behind: <code>example.bit/</code>.
Otherwise they go to the search engine.</li>
</ol>
<details><summary>As a policy, for all users</summary>
${file('chrome-policy', chromePolicy(gateways))}
</details>`

const apple: Tab['steps'] = (
  gateways,
) => html`<p>One profile makes every app on an iPhone, iPad or Mac ask this gateway.</p>
<p><a class="button" href="/bitdoh.mobileconfig">Download the profile</a></p>
<p>Then <b>Settings → General → VPN &amp; Device Management</b> (on a Mac: <b>System Settings → General → Device
Management</b>): open the profile and install it. It is not signed, and the system says so. To be rid of it, remove it
there.</p>
${onlyTheFirst('A profile', gateways).map(note)}`

const dnscrypt: Tab['steps'] = (
  gateways,
) => html`<p>For everything on the machine or in the network; several gateways share the load.</p>
${file('dnscrypt', dnscryptSection(gateways))}`

const scripts: Tab['steps'] = (gateways) => {
  const json = `curl '${new URL('/resolve', gateways[0].url).href}?name=example.bit&type=AAAA'\n`
  return html`${file('curl', curlCommand(gateways, 'http://example.bit/'))}
${copyable('json', 'Answers as JSON', json)}`
}

const TABS: readonly Tab[] = [
  { id: 'firefox', label: 'Firefox', steps: firefox },
  { id: 'chrome', label: 'Chrome, Edge', steps: chrome },
  { id: 'apple', label: 'iPhone, iPad, Mac', steps: apple },
  { id: 'dnscrypt', label: 'dnscrypt-proxy', steps: dnscrypt },
  { id: 'scripts', label: 'curl', steps: scripts },
]

/**
 * How to set up each client. The tabs are radio buttons: they work without a script, with the arrow keys, and without a
 * style sheet everything is there at once.
 */
export const setUp = (gateways: Gateways): Html => html`<section aria-labelledby="set-up">
<h2 id="set-up">Set it up</h2>
<fieldset class="tabs"><legend class="away">Your client</legend>
${TABS.map(({ id, label }, index) => tab(id, label, index === 0))}
${TABS.map(({ id, label, steps }) => panel(id, label, steps(gateways)))}
</fieldset>
</section>`

const tab = (id: string, label: string, isChosen: boolean): Html =>
  html`<input type="radio" name="client" id="tab-${id}"${isChosen && html` checked`}><label for="tab-${id}">${label}</label>`

const panel = (id: string, label: string, steps: Html): Html =>
  html`<section class="panel ${id}" aria-label="${label}">${steps}</section>`

/** Selects the panel of the tab that is chosen. */
export const CHOSEN_PANEL = TABS.map(({ id }) => `#tab-${id}:checked~.${id}`).join(',')
