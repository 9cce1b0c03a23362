import type { Handler } from 'hono'
import { html } from 'hono/html'

/** The page for people who open the gateway's address in a browser. */
export const page: Handler = function page(c) {
  // Browsers take nothing but https, and behind a proxy that does TLS we only see its plain HTTP.
  const url = `https://${new URL(c.req.url).host}/dns-query`
  return c.html(
    html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>bitdoh</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
  code { font-size: 1.05em; overflow-wrap: anywhere }
</style>
<h1>bitdoh</h1>
<p>This is a DNS-over-HTTPS gateway. It answers Namecoin <code>.bit</code> names, with all their addresses in a fresh
random order each time, and every other name through its upstream.</p>
<p>Set this as the secure DNS provider of your browser:</p>
<p><code>${url}</code></p>
<p>Try it: <a href="/resolve?name=jordia65.bit&amp;type=A"><code>/resolve?name=jordia65.bit&amp;type=A</code></a>,
or <code>curl --doh-url ${url} http://jordia65.bit/</code></p>
<p>It writes down neither who asks nor for what.</p>
</html>`,
    200,
    {
      'cache-control': 'max-age=300',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  )
}
