import { type Handler, Hono } from 'hono'
import { getDnsQuery, postDnsQuery } from './dns-query.ts'
import type { ExchangeHandler } from './exchange.ts'
import { prefersJson } from './json.ts'
import { CLOUDFLARE, GOOGLE, jsonQuery } from './json-query.ts'
import { type PageOptions, pageRoutes } from './page/routes.ts'
import { type Prove, proofOf } from './proof.ts'
import { type Readiness, readyz } from './readyz.ts'

/** What the HTTP side needs of the gateway behind it. */
export interface AppOptions {
  readonly exchange: ExchangeHandler
  readonly readiness: Readiness
  readonly prove: Prove
  readonly page: Pick<PageOptions, 'wallClock' | 'publicUrl' | 'siblings'>
  /** Called with what a handler threw, which none should. */
  readonly onError: (error: unknown) => void
}

/** Methods each path answers, for `Allow` (RFC 9110 §15.5.6) and for browsers that ask first (CORS preflight). */
const READ = ['GET', 'HEAD', 'OPTIONS']
const READ_AND_POST = ['GET', 'HEAD', 'POST', 'OPTIONS']

/** Seconds a browser may remember that it is allowed to ask: the longest Chrome honours. */
const PREFLIGHT_SECONDS = 7_200

/**
 * The gateway as a web application, the same on every runtime. A fresh one each time: hono's routes are closed with
 * the first request.
 */
export function createApp({ exchange, readiness, prove, page, onError }: AppOptions): Hono {
  const app = new Hono({ strict: false })
  const json = jsonQuery(exchange, CLOUDFLARE)
  const message = getDnsQuery(exchange)

  // Any web page may ask: answers are public, and nothing here knows who asks (no cookies, RFC 8484 §8.1).
  app.use(async function allowEveryOrigin(c, next) {
    await next()
    c.res.headers.set('access-control-allow-origin', '*')
  })

  app.get('/dns-query', function dnsQuery(c, next) {
    const { dns, name, ct } = c.req.query()
    return dns === undefined && name !== undefined && prefersJson(c.req.header('accept'), ct)
      ? json(c, next)
      : message(c, next)
  })
  app.post('/dns-query', postDnsQuery(exchange))
  app.all('/dns-query', onlyMethods(READ_AND_POST))

  app.get('/resolve', jsonQuery(exchange, GOOGLE))
  app.all('/resolve', onlyMethods(READ))

  app.get('/proof/*', proofOf(prove))
  app.all('/proof/*', onlyMethods(READ))

  app.get('/healthz', (c) => c.text('ok\n', 200, { 'cache-control': 'no-store' }))
  app.all('/healthz', onlyMethods(READ))
  app.get('/readyz', readyz(readiness))
  app.all('/readyz', onlyMethods(READ))

  for (const [path, handler] of pageRoutes({ ...page, exchange, readiness, prove })) {
    app.get(path, handler)
    app.all(path, onlyMethods(READ))
  }

  app.notFound((c) =>
    c.text('no such page; DNS over HTTPS is at /dns-query\n', 404, { 'cache-control': 'no-store' }),
  )
  app.onError((error, c) => {
    onError(error)
    // Never a DNS message: a client must not take our own fault for an answer (RFC 8484 §4.2.1).
    return c.text('internal error\n', 500, { 'cache-control': 'no-store' })
  })
  return app
}

/** OPTIONS says what is allowed, any other method that gets here is not (405). */
function onlyMethods(methods: readonly string[]): Handler {
  const allow = methods.join(', ')
  return function onlyMethods(c) {
    if (c.req.method === 'OPTIONS') {
      return c.body(null, 204, {
        allow,
        'access-control-allow-methods': allow,
        'access-control-allow-headers': 'content-type, accept',
        'access-control-max-age': String(PREFLIGHT_SECONDS),
      })
    }
    return c.text(`this takes ${allow}\n`, 405, { allow, 'cache-control': 'no-store' })
  }
}
