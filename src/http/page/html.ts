import { html } from 'hono/html'

/**
 * A part of the page. The tag `html` escapes all that is put into it, but what it made itself; attributes stand in
 * quotes, always. Not JSX: its runtime would be a twentieth of the Worker.
 */
export type Html = ReturnType<typeof html>

/** Text in full, with a button that copies it; the button is there once the script is. */
export const copyable = (id: string, what: string, text: string): Html => html`<figure class="copyable">
<figcaption>${what}</figcaption>
<pre id="${id}">${text}</pre>
<button type="button" data-copy="${id}" hidden><span class="done">Copy</span><span class="away"> ${what}</span></button>
</figure>`

export const note = (text: string): Html => html`<p class="note">${text}</p>`
