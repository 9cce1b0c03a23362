import { html } from 'hono/html'
import { version } from '../../version.ts'
import type { ReadyReport } from '../readyz.ts'
import type { Html } from './html.ts'
import { span } from './units.ts'

/**
 * The gateways of this service and how they are. What the siblings are up to the browser asks them itself: no gateway
 * asks another, and none becomes special.
 *
 * @param own the DoH URL of this gateway
 * @param siblings those of the others
 */
export const gatewayStates = (
  own: string,
  siblings: readonly string[],
  state: ReadyReport,
): Html => html`<section aria-labelledby="gateways">
<h2 id="gateways">${siblings.length === 0 ? 'This gateway' : 'The gateways'}</h2>
${siblings.length > 0 && html`<p>None of them is special: use any, or all.</p>`}
<ul class="gateways">
<li><b>${new URL(own).host}</b> ${mark(state)}<span class="facts">${factsOf(state)} · version ${version}</span></li>
${siblings.map(siblingState)}
</ul>
</section>`

function siblingState(url: string): Html {
  const { origin, host } = new URL(url)
  return html`<li data-ready="${origin}/readyz"><a href="${origin}/" rel="noreferrer">${host}</a>
<span class="mark">not asked</span><span class="facts">its own page tells how it is</span></li>`
}

/** Up or down, in words and in colour. */
export function mark({ ready }: ReadyReport): Html {
  const state = ready ? 'up' : 'down'
  return html`<span class="mark ${state}">${state}</span>`
}

/** What a gateway knows of the chain, in one line. The script says it of the siblings in the same words. */
function factsOf(state: ReadyReport): string {
  if (!state.ready) return `cannot look up .bit names: ${state.detail}`
  const { height, tipAge, assurance } = state
  if (height === undefined) return 'answers without a chain of its own'
  const age = tipAge === undefined ? '' : `, mined ${span(tipAge)} ago`
  return `block ${height.toLocaleString('en')}${age}${assurance === undefined ? '' : ` · ${assurance}`}`
}
