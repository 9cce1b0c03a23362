import { CHOSEN_PANEL } from './set-up.ts'

/** The page's style sheet, `/page.css`. Colours keep a contrast of 4.5 to 1 or more (WCAG 2.2, 1.4.3), light and dark. */
export const STYLE = `:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --sheet: #fff; --ink: #17202a; --soft: #52606d; --line: #d5dbe1; --field: #7b8794;
  --accent: #0a5a86; --on-accent: #fff; --tint: #e3eff6; --code: #f4f6f8; --good: #17693f; --bad: #a8231b
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1318; --sheet: #171e25; --ink: #e7ecf1; --soft: #a3b0bd; --line: #2c3640; --field: #6d7b89;
    --accent: #7cc4ee; --on-accent: #08202f; --tint: #1b3140; --code: #10161c; --good: #6fd39b; --bad: #ff9b92
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif }
header, main, footer { max-width: 46rem; margin: 0 auto; padding: 0 1rem }
header { padding-top: 2.5rem }
h1, h2, h3, p, ul, ol, dl, figure, fieldset, pre { margin: 0; padding: 0 }
h1 { font-size: clamp(1.9rem, 7vw, 2.75rem); line-height: 1.1; letter-spacing: -.03em; text-wrap: balance }
h2 { font-size: 1.25rem; letter-spacing: -.01em; margin-bottom: .75rem }
h3 { font-size: 1rem; margin-top: 1.25rem }
.brand { display: flex; align-items: center; gap: .5rem; margin-bottom: 1.5rem; font-weight: 650 }
.brand img { width: 1.75rem; height: 1.75rem }
.brand .mark { margin-left: auto }
.lead { margin-top: 1rem; font-size: 1.125rem; color: var(--soft); max-width: 38rem }
header .copyable { margin-top: 1.5rem; background: var(--sheet) }
header pre { font-size: clamp(.95rem, 3.6vw, 1.2rem); color: var(--accent); font-weight: 600 }
main > section {
  margin-top: 1.25rem; padding: 1.5rem; background: var(--sheet); border: 1px solid var(--line); border-radius: .75rem
}
footer { padding-top: 1.25rem; padding-bottom: 2.5rem; color: var(--soft); font-size: .9rem }
p + p, p + ul, p + ol, ol + p, .copyable + p { margin-top: .75rem }
ul, ol { padding-left: 1.25rem }
li + li { margin-top: .75rem }
a { color: var(--accent); text-underline-offset: .15em }
code, pre, .data { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9em }
.data { font-size: 1em }
pre { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; line-height: 1.5 }
.note { color: var(--soft); font-size: .9rem }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.away {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap
}
button, .button, input[type=text], select {
  font: inherit; min-height: 2.75rem; border-radius: .5rem; border: 1px solid var(--field); padding: 0 .875rem;
  background: var(--sheet); color: var(--ink)
}
button, .button {
  background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer
}
.button { display: inline-flex; align-items: center; text-decoration: none }
button[hidden] { display: none }
.copyable {
  display: grid; grid-template-columns: 1fr auto; align-items: center; column-gap: .75rem; margin-top: .75rem;
  padding: .625rem .625rem .625rem .875rem; background: var(--code); border: 1px solid var(--line); border-radius: .5rem
}
.copyable figcaption { grid-column: 1; color: var(--soft); font-size: .8rem }
.copyable pre { grid-column: 1 }
.copyable button {
  grid-column: 2; grid-row: 1 / span 2; align-self: start; min-width: 5.25rem; background: none; color: var(--accent)
}
.copyable button:hover { background: var(--tint) }
form { display: grid; grid-template-columns: 1fr auto auto; gap: .25rem .5rem }
form label { grid-row: 1; font-size: .85rem; color: var(--soft) }
form input, form select, form button { grid-row: 2; min-width: 0 }
form input { grid-column: 1 }
.result { margin-top: 1.25rem; padding-top: 1.25rem; border-top: 1px solid var(--line); overflow-wrap: anywhere }
.verdict { font-size: 1.125rem; font-weight: 600 }
table { width: 100%; margin-top: .75rem; border-collapse: collapse; font-size: .9rem }
th { color: var(--soft); font-weight: 500; text-align: left }
th, td { padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
td:nth-child(3) { white-space: nowrap }
.result pre, dl { margin-top: .5rem }
.result pre { padding: .625rem .875rem; background: var(--code); border: 1px solid var(--line); border-radius: .5rem }
dl div { display: grid; grid-template-columns: 8.5rem 1fr; gap: .5rem; padding: .25rem 0; font-size: .9rem }
dt { color: var(--soft) }
dd { margin: 0 }
dl + p { margin-top: .75rem }
.tabs { border: 0; min-width: 0; display: flex; flex-wrap: wrap; gap: .5rem }
.tabs > input { position: absolute; opacity: 0; pointer-events: none }
.tabs > label {
  display: flex; align-items: center; min-height: 2.5rem; padding: 0 .875rem; border: 1px solid var(--line);
  border-radius: 1.25rem; cursor: pointer; font-size: .925rem
}
.tabs > label:hover { background: var(--tint) }
.tabs > :checked + label { background: var(--tint); border-color: var(--accent); color: var(--accent); font-weight: 600 }
.tabs > :focus-visible + label { outline: 3px solid var(--accent); outline-offset: 2px }
.panel { display: none; width: 100%; margin-top: .75rem; min-width: 0 }
${CHOSEN_PANEL} { display: block }
details { margin-top: 1.25rem; border-top: 1px solid var(--line); padding-top: .75rem }
details:not([open]) { margin-bottom: -.375rem }
summary { cursor: pointer; padding: .25rem 0; font-weight: 600 }
.gateways { list-style: none; padding: 0 }
.gateways li { padding: .75rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere }
.gateways li:first-child { border: 0; padding-top: 0 }
.gateways li:last-child { padding-bottom: 0 }
.gateways li + li { margin: 0 }
.facts { display: block; color: var(--soft); font-size: .9rem }
.mark { font-size: .85rem; font-weight: 600; color: var(--soft); white-space: nowrap }
.mark::before { content: "●"; margin-right: .3em; font-size: .8em }
.up { color: var(--good) }
.down { color: var(--bad) }
@media (max-width: 34rem) {
  header { padding-top: 1.5rem }
  main > section { padding: 1.125rem; margin-top: 1rem }
  form { grid-template-columns: 1fr auto }
  form label:first-of-type { grid-column: 1 / -1; grid-row: 1 }
  form input { grid-column: 1 / -1; grid-row: 2 }
  form label { grid-row: 3 }
  form select, form button { grid-row: 4 }
  thead { display: none }
  tr { display: grid; grid-template-columns: 1fr auto auto; gap: 0 .75rem; padding: .5rem 0; border-bottom: 1px solid var(--line) }
  td { border: 0; padding: 0; color: var(--soft) }
  .copyable pre { grid-column: 1 / -1; margin-top: .375rem }
  .copyable button { grid-row: 1; min-height: 2.5rem }
  .data { grid-column: 1 / -1; color: var(--ink) }
  dl div { grid-template-columns: 1fr; gap: 0; padding: .375rem 0 }
}
`
