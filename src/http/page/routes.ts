import type { Context, Handler } from 'hono'
import { APPLE_PROFILE_TYPE, appleProfile } from '../../client-config/apple.ts'
import type { Gateways } from '../../client-config/gateway.ts'
import { readGatewayUrl } from '../../gateway-url.ts'
import type { ExchangeHandler } from '../exchange.ts'
import type { Prove } from '../proof.ts'
import type { Readiness } from '../readyz.ts'
import { documentOf } from './document.ts'
import { ICON } from './icon.ts'
import { askedIn, lookUp } from './question.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'

export interface PageOptions {
  readonly exchange: ExchangeHandler
  readonly prove: Prove
  readonly readiness: Readiness
  /** Milliseconds since 1970. */
  readonly wallClock: () => number
  /** This gateway's DoH URL; undefined: it is at the host that the request names. */
  readonly publicUrl: string | undefined
  /** DoH URLs of the service's gateways; this one's may be among them. */
  readonly siblings: readonly string[]
}

/** Style, script and picture change with a release, and the first two have its version in their URLs. */
const FOR_AN_HOUR = 'max-age=3600'

const NO_SNIFF = { 'x-content-type-options': 'nosniff' }

/** The page at `/` and what belongs to it. */
export function pageRoutes(options: PageOptions): ReadonlyMap<string, Handler> {
  return new Map<string, Handler>([
    ['/', page(options)],
    ['/page.css', file(STYLE, 'text/css; charset=utf-8')],
    ['/page.js', file(SCRIPT, 'text/javascript; charset=utf-8')],
    ['/icon.svg', file(ICON, 'image/svg+xml')],
    ['/bitdoh.mobileconfig', profile(options)],
  ])
}

function page(options: PageOptions): Handler {
  const { exchange, prove, readiness, wallClock } = options
  return async function page(c) {
    const gateways = gatewaysOf(c, options)
    if (gateways === undefined) return noHost(c)
    const asked = askedIn(new URL(c.req.url).searchParams)
    const [state, result] = await Promise.all([
      readiness(),
      asked === undefined ? undefined : lookUp(asked, exchange, prove),
    ])
    const lookup = asked === undefined || result === undefined ? undefined : { asked, result }
    return c.html(documentOf({ gateways, state, lookup, now: wallClock() }), 200, {
      ...NO_SNIFF,
      // It tells how things are now, and its URL may hold a name that somebody looked up.
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': contentSecurityPolicy(gateways),
    })
  }
}

/** Nothing but the page's own files; connections to the siblings alone, to see how they are. */
function contentSecurityPolicy([, ...siblings]: Gateways): string {
  const origins = siblings.map(({ url }) => new URL(url).origin)
  return [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    `connect-src ${["'self'", ...new Set(origins)].join(' ')}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function profile(options: PageOptions): Handler {
  return async function profile(c) {
    const gateways = gatewaysOf(c, options)
    if (gateways === undefined) return noHost(c)
    const { text, fileName } = await appleProfile(gateways)
    return c.body(text, 200, {
      ...NO_SNIFF,
      'cache-control': 'no-store',
      'content-type': APPLE_PROFILE_TYPE,
      'content-disposition': `attachment; filename="${fileName}"`,
    })
  }
}

/** This gateway and its siblings. */
function gatewaysOf(c: Context, { publicUrl, siblings }: PageOptions): Gateways | undefined {
  // Clients take nothing but https, and behind a proxy that does TLS we only see its plain HTTP.
  const own = publicUrl ?? readGatewayUrl(`https://${new URL(c.req.url).host}/dns-query`)
  if (own === undefined) return undefined
  const others = [...new Set(siblings)].filter((url) => url !== own)
  return [{ url: own, addresses: [] }, ...others.map((url) => ({ url, addresses: [] }))]
}

/** RFC 9112 §3.2: a Host that is none. The URL parser lets `;` and `'` pass, which must not get into a header or a file. */
const noHost = (c: Context): Response =>
  c.text('the Host header names no host\n', 400, { 'cache-control': 'no-store' })

function file(text: string, contentType: string): Handler {
  return function file(c) {
    return c.body(text, 200, { ...NO_SNIFF, 'content-type': contentType, 'cache-control': FOR_AN_HOUR })
  }
}
