/**
 * The page's script, `/page.js`: without it everything but copying and the siblings' state works. A text and not a
 * function turned into one: a bundler's helpers would be missing in the browser. What siblings say is shown as text.
 */
export const SCRIPT = `'use strict'
const said = document.getElementById('said')
if (navigator.clipboard) for (const button of document.querySelectorAll('[data-copy]')) {
  const label = button.querySelector('.done')
  button.hidden = false
  button.addEventListener('click', async () => {
    const text = document.getElementById(button.dataset.copy)
    try {
      await navigator.clipboard.writeText(text.textContent)
      label.textContent = 'Copied'
    } catch {
      getSelection().selectAllChildren(text)
      label.textContent = 'Selected'
    }
    said.textContent = label.textContent
    setTimeout(() => { label.textContent = 'Copy'; said.textContent = '' }, 2000)
  })
}

const agent = navigator.userAgent
const client = /iPhone|iPad|Macintosh.*Version.*Safari/.test(agent) ? 'apple' : /Chrome/.test(agent) ? 'chrome' : 'firefox'
document.getElementById('tab-' + client).checked = true

const units = [[86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']]
const span = (seconds) => {
  const [size, unit] = units.find(([size]) => seconds >= size) ?? units[3]
  const number = Math.floor(Math.max(0, seconds) / size)
  return number + ' ' + unit + (number === 1 ? '' : 's')
}
const facts = ({ ready, detail, height, tipAge, assurance, version }) => [
  !ready ? 'cannot look up .bit names: ' + detail
    : height === undefined ? 'answers without a chain of its own'
    : 'block ' + Number(height).toLocaleString('en') + (tipAge === undefined ? '' : ', mined ' + span(Number(tipAge)) + ' ago'),
  assurance, version && 'version ' + version
].filter(Boolean).map((fact) => String(fact).slice(0, 200)).join(' · ')
const show = (row, up, text) => {
  const mark = row.querySelector('.mark')
  mark.textContent = up ? 'up' : 'down'
  mark.className = up ? 'mark up' : 'mark down'
  row.querySelector('.facts').textContent = text
}
for (const row of document.querySelectorAll('[data-ready]')) {
  fetch(row.dataset.ready, { cache: 'no-store', credentials: 'omit', redirect: 'error', signal: AbortSignal.timeout(8000) })
    .then((response) => response.json())
    .then((state) => show(row, state.ready === true, facts(state)))
    .catch(() => show(row, false, 'does not answer'))
}
`
